//! [`Script`]: a row function as a script.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use polars::prelude::{DataType, PlSmallStr, Schema};

use super::kernel::ScriptKernel;
use super::plan::Plan;
use crate::error::{Error, Result};
use crate::row::{BoundFunction, Parameter, RowFunction};

/// A row function written in [Luau](https://luau.org), compiled to machine code and closed off from files, network and
/// other programs.
///
/// ```luau
/// function hypot(a, b)
///     return math.sqrt(a * a + b * b)
/// end
/// ```
///
/// # The function
/// It is the last one at the top level of the script, or the one that [`function`](Self::function) names.
///
/// - **Its parameters are columns**, by name. A parameter called `row` is the row: a table with the cells by name
///   (`row.a`, `row["two words"]`) and by position from 1 (`row[1]`, `#row`); `for _, value in row.values do` goes over
///   the cells that are not null. Nothing of it can be changed. A parameter with the name of an
///   [`argument`](Self::argument) is that constant.
/// - **It returns** a value, several values, or a table with the [output names](Self::output_names) as keys. Any other
///   table is a list. No value, and nil, are null. More values than are named make the row fail, those of a call at the
///   end too, as in `return string.find(s, "a")`; `return (string.find(s, "a"))` is the first of them.
///
/// Columns and values are, in Luau:
///
/// | dtype | in Luau |
/// |---|---|
/// | decimals | the number that is written with the same digits. One of more than 15 digits makes the row fail, unless the parameter is declared as `a: string`: then it is a text |
/// | numbers | number. An integer that lies beyond ±2^53 makes the row fail, unless the parameter is declared as `a: integer`: then it is an integer of 64 bits, exactly (`integer.add(a, integer.create(1))`) |
/// | strings, categories | string |
/// | booleans | boolean |
/// | lists | table; a null item is nil, as a hole in the table; a list that is returned ends with its last item that is not nil |
/// | dates | number of days since 1970-01-01 |
/// | datetimes, durations, times | number of the column's unit since 1970-01-01, or since midnight |
/// | null | nil |
///
/// # Output dtypes
/// They are what [`output_dtypes`](Self::output_dtypes) says, else what the function's return type says (`: number`,
/// `: (number, string)`, `: {h: number, k: string}`), else that of the lowest row whose result is not nil: `f64` for
/// numbers, `i64` for integers of 64 bits, `str`, `bool` and lists of these. A row whose result is of another dtype
/// fails. Without any value the column is `f64`. A number is returned to a column of integers when it is one exactly,
/// and to one of dates or times as the count that it is read as; such columns take text, too (`"2024-02-29"`).
///
/// # What a script can use
/// - Luau's own libraries, without `require`, `loadstring`, `getfenv` and the time of day. `os.date` and `os.time` convert.
/// - `parrow.row_index`: the row's index in the table, counted from 0.
/// - `parrow.random()`: a number from 0 up to 1, `parrow.random(6)` and `parrow.random(1, 6)` a whole number of these,
///   decided by [`seed`](Self::seed), the row and the calls before in the same row. `math.random` is the same.
/// - `parrow.words(text)`: its words, between white space. `parrow.split(text, separator)`: its pieces.
///   `parrow.common_items(left, right)`: the items of a list that another has, too, in order and without repeats; of two
///   texts, their words, without cutting them up first. Each is nil for nil.
/// - `init()`, where the script has such a function: it is called once in each worker, before the first row. A script
///   that keeps anything else from row to row, as in a counter, depends on how the rows were cut into chunks.
///
/// # Limits
/// A worker that asks for more than [`memory_limit`](Self::memory_limit), and a row that takes longer than
/// [`row_timeout`](Self::row_timeout), make the row fail; the others are not touched.
///
/// # Example
/// ```
/// use parrow::polars::prelude::*;
/// use parrow::script::Script;
/// use parrow::{ApplyOptions, apply_function};
///
/// let frame = df!("a" => [Some(3.0), None], "b" => [4.0, 12.0])?;
/// let script = Script::luau("function hypot(a, b) return a and math.sqrt(a * a + b * b) end");
/// let applied = apply_function(&frame, &script, &ApplyOptions::default())?;
/// assert_eq!(applied.table, df!("hypot" => [Some(5.0), None])?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
#[derive(Clone)]
pub struct Script {
    pub(super) text: String,
    pub(super) form: Form,
    pub(super) file_name: String,
    pub(super) function: Option<String>,
    pub(super) output_names: Vec<PlSmallStr>,
    pub(super) output_dtypes: Vec<DataType>,
    pub(super) arguments: Vec<(String, Parameter)>,
    pub(super) seed: u64,
    pub(super) memory_limit: usize,
    pub(super) row_timeout: Duration,
    pub(super) printer: Option<Printer>,
}

/// Who is given what a script prints.
pub(super) type Printer = Arc<dyn Fn(&str) + Send + Sync>;

/// What the text of a script is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Functions.
    Whole,
    /// What stands between a function's parameters and its `end`.
    Body,
}

impl Script {
    /// How much memory a worker may use unless another limit is set: 256 MiB.
    pub const MEMORY_LIMIT: usize = 256 << 20;

    /// How long a row may take unless another limit is set: 10 seconds.
    pub const ROW_TIMEOUT: Duration = Duration::from_secs(10);

    /// A script with a function in it.
    ///
    /// The text is looked at when the function is bound to columns. It may begin with a byte order mark, and with a line
    /// `#!…` for the system.
    pub fn luau(text: impl Into<String>) -> Self {
        Self {
            text: without_preface(text.into()),
            form: Form::Whole,
            file_name: "script".into(),
            function: None,
            output_names: Vec::new(),
            output_dtypes: Vec::new(),
            arguments: Vec::new(),
            seed: 0,
            memory_limit: Self::MEMORY_LIMIT,
            row_timeout: Self::ROW_TIMEOUT,
            printer: None,
        }
    }

    /// The body of a function whose parameters are the columns and constants that it names: `return a + b`.
    ///
    /// Its output column is called `result` unless it is [named](Self::output_names).
    ///
    /// # Example
    /// ```
    /// use parrow::polars::prelude::*;
    /// use parrow::script::Script;
    /// use parrow::{ApplyOptions, apply_function};
    ///
    /// let frame = df!("a" => [1, 2], "b" => [10, 20])?;
    /// let script = Script::luau_body("return a + b, a - b").output_names(["sum", "difference"]);
    /// let applied = apply_function(&frame, &script, &ApplyOptions::default())?;
    /// assert_eq!(applied.table, df!("sum" => [11.0, 22.0], "difference" => [-9.0, -18.0])?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn luau_body(text: impl Into<String>) -> Self {
        Self { form: Form::Body, ..Self::luau(text) }
    }

    /// What errors call the script: `hypot.luau:3: …`. It is `script` otherwise.
    pub fn file_name(mut self, name: impl Into<String>) -> Self {
        self.file_name = name.into();
        self
    }

    /// Says which function of the script is called with the rows.
    pub fn function(mut self, name: impl Into<String>) -> Self {
        self.function = Some(name.into());
        self
    }

    /// Names the output columns, as many as the function returns values. Without names there is one, called as the
    /// function is, or there are those of its return type.
    pub fn output_names<S: AsRef<str>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.output_names = names.into_iter().map(|name| name.as_ref().into()).collect();
        self
    }

    /// Declares the dtypes of the output columns, one for each.
    pub fn output_dtypes(mut self, dtypes: impl IntoIterator<Item = DataType>) -> Self {
        self.output_dtypes = dtypes.into_iter().collect();
        self
    }

    /// Gives the parameter of this name the same value for each row. A column of this name is not looked at.
    pub fn argument(mut self, name: impl Into<String>, value: impl Into<Parameter>) -> Self {
        let (name, value) = (name.into(), value.into());
        self.arguments.retain(|(earlier, _)| *earlier != name);
        self.arguments.push((name, value));
        self
    }

    /// The seed of `parrow.random`; it is 0 otherwise.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How many bytes each worker may use: as many workers are there as chunks run at a time.
    pub fn memory_limit(mut self, bytes: usize) -> Self {
        self.memory_limit = bytes;
        self
    }

    /// How long a row may take, and `init` and the script's top level. A row is stopped a moment later than this, at the
    /// next turn of a loop or call of a function.
    pub fn row_timeout(mut self, limit: Duration) -> Self {
        self.row_timeout = limit;
        self
    }

    /// Hands each line that the script prints to `printer`, from whatever thread the row is run in. Without a printer,
    /// `print` is an error of the row.
    pub fn print_to(mut self, printer: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.printer = Some(Arc::new(printer));
        self
    }

    /// The memory limit for a person.
    pub(super) fn limit_text(&self) -> String {
        let mebibyte = 1 << 20;
        match self.memory_limit {
            bytes if bytes >= mebibyte && bytes % mebibyte == 0 => format!("{} MiB", bytes / mebibyte),
            bytes => format!("{bytes} bytes"),
        }
    }

    /// An error of the script as a whole.
    pub(super) fn error(&self, message: impl Into<String>) -> Error {
        Error::expression(&self.file_name, message)
    }
}

impl RowFunction for Script {
    /// # Errors
    /// [`Expression`](crate::ErrorKind::Expression) for a script that does not compile or that fails before the first row,
    /// with its line; [`ColumnNotFound`](crate::ErrorKind::ColumnNotFound) for a parameter that is no column;
    /// [`Dtype`](crate::ErrorKind::Dtype) for a column that no Luau value holds (structs, binary);
    /// [`DuplicateColumn`](crate::ErrorKind::DuplicateColumn) for two outputs of one name; and
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) for arguments, names or dtypes that do not fit the function.
    fn bind(&self, schema: &Schema) -> Result<BoundFunction<'_>> {
        let plan = Plan::new(self, schema)?;
        let inputs = plan.inputs.iter().map(|input| input.name.clone()).collect();
        Ok(BoundFunction { inputs, kernel: Box::new(ScriptKernel::new(self, plan)?) })
    }
}

/// The text without a byte order mark, and with a comment for a line `#!…`, which is none in Luau.
fn without_preface(text: String) -> String {
    let rest = text.trim_start_matches('\u{feff}');
    match rest.strip_prefix("#!") {
        Some(line) => format!("--{line}"),
        None if rest.len() < text.len() => rest.to_owned(),
        None => text,
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script")
            .field("file_name", &self.file_name)
            .field("text", &self.text)
            .field("function", &self.function)
            .field("output_names", &self.output_names)
            .field("output_dtypes", &self.output_dtypes)
            .field("arguments", &self.arguments)
            .finish_non_exhaustive()
    }
}
