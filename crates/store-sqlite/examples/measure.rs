//! What the store costs, in CPU time of the whole process: `measure FILE fill|list|again|empty ROWS`.
//!
//! `fill` puts so many servers, `again` puts the same ones once more, `list` reads their rows, `empty` only
//! starts. Each is to be run as a process of its own.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program for measuring")]

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use cloudmesh_model::SystemClock;
use cloudmesh_store::{Change, Document, Expected, Store};
use cloudmesh_store_sqlite::SqliteStore;

fn server(n: usize) -> Change {
    let uuid =
        format!("0198f3c2-aa0c-7d2e-8f3c-{:012x}", (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16);
    let row = [
        &format!("albert-{n:06}"),
        "active",
        &format!("10.{}.{}.{}", n >> 16, n >> 8 & 255, n & 255),
        "203.0.113.17",
        "ubuntu-24.04-server-cloudimg-amd64",
        "m1.medium",
        "albert",
        "2026-02-03T04:05:06Z",
        &uuid,
    ]
    .join("\u{1f}");
    let document = Document {
        kind: "server".to_owned(),
        place: ["kilo", "lima", "mike"][n % 3].to_owned(),
        body: format!("{{\"id\":\"{uuid}\",\"raw\":\"{}\"}}", "x".repeat(1200)),
        id: uuid,
        row,
    };
    Change::Put(document, Expected::Any)
}

/// CPU time of all threads, in milliseconds.
fn cpu() -> f64 {
    let of = |path: &Path| std::fs::read_to_string(path).ok()?.split(' ').next()?.parse::<f64>().ok();
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    tasks.filter_map(|task| of(&task.unwrap().path().join("schedstat"))).sum::<f64>() / 1e6
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let (path, work, rows) = (Path::new(&arguments[1]), arguments[2].as_str(), arguments[3].parse().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let batch: Vec<Change> =
        if matches!(work, "fill" | "again") { (0..rows).map(server).collect() } else { Vec::new() };
    let (begin, before) = (Instant::now(), cpu());
    if work == "empty" {
        return;
    }
    let store = SqliteStore::open(path, Arc::new(SystemClock)).unwrap();
    let opened = cpu();
    let done = match work {
        "list" => {
            let mut bytes = 0;
            let mut count = 0;
            runtime
                .block_on(store.list("server", None, &mut |listed| {
                    count += 1;
                    bytes += listed.id.len() + listed.row.packed().len();
                }))
                .unwrap();
            format!("{count} rows of {bytes} bytes")
        }
        _ => {
            let outcomes = runtime.block_on(store.apply(batch)).unwrap();
            format!("{} changes, last {:?}", outcomes.len(), outcomes.last())
        }
    };
    let worked = cpu();
    let wall = begin.elapsed().as_secs_f64() * 1e3;
    drop(store);
    let peak = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = peak.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    println!(
        "{done}: open {:.2} ms, work {:.2} ms of CPU ({wall:.1} ms by the clock with opening); {peak}",
        opened - before,
        worked - opened
    );
}
