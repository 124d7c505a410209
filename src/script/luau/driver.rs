//! The text that is compiled: the script, and behind it the loop that calls it with the rows of a batch.
//!
//! Both stand in one chunk, so that the compiler can put the function into the loop. Nothing is put in front of the
//! script but on its first line, so that lines are what they are in the script.
//!
//! A batch lies in buffers, a column after another, eight bytes a cell:
//!
//! ```text
//! cells    numbers as f64 · booleans as 0 and 1 · integers as i64 · texts as offset and length, lists as offset in the heap
//! masks    a byte a cell: 0, or 1 for null and 2 for an integer that no number says; looked at only where there are such
//! results  numbers as f64 · texts and lists as offset and length in `texts` · integers as i64
//! tags     a byte a result: 0 for a number
//! ```

use std::fmt::Write;

use polars::prelude::Schema;

use super::annotation::Annotation;
use super::lexer::{Kind, Token};
use super::plan::{Argument, Cells, Input};
use super::returns::most_values;
use super::row_text::{changed, has_positions, reads, row_table};
use super::row_use::{RowUse, VALUES};
use super::script::{Form, Script};
use super::signature::{Definition, Scope};
use crate::row::Parameter;

/// The parameter that is the row.
pub(super) const ROW: &str = "row";

/// The function that is called once a worker.
pub(super) const INIT: &str = "init";

/// What the function is called with.
pub(super) struct Call<'p> {
    pub(super) arguments: &'p [Argument],
    pub(super) inputs: &'p [Input],
    pub(super) row: Option<&'p RowUse>,
    pub(super) schema: &'p Schema,
    pub(super) tokens: &'p [Token<'p>],
    pub(super) n_outputs: usize,
    pub(super) batch_rows: usize,
}

const PROLOGUE: &str = "local __parrow = ...; local parrow, __parrow_type, __parrow_readf64, __parrow_writef64, \
    __parrow_readu32, __parrow_readu8, __parrow_readstring = __parrow.parrow, type, buffer.readf64, buffer.writef64, \
    buffer.readu32, buffer.readu8, buffer.readstring; ";

const EPILOGUE: &str = "
local __parrow_cells, __parrow_masks, __parrow_results = __parrow.cells, __parrow.masks, __parrow.results
local __parrow_one, __parrow_many, __parrow_special = __parrow.put_one, __parrow.put_many, __parrow.special
local __parrow_integer, __parrow_list = __parrow.read_integer, __parrow.read_list
";

/// The cells of up to so many columns are read one by one, those of more in loops.
const UNROLLED: usize = 16;

/// The name of a function whose body alone is given.
const BODY: &str = "__parrow_body";

/// The text to compile.
pub(super) fn source(script: &Script, definition: &Definition, call: &Call<'_>) -> String {
    let mut text = String::from(PROLOGUE);
    text.push_str(&row_table(call));
    let mut changes = call.row.map(|row| reads(row, call.schema.len())).unwrap_or_default();
    let function = match script.form {
        Form::Body => {
            let parameters: Vec<&str> =
                definition.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
            let body = changed(&script.text, changes);
            let _ = write!(text, "local function {BODY}({}) {body}\nend", parameters.join(", "));
            BODY
        }
        Form::Whole => {
            if can_be_local(definition, call.tokens) {
                changes.push((definition.start..definition.start, "local ".to_owned()));
            }
            text.push_str(&changed(&script.text, changes));
            &definition.name
        }
    };
    let has_init = script.form == Form::Whole
        && call.tokens.windows(2).any(|pair| pair[0].is("function") && pair[1].is(INIT));
    text.push_str(EPILOGUE);
    if has_init {
        let _ = writeln!(text, "if {INIT} then {INIT}() end");
    }
    let writer = Writer { call, function };
    for (name, nulls) in [("__parrow_whole", Nulls::None), ("__parrow_checked", Nulls::Some)] {
        text.push_str(&writer.batch(name, nulls));
    }
    text.push_str("return __parrow_whole, __parrow_checked\n");
    text
}

/// Whether a global function can be made a local one, which the compiler can put into the loop: nothing before it may know
/// it by name.
fn can_be_local(definition: &Definition, tokens: &[Token<'_>]) -> bool {
    definition.scope == Scope::Global
        && !tokens
            .iter()
            .take_while(|token| token.start < definition.start)
            .any(|token| token.kind == Kind::Name && (token.text == definition.name || token.text == "_G"))
}

/// Whether cells may be null, or numbers that are not exact.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nulls {
    None,
    Some,
    /// Some, and a number that is not exact is left out as a null is: the row's table says so when it is asked for.
    Later,
}

impl Nulls {
    fn later(self) -> Self {
        if self == Self::Some { Self::Later } else { self }
    }
}

struct Writer<'p> {
    call: &'p Call<'p>,
    function: &'p str,
}

impl Writer<'_> {
    /// The function that runs the rows of a batch.
    fn batch(&self, name: &str, nulls: Nulls) -> String {
        let mut text = format!(
            "local function {name}(from: number, to: number, first_row: number, heap: buffer)\n\
             local cells: buffer, masks: buffer, results: buffer = __parrow_cells, __parrow_masks, __parrow_results\n\
             for at = from * 8, to * 8 - 8, 8 do\n"
        );
        if nulls == Nulls::Some && !self.call.inputs.is_empty() {
            text.push_str("local index = at // 8\n");
        }
        if self.needs_row_index() {
            text.push_str("parrow.row_index = first_row + at // 8\n");
        }
        if let Some(row) = self.call.row {
            if nulls == Nulls::Some && row.needs_all() {
                text.push_str("__parrow_place.index = index\n");
            }
            self.fill_row(row, nulls, &mut text);
        }
        let arguments: Vec<String> =
            self.call.arguments.iter().map(|argument| self.argument(argument, nulls)).collect();
        let call = format!("{}({})", self.function, arguments.join(", "));
        let column_bytes = self.call.batch_rows * 8;
        // To look for one more value is to call as for any number of them, and then `return math.sqrt(x)` is a call that
        // the compiler can't replace by an instruction: 18 ns a row instead of 6.
        let (extra, no_extra) = match most_values(self.call.tokens) > self.call.n_outputs {
            true => (", extra", " and extra == nil"),
            false => ("", ""),
        };
        if self.call.n_outputs == 1 {
            let _ = write!(
                text,
                "local value{extra} = {call}\n\
                 if __parrow_type(value) == \"number\"{no_extra} then __parrow_writef64(results, at, value) \
                 else __parrow_one(at, value{extra}) end\n"
            );
        } else {
            let values: Vec<String> = (0..self.call.n_outputs).map(|slot| format!("value{slot}")).collect();
            let tests: Vec<String> =
                values.iter().map(|value| format!("__parrow_type({value}) == \"number\"")).collect();
            let _ = write!(text, "local {}{extra} = {call}\nif ", values.join(", "));
            let _ = write!(text, "{}{no_extra} then ", tests.join(" and "));
            // The first is written last: it says that the row is done.
            for slot in (0..self.call.n_outputs).rev() {
                let _ =
                    write!(text, "__parrow_writef64(results, at + {}, value{slot}) ", slot * column_bytes);
            }
            let extra = if extra.is_empty() { "nil" } else { "extra" };
            let _ = writeln!(text, "else __parrow_many(at, {extra}, {}) end", values.join(", "));
        }
        text.push_str("end\nend\n");
        text
    }

    /// Whether the script asks which row it is in.
    fn needs_row_index(&self) -> bool {
        let tokens = self.call.tokens;
        let is_asked = |token: &Token<'_>| {
            matches!(token.kind, Kind::Name | Kind::Text)
                && (token.text.contains("row_index") || token.text.contains("random"))
        };
        let is_handed_on =
            |pair: &[Token<'_>]| (pair[0].is("parrow") || pair[0].is("math")) && !pair[1].is(".");
        tokens.iter().any(is_asked) || tokens.windows(2).any(is_handed_on)
    }

    fn argument(&self, argument: &Argument, nulls: Nulls) -> String {
        match argument {
            Argument::Column(column) => {
                self.cell(*column, &offset("at", column * self.call.batch_rows * 8), nulls)
            }
            Argument::Row => "__parrow_row".to_owned(),
            Argument::Constant(value, annotation) => literal(value, annotation.as_ref()),
        }
    }

    /// What reads a cell of a column at the byte offset `at`.
    fn cell(&self, column: usize, at: &str, nulls: Nulls) -> String {
        let index = offset("index", column * self.call.batch_rows);
        self.cell_of(self.call.inputs[column].cells, at, &index, &(column + 1).to_string(), nulls)
    }

    fn cell_of(&self, cells: Cells, at: &str, index: &str, column: &str, nulls: Nulls) -> String {
        let read = match cells {
            Cells::Number | Cells::Decimal => format!("__parrow_readf64(cells, {at})"),
            Cells::Integer => format!("__parrow_integer({at})"),
            Cells::Boolean => format!("__parrow_readf64(cells, {at}) ~= 0"),
            Cells::Text => {
                format!(
                    "__parrow_readstring(heap, __parrow_readu32(cells, {at}), __parrow_readu32(cells, {at} + 4))"
                )
            }
            Cells::List => format!("__parrow_list(heap, __parrow_readu32(cells, {at}))"),
            Cells::Null => return "nil".to_owned(),
        };
        match nulls {
            Nulls::None => read,
            Nulls::Some => format!(
                "if __parrow_readu8(masks, {index}) == 0 then {read} \
                 else __parrow_special(__parrow_readu8(masks, {index}), {column})"
            ),
            Nulls::Later => format!("if __parrow_readu8(masks, {index}) == 0 then {read} else nil"),
        }
    }

    /// Puts the cells of the row into its table.
    fn fill_row(&self, row: &RowUse, nulls: Nulls, text: &mut String) {
        if row.is_handed_on {
            let cells = self.new_list(nulls.later(), text);
            let _ = match nulls {
                Nulls::None => {
                    writeln!(text, "local __parrow_row = __parrow_seal({cells}, __parrow_row_meta)")
                }
                _ => writeln!(text, "local __parrow_row = __parrow_checked_row({cells})"),
            };
            return;
        }
        if row.are_values_handed_on {
            let values = self.new_list(nulls, text);
            let _ = writeln!(text, "__parrow_row.values = __parrow_seal_values({values})");
        }
        let mut tables = Vec::new();
        if row.values && !row.are_values_handed_on {
            tables.push("__parrow_values");
        }
        if has_positions(row) {
            tables.push("__parrow_row");
        }
        if !tables.is_empty() {
            // Who goes over the values is not asked for one that is not exact; who asks for a cell is.
            self.fill_lists(&tables, if row.values { nulls } else { nulls.later() }, text);
        }
        for (column, input) in self.call.inputs.iter().enumerate() {
            // By names that are no words of the script, the table finds the cell by its position.
            let is_named = match row.needs_all() {
                true => column < self.call.schema.len() && self.mentions(&input.name),
                false => row.names.contains(input.name.as_str()),
            };
            let is_at = |position: &usize| {
                let column = self.call.schema.get_at_index(*position - 1);
                column.is_some_and(|(name, _)| *name == input.name)
            };
            let positions = row.positions.iter().filter(|position| !row.needs_all() && is_at(position));
            let mut targets: Vec<String> =
                positions.map(|position| format!("__parrow_row[{position}]")).collect();
            if is_named && !(row.values && input.name == VALUES) {
                targets.push(format!("__parrow_row[{}]", text_literal(&input.name)));
            }
            if targets.is_empty() {
                continue;
            }
            let nulls = if row.needs_all() { nulls.later() } else { nulls };
            let cell = self.cell(column, &offset("at", column * self.call.batch_rows * 8), nulls);
            let _ = writeln!(text, "do local cell = {cell}");
            for target in targets {
                let _ = writeln!(text, "{target} = cell");
            }
            text.push_str("end\n");
        }
    }

    /// Puts the cells of all columns into lists: in a loop for each stretch of columns of the same kind, where there are many.
    fn fill_lists(&self, lists: &[&str], nulls: Nulls, text: &mut String) {
        let n_columns = self.call.schema.len();
        let kinds: Vec<Cells> = self.call.inputs[..n_columns].iter().map(|input| input.cells).collect();
        if n_columns <= UNROLLED {
            for column in 0..n_columns {
                let cell = self.cell(column, &offset("at", column * self.call.batch_rows * 8), nulls);
                let _ = writeln!(text, "do local cell = {cell}");
                for list in lists {
                    let _ = writeln!(text, "{list}[{}] = cell", column + 1);
                }
                text.push_str("end\n");
            }
            return;
        }
        let mut column = 0;
        for stretch in kinds.chunk_by(|a, b| a == b) {
            let end = column + stretch.len();
            let batch_rows = self.call.batch_rows;
            let at = format!("at + (column - 1) * {}", batch_rows * 8);
            let index = format!("index + (column - 1) * {batch_rows}");
            let cell = self.cell_of(stretch[0], &at, &index, "column", nulls);
            let _ = writeln!(text, "for column = {}, {end} do local cell = {cell}", column + 1);
            for list in lists {
                let _ = writeln!(text, "{list}[column] = cell");
            }
            text.push_str("end\n");
            column = end;
        }
    }

    /// A new list of the cells of all columns: what stands before it, and the list.
    fn new_list(&self, nulls: Nulls, text: &mut String) -> String {
        let n_columns = self.call.schema.len();
        if n_columns <= UNROLLED {
            let cell = |column| self.cell(column, &offset("at", column * self.call.batch_rows * 8), nulls);
            let cells: Vec<String> = (0..n_columns).map(|column| format!("({})", cell(column))).collect();
            return format!("{{{}}}", cells.join(", "));
        }
        let _ = writeln!(text, "local __parrow_list = __parrow_create({n_columns})");
        self.fill_lists(&["__parrow_list"], nulls, text);
        "__parrow_list".to_owned()
    }

    /// Whether the script has this word in its code or in a text.
    fn mentions(&self, name: &str) -> bool {
        self.call
            .tokens
            .iter()
            .any(|token| matches!(token.kind, Kind::Name | Kind::Text) && token.text == name)
    }
}

fn offset(base: &str, by: usize) -> String {
    if by == 0 { base.to_owned() } else { format!("{base} + {by}") }
}

/// A constant as it is written in Luau.
fn literal(value: &Parameter, annotation: Option<&Annotation>) -> String {
    match value {
        Parameter::Bool(value) => value.to_string(),
        Parameter::Int(value) if annotation == Some(&Annotation::Integer) => {
            format!("integer.fromstring(\"{value}\")")
        }
        Parameter::Int(value) => format!("({value})"),
        Parameter::Float(value) if value.is_nan() => "(0/0)".to_owned(),
        Parameter::Float(value) if value.is_infinite() => {
            if *value > 0.0 { "math.huge" } else { "(-math.huge)" }.to_owned()
        }
        Parameter::Float(value) => format!("({value:?})"),
        Parameter::Text(value) => text_literal(value),
    }
}

/// A text as it is written in Luau.
pub(super) fn text_literal(text: &str) -> String {
    let mut literal = String::from("\"");
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && byte != b'"' && byte != b'\\' || byte == b' ' {
            literal.push(char::from(byte));
        } else {
            let _ = write!(literal, "\\{byte:03}");
        }
    }
    literal.push('"');
    literal
}

/// Whether a word can't be a name.
pub(super) fn is_keyword(word: &str) -> bool {
    const KEYWORDS: [&str; 21] = [
        "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "if", "in", "local",
        "nil", "not", "or", "repeat", "return", "then", "true", "until", "while",
    ];
    KEYWORDS.contains(&word)
}
