//! What a script is bound to columns as: which cells it reads, and what it gives.

use std::collections::BTreeSet;

use polars::prelude::{DataType, PlSmallStr, Schema};

use super::annotation::Annotation;
use super::driver::{self, Call};
use super::lexer::{Kind, Token, tokens};
use super::returns::most_values;
use super::row_use::RowUse;
use super::script::{Form, Script};
use super::signature::{Definition, Named, Scope, outline};
use crate::error::{Error, ErrorKind, Result};
use crate::row::{OutputColumn, Parameter, RESULT_NAME};

/// A script that fits the columns of a schema.
#[derive(Debug)]
pub(super) struct Plan {
    /// The script with its driver.
    pub(super) source: String,
    pub(super) inputs: Vec<Input>,
    /// The columns that parameters name which say nothing of what they take.
    pub(super) untyped: Vec<PlSmallStr>,
    pub(super) outputs: Vec<OutputColumn>,
    /// How many rows are handed to a worker at a time.
    pub(super) batch_rows: usize,
    /// How many values the functions of the script return at most, as far as its text shows.
    pub(super) most_values: usize,
}

/// A column that the script reads.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Input {
    pub(super) name: PlSmallStr,
    pub(super) cells: Cells,
}

/// What the cells of a column are in Luau.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cells {
    Number,
    /// A decimal, as the nearest number.
    Decimal,
    /// A 64-bit integer, which the script asks for.
    Integer,
    Boolean,
    Text,
    List,
    Null,
}

impl Cells {
    fn of(name: &str, dtype: &DataType, annotation: Option<&Annotation>) -> Result<Self> {
        let is_integer = annotation == Some(&Annotation::Integer);
        Ok(match dtype {
            dtype if is_integer && (dtype.is_integer() || dtype.is_temporal()) => Self::Integer,
            DataType::Null => Self::Null,
            dtype if is_integer => return Err(Error::dtype(name, "an integer dtype", dtype)),
            DataType::Boolean => Self::Boolean,
            DataType::Decimal(..) if annotation == Some(&Annotation::Text) => Self::Text,
            DataType::Decimal(..) => Self::Decimal,
            DataType::String | DataType::Categorical(..) | DataType::Enum(..) => Self::Text,
            DataType::List(inner) | DataType::Array(inner, _) => {
                Self::of(name, inner, None).map_err(|_| unreadable(name, dtype))?;
                Self::List
            }
            dtype if dtype.is_primitive_numeric() || dtype.is_temporal() => Self::Number,
            _ => return Err(unreadable(name, dtype)),
        })
    }
}

fn unreadable(name: &str, dtype: &DataType) -> Error {
    Error::dtype(name, "numbers, text, booleans, dates, times or lists of these, for a script,", dtype)
}

/// What a parameter of the function stands for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Argument {
    /// The cells of this input.
    Column(usize),
    /// The whole row.
    Row,
    /// The same for each row, and whether it is to be a 64-bit integer.
    Constant(Parameter, Option<Annotation>),
}

impl Plan {
    /// How many bytes of numbers are handed to a worker at a time, so that they stay in the caches.
    const BATCH_BYTES: usize = 256 << 10;

    /// Looks at the script, and at the columns that its parameters name.
    pub(super) fn new(script: &Script, schema: &Schema) -> Result<Self> {
        let tokens = tokens(&script.text);
        let definition = match script.form {
            Form::Whole => chosen(script, &tokens)?,
            Form::Body => body(script, &tokens, schema),
        };
        if definition.is_variadic {
            let message =
                format!("{} takes ..., and a row function's parameters are columns by name", definition.name);
            return Err(script.error(message));
        }
        for (name, _) in &script.arguments {
            if !definition.parameters.iter().any(|parameter| parameter.name == *name) {
                let names: Vec<&str> =
                    definition.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
                let message = match script.form {
                    Form::Whole => format!(
                        "{} has no parameter {name:?} (parameters: {})",
                        definition.name,
                        names.join(", ")
                    ),
                    Form::Body => format!("the body does not name {name:?}"),
                };
                return Err(Error::invalid_option("argument", message));
            }
        }
        let mut inputs = Inputs { schema, list: Vec::new() };
        let row = definition
            .parameters
            .iter()
            .any(|parameter| parameter.name == driver::ROW)
            .then(|| RowUse::new(&script.text, &tokens));
        if let Some(row) = &row {
            inputs.add_row(script, row)?;
        }
        let (mut arguments, mut untyped) = (Vec::new(), Vec::new());
        for parameter in &definition.parameters {
            let constant = script.arguments.iter().find(|(name, _)| *name == parameter.name);
            if let Some((name, Parameter::Int(value))) = constant
                && value.unsigned_abs() > 1 << 53
                && parameter.annotation != Some(Annotation::Integer)
            {
                let message =
                    format!("no Luau number says {value} exactly; declare the parameter as {name}: integer");
                return Err(Error::invalid_option("argument", message));
            }
            arguments.push(match constant {
                Some((_, value)) => Argument::Constant(value.clone(), parameter.annotation.clone()),
                None if parameter.name == driver::ROW => Argument::Row,
                None => {
                    if parameter.annotation.is_none() {
                        untyped.push(PlSmallStr::from_str(&parameter.name));
                    }
                    Argument::Column(inputs.add(&parameter.name, parameter.annotation.as_ref())?)
                }
            });
        }
        let outputs = outputs(script, &definition)?;
        let inputs = inputs.list;
        let row_bytes = 8 * (inputs.len() + outputs.len());
        let batch_rows = (Self::BATCH_BYTES / row_bytes).clamp(64, 1024) / 64 * 64;
        let call = Call {
            arguments: &arguments,
            inputs: &inputs,
            row: row.as_ref(),
            schema,
            tokens: &tokens,
            n_outputs: outputs.len(),
            batch_rows,
        };
        let source = driver::source(script, &definition, &call);
        Ok(Self { source, inputs, untyped, outputs, batch_rows, most_values: most_values(&tokens) })
    }
}

/// The columns that are read so far.
struct Inputs<'s> {
    schema: &'s Schema,
    list: Vec<Input>,
}

impl Inputs<'_> {
    fn add(&mut self, name: &str, annotation: Option<&Annotation>) -> Result<usize> {
        let Some(dtype) = self.schema.get(name) else {
            let names = self.schema.iter_names().map(|name| name.as_str());
            return Err(Error::column_not_found(name, names));
        };
        let input = Input { name: name.into(), cells: Cells::of(name, dtype, annotation)? };
        let place = self.list.iter().position(|earlier| *earlier == input);
        Ok(place.unwrap_or_else(|| {
            self.list.push(input);
            self.list.len() - 1
        }))
    }

    /// The columns of the row come first; where all of them are read, in their order.
    fn add_row(&mut self, script: &Script, row: &RowUse) -> Result<()> {
        if let Some(name) = &row.assigned {
            return Err(script.error(format!("the row is read-only, and {name} is assigned to")));
        }
        if row.needs_all() {
            for name in self.schema.iter_names() {
                self.add(name, None)?;
            }
            if row.is_handed_on {
                return Ok(());
            }
        }
        for name in &row.names {
            self.add(name, None)?;
        }
        for position in &row.positions {
            let column = position.checked_sub(1).and_then(|index| self.schema.get_at_index(index));
            let Some((name, _)) = column else {
                let message = format!(
                    "the script reads row[{position}], and there are {} columns, counted from 1",
                    self.schema.len()
                );
                return Err(Error::shape(message));
            };
            self.add(name, None)?;
        }
        Ok(())
    }
}

/// The function of the script that is called with the rows.
fn chosen(script: &Script, tokens: &[Token<'_>]) -> Result<Definition> {
    let outline = outline(tokens);
    if outline.returns {
        return Err(script.error("a script defines functions, and does not return anything at its top level"));
    }
    let definitions = outline.definitions;
    let found = match &script.function {
        Some(name) => definitions.iter().rev().find(|definition| definition.name == *name),
        None => definitions.iter().rev().find(|definition| definition.name != driver::INIT),
    };
    found.cloned().ok_or_else(|| {
        let names: BTreeSet<&str> = definitions.iter().map(|definition| definition.name.as_str()).collect();
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        script.error(match &script.function {
            _ if names.is_empty() => {
                "there is no function at the top level; write one, such as function f(a, b) return a + b end"
                    .into()
            }
            Some(name) => format!("there is no function {name:?} at the top level (functions: {names})"),
            None => {
                "there is no function but init; write one, such as function f(a, b) return a + b end".into()
            }
        })
    })
}

/// What stands before a dot is one of these, whatever the columns are called.
const LIBRARIES: [&str; 11] =
    ["bit32", "buffer", "coroutine", "integer", "math", "os", "parrow", "string", "table", "utf8", "vector"];

/// A function around a body: what it names that is a constant, a column or the row is its parameter.
fn body(script: &Script, tokens: &[Token<'_>], schema: &Schema) -> Definition {
    let mut parameters: Vec<Named> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| &tokens[before]);
        let is_field = before.is_some_and(|token| token.is(".") || token.is(":"));
        let is_known = script.arguments.iter().any(|(name, _)| name == token.text)
            || token.text == driver::ROW
            || schema.contains(token.text);
        let is_library =
            LIBRARIES.contains(&token.text) && tokens.get(at + 1).is_some_and(|next| next.is("."));
        let is_free = token.kind == Kind::Name && !is_field && !is_library && !driver::is_keyword(token.text);
        if is_free && is_known && !parameters.iter().any(|parameter| parameter.name == token.text) {
            parameters.push(Named { name: token.text.to_owned(), annotation: None });
        }
    }
    Definition {
        name: RESULT_NAME.to_string(),
        parameters,
        is_variadic: false,
        returns: None,
        start: 0,
        scope: Scope::Other,
    }
}

/// The output columns: what was said of them, else what the function's return type says.
fn outputs(script: &Script, definition: &Definition) -> Result<Vec<OutputColumn>> {
    let returns = definition.returns.as_ref();
    let record = match returns {
        Some(Annotation::Record(fields)) if !fields.is_empty() => Some(fields),
        _ => None,
    };
    let names: Vec<PlSmallStr> = match record {
        _ if !script.output_names.is_empty() => script.output_names.clone(),
        Some(fields) => fields.iter().map(|(name, _)| name.as_str().into()).collect(),
        None => vec![definition.name.as_str().into()],
    };
    for (index, name) in names.iter().enumerate() {
        if names[..index].contains(name) {
            return Err(Error::new(ErrorKind::DuplicateColumn { name: name.to_string() }));
        }
    }
    let n_values = match returns {
        Some(Annotation::Tuple(values)) => Some(values.len()),
        Some(Annotation::Record(_) | Annotation::Nil | Annotation::Other) | None => None,
        Some(_) => Some(1),
    };
    if let Some(n_values) = n_values.filter(|n_values| *n_values != names.len()) {
        let message = format!("{} returns {n_values} values, and {} are named", definition.name, names.len());
        return Err(Error::invalid_option("output names", message));
    }
    if !script.output_dtypes.is_empty() {
        if script.output_dtypes.len() != names.len() {
            let message =
                format!("{} dtypes are given for {} results", script.output_dtypes.len(), names.len());
            return Err(Error::invalid_option("output dtypes", message));
        }
        let columns = names.into_iter().zip(&script.output_dtypes);
        return Ok(columns.map(|(name, dtype)| OutputColumn::with_dtype(name, dtype.clone())).collect());
    }
    let dtype = |index: usize, name: &str| match returns {
        Some(Annotation::Tuple(values)) => values[index].dtype(),
        Some(Annotation::Record(fields)) => {
            fields.iter().find(|(field, _)| field == name).and_then(|(_, annotation)| annotation.dtype())
        }
        Some(annotation) => annotation.dtype(),
        None => None,
    };
    let columns = names.into_iter().enumerate();
    Ok(columns.map(|(index, name)| OutputColumn { dtype: dtype(index, &name), name }).collect())
}
