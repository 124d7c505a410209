//! The row functions that come with parrow, one a file: [`CountInRange`], [`Hypot`], [`MinMaxScale`] and [`CommonItems`],
//! and a function of a whole column, [`sum_of_squares`].
//!
//! They are [`RowFunction`](crate::row::RowFunction)s like any other: how they are run is for
//! [`apply_function`](crate::apply_function) and the pipeline to say.

mod common_items;
mod count_in_range;
mod hypot;
mod in_range;
mod item_keys;
mod list_text;
mod min_max_scale;
mod number;
mod range_bounds;
mod sum_of_squares;

pub use common_items::CommonItems;
pub use count_in_range::CountInRange;
pub use hypot::Hypot;
pub use min_max_scale::MinMaxScale;
pub use number::Number;
pub use range_bounds::RangeBounds;
pub use sum_of_squares::{sum_of_squares, sums_of_squares};
