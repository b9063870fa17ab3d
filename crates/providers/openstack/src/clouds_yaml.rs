//! Clouds that people have described for OpenStack's own tools: `clouds.yaml`, `secure.yaml` and
//! `clouds-public.yaml`, found and merged as those tools do it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use cloudmesh_model::{Error, Result, Secret};
use cloudmesh_resource::{PlaceDescription, Surroundings};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::settings::SETTINGS;

/// Texts by name; `None` stands for an empty value.
type Texts = BTreeMap<String, Option<String>>;

/// A file, as far as we read it.
#[derive(Debug, Default, Deserialize)]
struct File {
    #[serde(default)]
    clouds: Option<BTreeMap<String, Option<CloudEntry>>>,
    #[serde(default, rename = "public-clouds")]
    public_clouds: Option<BTreeMap<String, Option<CloudEntry>>>,
}

/// One cloud of a file. Values keep the very text that stands there, so that a password `007` stays one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct CloudEntry {
    profile: Option<String>,
    auth: Texts,
    /// The first of `regions`: the one to use where none is named.
    first_region: Option<String>,
    others: Texts,
}

/// Keys besides `auth` that mean something to us; all others are passed over unread.
const KEYS: [&str; 7] =
    ["region_name", "interface", "endpoint_type", "auth_type", "cacert", "verify", "insecure"];

/// Keys of `auth`, which old files also have a level higher.
fn is_auth_key(key: &str) -> bool {
    !KEYS.contains(&key) && SETTINGS.iter().any(|setting| setting_name(key) == setting.name)
}

fn setting_name(key: &str) -> String {
    format!("OS_{}", key.to_ascii_uppercase())
}

impl<'de> Deserialize<'de> for CloudEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct EntryVisitor;

        impl<'de> Visitor<'de> for EntryVisitor {
            type Value = CloudEntry;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("the settings of a cloud")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<CloudEntry, A::Error> {
                let mut entry = CloudEntry::default();
                while let Some(key) = map.next_key::<String>()? {
                    let key = key.replace('-', "_");
                    match key.as_str() {
                        // The older names of `profile`.
                        "profile" | "vendor" | "cloud" => entry.profile = map.next_value()?,
                        "auth" => {
                            let auth: Option<Texts> = map.next_value()?;
                            let auth = auth.unwrap_or_default().into_iter();
                            entry.auth.extend(auth.map(|(key, value)| (key.replace('-', "_"), value)));
                        }
                        "regions" => {
                            let regions: Option<Regions> = map.next_value()?;
                            entry.first_region = regions.and_then(|regions| regions.0);
                        }
                        key if KEYS.contains(&key) || is_auth_key(key) => {
                            entry.others.insert(key.to_owned(), map.next_value()?);
                        }
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(entry)
            }
        }

        deserializer.deserialize_map(EntryVisitor)
    }
}

/// The first of a list of regions, each a name or an object with one.
#[derive(Debug, Default)]
struct Regions(Option<String>);

impl<'de> Deserialize<'de> for Regions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct RegionsVisitor;

        impl<'de> Visitor<'de> for RegionsVisitor {
            type Value = Regions;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list of regions")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<Regions, A::Error> {
                let first = list.next_element::<Region>()?;
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Regions(first.map(|region| region.0)))
            }
        }

        deserializer.deserialize_seq(RegionsVisitor)
    }
}

#[derive(Debug)]
struct Region(String);

impl<'de> Deserialize<'de> for Region {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct RegionVisitor;

        impl<'de> Visitor<'de> for RegionVisitor {
            type Value = Region;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("the name of a region, or an object with it")
            }

            fn visit_str<E>(self, name: &str) -> std::result::Result<Region, E> {
                Ok(Region(name.to_owned()))
            }

            fn visit_i64<E>(self, name: i64) -> std::result::Result<Region, E> {
                Ok(Region(name.to_string()))
            }

            fn visit_u64<E>(self, name: u64) -> std::result::Result<Region, E> {
                Ok(Region(name.to_string()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Region, A::Error> {
                let mut name = String::new();
                while let Some(key) = map.next_key::<String>()? {
                    if key == "name" {
                        name = map.next_value()?;
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Region(name))
            }
        }

        deserializer.deserialize_any(RegionVisitor)
    }
}

impl CloudEntry {
    /// Lays `over` on this one: `auth` key by key, everything else as a whole.
    fn overlay(&mut self, over: Self) {
        self.profile = over.profile.or(self.profile.take());
        self.first_region = over.first_region.or(self.first_region.take());
        self.auth.extend(over.auth);
        self.others.extend(over.others);
    }

    fn describe(self, name: String, source: &Path) -> PlaceDescription {
        let mut settings = BTreeMap::new();
        let mut secrets = BTreeMap::new();
        // A key in `auth` goes before the same key a level higher.
        for (key, value) in self.others.into_iter().chain(self.auth) {
            let Some(value) = value else { continue };
            match key.as_str() {
                "verify" if is_false(&value) => {
                    settings.insert("OS_INSECURE".to_owned(), "true".to_owned());
                }
                "verify" => {}
                _ => {
                    let setting = setting_name(&key);
                    match SETTINGS.iter().find(|known| known.name == setting) {
                        Some(known) if known.secret => {
                            secrets.insert(setting, Secret::new(value));
                        }
                        Some(_) => {
                            settings.insert(setting, value);
                        }
                        None => {}
                    }
                }
            }
        }
        if let Some(region) = self.first_region {
            settings.entry("OS_REGION_NAME".to_owned()).or_insert(region);
        }
        let heading = match settings.get("OS_AUTH_URL") {
            Some(url) => format!("OpenStack at {}", cloudmesh_transport::http::shown_url(url)),
            None => "OpenStack".to_owned(),
        };
        PlaceDescription {
            name,
            provider: "openstack".to_owned(),
            heading,
            source: source.display().to_string(),
            settings,
            secrets,
            defaults: BTreeMap::new(),
        }
    }
}

fn is_false(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "false" | "no" | "off" | "0")
}

/// The clouds that the files describe, by name.
pub(crate) fn places(surroundings: &Surroundings) -> Result<Vec<PlaceDescription>> {
    let Some((path, file)) = first_file(surroundings, "OS_CLIENT_CONFIG_FILE", "clouds")? else {
        return Ok(Vec::new());
    };
    let secure = first_file(surroundings, "OS_CLIENT_SECURE_FILE", "secure")?.map(|(_, file)| file);
    let vendors = first_file(surroundings, "OS_CLIENT_VENDOR_FILE", "clouds-public")?.map(|(_, file)| file);
    let mut clouds: BTreeMap<String, CloudEntry> = BTreeMap::new();
    for given in [Some(file), secure].into_iter().flatten() {
        for (name, entry) in given.clouds.into_iter().flatten() {
            clouds.entry(name).or_default().overlay(entry.unwrap_or_default());
        }
    }
    let vendors = vendors.and_then(|file| file.public_clouds).unwrap_or_default();
    Ok(clouds
        .into_iter()
        .map(|(name, entry)| {
            let profile = entry.profile.as_ref().and_then(|profile| vendors.get(profile)).cloned().flatten();
            let mut whole = profile.unwrap_or_default();
            whole.overlay(entry);
            whole.describe(name, &path)
        })
        .collect())
}

/// The first file of that name there is. A file that a variable names must be there.
fn first_file(surroundings: &Surroundings, variable: &str, name: &str) -> Result<Option<(PathBuf, File)>> {
    let named = surroundings.variables.get(variable).filter(|path| !path.is_empty());
    if let Some(path) = named.map(|path| surroundings.working_folder.join(path))
        && let Some(file) = read(&path)?
    {
        return Ok(Some((path, file)));
    }
    let mut folders = vec![surroundings.working_folder.clone()];
    let configuration = surroundings.variables.get("XDG_CONFIG_HOME").filter(|folder| !folder.is_empty());
    match (configuration, &surroundings.user_home) {
        (Some(folder), _) => folders.push(Path::new(folder).join("openstack")),
        (None, Some(home)) => folders.push(home.join(".config/openstack")),
        (None, None) => {}
    }
    folders.push(PathBuf::from("/etc/openstack"));
    for folder in folders {
        for ending in ["yaml", "yml", "json"] {
            let path = folder.join(format!("{name}.{ending}"));
            if let Some(file) = read(&path)? {
                return Ok(Some((path, file)));
            }
        }
    }
    Ok(None)
}

fn read(path: &Path) -> Result<Option<File>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(reason)
            if matches!(
                reason.kind(),
                std::io::ErrorKind::NotFound
                    | std::io::ErrorKind::NotADirectory
                    | std::io::ErrorKind::IsADirectory
            ) =>
        {
            return Ok(None);
        }
        Err(reason) => {
            return Err(Error::bad_input(format!("{} cannot be read: {}", path.display(), reason.kind())));
        }
    };
    parse(&text, path).map(Some)
}

fn parse(text: &str, path: &Path) -> Result<File> {
    if text.trim().is_empty() {
        return Ok(File::default());
    }
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options::<Option<File>>(text, options).map(Option::unwrap_or_default).map_err(
        |reason| {
            // The parser's own words may repeat a value, and that may be a password: only where, not what.
            let place = reason
                .location()
                .map(|at| format!(" at line {}, column {}", at.line(), at.column()))
                .unwrap_or_default();
            Error::bad_input(format!("{} cannot be understood{place}", path.display()))
                .hint("it must be YAML with `clouds:`, and below it each cloud's name with its settings")
        },
    )
}

#[cfg(test)]
mod tests;
