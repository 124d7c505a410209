//! The program `parrow`.

fn main() {}
