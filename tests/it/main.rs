//! Tests of the library's public face, one module a subject.

mod apply;
mod functions;
mod script;
mod support;
mod table;
