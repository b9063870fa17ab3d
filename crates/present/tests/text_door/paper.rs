//! Writers that keep what was written, a clock that stands, and rows and plans to write.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use cloudmesh_client::{Door, Freshness, Layout, PlaceAnswer, Rows};
use cloudmesh_model::noun::ColumnKind::{Flag, Integer, List, Text, Time};
use cloudmesh_model::noun::Shown;
use cloudmesh_model::{Clock, Column, Error, Noun, Row, RowBuilder, ThingId};
use cloudmesh_present::{Style, TextDoor, TextOptions};
use cloudmesh_resource::{Action, Filled, Plan, PlanId, Step, StepKind, Until};
use jiff::Timestamp;

pub(crate) static MACHINE: Noun = Noun {
    name: "machine",
    plural: "machines",
    columns: &[
        Column { name: "name", kind: Text, shown: Shown::List, about: "Name" },
        Column { name: "status", kind: Text, shown: Shown::List, about: "State" },
        Column { name: "cpus", kind: Integer, shown: Shown::List, about: "Processors" },
        Column { name: "addresses", kind: List, shown: Shown::List, about: "Addresses" },
        Column { name: "cloud", kind: Text, shown: Shown::List, about: "Cloud" },
        Column { name: "created", kind: Time, shown: Shown::List, about: "When" },
        Column { name: "ours", kind: Flag, shown: Shown::Detail, about: "Ours" },
    ],
};

pub(crate) fn machine(cells: [&str; 7]) -> Row {
    let [name, status, cpus, addresses, cloud, created, ours] = cells;
    RowBuilder::new()
        .cell(name)
        .cell(status)
        .cell(cpus)
        .list(addresses.split(' '))
        .cell(cloud)
        .cell(created)
        .cell(ours)
        .finish()
}

pub(crate) fn three() -> Vec<Row> {
    vec![
        machine([
            "albert-001",
            "active",
            "4",
            "10.0.0.1 192.168.1.1",
            "kilo",
            "2026-03-01T11:57:00Z",
            "true",
        ]),
        machine(["日本", "error", "16", "", "india", "2026-02-24T12:00:00Z", "false"]),
        machine(["berta", "building", "", "10.0.0.3", "kilo", "", ""]),
    ]
}

pub(crate) const NOON: &str = "2026-03-01T12:00:00Z";

pub(crate) fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

struct Stopped(Timestamp);

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        self.0
    }
}

#[derive(Clone, Default)]
pub(crate) struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) fn door(mut options: TextOptions) -> (TextDoor, Paper, Paper) {
    options.clock = Arc::new(Stopped(moment(NOON)));
    let (out, err) = (Paper::default(), Paper::default());
    (TextDoor::new(Box::new(out.clone()), Box::new(err.clone()), options), out, err)
}

pub(crate) fn terminal(width: usize) -> Style {
    Style { color: false, width: Some(width), plain: false, terminal: true }
}

/// What a list of `rows` writes to both writers.
pub(crate) fn list(options: TextOptions, rows: Vec<Row>, freshness: &Freshness) -> (String, String) {
    list_as(options, Layout::List, rows, freshness)
}

pub(crate) fn list_as(
    options: TextOptions,
    layout: Layout,
    rows: Vec<Row>,
    freshness: &Freshness,
) -> (String, String) {
    let (mut door, out, err) = door(options);
    door.begin(&MACHINE, layout);
    for row in rows {
        door.rows(vec![row]);
    }
    door.end(freshness);
    door.finish().unwrap();
    (out.text(), err.text())
}

pub(crate) fn answer(place: &str, as_of: Option<&str>, error: Option<Error>) -> PlaceAnswer {
    PlaceAnswer { place: place.to_owned(), as_of: as_of.map(moment), error }
}

pub(crate) fn boot(names: &[&str]) -> Plan {
    let mut steps = Vec::new();
    for name in names {
        let server = ThingId::from_stored(format!("id-{name}"));
        // From JSON, as stored plans are: fields that come later have defaults.
        let action: Action = serde_json::from_value(serde_json::json!({
            "family": "compute", "action": "create_server.v2", "server": server, "name": name,
            "image": "i", "image_name": "ubuntu", "flavor": "f", "flavor_name": "small",
        }))
        .unwrap();
        let number = steps.len();
        let step = |kind, after| Step { place: "kilo".into(), label: (*name).to_owned(), kind, after };
        steps.push(step(StepKind::Act(action), Vec::new()));
        steps.push(step(
            StepKind::Await {
                thing_kind: cloudmesh_model::ThingKind::Server,
                thing: server,
                until: Until::Active,
                limit: 600,
            },
            vec![number],
        ));
    }
    Plan {
        format: 1,
        id: PlanId("0198-plan".into()),
        operation: "vm.boot".into(),
        title: format!("boot {} servers on kilo", names.len()),
        created: moment(NOON),
        expires: moment("2026-03-01T14:00:00Z"),
        steps,
        facts: Vec::new(),
        filled: vec![Filled {
            option: "image".into(),
            value: "ubuntu".into(),
            from: "default of kilo".into(),
        }],
        reserved: Vec::new(),
        undoes: None,
        irreversible: vec!["the disks of albert".into()],
    }
}
