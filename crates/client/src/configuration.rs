//! `cloudmesh.yaml`: what it may hold, read with line and column in every complaint.

use std::collections::BTreeMap;
use std::path::Path;

use cloudmesh_model::{Error, ErrorKind, Result, Secret};
use cloudmesh_resource::{Family, PlaceDescription, Provider};
use serde::Deserialize;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
pub struct Configuration {
    /// Everything of ours.
    #[serde(default)]
    pub cloudmesh: Section,
}

/// What stands under `cloudmesh:`.
#[derive(Debug, Default, Deserialize)]
pub struct Section {
    /// Who the user is.
    #[serde(default)]
    pub profile: Profile,
    /// Clouds that `--cloud=all` and refresh mean; all, if missing.
    #[serde(default)]
    pub active: Option<Vec<String>>,
    /// Clouds.
    #[serde(default)]
    pub clouds: BTreeMap<String, PlaceSection>,
    /// Clusters.
    #[serde(default)]
    pub hpc: HpcSection,
}

/// Who the user is.
#[derive(Debug, Default, Deserialize)]
pub struct Profile {
    /// Prefix of generated names.
    pub user: Option<String>,
}

/// What stands under `hpc:`.
#[derive(Debug, Default, Deserialize)]
pub struct HpcSection {
    /// Clusters that `--cluster=all` means; all, if missing.
    #[serde(default)]
    pub active: Option<Vec<String>>,
    /// Clusters.
    #[serde(default)]
    pub clusters: BTreeMap<String, PlaceSection>,
}

/// One cloud or cluster.
#[derive(Debug, Default, Deserialize)]
pub struct PlaceSection {
    /// The provider: `openstack`, `slurm` …
    pub cm_type: Option<String>,
    /// A line about it.
    pub cm_heading: Option<String>,
    /// What the provider logs in with. Values are text, whatever they look like.
    #[serde(default)]
    pub credentials: BTreeMap<String, Option<String>>,
    /// Defaults of this place. Values are text, whatever they look like.
    #[serde(default)]
    pub default: BTreeMap<String, Option<String>>,
    /// Further settings of the provider.
    #[serde(flatten)]
    pub settings: BTreeMap<String, Scalar>,
}

/// A single value, whatever its type in YAML; anything deeper is kept out of settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// `true`, `false`.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// A string.
    Text(String),
    /// Nothing, or something deeper.
    Other(serde::de::IgnoredAny),
}

impl Scalar {
    /// The value as text; `None` for nothing and for something deeper.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Flag(flag) => Some(flag.to_string()),
            Self::Integer(number) => Some(number.to_string()),
            Self::Number(number) => Some(number.to_string()),
            Self::Text(text) => Some(text.clone()),
            Self::Other(_) => None,
        }
    }
}

impl Configuration {
    /// Reads the file; a missing one is an empty one.
    ///
    /// # Errors
    /// When it cannot be read, or is not what it should be: with line and column.
    pub fn read(path: &Path) -> Result<Self> {
        match read_text(path)? {
            Some(text) => Self::parse(&text, path),
            None => Ok(Self::default()),
        }
    }

    /// Understands the text of the file at `path`.
    ///
    /// # Errors
    /// What is wrong, with line and column. The text itself is never quoted: it may hold secrets.
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let options = serde_saphyr::options! { with_snippet: false };
        serde_saphyr::from_str_with_options::<Option<Self>>(text, options)
            .map(Option::unwrap_or_default)
            .map_err(|error| {
                let at =
                    error.location().map(|location| format!(":{}:{}", location.line(), location.column()));
                let reason = error.to_string();
                let reason = reason.split(" at line").next().unwrap_or("malformed");
                Error::bad_input(format!("{}{}: {reason}", path.display(), at.unwrap_or_default()))
                    .hint("correct the file; its form is described in docs/configuration.md")
            })
    }

    /// The places that the file describes, by name; for each that cannot be used, why. One of them hurts no
    /// other.
    #[must_use]
    pub fn places(
        &self,
        path: &Path,
        providers: &[&'static dyn Provider],
    ) -> Vec<(String, Result<PlaceDescription>)> {
        let clouds = self.cloudmesh.clouds.iter().map(|place| (Family::Compute, place));
        let clusters = self.cloudmesh.hpc.clusters.iter().map(|place| (Family::Batch, place));
        clouds
            .chain(clusters)
            .map(|(family, (name, section))| (name.clone(), describe(family, name, section, path, providers)))
            .collect()
    }
}

/// The text of the file at `path`, `None` if there is no file.
///
/// # Errors
/// When it cannot be read.
pub fn read_text(path: &Path) -> Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(Error::new(ErrorKind::BadInput, format!("{} cannot be read: {error}", path.display()))
                .hint("check its permissions, or set CLOUDMESH_HOME to a folder of yours"))
        }
    }
}

fn describe(
    family: Family,
    name: &str,
    section: &PlaceSection,
    path: &Path,
    providers: &[&'static dyn Provider],
) -> Result<PlaceDescription> {
    let known = |family| {
        let names: Vec<&str> =
            providers.iter().filter(|provider| provider.family() == family).map(|p| p.name()).collect();
        names.join(", ")
    };
    let file = path.display();
    let Some(cm_type) = section.cm_type.as_deref() else {
        return Err(Error::bad_input(format!("{file}: {name} has no cm_type"))
            .hint(format!("give it one of: {}", known(family))));
    };
    let provider =
        providers.iter().find(|provider| provider.name() == cm_type && provider.family() == family);
    let mut settings = BTreeMap::new();
    let mut secrets = BTreeMap::new();
    let own = section.settings.iter().filter_map(|(key, value)| Some((key, value.text()?)));
    let credentials = section.credentials.iter().filter_map(|(key, value)| Some((key, value.clone()?)));
    for (key, text) in own.chain(credentials) {
        let secret = provider.is_some_and(|provider| {
            provider.settings().iter().any(|setting| setting.secret && setting.name == key.as_str())
        });
        if secret {
            secrets.insert(key.clone(), Secret::new(text));
        } else {
            settings.insert(key.clone(), text);
        }
    }
    Ok(PlaceDescription {
        name: name.to_owned(),
        provider: cm_type.to_owned(),
        heading: section.cm_heading.clone().unwrap_or_default(),
        source: path.display().to_string(),
        settings,
        secrets,
        defaults: section
            .default
            .iter()
            .filter_map(|(key, value)| Some((key.clone(), value.clone()?)))
            .collect(),
    })
}

/// Sections whose values are never given out.
fn is_guarded(part: &str) -> bool {
    matches!(part, "credentials" | "slurmrestd" | "userpass" | "apikey")
}

/// The paths in the text of a configuration that [`value_at`] gives a value for; none where it cannot be
/// understood.
#[must_use]
pub fn paths(text: &str) -> Vec<String> {
    fn walk(value: &serde_json::Value, path: &str, found: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(fields) => {
                for (name, value) in fields.iter().filter(|(name, _)| !is_guarded(name)) {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    walk(value, &path, found);
                }
            }
            serde_json::Value::Array(_) | serde_json::Value::Null => {}
            _ => found.push(path.to_owned()),
        }
    }
    let mut found = Vec::new();
    if let Ok(root) = serde_saphyr::from_str::<serde_json::Value>(text) {
        walk(&root, "", &mut found);
    }
    found
}

/// The value at a path of the configuration: `cloudmesh.profile.user`.
///
/// # Errors
/// When there is none, or it belongs to credentials: these are never given out.
pub fn value_at(path: &Path, wanted: &str) -> Result<String> {
    if wanted.split('.').any(is_guarded) {
        return Err(Error::new(
            ErrorKind::Refused,
            format!("{wanted} belongs to credentials, which are not given out"),
        ));
    }
    let missing = || {
        Error::new(ErrorKind::NotFound, format!("{} has no value at {wanted}", path.display()))
            .hint("write the whole path, such as cloudmesh.profile.user")
    };
    let text = read_text(path)?.ok_or_else(missing)?;
    Configuration::parse(&text, path)?;
    let root: serde_json::Value = serde_saphyr::from_str(&text).map_err(|_| missing())?;
    let value = wanted.split('.').try_fold(&root, |value, part| value.get(part)).ok_or_else(missing)?;
    match value {
        serde_json::Value::String(text) => Ok(text.clone()),
        serde_json::Value::Bool(_) | serde_json::Value::Number(_) => Ok(value.to_string()),
        _ => Err(missing()),
    }
}
