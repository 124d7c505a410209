//! Row functions over frames.

mod basics;
mod derive;
mod determinism;
mod faults;
mod first_rows;
mod shapes;
mod undeclared;
