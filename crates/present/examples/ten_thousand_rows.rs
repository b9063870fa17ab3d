//! What a list of 10,000 servers costs in each format, in milliseconds of processor time: for measuring by hand, with
//! `cargo run --release -p cloudmesh-present --example ten_thousand_rows`.

use std::io::Write;
use std::time::{Duration, Instant};

use cloudmesh_client::{Door, Freshness, Layout, Rows};
use cloudmesh_model::compute::SERVER;
use cloudmesh_model::{Row, RowBuilder};
use cloudmesh_present::{Format, Style, TextDoor, TextOptions};

const ROWS: usize = 10_000;
const ROUNDS: usize = 50;

fn row(number: usize) -> Row {
    RowBuilder::new()
        .cell(&format!("albert-{number:05}"))
        .cell(if number.is_multiple_of(7) { "building" } else { "active" })
        .list(["192.168.17.4", "10.0.12.200"])
        .cell("m1.small")
        .cell("ubuntu-24.04-server-amd64")
        .cell("albert-key")
        .cell("kilo")
        .cell("2026-03-01T12:00:00Z")
        .cell("ACTIVE")
        .cell("0198f3c2-aa0c-7d2e-8f3c-2aa0c7d2e8f3")
        .cell("nova")
        .list(["default"])
        .cell("ubuntu")
        .cell("")
        .list(["a=b"])
        .cell("0198f3c2-aa0c-7d2e-8f3c-2aa0c7d2e8f3")
        .cell("true")
        .finish()
}

/// Time that this process has spent on a processor; where nobody tells, the time that has passed.
fn spent(begun: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/self/schedstat").ok();
    let nanoseconds = told.as_deref().and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| begun.elapsed(), Duration::from_nanos)
}

fn write(options: TextOptions, batches: impl Iterator<Item = Vec<Row>>) {
    let mut door = TextDoor::new(Box::new(std::io::sink()), Box::new(std::io::sink()), options);
    door.begin(&SERVER, Layout::List);
    for batch in batches {
        door.rows(batch);
    }
    door.end(&Freshness::own());
}

/// The mean of several rounds: the system counts processor time in steps that are too coarse for one.
fn measure(format: Format, stdout: Style, sort: Option<&str>, rows: &[Row]) -> Duration {
    let prepared: Vec<Vec<Vec<Row>>> =
        (0..ROUNDS).map(|_| rows.chunks(500).map(<[Row]>::to_vec).collect()).collect();
    let begun = Instant::now();
    let before = spent(begun);
    for batches in prepared {
        let sort = sort.map(str::to_owned);
        write(TextOptions { format, stdout, sort, ..TextOptions::default() }, batches.into_iter());
    }
    (spent(begun) - before) / ROUNDS as u32
}

/// The most memory that this process has had, where the system tells.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |line| line.trim().to_owned())
}

fn main() -> std::io::Result<()> {
    for count in [10_000, 100_000] {
        for format in Format::ALL {
            let batches =
                (0..count / 500).map(|batch| (0..500).map(|number| row(batch * 500 + number)).collect());
            write(TextOptions { format, ..TextOptions::default() }, batches);
        }
        writeln!(std::io::stdout(), "memory after {count} rows in every format: {}", memory())?;
    }
    let rows: Vec<Row> = (0..ROWS).map(row).collect();
    let mut out = std::io::stdout().lock();
    let wide = Style::default();
    let narrow = Style { color: true, width: Some(80), plain: false, terminal: true };
    for (name, format, style, sort) in [
        ("table into a pipe", Format::Table, wide, None),
        ("table on 80 columns, coloured", Format::Table, narrow, None),
        ("table sorted by name", Format::Table, wide, Some("-name")),
        ("json, all columns", Format::Json, wide, None),
        ("yaml, all columns", Format::Yaml, wide, None),
        ("csv, all columns", Format::Csv, wide, None),
        ("ndjson, all columns", Format::Ndjson, wide, None),
    ] {
        let time = measure(format, style, sort, &rows).as_secs_f64() * 1000.0;
        writeln!(out, "{name:<32}{time:>8.2} ms")?;
    }
    Ok(())
}
