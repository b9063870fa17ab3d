use std::time::Duration;

use cloudmesh_client::journal::PlanState;
use cloudmesh_client::{Door, PlanEvent, PlanOutcome};
use cloudmesh_model::{Error, ErrorKind};
use cloudmesh_present::TextOptions;
use cloudmesh_resource::Plan;

use crate::paper::{Paper, boot, door, terminal};

fn run(options: TextOptions) -> (Paper, Paper, Plan) {
    let plan = boot(&["albert"]);
    let (mut door, out, err) = door(options);
    let slow = Error::new(ErrorKind::Throttled, "slow\u{1b}[2J down").temporary(None);
    door.event(&PlanEvent::Begun { plan: &plan, done: 0 });
    door.event(&PlanEvent::Sent { number: 0, step: &plan.steps[0] });
    door.event(&PlanEvent::Again { number: 0, step: &plan.steps[0], error: &slow });
    door.event(&PlanEvent::Done { number: 0, step: &plan.steps[0] });
    door.event(&PlanEvent::Done { number: 1, step: &plan.steps[1] });
    let elapsed = Duration::from_millis(100);
    door.outcome(
        &plan,
        &PlanOutcome {
            state: PlanState::Done,
            done: 2,
            failed: Vec::new(),
            skipped: 0,
            uncertain: 0,
            names: Default::default(),
            elapsed,
        },
    );
    (out, err, plan)
}

/// What a terminal shows after `text`, as far as the bar uses it.
fn screen(text: &str) -> String {
    let mut lines = vec![Vec::<char>::new()];
    let (mut row, mut column) = (0_usize, 0_usize);
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        lines.resize(lines.len().max(row + 1), Vec::new());
        match character {
            '\n' => {
                (row, column) = (row + 1, 0);
            }
            '\r' => column = 0,
            '\u{1b}' => {
                assert_eq!(characters.next(), Some('['));
                let mut number = String::new();
                let command = loop {
                    match characters.next().unwrap_or('?') {
                        digit if digit.is_ascii_digit() => number.push(digit),
                        command => break command,
                    }
                };
                let count = number.parse().unwrap_or(1);
                match command {
                    'A' => row = row.saturating_sub(count),
                    'B' => row += count,
                    'C' => column += count,
                    'D' => column = column.saturating_sub(count),
                    'K' => lines[row].clear(),
                    other => panic!("{other}"),
                }
            }
            _ => {
                while lines[row].len() <= column {
                    lines[row].push(' ');
                }
                lines[row][column] = character;
                column += 1;
            }
        }
    }
    let lines: Vec<String> =
        lines.iter().map(|line| line.iter().collect::<String>().trim_end().to_owned()).collect();
    lines.join("\n").trim_end().to_owned()
}

#[test]
fn a_pipe_gets_one_line_at_the_end() {
    let (out, err, _) = run(TextOptions::default());
    assert_eq!(out.text(), "albert\n");
    assert_eq!(err.text(), "2 of 2 steps done in 0.1 s\n");
}

#[test]
fn a_bar_leaves_nothing_but_the_last_line() {
    let (_, err, _) = run(TextOptions { stderr: terminal(60), ..TextOptions::default() });
    assert!(err.text().contains("2/2") || err.text().contains("0/2"), "{:?}", err.text());
    assert_eq!(screen(&err.text()), "2 of 2 steps done in 0.1 s");
}

#[test]
fn verbose_tells_every_event_even_in_a_pipe() {
    let (_, err, _) = run(TextOptions { verbose: true, ..TextOptions::default() });
    assert_eq!(
        err.text(),
        "boot 1 servers on kilo\n\
         kilo: create server albert: sent\n\
         kilo: create server albert: will be tried again: slow [2J down\n\
         kilo: create server albert: done\n\
         kilo: wait until albert is active: done\n\
         2 of 2 steps done in 0.1 s\n"
    );
}

#[test]
fn stopping_says_what_is_waited_for() {
    let plan = boot(&["albert"]);
    let (mut door, _, err) = door(TextOptions::default());
    door.event(&PlanEvent::Begun { plan: &plan, done: 0 });
    door.event(&PlanEvent::Stopping { calls: 2 });
    assert_eq!(err.text(), "stopping: waiting for 2 calls under way (again to leave at once)\n");
}
