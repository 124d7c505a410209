//! Tests of the library's public face, one module a subject.

mod apply;
mod architecture;
mod functions;
mod fuzz;
mod pipeline;
mod pool;
mod processes;
mod promises;
mod script;
mod support;
mod table;
mod worker;
