//! How the two forms of a section are timed and compared.

use std::time::{Duration, Instant};

use parrow::Result;

/// How long the runs of a section may take in all, unless a single one takes longer.
const BUDGET: Duration = Duration::from_millis(500);

/// The most runs of each form.
const MOST_ROUNDS: usize = 150;

/// The fewest runs of each form, unless one of each takes up the budget.
const FEWEST_ROUNDS: usize = 3;

/// What the two forms of a section took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    /// The shortest run of the parallel form.
    pub seconds: f64,
    /// The shortest run of the serial form.
    pub serial_seconds: f64,
    /// Whether each run of both gave the same result.
    pub agree: bool,
}

impl Timing {
    /// How many times as fast as the serial form.
    pub fn speed_up(&self) -> f64 {
        self.serial_seconds / self.seconds
    }
}

/// Runs both forms once to warm up, then each in turn until the time is spent, and compares what they give each time. The
/// clock stands while results are compared and dropped.
pub fn compare<A, B>(
    mut serial: impl FnMut() -> Result<A>,
    mut parallel: impl FnMut() -> Result<B>,
    same: impl Fn(&A, &B) -> bool,
) -> Result<Timing> {
    let start = Instant::now();
    let mut agree = same(&serial()?, &parallel()?);
    let fewest_rounds = if start.elapsed() < BUDGET { FEWEST_ROUNDS } else { 1 };
    let mut shortest = [Duration::MAX; 2];
    for round in 0..MOST_ROUNDS {
        if round >= fewest_rounds && start.elapsed() > BUDGET {
            break;
        }
        let serial_result = shorten(&mut shortest[0], &mut serial)?;
        let parallel_result = shorten(&mut shortest[1], &mut parallel)?;
        agree &= same(&serial_result, &parallel_result);
    }
    let [serial_seconds, seconds] = shortest.map(|time| time.max(Duration::from_nanos(1)).as_secs_f64());
    Ok(Timing { seconds, serial_seconds, agree })
}

fn shorten<T>(shortest: &mut Duration, run: &mut impl FnMut() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let result = run();
    *shortest = start.elapsed().min(*shortest);
    result
}

#[cfg(test)]
mod tests {
    use super::compare;

    #[test]
    fn forms_that_differ_in_any_run_do_not_agree() {
        let mut n_runs = 0;
        let mut parallel = || {
            n_runs += 1;
            Ok(if n_runs == 3 { 2 } else { 1 })
        };
        assert!(!compare(|| Ok(1), &mut parallel, PartialEq::eq).expect("no run fails").agree);
        assert!(compare(|| Ok(1), || Ok(1), PartialEq::eq).expect("no run fails").agree);
    }
}
