//! What rows live in: formats, readers, writers, `Matrix` and the exchange with arrow-rs.
