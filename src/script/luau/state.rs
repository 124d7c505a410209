//! A worker: a Luau state with the script in it, closed off, and the buffers through which rows go in and results come out.

use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use mlua::chunk::{ChunkMode, Compiler};
use mlua::{Buffer, Function, Lua, LuaOptions, StdLib, Table};

use super::collect::Collector;
use super::host::host;
use super::input::Batch;
use super::lexer::{Kind, tokens};
use super::message::{is_out_of_memory, message};
use super::plan::{Cells, Plan};
use super::script::Script;
use super::tag;
use super::watchdog::{Stopped, TOO_LONG, Watchdog, Watched};
use crate::error::{Error, ErrorKind, Result};

/// What tracebacks call the prelude.
pub(super) const PRELUDE_NAME: &str = "parrow";

const PRELUDE: &str = include_str!("prelude.luau");

/// What stands in the results of a row that has not been run: a number that no calculation gives.
const UNDONE: [u8; 8] = 0x7FF4_DEAD_BEEF_CAFE_u64.to_le_bytes();

/// Where a worker keeps its results, for whoever asks how far it is.
const RESULTS: &str = "parrow.results";

/// Globals that reach out of the script, change what other code sees, or differ from run to run.
const REMOVED: [&str; 9] =
    ["collectgarbage", "debug", "gcinfo", "getfenv", "loadstring", "newproxy", "require", "setfenv", "_G"];

/// A script and its driver, compiled.
#[derive(Debug)]
pub(super) struct Program {
    prelude: Vec<u8>,
    code: Vec<u8>,
}

impl Program {
    /// # Errors
    /// [`Expression`](ErrorKind::Expression) with the line for a script that is not Luau.
    pub(super) fn compile(script: &Script, plan: &Plan) -> Result<Self> {
        let compiler = || Compiler::new().set_optimization_level(2).set_type_info_level(1);
        let failed = |error: mlua::Error| script.error(with_line(&format!(":{}", message(&error, "")), ""));
        // The script alone first: what stands behind it is not to be part of a message about it.
        compiler().compile(&script.text).map_err(failed)?;
        let code = compiler().compile(&plan.source).map_err(failed)?;
        let prelude = compiler().compile(PRELUDE).map_err(|error| Error::engine(message(&error, "")))?;
        Ok(Self { prelude, code })
    }
}

/// `line 3: …` of `hypot.luau:3: …`.
fn with_line(text: &str, file_name: &str) -> String {
    let rest = text.strip_prefix(file_name).and_then(|rest| rest.strip_prefix(':'));
    match rest.and_then(|rest| rest.split_once(':')) {
        Some((line, rest)) if line.bytes().all(|byte| byte.is_ascii_digit()) => format!("line {line}:{rest}"),
        _ => text.to_owned(),
    }
}

/// Why rows were not run to the end.
#[derive(Debug)]
pub(super) enum Failure {
    /// The script raised an error.
    Raised(String),
    /// The worker's memory ran out.
    OutOfMemory,
    TimedOut(String),
    Cancelled,
}

/// A worker.
#[derive(Debug)]
pub(super) struct State {
    whole: Function,
    checked: Function,
    cells: Buffer,
    masks: Buffer,
    results: Buffer,
    tags: Buffer,
    status: Buffer,
    texts: Function,
    heap: Buffer,
    watched: Arc<Watched>,
    /// Whether there is anything in `tags`.
    has_tags: bool,
    bytes: Vec<u8>,
    /// The results of a batch of which no row has been run.
    undone: Vec<u8>,
    lua: Lua,
}

impl State {
    /// Makes a worker, runs the script's top level in it, and `init`.
    pub(super) fn new(script: &Script, plan: &Plan, program: &Program, watchdog: &Watchdog) -> Result<Self> {
        let failed = |error: mlua::Error| match is_out_of_memory(&error) {
            true => script.error(format!(
                "the script needs more memory than its {} before the first row",
                script.limit_text()
            )),
            false => script.error(with_line(&message(&error, &script.file_name), &script.file_name)),
        };
        let lua = Lua::new_with(StdLib::ALL_SAFE, LuaOptions::new()).map_err(failed)?;
        let engine = Self::closed_off(&lua, script, plan, program).map_err(failed)?;
        let batch_rows = plan.batch_rows;
        let watched = Watched::new(&lua, watchdog.limits().clone(), move |lua| row_in_work(lua, batch_rows));
        let watched = watched.map_err(failed)?;
        watchdog.watch(&watched);
        let load = || {
            let chunk = lua.load(program.code.as_slice()).set_name(format!("={}", script.file_name));
            chunk.set_mode(ChunkMode::Binary).call::<(Function, Function)>(&engine)
        };
        let (loaded, stopped) = watched.run(load);
        let outcome = match (loaded, stopped) {
            (Ok(functions), _) => Ok(functions),
            (Err(_), Some(Stopped::Cancelled)) => Err(Error::new(ErrorKind::Cancelled)),
            (Err(error), Some(Stopped::TimedOut)) => Err(script
                .error(with_line(&timeout_message(&error, script, "the script takes"), &script.file_name))),
            (Err(error), None) => Err(failed(error)),
        };
        let open = |functions: (Function, Function)| -> mlua::Result<Self> {
            Ok(Self {
                whole: functions.0,
                checked: functions.1,
                cells: engine.get("cells")?,
                masks: engine.get("masks")?,
                results: engine.get("results")?,
                tags: engine.get("tags")?,
                status: engine.get("status")?,
                texts: engine.get("texts")?,
                heap: lua.create_buffer_with_capacity(8)?,
                watched: Arc::clone(&watched),
                has_tags: false,
                bytes: Vec::new(),
                undone: UNDONE.repeat(batch_rows),
                lua: lua.clone(),
            })
        };
        let state = outcome.and_then(|functions| open(functions).map_err(failed));
        if state.is_err() {
            watched.let_go();
        }
        state
    }

    /// Runs the prelude, and closes the worker off.
    fn closed_off(lua: &Lua, script: &Script, plan: &Plan, program: &Program) -> mlua::Result<Table> {
        lua.set_memory_limit(script.memory_limit)?;
        let layout = lua.create_table()?;
        layout.set("batch_rows", plan.batch_rows)?;
        layout.set("n_outputs", plan.outputs.len())?;
        layout.set("n_columns", plan.inputs.len())?;
        layout.set("most_values", plan.most_values as f64)?;
        layout.set(
            "output_names",
            lua.create_sequence_from(plan.outputs.iter().map(|column| column.name.as_str()))?,
        )?;
        layout.set(
            "column_names",
            lua.create_sequence_from(plan.inputs.iter().map(|input| input.name.as_str()))?,
        )?;
        let are_decimals = plan.inputs.iter().map(|input| input.cells == Cells::Decimal);
        layout.set("are_decimals", lua.create_sequence_from(are_decimals)?)?;
        layout.set(
            "may_be_nil",
            lua.create_table_from(may_be_nil(&script.text).into_iter().map(|name| (name, true)))?,
        )?;
        let chunk = lua
            .load(program.prelude.as_slice())
            .set_name(format!("={PRELUDE_NAME}"))
            .set_mode(ChunkMode::Binary);
        let engine: Table = chunk.call((host(lua, script)?, layout))?;
        for name in REMOVED {
            lua.globals().raw_set(name, mlua::Nil)?;
        }
        lua.set_named_registry_value(RESULTS, engine.get::<Buffer>("results")?)?;
        lua.sandbox(true)?;
        Ok(engine)
    }

    /// Hands the rows of a batch over.
    pub(super) fn upload(&mut self, batch: &Batch, plan: &Plan) -> Result<(), Failure> {
        if self.has_tags {
            self.tags.write_bytes(0, &vec![0; self.tags.len()]);
            self.has_tags = false;
        }
        self.status.write_bytes(0, &[0; 8]);
        for (column, cells) in batch.cells.iter().enumerate() {
            self.cells.write_bytes(column * plan.batch_rows * 8, cells);
        }
        if batch.has_masks {
            for (column, masks) in batch.masks.iter().enumerate() {
                self.masks.write_bytes(column * plan.batch_rows, masks);
            }
        }
        if batch.heap.len() > self.heap.len() {
            let size = batch.heap.len().next_power_of_two();
            let larger = self.lua.create_buffer_with_capacity(size);
            self.heap = larger.map_err(|_| Failure::OutOfMemory)?;
        }
        self.heap.write_bytes(0, &batch.heap);
        // Those behind the batch, too: whoever asks how far it is looks for the last one that is done.
        self.results.write_bytes(0, &self.undone);
        Ok(())
    }

    /// Runs the rows of the batch from `from` on; `first_row` is the index in the table of the batch's first.
    pub(super) fn run(
        &mut self,
        batch: &Batch,
        from: usize,
        first_row: u64,
        script: &Script,
    ) -> Result<(), Failure> {
        let function = if batch.has_masks { &self.checked } else { &self.whole };
        let call = || function.call::<()>((from, batch.n_rows, first_row as f64, &self.heap));
        let (returned, stopped) = self.watched.run(call);
        let Err(error) = returned else { return Ok(()) };
        Err(match stopped {
            Some(Stopped::Cancelled) => Failure::Cancelled,
            Some(Stopped::TimedOut) => Failure::TimedOut(timeout_message(&error, script, "the row takes")),
            None if is_out_of_memory(&error) => Failure::OutOfMemory,
            None => Failure::Raised(message(&error, &script.file_name)),
        })
    }

    /// The row from `from` on that took too long in the last run, and what is said of it.
    pub(super) fn timed_out_in(&self, from: usize, script: &Script) -> Option<(usize, String)> {
        let message = || format!("the row takes longer than {} seconds", script.row_timeout.as_secs_f64());
        self.watched.timed_out_in().map(|row| (row.max(from), message()))
    }

    /// The first row of the batch from `from` on that has not been run to its end.
    pub(super) fn first_undone(&mut self, from: usize, n_rows: usize) -> usize {
        let tags = self.tags.to_vec();
        read(&self.results, from * 8, (n_rows - from) * 8, &mut self.bytes);
        let places = self.bytes.chunks_exact(8).zip(&tags[from..n_rows]);
        let done = places.take_while(|(bytes, tag)| **bytes != UNDONE || **tag != tag::NUMBER).count();
        from + done
    }

    /// Gives the results of the rows from `from` up to `to` to the collectors; the misfits come with the output's index.
    pub(super) fn collect(
        &mut self,
        from: usize,
        to: usize,
        plan: &Plan,
        collectors: &mut [Collector],
    ) -> Result<Vec<(usize, usize, String)>, Failure> {
        let mut misfits = Vec::new();
        if from == to {
            return Ok(misfits);
        }
        self.has_tags |= self.status.read_bytes::<1>(0)[0] != 0;
        let texts = match self.has_tags {
            true => self.texts.call::<Buffer>(()).map_err(|_| Failure::OutOfMemory)?.to_vec(),
            false => Vec::new(),
        };
        let tags = if self.has_tags { self.tags.to_vec() } else { Vec::new() };
        for (slot, collector) in collectors.iter_mut().enumerate() {
            let first = slot * plan.batch_rows;
            read(&self.results, (first + from) * 8, (to - from) * 8, &mut self.bytes);
            if self.has_tags {
                let found = collector.push_values(&self.bytes, &tags[first + from..first + to], &texts);
                misfits.extend(found.into_iter().map(|(row, message)| (from + row, slot, message)));
            } else {
                collector.push_numbers(&self.bytes);
            }
        }
        Ok(misfits)
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.watched.let_go();
    }
}

/// The global names that may be read before anything is in them: those that the script sets, and those that are taken away, which
/// a script can ask for.
fn may_be_nil(text: &str) -> Vec<&str> {
    let tokens = tokens(text);
    let is_set = |index: usize| {
        let mut last = index;
        while tokens.get(last + 1).is_some_and(|next| next.is(","))
            && tokens.get(last + 2).is_some_and(|next| next.kind == Kind::Name)
        {
            last += 2;
        }
        tokens.get(last + 1).is_some_and(|next| next.is("=")) || index > 0 && tokens[index - 1].is("function")
    };
    let names = tokens.iter().enumerate().filter(|(index, token)| token.kind == Kind::Name && is_set(*index));
    names.map(|(_, token)| token.text).chain(REMOVED).collect()
}

fn read(buffer: &Buffer, from: usize, n_bytes: usize, into: &mut Vec<u8>) {
    into.resize(n_bytes, 0);
    let mut cursor = buffer.clone().cursor();
    // A read within the buffer can't fail.
    let _ = cursor.seek(SeekFrom::Start(from as u64)).and_then(|_| cursor.read_exact(into));
}

/// How many rows of the batch are done, as far as can be seen.
fn row_in_work(lua: &Lua, batch_rows: usize) -> Option<usize> {
    let results = lua.named_registry_value::<Buffer>(RESULTS).ok()?.to_vec();
    results.chunks_exact(8).take(batch_rows).rposition(|bytes| bytes != UNDONE)
}

fn timeout_message(error: &mlua::Error, script: &Script, what: &str) -> String {
    let text = message(error, &script.file_name);
    let limit = script.row_timeout.as_secs_f64();
    match text.strip_suffix(TOO_LONG).and_then(|place| place.strip_suffix(": ")) {
        Some(place) => format!("{place}: {what} longer than {limit} seconds"),
        None => format!("{what} longer than {limit} seconds"),
    }
}
