//! A row function in any of the ways that the command line has for one.

use std::path::Path;

use clap::Args;
use parrow::Error;
use parrow::pipeline::Work;
use parrow::script::SqlExpressions;

use super::function::FunctionArgs;
use super::script::ScriptArgs;
use super::worker::WorkerArgs;

/// SQL expressions, or a row function in Luau, Python or another program.
#[derive(Args, Debug)]
pub struct RowFunctionArgs {
    /// SQL expressions, each a new column: 'a + b AS total'. One that begins with a minus needs -- before it
    #[arg(value_name = "EXPRESSION")]
    expressions: Vec<String>,

    #[command(flatten)]
    script: ScriptArgs,

    #[command(flatten)]
    worker: WorkerArgs,

    #[command(flatten)]
    function: FunctionArgs,
}

impl RowFunctionArgs {
    /// Whether there is one.
    pub fn is_given(&self) -> bool {
        !self.expressions.is_empty() || self.is_program()
    }

    fn is_program(&self) -> bool {
        self.script.is_given() || self.worker.is_given()
    }

    /// The work; without a function the rows go through as they are.
    ///
    /// # Errors
    /// What is wrong with the function; what keeps its workers from being started.
    pub fn work(&self, input: &str, n_threads: usize) -> Result<Work<'static>, Error> {
        let worker = self.worker.work(&self.function, input, n_threads)?;
        let script = self.script.script(&self.function)?.map(Work::rows);
        Ok(match worker.or(script) {
            Some(work) => work,
            None if self.expressions.is_empty() => Work::copy(),
            None => Work::rows(SqlExpressions::parse(&self.expressions)?),
        })
    }

    /// Takes the names of the new columns, where none are given.
    pub fn name_if_unnamed<'n>(&mut self, names: impl Iterator<Item = &'n str>) {
        if self.is_program() && self.function.names.is_empty() {
            self.function.names = names.map(str::to_owned).collect();
        }
    }

    /// Takes its files to be told from this folder.
    pub fn in_folder(&mut self, folder: &Path) {
        self.script.in_folder(folder);
        self.worker.in_folder(folder);
    }
}
