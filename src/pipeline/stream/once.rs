//! A run over CSV that reads its rows before all of them have been looked at, and cannot begin anew: what it writes is seen at
//! once, or what it reads can be read once.
//!
//! The first rows propose the dtypes. A piece in which a cell asks for another one waits for the pieces before it; then the dtypes
//! become those that hold all rows so far, and the run goes on with these. That is done only where the rows before would be no
//! different (`is_same_when_widened`). Where a row makes the run fail, the rows behind it are looked at all the same, since what
//! is wrong with the file as a whole comes first: the error is the one that a look at all rows before would have given.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use polars::prelude::{DataType, PlSmallStr, Schema};

use super::super::columns::Keep;
use super::super::run::Pipeline;
use super::morsel::{Morsels, Outcome};
use super::plan::Function;
use super::sources::{Job, Sources};
use crate::error::{Error, Result};
use crate::pool::Permit;
use crate::row::{BoundFunction, RowFunction, RunContext};
use crate::table::pieces::{Sighting, Sightings, Watch};

/// What the workers know.
pub(super) struct Once<'p> {
    pub(super) watch: Watch,
    function: &'p Function<'p>,
    keep: Keep,
    context: RunContext,
    current: RwLock<Arc<Bound<'p>>>,
    is_doomed: AtomicBool,
}

/// The dtypes by which rows are read, and the function over them.
pub(super) struct Bound<'p> {
    pub(super) schema: Schema,
    /// `None` for the one that the run began with.
    pub(super) function: Option<BoundFunction<'p>>,
}

impl<'p> Once<'p> {
    /// A run over these columns of one input, by a function that is bound to their schema.
    pub(super) fn new(
        sources: &Sources,
        columns: &[PlSmallStr],
        schema: Schema,
        function: &'p Function<'p>,
        keep: Keep,
        context: RunContext,
    ) -> Result<(Self, Tally)> {
        let (watch, sightings) = sources.inputs[0].watch(columns)?;
        let current = RwLock::new(Arc::new(Bound { schema, function: None }));
        let once = Self { watch, function, keep, context, current, is_doomed: AtomicBool::new(false) };
        Ok((once, Tally { sightings, failure: None, is_widened: false }))
    }

    pub(super) fn current(&self) -> Arc<Bound<'p>> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the run is going to fail, and all that is asked for is how.
    pub(super) fn is_doomed(&self) -> bool {
        self.is_doomed.load(Ordering::Relaxed)
    }

    fn doom(&self) {
        self.is_doomed.store(true, Ordering::Relaxed);
    }

    /// Goes on by these dtypes.
    fn widen(&self, dtypes: Vec<(PlSmallStr, DataType)>) -> Result<()> {
        let mut schema = self.current().schema.clone();
        for (name, dtype) in dtypes {
            schema.with_column(name, dtype);
        }
        let function = self.function.bind(&schema, self.keep)?;
        if let Some(function) = &function {
            function.kernel.prepare(&self.context)?;
        }
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Bound { schema, function });
        Ok(())
    }
}

/// What the thread knows that takes the pieces in their order.
pub(super) struct Tally {
    sightings: Sightings,
    /// What the run fails with unless there is something wrong with the file as a whole.
    failure: Option<Error>,
    /// Whether rows are read by other dtypes than the first ones proposed.
    is_widened: bool,
}

impl Tally {
    /// Takes what became of a piece, and gives what is to be written of it.
    pub(super) fn take(
        &mut self,
        once: &Once<'_>,
        morsels: &Morsels<'_>,
        outcome: Outcome,
        permit: &mut Permit,
    ) -> Result<Option<Outcome>> {
        let outcome = match outcome {
            Outcome::Misfit(job) => self.go_on(once, morsels, *job, permit)?,
            outcome => Some(outcome),
        };
        let (sighting, outcome) = match outcome {
            None => return Ok(None),
            Some(Outcome::Seen(sighting)) => (Some(*sighting), None),
            Some(Outcome::Failed(error, sighting)) => {
                self.fail(once, error);
                (sighting.map(|sighting| *sighting), None)
            }
            Some(Outcome::Done(mut prepared)) => (prepared.sighting.take(), Some(Outcome::Done(prepared))),
            Some(Outcome::Undecided(mut half)) => (half.take_sighting(), Some(Outcome::Undecided(half))),
            Some(Outcome::Misfit(_)) => {
                return Err(Error::engine("a cell does not fit the dtype that it asks for"));
            }
        };
        if let Some(sighting) = sighting {
            self.sightings.add(sighting);
            // Whoever was ahead has read it by the dtypes of before, which may hold what those of now do not.
            if self.is_widened && morsels.sources.inputs[0].settle_seen(&once.watch, &self.sightings).is_err()
            {
                once.doom();
            }
        }
        Ok(outcome.filter(|_| !once.is_doomed()))
    }

    /// What the run fails with unless there is something wrong with the file as a whole. The first one counts.
    pub(super) fn fail(&mut self, once: &Once<'_>, error: Error) {
        self.failure.get_or_insert(error);
        once.doom();
    }

    /// Looks at a piece that does not fit, and runs it by dtypes that do, where there are such.
    fn go_on(
        &mut self,
        once: &Once<'_>,
        morsels: &Morsels<'_>,
        job: Job,
        permit: &mut Permit,
    ) -> Result<Option<Outcome>> {
        let sighting: Sighting = morsels.sources.sight(&job, &once.watch)?;
        self.sightings.add(sighting);
        if once.is_doomed() {
            return Ok(None);
        }
        match morsels.sources.inputs[0].settle_seen(&once.watch, &self.sightings) {
            Ok(dtypes) => {
                once.widen(dtypes)?;
                self.is_widened = true;
                morsels.work(job, permit).map(Some)
            }
            // Which one it is in the end is told when all rows have been seen.
            Err(_) => {
                once.doom();
                Ok(None)
            }
        }
    }

    /// Whether all went well.
    ///
    /// # Errors
    /// What does not, once all rows have been seen.
    pub(super) fn finish(self, once: &Once<'_>, sources: &Sources) -> Result<()> {
        if !once.is_doomed() {
            return Ok(());
        }
        sources.inputs[0].settle_seen(&once.watch, &self.sightings)?;
        Err(self.failure.unwrap_or_else(|| Error::engine("a run was given up for no reason")))
    }
}

/// Whether the rows of a run may be written before all of them have been looked at, though what is written stays: whatever dtypes
/// later rows ask for, nothing of it would be different.
pub(super) fn may_go_on(
    pipeline: &Pipeline<'_>,
    sources: &Sources,
    columns: &[PlSmallStr],
    writes_input: bool,
) -> bool {
    let [input] = &sources.inputs[..] else { return false };
    let may_widen = |name: &PlSmallStr| input.may_widen(name);
    if writes_input && columns.iter().any(may_widen) {
        return false;
    }
    let is_same = || {
        let schema = sources.schema(columns)?;
        let predicate = pipeline.filter.as_ref().map(|predicate| predicate.bind(&schema)).transpose()?;
        if predicate.is_some_and(|predicate| predicate.inputs.iter().any(may_widen)) {
            return Ok(false);
        }
        let function = Function::of(&pipeline.work.0, &schema)?;
        let Some(bound) = function.bind(&schema, pipeline.keep)? else { return Ok(true) };
        if !bound.inputs.iter().any(may_widen) {
            return Ok(true);
        }
        if !bound.kernel.is_same_when_widened() {
            return Ok(false);
        }
        for dtype in [DataType::Float64, DataType::UInt64] {
            let mut widened = schema.clone();
            bound.inputs.iter().filter(|name| may_widen(name)).for_each(|name| {
                widened.with_column((*name).clone(), dtype.clone());
            });
            let other = function.bind(&widened, pipeline.keep)?;
            if other.is_none_or(|other| other.kernel.fields() != bound.kernel.fields()) {
                return Ok(false);
            }
        }
        Ok::<bool, Error>(true)
    };
    is_same().unwrap_or(false)
}
