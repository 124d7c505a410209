//! Which columns and constants go to which parameters of a Python function.

use polars::prelude::{PlSmallStr, Schema};

use crate::error::{Error, Result, nearest};
use crate::row::Parameter;

use super::json::Json;
use super::json_text::{list, parameter, text};
use super::rows_as::RowsAs;

/// The parameter that gets the whole row, where no column has its name.
const ROW: &str = "row";

/// What Python says of a function's parameters.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Signature(Option<Vec<PythonParameter>>);

#[derive(Clone, Debug, PartialEq)]
struct PythonParameter {
    name: String,
    kind: Kind,
    has_default: bool,
    /// Whether it is declared as text.
    is_text: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    PositionalOnly,
    Positional,
    KeywordOnly,
    /// `*args`
    Positionals,
    /// `**kwargs`
    Keywords,
}

/// How the function is called: which columns it needs, and what it gets where.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    pub(super) inputs: Vec<PlSmallStr>,
    positional: Vec<Source>,
    keywords: Vec<(String, Source)>,
    whole: Option<&'static str>,
}

/// Where an argument comes from.
#[derive(Clone, Debug, PartialEq)]
enum Source {
    Column(PlSmallStr),
    Constant(Parameter),
    /// The row as a list, tuple or dict of all inputs.
    Row(&'static str, Vec<PlSmallStr>),
}

impl Signature {
    /// Reads what the Python side wrote: null where Python does not know, else name, kind, whether there is a default and whether
    /// text is asked for.
    pub(super) fn from_json(json: &Json) -> Option<Self> {
        let parameters = match json {
            Json::Null => return Some(Self(None)),
            Json::List(parameters) => parameters,
            _ => return None,
        };
        let parameter = |json: &Json| match json {
            Json::List(parts) => match parts.as_slice() {
                [Json::Text(name), Json::Text(kind), Json::Bool(has_default), Json::Bool(is_text)] => {
                    let kind = match kind.as_str() {
                        "POSITIONAL_ONLY" => Kind::PositionalOnly,
                        "POSITIONAL_OR_KEYWORD" => Kind::Positional,
                        "KEYWORD_ONLY" => Kind::KeywordOnly,
                        "VAR_POSITIONAL" => Kind::Positionals,
                        "VAR_KEYWORD" => Kind::Keywords,
                        _ => return None,
                    };
                    Some(PythonParameter {
                        name: name.clone(),
                        kind,
                        has_default: *has_default,
                        is_text: *is_text,
                    })
                }
                _ => None,
            },
            _ => None,
        };
        parameters.iter().map(parameter).collect::<Option<Vec<_>>>().map(|parameters| Self(Some(parameters)))
    }

    /// The parameters that take what they are given: those that are not declared as text.
    pub(super) fn untyped(&self) -> Vec<PlSmallStr> {
        let untyped = self.0.iter().flatten().filter(|parameter| !parameter.is_text);
        untyped.map(|parameter| PlSmallStr::from_str(&parameter.name)).collect()
    }

    /// Settles the call of `function` for the columns of a table, of which `chosen` make the row.
    ///
    /// # Errors
    /// [`ColumnNotFound`](crate::ErrorKind::ColumnNotFound) for a parameter that nothing is there for, and
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) for a constant that the function has no parameter for.
    pub(super) fn call(
        &self,
        function: &str,
        schema: &Schema,
        chosen: &[PlSmallStr],
        rows_as: RowsAs,
        constants: &[(String, Parameter)],
    ) -> Result<Call> {
        self.check_constants(function, constants)?;
        let by_name =
            || constants.iter().map(|(name, value)| (name.clone(), Source::Constant(value.clone())));
        match rows_as {
            RowsAs::Kwargs => match &self.0 {
                Some(parameters) => by_columns(function, parameters, schema, chosen, constants),
                None => Err(Error::invalid_option(
                    "as",
                    format!(
                        "Python does not know the parameters of {function}; give it the row as a list or tuple"
                    ),
                )),
            },
            RowsAs::List | RowsAs::Tuple | RowsAs::Dict => Ok(Call {
                inputs: chosen.to_vec(),
                positional: vec![Source::Row(rows_as.as_str(), chosen.to_vec())],
                keywords: by_name().collect(),
                whole: None,
            }),
            RowsAs::PyArrow | RowsAs::Pandas | RowsAs::Polars => Ok(Call {
                inputs: chosen.to_vec(),
                positional: Vec::new(),
                keywords: by_name().collect(),
                whole: Some(rows_as.as_str()),
            }),
        }
    }

    fn check_constants(&self, function: &str, constants: &[(String, Parameter)]) -> Result<()> {
        let Some(parameters) = &self.0 else { return Ok(()) };
        if parameters.iter().any(|parameter| parameter.kind == Kind::Keywords) {
            return Ok(());
        }
        let named = |kind| matches!(kind, Kind::PositionalOnly | Kind::Positional | Kind::KeywordOnly);
        let names: Vec<String> =
            parameters.iter().filter(|it| named(it.kind)).map(|it| it.name.clone()).collect();
        for (name, _) in constants {
            if !names.contains(name) {
                let hint = nearest(name, &names).map(|near| format!("; did you mean {near}?"));
                let hint = hint.unwrap_or_else(|| format!(" (parameters: {})", names.join(", ")));
                return Err(Error::invalid_option(
                    "arg",
                    format!("{function} has no parameter {name:?}{hint}"),
                ));
            }
        }
        Ok(())
    }
}

/// Parameters by name: constants first, then columns, then the whole row for one called `row`.
fn by_columns(
    function: &str,
    parameters: &[PythonParameter],
    schema: &Schema,
    chosen: &[PlSmallStr],
    constants: &[(String, Parameter)],
) -> Result<Call> {
    let mut call = Call { inputs: Vec::new(), positional: Vec::new(), keywords: Vec::new(), whole: None };
    // Once a parameter is left to its default, those after it go by name.
    let mut by_position = true;
    for parameter in parameters {
        let name = parameter.name.as_str();
        let column = schema.get_full(name).map(|(_, name, _)| name.clone());
        let constant = constants.iter().find(|(constant, _)| constant == name);
        let source = match (parameter.kind, constant, column) {
            (Kind::Positionals | Kind::Keywords, _, _) => continue,
            (_, Some((_, value)), _) => Source::Constant(value.clone()),
            (_, None, Some(column)) => Source::Column(column),
            (_, None, None) if name == ROW => Source::Row("list", chosen.to_vec()),
            (_, None, None) if parameter.has_default => {
                by_position = false;
                continue;
            }
            _ => return Err(missing(function, name, schema)),
        };
        match parameter.kind {
            Kind::KeywordOnly => call.keywords.push((name.to_owned(), source)),
            _ if by_position => call.positional.push(source),
            Kind::PositionalOnly => {
                let message = format!(
                    "{function} takes {name:?} by position alone, after one that nothing is given for"
                );
                return Err(Error::invalid_option("arg", message));
            }
            _ => call.keywords.push((name.to_owned(), source)),
        }
    }
    let named: Vec<&str> = parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    let others = || chosen.iter().filter(|column| !named.contains(&column.as_str()));
    if parameters.iter().any(|parameter| parameter.kind == Kind::Keywords) {
        let extra = constants.iter().filter(|(name, _)| !named.contains(&name.as_str()));
        call.keywords
            .extend(extra.clone().map(|(name, value)| (name.clone(), Source::Constant(value.clone()))));
        let columns = others().filter(|column| !extra.clone().any(|(name, _)| name == column.as_str()));
        call.keywords.extend(columns.map(|column| (column.to_string(), Source::Column(column.clone()))));
    } else if by_position && parameters.iter().any(|parameter| parameter.kind == Kind::Positionals) {
        call.positional.extend(others().cloned().map(Source::Column));
    }
    let mut inputs = Vec::new();
    for source in call.positional.iter().chain(call.keywords.iter().map(|(_, source)| source)) {
        let columns = match source {
            Source::Column(column) => std::slice::from_ref(column),
            Source::Row(_, columns) => columns,
            Source::Constant(_) => &[],
        };
        for column in columns {
            if !inputs.contains(column) {
                inputs.push(column.clone());
            }
        }
    }
    call.inputs = inputs;
    Ok(call)
}

fn missing(function: &str, name: &str, schema: &Schema) -> Error {
    let names: Vec<String> = schema.iter_names().map(|name| name.to_string()).collect();
    match nearest(name, &names) {
        Some(_) => Error::column_not_found(name, names),
        None => Error::invalid_option(
            "arg",
            format!(
                "nothing is there for parameter {name:?} of {function}: no column has its name, and no argument gives it, \
                 as in {name}=1 (columns: {})",
                names.join(", ")
            ),
        ),
    }
}

impl Call {
    /// The line that tells the Python side.
    pub(super) fn setup(&self, names: &[PlSmallStr]) -> String {
        let index = |column: &PlSmallStr| {
            self.inputs.iter().position(|input| input == column).unwrap_or_default().to_string()
        };
        let source = |source: &Source| match source {
            Source::Column(column) => format!("[\"column\",{}]", index(column)),
            Source::Constant(value) => format!("[\"constant\",{}]", parameter(value)),
            Source::Row(kind, columns) => format!("[\"{kind}\",{}]", list(columns.iter().map(index))),
        };
        let keywords =
            self.keywords.iter().map(|(name, value)| format!("[{},{}]", text(name), source(value)));
        format!(
            "{{\"names\":{},\"inputs\":{},\"positional\":{},\"keywords\":{},\"whole\":{}}}\n",
            list(names.iter().map(|name| text(name))),
            list(self.inputs.iter().map(|name| text(name))),
            list(self.positional.iter().map(source)),
            list(keywords),
            self.whole.map_or_else(|| "null".to_owned(), text),
        )
    }
}
