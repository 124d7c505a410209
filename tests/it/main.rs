//! Tests of the library's public face, one module a subject.

mod functions;
mod script;
mod table;
