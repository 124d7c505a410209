//! The job log of `parrow run` while its calls fail.
#![cfg(unix)]

use parrow::processes::{ProcessOptions, run};
use parrow::{Call, Files, Trouble};

use super::support::Place;

#[test]
fn whatever_fails_the_log_can_be_gone_on_with() {
    let place = Place::new();
    let log = place.path("jobs.csv");
    let commands: Vec<String> = (0..6).map(|n| format!("echo {n}")).collect();
    let options = |files: &Files| ProcessOptions::builder().jobs(2).files(files.clone());
    for trouble in [Trouble::Once, Trouble::ForGood].map(|make| move |call, nth| make(call, nth)).into_iter()
    {
        for call in [Call::Create, Call::Write] {
            for nth in 1.. {
                let _ = std::fs::remove_file(&log);
                let files = Files::with_trouble(trouble(call, nth));
                let outcome = run(&commands, &options(&files).job_log(&log).build().unwrap());
                if !files.was_hit() {
                    assert_eq!(outcome.unwrap().len(), 6);
                    assert!(nth >= 2);
                    break;
                }
                let error = outcome.expect_err("it goes unnoticed").to_string();
                assert!(error.contains("jobs.csv: could not "), "{error}");
                let done = run(&commands, &options(&Files::new()).resume(&log).build().unwrap());
                let n_run = done.unwrap_or_else(|error| panic!("{call:?} {nth}: {error}")).len();
                // The header is the first write; what was noted is not run again.
                assert!(n_run <= 6, "{call:?} {nth}: {n_run}");
                let text = std::fs::read_to_string(&log).unwrap();
                let n_done = text.lines().filter(|line| line.contains(",0,")).count();
                assert_eq!(n_done, 6, "{call:?} {nth}: {text}");
            }
        }
    }
}
