//! Tests of the library's public face, one module a subject.

mod apply;
mod support;
