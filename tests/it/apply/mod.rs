//! Row functions over frames.

mod basics;
mod derive;
mod determinism;
mod faults;
mod shapes;
mod undeclared;
