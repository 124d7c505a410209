//! Rows as structs: [`FromRow`].

use polars::prelude::{PlSmallStr, Schema};

use super::argument::Arguments;
use super::kernel::BoundFunction;
use super::typed::bind_typed;
use crate::error::Result;

/// A struct that is made from the cells of a row: derive it with `#[derive(FromRow)]`.
///
/// Each field is an [`Argument`](super::Argument) and reads the column of its name, or the one that
/// `#[parrow(rename = "…")]` names. A struct may borrow text and lists from the row: `struct Person<'r> { name: &'r str }`.
/// A null makes the row's result null without a call, unless the field is an `Option`.
///
/// # Example
/// ```
/// use parrow::polars::prelude::*;
/// use parrow::prelude::*;
///
/// #[derive(FromRow)]
/// struct Order<'r> {
///     #[parrow(rename = "Item")]
///     item: &'r str,
///     price: f64,
///     discount: Option<f64>,
/// }
///
/// let frame = df!("Item" => ["tea", "rice"], "price" => [4.0, 2.0], "discount" => [Some(0.5), None])?;
/// let texts = frame.parallel_apply_as(|order: Order<'_>| {
///     format!("{} {}", order.item, order.price - order.discount.unwrap_or(0.0))
/// })?;
/// assert_eq!(texts.str()?.get(0), Some("tea 3.5"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A field that is no [`Argument`](super::Argument) does not compile; text and lists are borrowed:
/// ```compile_fail,E0277
/// # use parrow::prelude::*;
/// #[derive(FromRow)]
/// struct Order {
///     item: String,
/// }
/// ```
/// ```
/// # use parrow::prelude::*;
/// #[derive(FromRow)]
/// struct Order<'r> {
///     item: &'r str,
/// }
/// ```
/// Neither does a closure over a struct that is not derived:
/// ```compile_fail,E0277
/// # use parrow::{polars::prelude::*, prelude::*};
/// # let frame = df!("price" => [4.0])?;
/// struct Order {
///     price: f64,
/// }
/// let prices = frame.parallel_apply_as(|order: Order| order.price)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be made from a row",
    note = "put #[derive(FromRow)] on the struct"
)]
pub trait FromRow {
    /// The struct, borrowing from the row for `'r`.
    type Row<'r>;

    #[doc(hidden)]
    type Fields: Arguments;

    /// The names of the columns that the fields read, in order.
    const COLUMNS: &'static [&'static str];

    #[doc(hidden)]
    fn from_fields<'r>(fields: <Self::Fields as Arguments>::Item<'r>) -> Self::Row<'r>;
}

/// A closure over a struct that is [`FromRow`].
///
/// `S` is inferred from the closure's argument.
pub trait StructFunction<S: FromRow>: Sync {
    /// What it returns.
    type Output: super::IntoRow;

    #[doc(hidden)]
    fn call<'r>(&self, row: S::Row<'r>) -> Self::Output;
}

/// Ties a function over structs to the columns that they name.
pub(crate) fn bind_struct<'f, S: FromRow + 'f, F: StructFunction<S>>(
    schema: &Schema,
    function: &'f F,
) -> Result<BoundFunction<'f>>
where
    S::Fields: 'f,
    F::Output: 'f,
{
    let columns: Vec<PlSmallStr> = S::COLUMNS.iter().map(|name| PlSmallStr::from_static(name)).collect();
    bind_typed::<S::Fields, F::Output>(&columns, schema, |fields| function.call(S::from_fields(fields)))
}

impl<S, R, F> StructFunction<S> for F
where
    S: FromRow,
    R: super::IntoRow,
    F: Fn(S) -> R + for<'r> Fn(S::Row<'r>) -> R + Sync,
{
    type Output = R;

    #[inline(always)]
    fn call<'r>(&self, row: S::Row<'r>) -> R {
        #[inline(always)]
        fn call<S, R>(function: impl Fn(S) -> R, row: S) -> R {
            function(row)
        }
        call(self, row)
    }
}
