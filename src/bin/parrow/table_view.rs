//! Lays the first and last rows of a table out for a terminal: numbers to the right, as many columns as fit, the outer
//! ones first.

use std::fmt;

use anstyle::Style;
use parrow::pipeline::Preview;
use parrow::polars::prelude::{AnyValue, Column, DataFrame, DataType};
use parrow::table::dtype_name;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Cells wider than this are cut.
const WIDEST_CELL: usize = 32;

/// What stands between two columns, and for what is left out.
const GAP: &str = "  ";
const MORE: &str = "…";

const HEADER: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

/// A table as text.
#[derive(Debug)]
pub struct TableView {
    columns: Vec<ColumnView>,
    n_hidden: usize,
    n_first: usize,
    has_gap: bool,
}

#[derive(Debug)]
struct ColumnView {
    name: String,
    dtype: String,
    cells: Vec<String>,
    width: usize,
    is_number: bool,
}

impl TableView {
    /// Lays out what fits into `width` characters; one column is shown in any case.
    pub fn new(preview: &Preview, width: usize) -> Self {
        let n_columns = preview.first.width();
        let shown = fitting(n_columns, width, |index| ColumnView::new(preview, index).width);
        let mut columns: Vec<ColumnView> = Vec::with_capacity(shown.len() + 1);
        let mut last_index = None;
        for &index in &shown {
            if last_index.map_or(0, |last: usize| last + 1) != index {
                columns.push(ColumnView::gap(preview));
            }
            columns.push(ColumnView::new(preview, index));
            last_index = Some(index);
        }
        let n_first = preview.first.height();
        let has_gap = ((n_first + preview.last.height()) as u64) < preview.n_rows;
        Self { columns, n_hidden: n_columns - shown.len(), n_first, has_gap }
    }

    /// How many columns did not fit.
    pub fn n_hidden_columns(&self) -> usize {
        self.n_hidden
    }

    fn line(
        &self,
        f: &mut fmt::Formatter<'_>,
        style: Style,
        cell: impl Fn(&ColumnView) -> &str,
    ) -> fmt::Result {
        let mut line = String::new();
        for (index, column) in self.columns.iter().enumerate() {
            let text = cell(column);
            let blanks = " ".repeat(column.width.saturating_sub(text.width()));
            let gap = if index == 0 { "" } else { GAP };
            match column.is_number {
                true => line.extend([gap, &blanks, text]),
                false => line.extend([gap, text, &blanks]),
            }
        }
        writeln!(f, "{style}{}{style:#}", line.trim_end())
    }
}

impl fmt::Display for TableView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.columns.is_empty() {
            return Ok(());
        }
        self.line(f, HEADER, |column| &column.name)?;
        self.line(f, FAINT, |column| &column.dtype)?;
        let n_rows = self.columns.iter().map(|column| column.cells.len()).max().unwrap_or_default();
        for row in 0..n_rows {
            if row == self.n_first && self.has_gap {
                self.line(f, FAINT, |_| MORE)?;
            }
            self.line(f, Style::new(), |column| &column.cells[row])?;
        }
        if n_rows == self.n_first && self.has_gap {
            self.line(f, FAINT, |_| MORE)?;
        }
        Ok(())
    }
}

/// The indices of the columns that fit, in order: the last one, the first one, the one before the last, and so on.
fn fitting(n_columns: usize, width: usize, width_of: impl Fn(usize) -> usize) -> Vec<usize> {
    let mut shown = Vec::new();
    let mut used = 0;
    let (mut front, mut back) = (0, n_columns);
    while front < back {
        let from_back = shown.len() % 2 == 0;
        let index = if from_back { back - 1 } else { front };
        let gap = if shown.is_empty() { 0 } else { GAP.len() };
        // Until the last column is in, there must be room for the sign that some are left out.
        let reserve = if front + 1 == back { 0 } else { GAP.len() + MORE.width() };
        let needed = width_of(index) + gap;
        if used + needed + reserve > width && !shown.is_empty() {
            break;
        }
        used += needed;
        shown.push(index);
        if from_back {
            back -= 1;
        } else {
            front += 1;
        }
    }
    shown.sort_unstable();
    shown
}

impl ColumnView {
    fn new(preview: &Preview, index: usize) -> Self {
        let cells_of = |frame: &DataFrame| cells(&frame.columns()[index]);
        let column = &preview.first.columns()[index];
        let mut cells = cells_of(&preview.first);
        cells.extend(cells_of(&preview.last));
        let name = cut(&one_line(column.name()));
        let dtype = cut(&dtype_name(column.dtype()));
        let texts = cells.iter().chain([&name, &dtype]);
        let width = texts.map(|text| text.width()).max().unwrap_or_default();
        let is_number = column.dtype().is_primitive_numeric() || column.dtype().is_decimal();
        Self { name, dtype, cells, width, is_number }
    }

    fn gap(preview: &Preview) -> Self {
        Self {
            name: MORE.to_owned(),
            dtype: String::new(),
            cells: vec![MORE.to_owned(); preview.first.height() + preview.last.height()],
            width: MORE.width(),
            is_number: false,
        }
    }
}

fn cells(column: &Column) -> Vec<String> {
    let text = match column.dtype() {
        DataType::String | DataType::Categorical(..) | DataType::Enum(..) => {
            column.cast(&DataType::String).ok()
        }
        _ => None,
    };
    let column = text.as_ref().unwrap_or(column);
    (0..column.len())
        .map(|row| match column.get(row) {
            Ok(AnyValue::Null) | Err(_) => "null".to_owned(),
            Ok(AnyValue::String(text)) => cut(&one_line(text)),
            Ok(AnyValue::StringOwned(text)) => cut(&one_line(&text)),
            Ok(AnyValue::Float64(value)) => format!("{value:?}"),
            Ok(AnyValue::Float32(value)) => format!("{value:?}"),
            Ok(AnyValue::List(items)) => cut(&list(&items.into())),
            Ok(value) => cut(&one_line(&value.to_string())),
        })
        .collect()
}

fn list(items: &Column) -> String {
    format!("[{}]", cells(items).join(", "))
}

/// Line ends and other control characters would break the layout.
fn one_line(text: &str) -> String {
    text.chars()
        .flat_map(|character| match character.is_control() {
            true => character.escape_default().collect::<Vec<_>>(),
            false => vec![character],
        })
        .collect()
}

fn cut(text: &str) -> String {
    if text.width() <= WIDEST_CELL {
        return text.to_owned();
    }
    let mut width = MORE.width();
    let kept = text.chars().take_while(|character| {
        width += character.width().unwrap_or_default();
        width <= WIDEST_CELL
    });
    let mut cut: String = kept.collect();
    cut.push_str(MORE);
    cut
}
