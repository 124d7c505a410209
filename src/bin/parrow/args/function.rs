//! The flags of row functions that are written as text or in another program.

use std::str::FromStr;

use clap::Args;
use parrow::Error;
use parrow::polars::prelude::DataType;
use parrow::row::{OutputColumn, Parameter};

use super::values::dtype;

/// What a row function gives, and what it is called with beside the columns.
#[derive(Args, Debug)]
#[command(next_help_heading = "Row function")]
pub struct FunctionArgs {
    /// The names of what the function returns, as h or h,k [default: the function's name]
    #[arg(long = "name", value_name = "NEW", value_delimiter = ',', requires = "row_function")]
    pub names: Vec<String>,

    /// The dtypes of what the function returns, as f64 or f64,str [default: that of the first row with a value]
    #[arg(long = "output-dtype", value_name = "DTYPE", requires = "row_function")]
    pub output_dtypes: Option<DtypeList>,

    /// A constant that the function is called with, as minimum=4 (may be given several times)
    #[arg(long = "arg", value_name = "KEY=VALUE", allow_hyphen_values = true, requires = "row_function")]
    pub arguments: Vec<NamedParameter>,
}

impl FunctionArgs {
    /// The columns that the function gives; `default_name` is that of the only one where none was named.
    ///
    /// # Errors
    /// [`InvalidOption`](parrow::ErrorKind::InvalidOption) when there is another number of dtypes than of names.
    pub fn outputs(&self, default_name: &str) -> Result<Vec<OutputColumn>, Error> {
        let names: Vec<&str> = match self.names.is_empty() {
            true => vec![default_name],
            false => self.names.iter().map(String::as_str).collect(),
        };
        let Some(DtypeList(dtypes)) = &self.output_dtypes else {
            return Ok(names.into_iter().map(OutputColumn::new).collect());
        };
        if dtypes.len() != names.len() {
            let message = format!(
                "{} dtypes are given for {} results; name as many results with --name",
                dtypes.len(),
                names.len()
            );
            return Err(Error::invalid_option("--output-dtype", message));
        }
        let columns = names.into_iter().zip(dtypes);
        Ok(columns.map(|(name, dtype)| OutputColumn::with_dtype(name, dtype.clone())).collect())
    }

    /// The constants, by name.
    ///
    /// # Errors
    /// [`InvalidOption`](parrow::ErrorKind::InvalidOption) for a name that is given twice.
    pub fn parameters(&self) -> Result<impl Iterator<Item = (&str, &Parameter)>, Error> {
        for (index, argument) in self.arguments.iter().enumerate() {
            if self.arguments[..index].iter().any(|earlier| earlier.key == argument.key) {
                return Err(Error::invalid_option("--arg", format!("{} is given twice", argument.key)));
            }
        }
        Ok(self.arguments.iter().map(|argument| (argument.key.as_str(), &argument.value)))
    }
}

/// `f64,list[str],datetime[us, UTC]`: dtypes between the commas that stand in no brackets.
#[derive(Clone, Debug, PartialEq)]
pub struct DtypeList(pub Vec<DataType>);

impl FromStr for DtypeList {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut depth = 0;
        let parts = text.split(|character| {
            match character {
                '[' | '(' => depth += 1,
                ']' | ')' => depth -= 1,
                _ => {}
            }
            character == ',' && depth == 0
        });
        parts.map(dtype).collect::<Result<_, _>>().map(Self)
    }
}

/// `key=value`.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedParameter {
    pub key: String,
    pub value: Parameter,
}

impl FromStr for NamedParameter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() => {
                let Ok(value) = value.parse();
                Ok(Self { key: key.to_owned(), value })
            }
            _ => Err("write it as key=value, for example minimum=4".to_owned()),
        }
    }
}
