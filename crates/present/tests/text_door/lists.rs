use cloudmesh_client::{Freshness, Layout};
use cloudmesh_model::{Error, ErrorKind, Row};
use cloudmesh_present::{Style, TextOptions};

use crate::paper::{NOON, answer, list, list_as, machine, terminal, three};

fn table() -> TextOptions {
    TextOptions::default()
}

#[test]
fn columns_are_aligned_by_what_a_terminal_shows() {
    let (out, err) = list(table(), three(), &Freshness::own());
    assert_eq!(
        out,
        "NAME        STATUS    CPUS  ADDRESSES             CLOUD  CREATED\n\
         albert-001  active       4  10.0.0.1,192.168.1.1  kilo   3m\n\
         日本        error       16                        india  5d\n\
         berta       building        10.0.0.3              kilo\n"
    );
    assert_eq!(err, "");
}

#[test]
fn the_line_after_a_list_tells_count_places_and_age() {
    let fresh = Freshness {
        places: vec![answer("kilo", Some("2026-03-01T11:59:20Z"), None), answer("india", Some(NOON), None)],
        note: Some("one is held".into()),
    };
    let (_, err) = list(table(), three(), &fresh);
    assert_eq!(err, "3 machines on 2 clouds, 40 s old\none is held\n");
    let (_, err) = list(TextOptions { quiet: true, ..table() }, three(), &fresh);
    assert_eq!(err, "");
    let (out, err) = list(table(), Vec::new(), &Freshness::own());
    assert_eq!((out.as_str(), err.as_str()), ("", "no machines\n"));
}

#[test]
fn a_place_that_failed_is_told_even_when_quiet() {
    let gone = Error::new(ErrorKind::Unreachable, "no answer in 10 s").hint("look at the network");
    let fresh = Freshness {
        places: vec![
            answer("kilo", Some(NOON), None),
            answer("india", Some("2026-03-01T09:00:00Z"), Some(gone)),
            answer("juliet", None, None),
        ],
        note: None,
    };
    let failures = "  india: no answer in 10 s (what is shown of it is 3 h old)\n\
                    \u{20}   hint: look at the network\n  juliet: never read (--refresh reads it)\n";
    let (_, err) = list(table(), three(), &fresh);
    assert_eq!(err, format!("3 machines on 1 of 3 clouds, just read\n{failures}"));
    let (_, err) = list(TextOptions { quiet: true, ..table() }, three(), &fresh);
    assert_eq!(err, failures);
}

#[test]
fn a_narrow_terminal_shortens_text_and_then_drops_columns_aloud() {
    let (out, err) = list(TextOptions { stdout: terminal(60), ..table() }, three(), &Freshness::own());
    assert_eq!(
        out,
        "NAME        STATUS    CPUS  ADDRESSES         CLOUD  CREATED\n\
         albert-001  active       4  10.0.0.1,192.16…  kilo   3m\n\
         日本        error       16                    india  5d\n\
         berta       building        10.0.0.3          kilo\n"
    );
    assert_eq!(err, "");
    let (out, err) = list(TextOptions { stdout: terminal(40), ..table() }, three(), &Freshness::own());
    assert_eq!(
        out,
        "NAME        STATUS    CPUS  ADDRESSES\n\
         albert-001  active       4  10.0.0.1,19…\n\
         日本        error       16\n\
         berta       building        10.0.0.3\n"
    );
    assert_eq!(err, "not shown, the terminal is too narrow: cloud, created (--columns chooses)\n");
}

#[test]
fn every_width_is_kept_and_a_pipe_is_never_cut() {
    for width in 8..90 {
        let (out, _) = list(TextOptions { stdout: terminal(width), ..table() }, three(), &Freshness::own());
        for line in out.lines() {
            let shown = line.chars().map(|it| if it.is_ascii() || it == '…' { 1 } else { 2 }).sum::<usize>();
            assert!(shown <= width.max(10), "{width}: {line}");
            assert_eq!(line.trim_end(), line);
        }
    }
    let long = "x".repeat(5_000);
    let row = machine([&long, "active", "1", "", "kilo", "", ""]);
    let (out, _) = list(table(), vec![row], &Freshness::own());
    assert!(out.contains(&long));
}

#[test]
fn a_plain_terminal_gets_plain_dots() {
    let stdout = Style { plain: true, ..terminal(60) };
    let (out, _) = list(TextOptions { stdout, ..table() }, three(), &Freshness::own());
    assert!(out.contains("10.0.0.1,192..."), "{out}");
}

#[test]
fn states_are_coloured_and_columns_stay_aligned() {
    let stdout = Style { color: true, ..Style::default() };
    let columns = vec!["status".to_owned(), "name".to_owned()];
    let (out, _) = list(TextOptions { stdout, columns, ..table() }, three(), &Freshness::own());
    assert_eq!(
        out,
        "\u{1b}[1mSTATUS    NAME\u{1b}[0m\n\
         \u{1b}[32mactive\u{1b}[0m    albert-001\n\
         \u{1b}[31merror\u{1b}[0m     日本\n\
         \u{1b}[33mbuilding\u{1b}[0m  berta\n"
    );
}

#[test]
fn rows_are_sorted_with_the_empty_ones_last() {
    let names = |sort: &str| {
        let columns = vec!["name".to_owned()];
        let options = TextOptions { columns, sort: Some(sort.to_owned()), ..table() };
        list(options, three(), &Freshness::own())
            .0
            .split_whitespace()
            .skip(1)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(names("cpus"), ["albert-001", "日本", "berta"]);
    assert_eq!(names("-cpus"), ["日本", "albert-001", "berta"]);
    assert_eq!(names("created"), ["日本", "albert-001", "berta"]);
    assert_eq!(names("-name"), ["日本", "berta", "albert-001"]);
}

#[test]
fn one_thing_is_shown_with_all_its_columns() {
    let (out, _) = list_as(table(), Layout::Detail, three()[..1].to_vec(), &Freshness::own());
    assert_eq!(
        out,
        "name: albert-001\nstatus: active\ncpus: 4\naddresses: 10.0.0.1, 192.168.1.1\ncloud: kilo\n\
         created: 2026-03-01T11:57:00Z (3m)\nours: true\n"
    );
}

#[test]
fn hostile_values_reach_no_terminal() {
    // A row from elsewhere, not made by a builder.
    let row = Row::from_packed(
        "a\u{1b}[31mb\nc\u{202e}d\u{1f}active\u{1f}1\u{1f}\u{9b}2J\u{1f}kilo\u{1f}\u{1b}c\u{1f}".into(),
    );
    for layout in [Layout::List, Layout::Detail] {
        let (out, _) = list_as(table(), layout, vec![row.clone()], &Freshness::own());
        assert!(out.contains("a [31mb c d"), "{out}");
        assert!(!out.chars().any(|it| it != '\n' && it.is_control()), "{out:?}");
    }
    let fresh = Freshness {
        places: vec![answer("kilo\u{1b}[2J", None, Some(Error::bad_input("x\r\u{1b}y")))],
        note: Some("n\u{7}".into()),
    };
    let (_, err) = list(table(), Vec::new(), &fresh);
    assert!(!err.chars().any(|it| it != '\n' && it.is_control()), "{err:?}");
}

#[test]
fn ten_thousand_rows_stream_with_the_widths_of_the_first_thousand() {
    let rows: Vec<Row> = (0..10_000)
        .map(|number| {
            let name = if number < 5_000 { format!("n{number}") } else { format!("a-longer-name-{number}") };
            machine([&name, "active", "1", "10.0.0.1", "kilo", NOON, "true"])
        })
        .collect();
    let (out, _) = list(table(), rows, &Freshness::own());
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 10_001);
    assert_eq!(lines[1], "n0    active     1  10.0.0.1   kilo   0s");
    assert_eq!(lines[4_001], "n4000 active     1  10.0.0.1   kilo   0s");
    assert_eq!(lines[10_000], "a-longer-name-9999 active 1 10.0.0.1 kilo 0s");
}

#[test]
fn columns_that_do_not_exist_are_refused_and_nothing_is_written() {
    use cloudmesh_client::{Door, Rows};
    let options = TextOptions { columns: vec!["colour".into()], ..table() };
    let (mut door, out, _) = crate::paper::door(options);
    door.begin(&crate::paper::MACHINE, Layout::List);
    door.rows(three());
    door.end(&Freshness::own());
    assert_eq!(door.finish().unwrap_err().kind(), ErrorKind::BadInput);
    assert_eq!(out.text(), "");
}
