//! List columns as text: `[1, 2, 3]`, `["a", "b"]`.

use polars::prelude::*;
use polars_arrow::array::ListArray;
use polars_arrow::bitmap::MutableBitmap;
use polars_arrow::datatypes::Field as ArrowField;
use polars_arrow::offset::Offsets;

use crate::error::{Error, ErrorKind, Result};

use super::csv::value::trim;
use super::csv::{ColumnBuilder, builder};
use super::dtype::dtype_name;

/// Turns a text column of lists into a list column of dtype `list[inner]`.
///
/// A list is `[`, items separated by commas, `]`, with blanks wherever one likes; `null` is an item without a value. Texts
/// stand in double quotes with the escapes of JSON, in single quotes, or bare where they hold no comma, bracket or quote.
/// Lists may hold lists. A null stays a null; a column that has the dtype already is returned as it is, and a list column of
/// another dtype is cast where no value changes.
///
/// # Errors
/// [`Cell`](ErrorKind::Cell), with the row and the column, for a text that is no such list, or an item that is no `inner`;
/// [`Dtype`](ErrorKind::Dtype) for a column that holds neither text nor lists.
///
/// # Example
/// ```
/// use parrow::polars::prelude::*;
/// use parrow::table::parse_list_column;
///
/// let text = Series::new("tags".into(), [r#"["a", "b"]"#, "[]"]);
/// let lists = parse_list_column(&text, &DataType::String)?;
/// assert_eq!(lists.list().unwrap().lst_lengths().to_vec(), [Some(2), Some(0)]);
/// # Ok::<_, parrow::Error>(())
/// ```
pub fn parse_list_column(column: &Series, inner: &DataType) -> Result<Series> {
    let name = column.name().as_str();
    let wanted = DataType::List(Box::new(inner.clone()));
    match column.dtype() {
        dtype if *dtype == wanted => return Ok(column.clone()),
        DataType::List(_) => {
            let cast = column.strict_cast(&wanted);
            return cast.map_err(|_| Error::dtype(name, dtype_name(&wanted), dtype_name(column.dtype())));
        }
        DataType::Null => return Ok(Series::full_null(name.into(), column.len(), &wanted)),
        DataType::String => {}
        other => return Err(Error::dtype(name, "text, as in [1, 2, 3]", dtype_name(other))),
    }
    let mut lists = Lists::new(inner).ok_or_else(|| {
        Error::invalid_option("dtype", format!("a list in text cannot hold {}", dtype_name(inner)))
    })?;
    let text = column.str().map_err(Error::engine)?;
    for (row, text) in text.iter().enumerate() {
        let Some(text) = text else {
            lists.push_null();
            continue;
        };
        if let Err(hint) = lists.push_text(text) {
            let kind = ErrorKind::Cell { text: text.into(), dtype: dtype_name(&wanted), hint };
            return Err(Error::new(kind).at_row(row as u64).in_column(name));
        }
    }
    lists.finish(name.into())
}

/// Collects lists.
struct Lists {
    offsets: Offsets<i64>,
    validity: MutableBitmap,
    items: Items,
}

/// Collects what lists hold.
enum Items {
    Lists(Box<Lists>),
    Values { builder: Box<dyn ColumnBuilder>, is_text: bool, dtype: String },
}

impl Lists {
    /// `None` when there is no text for the dtype.
    fn new(inner: &DataType) -> Option<Self> {
        let items = match inner {
            DataType::List(inner) => Items::Lists(Box::new(Self::new(inner)?)),
            inner => {
                let is_text = matches!(inner, DataType::String | DataType::Categorical(..));
                Items::Values { builder: builder(inner)?, is_text, dtype: dtype_name(inner) }
            }
        };
        Some(Self { offsets: Offsets::new(), validity: MutableBitmap::new(), items })
    }

    fn push_null(&mut self) {
        self.offsets.extend_constant(1);
        self.validity.push(false);
    }

    /// Adds the list that a text is, or says what is wrong with it.
    fn push_text(&mut self, text: &str) -> std::result::Result<(), String> {
        let mut rest = text.trim();
        self.push_list(&mut rest)?;
        if rest.is_empty() { Ok(()) } else { Err(format!("{rest:?} follows the list's ]")) }
    }

    /// Adds the list that `rest` starts with, and moves `rest` behind it.
    fn push_list(&mut self, rest: &mut &str) -> std::result::Result<(), String> {
        let Some(mut inside) = rest.strip_prefix('[') else {
            return Err("a list is written [1, 2, 3]".into());
        };
        let mut n_items = 0;
        inside = inside.trim_start();
        if let Some(after) = inside.strip_prefix(']') {
            inside = after;
        } else {
            loop {
                self.items.push(&mut inside)?;
                n_items += 1;
                inside = inside.trim_start();
                if let Some(after) = inside.strip_prefix(']') {
                    inside = after;
                    break;
                }
                let Some(after) = inside.strip_prefix(',') else {
                    return Err("a comma or ] is missing in the list".into());
                };
                inside = after.trim_start();
            }
        }
        *rest = inside;
        self.offsets.try_push(n_items).map_err(|error| error.to_string())?;
        self.validity.push(true);
        Ok(())
    }

    fn finish(self, name: PlSmallStr) -> Result<Series> {
        let items = match self.items {
            Items::Lists(lists) => lists.finish(PlSmallStr::EMPTY)?,
            Items::Values { builder, .. } => builder.finish(PlSmallStr::EMPTY)?,
        };
        let values = items.rechunk().to_arrow(0, CompatLevel::newest());
        let field = ArrowField::new("item".into(), values.dtype().clone(), true);
        let array = ListArray::<i64>::try_new(
            polars_arrow::datatypes::ArrowDataType::LargeList(Box::new(field)),
            self.offsets.into(),
            values,
            Some(self.validity.into()),
        );
        let series =
            array.and_then(|array| Series::from_arrow(name, Box::new(array))).map_err(Error::engine)?;
        series.cast(&DataType::List(Box::new(items.dtype().clone()))).map_err(Error::engine)
    }
}

impl Items {
    /// Adds the item that `rest` starts with, and moves `rest` behind it.
    fn push(&mut self, rest: &mut &str) -> std::result::Result<(), String> {
        match self {
            Self::Lists(lists) if rest.starts_with('[') => lists.push_list(rest),
            Self::Lists(lists) => match bare(rest) {
                "null" | "None" => {
                    lists.push_null();
                    Ok(())
                }
                other => Err(format!("{other:?} is no list")),
            },
            Self::Values { builder, is_text, dtype } => {
                let (item, quoted) = match rest.chars().next() {
                    Some(quote @ ('"' | '\'')) => (quoted(rest, quote)?, true),
                    _ => (bare(rest).to_string(), false),
                };
                if !quoted && matches!(item.as_str(), "null" | "None") {
                    builder.push_null();
                    return Ok(());
                }
                if item.is_empty() && !quoted {
                    return Err("an item is missing in the list".into());
                }
                if quoted && !*is_text || !builder.push(trim_unless(item.as_bytes(), *is_text)) {
                    return Err(format!("its item {item:?} is not {dtype}"));
                }
                Ok(())
            }
        }
    }
}

fn trim_unless(item: &[u8], is_text: bool) -> &[u8] {
    if is_text { item } else { trim(item) }
}

/// The item without quotes that `rest` starts with; `rest` is moved behind it.
fn bare<'t>(rest: &mut &'t str) -> &'t str {
    let end = rest.find([',', ']', '[']).unwrap_or(rest.len());
    let (item, after) = rest.split_at(end);
    *rest = after;
    item.trim()
}

/// The quoted item that `rest` starts with, its escapes resolved; `rest` is moved behind it.
pub(super) fn quoted(rest: &mut &str, quote: char) -> std::result::Result<String, String> {
    let mut item = String::new();
    let mut characters = rest[1..].char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            _ if character == quote => {
                *rest = &rest[1 + index + 1..];
                return Ok(item);
            }
            '\\' => {
                let escaped = characters.next().map(|(_, escaped)| escaped);
                item.push(match escaped {
                    Some('n') => '\n',
                    Some('r') => '\r',
                    Some('t') => '\t',
                    Some('b') => '\u{8}',
                    Some('f') => '\u{c}',
                    Some('u') => escaped_unicode(&mut characters)
                        .ok_or("a \\u in the list is not followed by a character's code")?,
                    Some(itself @ ('"' | '\'' | '\\' | '/')) => itself,
                    _ => return Err("a \\ in the list is followed by no known escape".into()),
                });
            }
            plain => item.push(plain),
        }
    }
    Err("a text in the list is not closed by its quotation mark".into())
}

/// The character of the four hexadecimal digits after `\u`, or of a pair of them.
fn escaped_unicode(characters: &mut std::str::CharIndices) -> Option<char> {
    let unit = |characters: &mut std::str::CharIndices| {
        (0..4).try_fold(0, |code, _| Some(code * 16 + characters.next()?.1.to_digit(16)?))
    };
    let first = unit(characters)?;
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first);
    }
    let pair = (characters.next()?.1, characters.next()?.1);
    let second = unit(characters)?;
    if pair != ('\\', 'u') || !(0xdc00..0xe000).contains(&second) {
        return None;
    }
    char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
}
