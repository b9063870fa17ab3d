//! Changing `cloudmesh.yaml` without losing a comment. Every edit is read back before it is kept.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

use cloudmesh_model::{Error, ErrorKind, Result};
use cloudmesh_resource::Family;
use yaml_edit::{Document, Mapping};

use crate::Home;
use crate::configuration::{Configuration, read_text};

const NEW_FILE: &str = "meta:\n  version: 4.1\n  kind: clouds\ncloudmesh:\n  profile:\n    user: USER\n";

/// A place as it is to stand in the file.
#[derive(Clone, Debug)]
pub struct PlaceEntry {
    /// Where it belongs.
    pub family: Family,
    /// Its name.
    pub name: String,
    /// The provider.
    pub provider: String,
    /// A line about it.
    pub heading: String,
    /// What the provider logs in with, secrets left out.
    pub credentials: BTreeMap<String, String>,
    /// Further settings.
    pub settings: BTreeMap<String, String>,
    /// Defaults of this place.
    pub defaults: BTreeMap<String, String>,
}

/// `text` with `entry` in it, in place of an earlier entry of that name.
///
/// # Errors
/// When the text cannot be edited; nothing is lost, the user is told to edit it by hand.
pub fn with_place(text: Option<&str>, entry: &PlaceEntry, user: &str, path: &Path) -> Result<String> {
    let text = text
        .filter(|text| !text.trim().is_empty())
        .map_or_else(|| NEW_FILE.replace("USER", &quoted(user)), str::to_owned);
    let document = parse(&text, path)?;
    let places = places(&document, entry.family, path)?;
    let place = Mapping::new();
    places.remove(entry.name.as_str());
    places.set(entry.name.as_str(), &place);
    let place = places.get_mapping(entry.name.as_str()).ok_or_else(|| not_editable(path))?;
    place.set("cm_heading", entry.heading.as_str());
    place.set("cm_type", entry.provider.as_str());
    for (key, value) in &entry.settings {
        place.set(key.as_str(), value.as_str());
    }
    for (name, values) in [("credentials", &entry.credentials), ("default", &entry.defaults)] {
        if values.is_empty() {
            continue;
        }
        place.set(name, Mapping::new());
        let mapping = place.get_mapping(name).ok_or_else(|| not_editable(path))?;
        for (key, value) in values {
            mapping.set(key.as_str(), value.as_str());
        }
    }
    let edited = document.to_string();
    verify(&edited, path, |configuration| {
        let section = section(configuration, entry.family).get(&entry.name);
        section.is_some_and(|section| {
            section.cm_type.as_deref() == Some(entry.provider.as_str())
                && entry
                    .credentials
                    .iter()
                    .all(|(key, value)| section.credentials.get(key).and_then(Option::as_ref) == Some(value))
                && entry
                    .defaults
                    .iter()
                    .all(|(key, value)| section.default.get(key).and_then(Option::as_ref) == Some(value))
        })
    })?;
    Ok(edited)
}

/// `text` without the place `name`.
///
/// # Errors
/// When the text cannot be edited.
pub fn without_place(text: &str, family: Family, name: &str, path: &Path) -> Result<String> {
    let document = parse(text, path)?;
    places(&document, family, path)?.remove(name);
    let edited = document.to_string();
    verify(&edited, path, |configuration| !section(configuration, family).contains_key(name))?;
    Ok(edited)
}

/// Replaces `cloudmesh.yaml`, if it still is what the edit was made from. Keeps the earlier text in
/// `backups/NAME.yaml` and answers with that name, or with `None` where there was no file.
///
/// # Errors
/// When the file was changed meanwhile or cannot be written; it is then as it was.
pub fn replace(home: &Home, before: Option<&str>, after: &str, name: &str) -> Result<Option<String>> {
    let path = home.configuration();
    let failed = |error: std::io::Error| {
        Error::new(ErrorKind::Store, format!("{} cannot be written: {error}", path.display()))
    };
    let lock = std::fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(home.folder().join("cloudmesh.yaml.lock"))
        .map_err(failed)?;
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive)
        .map_err(|error| failed(error.into()))?;
    if read_text(&path)?.as_deref() != before {
        return Err(Error::new(
            ErrorKind::Conflict,
            format!("{} was changed at the same moment", path.display()),
        )
        .hint("repeat the command"));
    }
    let mut kept = None;
    if let Some(before) = before {
        let folder = home.private("backups")?;
        write_private(&folder.join(format!("{name}.yaml")), before).map_err(failed)?;
        kept = Some(name.to_owned());
    }
    write_private(&path, after).map_err(failed)?;
    Ok(kept)
}

/// Writes a file of mode 0600, whole or not at all.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let draft = path.with_extension(format!("draft-{}", std::process::id()));
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&draft, path)
}

fn section(
    configuration: &Configuration,
    family: Family,
) -> &BTreeMap<String, crate::configuration::PlaceSection> {
    match family {
        Family::Compute => &configuration.cloudmesh.clouds,
        Family::Batch => &configuration.cloudmesh.hpc.clusters,
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn parse(text: &str, path: &Path) -> Result<Document> {
    Configuration::parse(text, path)?;
    Document::from_str(text).map_err(|_| not_editable(path))
}

/// The mapping that holds the family's places, made where it is missing.
fn places(document: &Document, family: Family, path: &Path) -> Result<Mapping> {
    let root = document.as_mapping().ok_or_else(|| not_editable(path))?;
    let inside = |mapping: &Mapping, key: &str| {
        if mapping.get_mapping(key).is_none() {
            mapping.set(key, Mapping::new());
        }
        mapping.get_mapping(key).ok_or_else(|| not_editable(path))
    };
    let cloudmesh = inside(&root, "cloudmesh")?;
    match family {
        Family::Compute => inside(&cloudmesh, "clouds"),
        Family::Batch => inside(&inside(&cloudmesh, "hpc")?, "clusters"),
    }
}

fn verify(edited: &str, path: &Path, holds: impl FnOnce(&Configuration) -> bool) -> Result<()> {
    let configuration = Configuration::parse(edited, path).map_err(|_| not_editable(path))?;
    if holds(&configuration) { Ok(()) } else { Err(not_editable(path)) }
}

fn not_editable(path: &Path) -> Error {
    Error::new(
        ErrorKind::Conflict,
        format!("{} is written in a way that cannot be edited safely", path.display()),
    )
    .hint("make the change by hand; the form is described in docs/configuration.md")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> PlaceEntry {
        PlaceEntry {
            family: Family::Compute,
            name: "kilo".into(),
            provider: "openstack".into(),
            heading: "Kilo: the cloud".into(),
            credentials: [
                ("OS_AUTH_URL".to_owned(), "http://127.0.0.1:5000/v3".to_owned()),
                ("OS_USERNAME".to_owned(), "007".to_owned()),
            ]
            .into(),
            settings: [("settle".to_owned(), "1".to_owned())].into(),
            defaults: [("image".to_owned(), "ubuntu #1".to_owned())].into(),
        }
    }

    #[test]
    fn a_place_is_added_to_nothing() {
        let path = Path::new("cloudmesh.yaml");
        let text = with_place(None, &entry(), "o'neil", path).unwrap();
        let configuration = Configuration::parse(&text, path).unwrap();
        let kilo = &configuration.cloudmesh.clouds["kilo"];
        assert_eq!(kilo.credentials["OS_USERNAME"].as_deref(), Some("007"));
        assert_eq!(kilo.default["image"].as_deref(), Some("ubuntu #1"));
        assert_eq!(configuration.cloudmesh.profile.user.as_deref(), Some("o'neil"));
    }

    #[test]
    fn comments_and_other_places_stay() {
        let path = Path::new("cloudmesh.yaml");
        let before = "# mine\ncloudmesh:\n  clouds:\n    other: # keep\n      cm_type: openstack\n    # before kilo\n    kilo:\n      cm_type: openstack\n";
        let text = with_place(Some(before), &entry(), "me", path).unwrap();
        for kept in ["# mine", "# keep", "other:"] {
            assert!(text.contains(kept), "{kept} in {text}");
        }
        let again = with_place(Some(&text), &entry(), "me", path).unwrap();
        assert_eq!(Configuration::parse(&again, path).unwrap().cloudmesh.clouds.len(), 2);
        let without = without_place(&again, Family::Compute, "kilo", path).unwrap();
        assert_eq!(Configuration::parse(&without, path).unwrap().cloudmesh.clouds.len(), 1);
        assert!(without.contains("# keep"));
    }

    #[test]
    fn a_cluster_goes_under_hpc() {
        let path = Path::new("cloudmesh.yaml");
        let cluster = PlaceEntry { family: Family::Batch, provider: "slurm".into(), ..entry() };
        let text = with_place(Some("cloudmesh:\n  active: [kilo]\n"), &cluster, "me", path).unwrap();
        assert!(Configuration::parse(&text, path).unwrap().cloudmesh.hpc.clusters.contains_key("kilo"));
    }
}
