//! A report for programs.

use std::time::Duration;

use parrow::report::{Flow, Report, ThreadUse};
use serde_json::{Value, json};

/// Times are seconds, sizes bytes.
pub fn to_json(report: &Report) -> Value {
    let stages = report.stages.iter().map(|used| {
        json!({
            "stage": used.stage.name(),
            "wall": seconds(used.wall),
            "busy": seconds(used.busy),
            "share": report.share(used.stage),
        })
    });
    let chunks = &report.chunks;
    json!({
        "limit": report.limit().to_string(),
        "rows_read": report.n_rows_read,
        "rows_written": report.n_rows_written,
        "bytes_read": report.n_bytes_read,
        "bytes_written": report.n_bytes_written,
        "bytes_read_per_second": report.read_rate(),
        "bytes_written_per_second": report.write_rate(),
        "seconds": seconds(report.wall),
        "processor_seconds": report.processor.map(seconds),
        "speed_up": report.speed_up(),
        "seconds_per_row": seconds(report.cost_per_row()),
        "threads": report.n_threads,
        "cores": report.n_cores,
        "peak_memory": report.peak_memory,
        "path": report.path.to_string(),
        "stages": stages.collect::<Vec<_>>(),
        "workers": report.workers().iter().map(thread).collect::<Vec<_>>(),
        "passes": report.flows.iter().map(flow).collect::<Vec<_>>(),
        "chunks": {
            "pieces": chunks.n_pieces,
            "chunks": chunks.n_chunks,
            "largest_rows": chunks.largest_chunk,
            "workers": chunks.n_workers,
        },
        "machine": report.machine.as_ref().map(|machine| json!({
            "memory_bytes_per_second": machine.memory,
            "memory_bytes_per_second_of_one_thread": machine.memory_of_one,
            "file_bytes_per_second": machine.file,
            "seconds": seconds(machine.took),
        })),
    })
}

/// Whether a text is a report that was written by [`to_json`].
pub fn is_json(text: &str) -> bool {
    let Ok(Value::Object(report)) = serde_json::from_str(text) else { return false };
    ["limit", "stages", "passes", "speed_up"].iter().all(|key| report.contains_key(*key))
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

fn thread(used: &ThreadUse) -> Value {
    json!({
        "chunks": used.n_chunks,
        "busy": seconds(used.busy),
        "waited": seconds(used.waited),
        "held_up": used.held_up.map(seconds),
        "processor": used.processor.map(seconds),
    })
}

fn flow(flow: &Flow) -> Value {
    let pieces = flow.pieces.iter().map(|piece| [piece.source, piece.work, piece.sink].map(seconds));
    json!({
        "seconds": seconds(flow.wall),
        "source": thread(&flow.source),
        "waited_for_memory": seconds(flow.waited_for_memory),
        "workers": flow.workers.iter().map(thread).collect::<Vec<_>>(),
        "sink": thread(&flow.sink),
        "pieces": flow.n_pieces,
        "seconds_of_pieces": pieces.collect::<Vec<_>>(),
    })
}
