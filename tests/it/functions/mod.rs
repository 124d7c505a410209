//! The row functions that come with parrow.

mod count_in_range;
mod number;
