//! The row functions that come with parrow.

mod common_items;
mod count_in_range;
mod hypot;
mod min_max_scale;
mod number;
mod sum_of_squares;
