use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cloudmesh_client::{Attachment, Door, Freshness, Layout, Rows};
use cloudmesh_model::{Error, ErrorKind, Row};
use cloudmesh_present::{Format, TextDoor, TextOptions, reader_left};

use crate::paper::{MACHINE, NOON, Paper, door, machine, three};

/// Takes some bytes, then fails.
struct Narrow {
    left: usize,
    kind: io::ErrorKind,
    calls: Arc<AtomicUsize>,
}

impl Write for Narrow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if self.left == 0 {
            return Err(self.kind.into());
        }
        let taken = bytes.len().min(self.left);
        self.left -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn narrow(kind: io::ErrorKind, format: Format) -> (TextDoor, Paper, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let err = Paper::default();
    let out = Narrow { left: 100, kind, calls: calls.clone() };
    let options = TextOptions { format, ..TextOptions::default() };
    (TextDoor::new(Box::new(out), Box::new(err.clone()), options), err, calls)
}

fn many() -> Vec<Row> {
    (0..5_000).map(|number| machine([&format!("n{number}"), "active", "1", "", "kilo", NOON, ""])).collect()
}

#[test]
fn a_closed_pipe_ends_quietly() {
    for format in Format::ALL {
        let (mut door, err, calls) = narrow(io::ErrorKind::BrokenPipe, format);
        door.begin(&MACHINE, Layout::List);
        door.rows(many());
        assert!(door.closed(), "{format}");
        let before = calls.load(Ordering::Relaxed);
        door.rows(many());
        door.end(&Freshness::own());
        let error = door.finish().unwrap_err();
        assert!(reader_left(&error));
        door.fail(&error);
        assert_eq!(err.text(), "", "{format}");
        assert_eq!(calls.load(Ordering::Relaxed), before, "{format}");
    }
}

#[test]
fn a_stream_is_told_that_nobody_reads() {
    let (mut door, _, _) = narrow(io::ErrorKind::BrokenPipe, Format::Table);
    assert!(door.bytes(&[b'x'; 100]).is_ok());
    assert!(reader_left(&door.bytes(b"y").unwrap_err()));
}

#[test]
fn a_full_disk_is_an_error() {
    let (mut door, _, _) = narrow(io::ErrorKind::StorageFull, Format::Json);
    door.begin(&MACHINE, Layout::List);
    door.rows(many());
    door.end(&Freshness::own());
    let error = door.finish().unwrap_err();
    assert!(!reader_left(&error));
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(!reader_left(&Error::new(ErrorKind::Interrupted, "interrupted")));
}

#[test]
fn what_was_written_arrives_even_if_the_door_is_just_dropped() {
    let (mut door, out, _) = door(TextOptions { format: Format::Csv, ..TextOptions::default() });
    door.begin(&MACHINE, Layout::List);
    door.rows(three());
    drop(door);
    assert!(out.text().contains("berta"));
}

#[test]
fn sessions_need_somebody_to_run_them() {
    let attachment = || Attachment {
        argv: vec!["ssh".into(), "albert".into()],
        environment: [].into(),
        about: "albert".into(),
    };
    let (mut without, _, _) = door(TextOptions::default());
    let error = without.attach(attachment()).unwrap_err();
    assert_eq!(
        (error.kind(), error.hint_text()),
        (ErrorKind::Unsupported, Some("run it in one: ssh albert"))
    );
    let ran = Arc::new(AtomicUsize::new(0));
    let seen = ran.clone();
    let attach: cloudmesh_present::Attach = Box::new(move |attachment| {
        seen.fetch_add(attachment.argv.len(), Ordering::Relaxed);
        Ok(())
    });
    let (mut with, _, _) = door(TextOptions { attach: Some(attach), ..TextOptions::default() });
    with.attach(attachment()).unwrap();
    assert_eq!(ran.load(Ordering::Relaxed), 2);
}
