//! SQL expressions as row functions.

use polars::prelude::{DataType, Expr, Schema};

use super::kernel::SqlKernel;
use super::message::parser_message;
use super::operators::{MOST_OPERATORS, n_operators};
use super::plan::{contained, fold_literals, plan};
use crate::error::{Error, ErrorKind, Result};
use crate::row::{BoundFunction, RowFunction};

/// A text and what the SQL parser made of it.
#[derive(Clone, Debug)]
pub(super) struct SqlText {
    pub(super) text: String,
    pub(super) expression: Expr,
}

impl SqlText {
    fn parse(text: &str) -> Result<Self> {
        let n_operators = n_operators(text);
        if n_operators > MOST_OPERATORS {
            let message = format!(
                "it has {n_operators} operators, and {MOST_OPERATORS} are the most; write IN (…) for many ORs, a part of it as a \
                 column of its own, or a function in Luau"
            );
            return Err(Error::expression(text, message));
        }
        let parsed = contained(|| polars::sql::sql_expr(text));
        let expression = match parsed {
            Ok(Ok(expression)) => expression,
            Ok(Err(error)) => return Err(Error::expression(text, parser_message(&error))),
            Err(panic) => return Err(Error::expression(text, panic)),
        };
        Ok(Self { text: text.to_owned(), expression: fold_literals(text, expression)? })
    }
}

/// A row function made of SQL expressions, each of which is one output column: `sqrt(a*a + b*b) AS h`.
///
/// The language is that of polars: operators, `CASE`, `CAST` and `TRY_CAST`, `COALESCE`, `LIKE`, `BETWEEN`, `IN`, and its
/// functions of numbers, strings, dates and lists. A column is called as it is in the table; names with other characters
/// stand in double quotes, strings in single ones. Without `AS` the output takes the name of the first column in the
/// expression.
///
/// - An expression looks at one row at a time: aggregates, window functions, subqueries and whatever else gives another
///   number of rows is refused by [`bind`](RowFunction::bind).
/// - Null goes in and null comes out, as in SQL. `/` divides as floats, so that `1 / 0` is infinite; `//` and `%` of
///   integers by zero are null.
/// - NaN equals NaN and is larger than every number, as in PostgreSQL.
/// - Integers never wrap: where `+`, `-`, `*`, `//`, `ABS` or `POW` of integers leaves the dtype, the row is a fault, and so
///   is a `CAST` of a value that the dtype doesn't hold. `u64` with a signed integer is computed as `f64`.
/// - A row's result is the same whatever chunk it comes in. A chunk that fails is run again by halves until the failing
///   rows are found; a branch of `CASE` is computed for every row, so a fault there is a fault of the row.
///
/// # Example
/// ```
/// use parrow::polars::prelude::*;
/// use parrow::script::SqlExpressions;
/// use parrow::{ApplyOptions, apply_function};
///
/// let frame = df!("a" => [3.0, 5.0], "b" => [4.0, 12.0])?;
/// let function = SqlExpressions::parse(["sqrt(a*a + b*b) AS h", "a > 4 AS large"])?;
/// let applied = apply_function(&frame, &function, &ApplyOptions::default())?;
/// assert_eq!(applied.table, df!("h" => [5.0, 13.0], "large" => [false, true])?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
#[derive(Clone, Debug)]
pub struct SqlExpressions {
    texts: Vec<SqlText>,
}

impl SqlExpressions {
    /// Parses one expression a text.
    ///
    /// # Errors
    /// [`Expression`](ErrorKind::Expression) for a text that is not one SQL expression, that uses a function which is not
    /// there, whose constants are too large, or that has more than 400 operators; [`InvalidOption`](ErrorKind::InvalidOption) for no texts.
    pub fn parse<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> Result<Self> {
        let texts =
            texts.into_iter().map(|text| SqlText::parse(text.as_ref())).collect::<Result<Vec<_>>>()?;
        if texts.is_empty() {
            return Err(Error::invalid_option("expressions", "there must be at least one"));
        }
        Ok(Self { texts })
    }
}

impl RowFunction for SqlExpressions {
    /// # Errors
    /// [`ColumnNotFound`](ErrorKind::ColumnNotFound) with the nearest name, [`Expression`](ErrorKind::Expression) for an
    /// expression whose dtypes don't fit or that looks at more than one row, and
    /// [`DuplicateColumn`](ErrorKind::DuplicateColumn) for two outputs of one name.
    fn bind(&self, schema: &Schema) -> Result<BoundFunction<'_>> {
        let planned = self.texts.iter().map(|text| plan(text, schema)).collect::<Result<Vec<_>>>()?;
        for (index, expression) in planned.iter().enumerate() {
            let name = expression.field.name();
            if planned[..index].iter().any(|earlier| earlier.field.name() == name) {
                return Err(Error::new(ErrorKind::DuplicateColumn { name: name.to_string() }));
            }
        }
        let kernel = SqlKernel::new(planned);
        Ok(BoundFunction { inputs: kernel.inputs().to_vec(), kernel: Box::new(kernel) })
    }
}

/// A condition on rows, as a SQL expression: `a > 0 AND name LIKE 'x%'`.
///
/// As a row function it has one boolean column. Null means that the row is not kept. What is said of
/// [`SqlExpressions`] holds here too.
///
/// # Example
/// ```
/// use parrow::polars::prelude::*;
/// use parrow::script::SqlPredicate;
/// use parrow::row::RowFunction;
///
/// let frame = df!("a" => [3, 5])?;
/// assert!(SqlPredicate::parse("a > 4")?.bind(frame.schema()).is_ok());
/// assert!(SqlPredicate::parse("a + 4")?.bind(frame.schema()).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
#[derive(Clone, Debug)]
pub struct SqlPredicate {
    text: SqlText,
}

impl SqlPredicate {
    /// Parses a condition.
    ///
    /// # Errors
    /// As [`SqlExpressions::parse`].
    pub fn parse(text: &str) -> Result<Self> {
        Ok(Self { text: SqlText::parse(text)? })
    }
}

impl RowFunction for SqlPredicate {
    /// # Errors
    /// As [`SqlExpressions`], and [`Expression`](ErrorKind::Expression) for an expression that is not boolean.
    fn bind(&self, schema: &Schema) -> Result<BoundFunction<'_>> {
        let planned = plan(&self.text, schema)?;
        if !matches!(planned.field.dtype(), DataType::Boolean | DataType::Null) {
            let message = format!(
                "a condition must be true or false, and this is {}; compare it with something, as in a > 0",
                planned.field.dtype()
            );
            return Err(Error::expression(&self.text.text, message));
        }
        let kernel = SqlKernel::new(vec![planned]);
        Ok(BoundFunction { inputs: kernel.inputs().to_vec(), kernel: Box::new(kernel) })
    }
}
