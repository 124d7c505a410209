//! Row functions over frames.

mod basics;
