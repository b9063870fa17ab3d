//! What documents say about the code is made from the code. `CLOUDMESH_WRITE_DOCUMENTS=1` writes the
//! tables anew; without it the test says which one is out of date.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cloudmesh_client::Entry;
use cloudmesh_model::{ColumnKind, Installation, Refuse, SystemClock};
use cloudmesh_resource::{
    Capability, Connection, MarkField, Place, PlaceDescription, Provider, Support, Surroundings,
};
use cloudmesh_secrets::MemorySecrets;

/// A provider, and settings that it can be connected with.
type Connectable = (&'static dyn Provider, &'static [(&'static str, &'static str)]);

static PROVIDERS: &[Connectable] = &[
    (
        &cloudmesh_openstack::OpenStack,
        &[("OS_AUTH_URL", "http://127.0.0.1/v3"), ("OS_USERNAME", "albert"), ("OS_PROJECT_NAME", "physics")],
    ),
    (&cloudmesh_slurm::SlurmProvider, &[("cm_host", "india")]),
    (&cloudmesh_qsub::PbsProvider, &[("cm_host", "india")]),
    (&cloudmesh_qsub::GridEngineProvider, &[("cm_host", "india")]),
    (&cloudmesh_local::LocalProvider, &[]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// A table of Markdown.
fn table(heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = line(&heads.iter().map(|head| (*head).to_owned()).collect::<Vec<_>>());
    text.push_str(&format!("|{}\n", "---|".repeat(heads.len())));
    for row in rows {
        text.push_str(&line(&row.iter().map(|cell| cell.replace('|', "\\|")).collect::<Vec<_>>()));
    }
    text
}

/// What a provider states that it can do. Connecting makes no call.
fn capabilities(provider: &dyn Provider, settings: &[(&str, &str)]) -> &'static [Capability] {
    let place = PlaceDescription {
        name: "kilo".to_owned(),
        provider: provider.name().to_owned(),
        heading: String::new(),
        source: "a test".to_owned(),
        settings: settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        secrets: BTreeMap::new(),
        defaults: BTreeMap::new(),
    };
    let connection = Connection {
        installation: Installation::draw(),
        clock: Arc::new(SystemClock),
        secrets: Arc::new(MemorySecrets::default()),
        ask: Arc::new(Refuse),
        surroundings: Surroundings::default(),
        home: PathBuf::from("/nonexistent"),
        runtime_folder: PathBuf::from("/nonexistent"),
        program: PathBuf::from("/nonexistent/cm"),
    };
    match provider.connect(place, connection).unwrap() {
        Place::Compute(compute) => compute.capabilities(),
        Place::Batch(batch) => batch.capabilities(),
    }
}

fn capability_table(provider: &dyn Provider, settings: &[(&str, &str)]) -> String {
    let rows = capabilities(provider, settings).iter().map(|capability| {
        let (there, why) = match capability.support {
            Support::Yes(MarkField::InCall(field)) => ("yes", format!("found again by its mark: {field}")),
            Support::Yes(MarkField::Repeatable(why)) => ("yes", format!("may be repeated: {why}")),
            Support::Yes(MarkField::None(then)) => ("yes", format!("no mark: {then}")),
            Support::No(reason) => ("no", reason.to_owned()),
        };
        vec![format!("`{}`", capability.action), there.to_owned(), why]
    });
    table(&["Action", "There", "How it is kept from happening twice"], rows)
}

fn settings_table(provider: &dyn Provider) -> String {
    let rows = provider.settings().iter().map(|setting| {
        let secret = if setting.secret { "yes" } else { "" };
        vec![format!("`{}`", setting.name), setting.about.to_owned(), secret.to_owned()]
    });
    table(&["Setting", "What it is", "Secret"], rows)
}

fn entries() -> impl Iterator<Item = &'static Entry> {
    [
        cloudmesh_operations_home::ENTRIES,
        cloudmesh_operations_compute::ENTRIES,
        cloudmesh_operations_batch::ENTRIES,
    ]
    .into_iter()
    .flatten()
}

fn column_kind(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Text => "string or null",
        ColumnKind::Integer => "integer or null",
        ColumnKind::Time => "RFC 3339 in UTC, or null",
        ColumnKind::Flag => "boolean or null",
        ColumnKind::List => "array of strings",
    }
}

/// Every noun that queries answer with, once, with its columns.
fn nouns() -> String {
    let mut queries: Vec<(&str, Vec<String>)> = Vec::new();
    let mut text = String::new();
    for entry in entries() {
        let Some((noun, _)) = entry.rows else { continue };
        let command = format!("`{}`", entry.name.replace('.', " "));
        match queries.iter_mut().find(|(name, _)| *name == noun.name) {
            Some((_, commands)) => commands.push(command),
            None => queries.push((noun.name, vec![command])),
        }
    }
    for (name, commands) in queries {
        let noun = entries().find_map(|entry| entry.rows.filter(|(noun, _)| noun.name == name)).unwrap().0;
        let rows = noun.columns.iter().map(|column| {
            vec![format!("`{}`", column.name), column_kind(column.kind).to_owned(), column.about.to_owned()]
        });
        text.push_str(&format!("### `cloudmesh.{name}.v1`\n\nFrom {}.\n\n", commands.join(", ")));
        text.push_str(&table(&["Field", "Type", "What it is"], rows));
        text.push('\n');
    }
    text.trim_end().to_owned() + "\n"
}

/// Each made part: its file, its name, its text.
fn parts() -> Vec<(&'static str, String, String)> {
    let mut parts = vec![("docs/json.md", "nouns".to_owned(), nouns())];
    for (provider, settings) in PROVIDERS {
        let name = provider.name();
        let file = if name == "openstack" { "docs/openstack.md" } else { "docs/batch.md" };
        parts.push((file, format!("capabilities of {name}"), capability_table(*provider, settings)));
        parts.push(("docs/configuration.md", format!("settings of {name}"), settings_table(*provider)));
    }
    parts
}

#[test]
fn made_parts_of_documents_are_up_to_date() {
    let write = std::env::var_os("CLOUDMESH_WRITE_DOCUMENTS").is_some();
    let mut stale = Vec::new();
    for (file, name, made) in parts() {
        let path = root().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        let begin = format!("<!-- made: {name} -->\n");
        let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("{file} has no part {name}"));
        let (_, after) = rest.split_once("<!-- end -->").unwrap();
        let whole = format!("{before}{begin}{made}<!-- end -->{after}");
        if whole != text && write {
            std::fs::write(&path, whole).unwrap();
        } else if whole != text {
            stale.push(format!("{file}: {name}"));
        }
    }
    assert!(stale.is_empty(), "write them anew with CLOUDMESH_WRITE_DOCUMENTS=1: {stale:?}");
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut documents: Vec<PathBuf> = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "STYLE.md"]
        .map(|name| root().join(name))
        .to_vec();
    for entry in std::fs::read_dir(root().join("docs")).unwrap() {
        documents.push(entry.unwrap().path());
    }
    let mut broken = Vec::new();
    for document in documents.iter().filter(|path| path.extension().is_some_and(|end| end == "md")) {
        let text = std::fs::read_to_string(document).unwrap();
        for part in text.split("](").skip(1) {
            let target = part.split(')').next().unwrap_or_default();
            let target = target.split('#').next().unwrap_or_default();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            if !document.parent().unwrap().join(target).exists() {
                broken.push(format!("{}: {target}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
