//! The row functions that come with parrow, one a file.

mod count_in_range;
mod in_range;
mod number;
mod range_bounds;
mod widest;

pub use count_in_range::CountInRange;
pub use number::Number;
pub use range_bounds::RangeBounds;
