//! The flags of row functions in Luau.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use parrow::Error;
use parrow::script::Script;

use super::function::FunctionArgs;
use super::values::{bytes, seconds};

/// A row function in Luau, and what it may not go beyond.
#[derive(Args, Debug)]
#[command(next_help_heading = "Row function")]
pub struct ScriptArgs {
    /// Call a function of this Luau script; its parameters are columns, or the row
    #[arg(long, value_name = "FILE", groups = ["row_function", "luau_function"], conflicts_with = "expressions")]
    pub script: Option<PathBuf>,

    /// Call a function with this body, such as 'return a + b'
    #[arg(long, value_name = "BODY", groups = ["row_function", "luau_function"], conflicts_with = "expressions")]
    pub luau: Option<String>,

    /// The function of the script [default: the last one]
    #[arg(long, value_name = "NAME", requires = "luau_function", conflicts_with = "luau")]
    pub function: Option<String>,

    /// What parrow.random() draws its numbers from [default: 0]
    #[arg(long, value_name = "N", requires = "luau_function")]
    pub seed: Option<u64>,

    /// The memory that each thread's script may use, as 64MB or 1GB [default: 256MiB]
    #[arg(long, value_name = "SIZE", value_parser = bytes, requires = "luau_function")]
    pub script_memory: Option<usize>,

    /// The seconds that a row may take [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = seconds, requires = "luau_function")]
    pub row_timeout: Option<Duration>,
}

impl ScriptArgs {
    /// Whether there is a script.
    pub fn is_given(&self) -> bool {
        self.script.is_some() || self.luau.is_some()
    }

    /// Takes its file to be told from this folder.
    pub fn in_folder(&mut self, folder: &Path) {
        self.script = self.script.take().map(|path| folder.join(path));
    }

    /// The row function, if one is given as a script.
    ///
    /// # Errors
    /// The system's, for a file that can't be read; what is wrong with the flags.
    pub fn script(&self, function: &FunctionArgs) -> Result<Option<Script>, Error> {
        let script = match (&self.script, &self.luau) {
            (Some(path), _) => {
                let text =
                    std::fs::read_to_string(path).map_err(|error| Error::io("read", error).in_file(path))?;
                let name = path.file_name().unwrap_or(path.as_os_str());
                Script::luau(text).file_name(name.to_string_lossy())
            }
            (None, Some(body)) => Script::luau_body(body).file_name("--luau"),
            (None, None) => return Ok(None),
        };
        let mut script = script
            .seed(self.seed.unwrap_or(0))
            .output_names(&function.names)
            .print_to(|line| eprintln!("{line}"));
        if let Some(name) = &self.function {
            script = script.function(name);
        }
        if let Some(dtypes) = &function.output_dtypes {
            script = script.output_dtypes(dtypes.0.iter().cloned());
        }
        if let Some(limit) = self.script_memory {
            script = script.memory_limit(limit);
        }
        if let Some(limit) = self.row_timeout {
            script = script.row_timeout(limit);
        }
        let parameters = function.parameters()?;
        Ok(Some(parameters.fold(script, |script, (name, value)| script.argument(name, value.clone()))))
    }
}
