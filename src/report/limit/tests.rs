//! The rules, over figures that are made up.

use super::*;
use crate::report::{Machine, StageUse, ThreadUse};

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A thread that worked so long of so long, all of it on a processor.
fn thread(busy: u64, of: u64) -> ThreadUse {
    ThreadUse {
        n_chunks: 10,
        busy: ms(busy),
        waited: ms(of - busy),
        processor: Some(ms(busy)),
        held_up: Some(ms(0)),
    }
}

/// The same, of which a processor ran it so long.
fn blocked(busy: u64, of: u64, processor: u64) -> ThreadUse {
    ThreadUse { processor: Some(ms(processor)), ..thread(busy, of) }
}

/// A second of two workers on four cores, over a file of 100 MB; the stages follow from the threads. The source is what the
/// first worker does beside its own work.
fn report(source: ThreadUse, mut workers: [ThreadUse; 2], sink: ThreadUse, of_workers: Stage) -> Report {
    let wall = ms(1_000);
    let worked = workers.iter().map(|used| used.busy).sum();
    workers[0].busy += source.busy;
    workers[0].processor = workers[0].processor.zip(source.processor).map(|(one, other)| one + other);
    workers[0].held_up = workers[0].held_up.zip(source.held_up).map(|(one, other)| one + other);
    let stage = |stage, busy: Duration| StageUse { stage, busy, wall: busy.min(wall) };
    Report {
        wall,
        n_rows_read: 100_000,
        n_bytes_read: 100_000_000,
        n_bytes_written: 100_000_000,
        n_threads: 2,
        n_cores: 4,
        stages: vec![
            stage(Stage::Read, source.busy),
            stage(of_workers, worked),
            stage(Stage::Write, sink.busy),
        ],
        flows: vec![Flow { wall, source, workers: workers.to_vec(), sink, n_pieces: 50, ..Flow::default() }],
        input: InputKind::File,
        output: OutputKind::Text,
        path: RowPath::General { reason: None },
        ..Report::default()
    }
}

/// Workers that are at work all the time.
fn busy_workers(stage: Stage) -> Report {
    report(thread(100, 1_000), [thread(980, 1_000); 2], thread(50, 1_000), stage)
}

#[track_caller]
fn says(report: &Report, expected: &str) {
    assert_eq!(report.limit().to_string(), expected);
}

#[test]
fn workers_at_work_are_limited_by_what_they_do_most() {
    says(&busy_workers(Stage::Function), "the function: 19.6 µs a row, shared by 2 workers");
    says(&busy_workers(Stage::Parse), "parsing: 100 MB/s of input, shared by 2 workers");
    says(&busy_workers(Stage::Filter), "the condition: 100 MB/s of input, shared by 2 workers");
}

#[test]
fn a_source_that_works_while_workers_wait_is_what_they_wait_for() {
    let of = |source: ThreadUse, kind: InputKind| {
        let mut report = report(source, [thread(200, 1_000); 2], thread(50, 1_000), Stage::Parse);
        report.input = kind;
        report
    };
    let works = thread(950, 1_000);
    let waits = blocked(950, 1_000, 30);
    says(&of(works, InputKind::Packed("gzip")), "one core: the input is a gzip stream, which gives 105 MB/s");
    says(&of(works, InputKind::File), "reading: one worker at a time reads and cuts the input, at 105 MB/s");
    says(&of(waits, InputKind::File), "reading: the disk gives 105 MB/s");
    says(&of(waits, InputKind::Pipe), "reading: the pipe gives 105 MB/s");
    says(&of(works, InputKind::Pipe), "reading: one worker at a time reads and cuts the input, at 105 MB/s");
}

#[test]
fn a_sink_that_works_while_workers_wait_is_what_they_wait_for() {
    let of = |kind: OutputKind| {
        let mut report =
            report(thread(100, 1_000), [thread(300, 1_000); 2], thread(900, 1_000), Stage::Parse);
        report.output = kind;
        report
    };
    says(&of(OutputKind::Text), "writing: the output takes 111 MB/s");
    says(&of(OutputKind::Packed("zstd")), "one core: the output is packed as zstd, at 111 MB/s");
    says(
        &of(OutputKind::Columns("Parquet")),
        "writing: one thread puts the Parquet file together, at 111 MB/s",
    );
}

#[test]
fn threads_that_others_hold_up_are_not_at_work() {
    let mut report = busy_workers(Stage::Function);
    report.flows[0].source = ThreadUse { held_up: Some(ms(900)), ..thread(990, 1_000) };
    says(&report, "the function: 19.6 µs a row, shared by 2 workers");

    let turns = ThreadUse { held_up: Some(ms(490)), processor: Some(ms(490)), ..thread(980, 1_000) };
    report.flows[0].workers = vec![turns; 8];
    report.stages[1].busy = ms(8 * 980);
    (report.n_threads, report.n_cores) = (8, 4);
    says(&report, "the cores: 8 threads take turns on 4 cores");

    report.n_threads = 2;
    report.flows[0].workers.truncate(2);
    report.stages[1].busy = ms(2 * 980);
    report.processor = Some(ms(1_000));
    says(&report, "other programs: workers were ready and did not run for 50 % of their time");
    report.processor = Some(ms(1_900));
    says(&report, "the function: 19.6 µs a row, shared by 2 workers");
}

#[test]
fn one_thread_is_one_thread() {
    let mut report = busy_workers(Stage::Parse);
    report.n_threads = 1;
    report.flows[0].workers.truncate(1);
    says(&report, "one thread: the run was given no more");
    report.n_cores = 1;
    says(&report, "one core: the machine gives no more");
    report.flows[0].source = thread(990, 1_000);
    report.input = InputKind::Packed("gzip");
    report.stages[0].busy = ms(990);
    report.stages[0].wall = ms(990);
    says(&report, "one core: the input is a gzip stream, which gives 101 MB/s");
}

#[test]
fn few_rows_are_few_and_a_slow_row_is_not() {
    let mut report = Report { n_rows_read: 10, wall: ms(2), ..Report::default() };
    report.stages = vec![StageUse { stage: Stage::Function, busy: ms(1), wall: ms(1) }];
    says(&report, "too few rows to share: 10 rows took 2.00 ms in all");
    report.n_rows_read = 1;
    report.n_threads = 2;
    report.wall = ms(10_000);
    report.stages[0] = StageUse { stage: Stage::Function, busy: ms(10_000), wall: ms(10_000) };
    report.workers = vec![thread(10_000, 10_000)];
    says(&report, "the function: 10.0 s a row, on one worker");
}

#[test]
fn what_is_read_whole_is_read_before_anything_else() {
    let mut report = busy_workers(Stage::Function);
    report.flows.clear();
    report.path = RowPath::Whole;
    report.stages[0] = StageUse { stage: Stage::Read, busy: ms(800), wall: ms(800) };
    says(&report, "reading: the input is read whole before the function begins, at 125 MB/s");
}

#[test]
fn what_comes_before_the_first_row_may_be_most_of_it() {
    let mut report = busy_workers(Stage::Parse);
    report.stages.insert(0, StageUse { stage: Stage::Start, busy: ms(700), wall: ms(700) });
    says(
        &report,
        "the start of the programs that the function needs, 700 ms of 1.00 s: more rows make it worth while",
    );
    report.stages[0] = StageUse { stage: Stage::Look, busy: ms(800), wall: ms(800) };
    // Which columns there are, nobody can give.
    says(&report, "the look at the input before the first row, 800 ms of 1.00 s");
    report.looks_for_dtypes = true;
    says(
        &report,
        "the look at the input before the first row, 800 ms of 1.00 s: where it settles dtypes, giving them saves it",
    );
    report.input = InputKind::Packed("zstd");
    says(&report, "one core: the input is a zstd stream, which gives 125 MB/s");
    report.input = InputKind::Pipe;
    report.processor = Some(ms(100));
    says(&report, "reading: the pipe gives 125 MB/s");
}

#[test]
fn memory_and_its_limit() {
    let mut report = busy_workers(Stage::Parse);
    report.machine = Some(Machine { memory: 900e6, memory_of_one: 600e6, took: ms(100), file: None });
    says(&report, "memory bandwidth: 600 MB/s of the 900 MB/s there are");
    report.machine = Some(Machine { memory: 9e9, memory_of_one: 6e9, took: ms(100), file: None });
    says(&report, "parsing: 100 MB/s of input, shared by 2 workers");

    let mut report =
        self::report(thread(100, 1_000), [thread(300, 1_000); 2], thread(100, 1_000), Stage::Parse);
    report.flows[0].waited_for_memory = ms(850);
    says(&report, "the memory limit: workers wait until pieces before theirs are written");
}

#[test]
fn uneven_chunks_in_memory() {
    let mut report = Report { wall: ms(1_000), ..Report::default() };
    (report.n_threads, report.n_cores, report.n_rows_read) = (2, 2, 1_000);
    report.stages = vec![StageUse { stage: Stage::Function, busy: ms(1_100), wall: ms(1_000) }];
    report.workers = vec![thread(1_000, 1_000), thread(100, 1_000)];
    report.chunks.longest = ms(950);
    says(&report, "uneven rows: one chunk alone took 950 ms");
    report.chunks.longest = ms(5);
    says(&report, "the function: 1.10 ms a row, shared by 2 workers");
}
