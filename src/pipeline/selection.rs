//! Which columns a function is to look at, said before the columns are known.

use std::fmt;
use std::str::FromStr;

use polars::prelude::{PlSmallStr, Schema};
use regex::Regex;

use crate::error::{Error, Result};

/// Columns by name, by pattern, or every numeric one.
///
/// As text it is `a,b,c` or a regular expression between `^` and `$`.
///
/// # Example
/// ```
/// use parrow::pipeline::ColumnSelection;
/// use parrow::polars::prelude::*;
///
/// let frame = df!("x_1" => [1], "x_2" => [2.5], "name" => ["a"])?;
/// let columns: ColumnSelection = "^x_.*$".parse()?;
/// assert_eq!(columns.resolve(frame.schema())?, ["x_1", "x_2"]);
/// assert_eq!(ColumnSelection::Numeric.resolve(frame.schema())?, ["x_1", "x_2"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum ColumnSelection {
    /// Every column of integers, floats or decimals.
    #[default]
    Numeric,
    /// These, in this order; a name may come twice.
    Named(Vec<String>),
    /// Those whose names match, in the order of the table.
    Matching(Regex),
}

impl ColumnSelection {
    /// The names of the columns in `schema`.
    ///
    /// # Errors
    /// [`ColumnNotFound`](crate::ErrorKind::ColumnNotFound) for a name that is not there;
    /// [`Shape`](crate::ErrorKind::Shape) when no column is numeric, or none matches. Where there are no columns at all, as in NDJSON
    /// without a row, none is wanted either.
    pub fn resolve(&self, schema: &Schema) -> Result<Vec<PlSmallStr>> {
        let chosen: Vec<PlSmallStr> = match self {
            Self::Numeric => schema
                .iter()
                .filter(|(_, dtype)| dtype.is_primitive_numeric() || dtype.is_decimal())
                .map(|(name, _)| name.clone())
                .collect(),
            Self::Named(names) => return names.iter().map(|name| named(name, schema)).collect(),
            Self::Matching(pattern) => {
                schema.iter_names().filter(|name| pattern.is_match(name)).cloned().collect()
            }
        };
        if chosen.is_empty() && !schema.is_empty() {
            let columns: Vec<String> =
                schema.iter().take(20).map(|(name, dtype)| format!("{name} {dtype}")).collect();
            let mend = match (self, schema.get_at_index(0)) {
                (Self::Numeric, Some((name, _))) => {
                    format!("; where the rows do not tell, give the dtype, as in --dtype {name}=f64")
                }
                _ => String::new(),
            };
            return Err(Error::shape(format!("no column is {self} (columns: {}){mend}", columns.join(", "))));
        }
        Ok(chosen)
    }
}

fn named(name: &str, schema: &Schema) -> Result<PlSmallStr> {
    match schema.contains(name) {
        true => Ok(name.into()),
        false => Err(Error::column_not_found(name, schema.iter_names().map(|name| name.as_str()))),
    }
}

impl FromStr for ColumnSelection {
    type Err = Error;

    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) for a pattern that is none, and for an empty name.
    fn from_str(text: &str) -> Result<Self> {
        if text.len() > 1 && text.starts_with('^') && text.ends_with('$') {
            return Regex::new(text).map(Self::Matching).map_err(|error| {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
                Error::invalid_option("columns", format!("{text:?} is no regular expression: {reason}"))
            });
        }
        let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
        if names.iter().any(String::is_empty) {
            return Err(Error::invalid_option("columns", format!("there is an empty name in {text:?}")));
        }
        Ok(Self::Named(names))
    }
}

impl fmt::Display for ColumnSelection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Numeric => f.write_str("numeric"),
            Self::Named(names) => write!(f, "one of {}", names.join(", ")),
            Self::Matching(pattern) => write!(f, "matched by {pattern}"),
        }
    }
}
