//! A cloud that the environment describes: what sourcing an openrc file leaves behind.

use std::collections::BTreeMap;

use cloudmesh_model::Secret;
use cloudmesh_resource::{PlaceDescription, Surroundings};

use crate::settings::SETTINGS;

/// The name of that cloud, the same as in OpenStack's own tools.
pub(crate) const NAME: &str = "envvars";

/// The cloud that `OS_*` variables describe. `OS_CLOUD` alone describes none: it only selects one.
pub(crate) fn place(surroundings: &Surroundings) -> Option<PlaceDescription> {
    let url = surroundings.variables.get("OS_AUTH_URL").filter(|url| !url.is_empty())?;
    let mut settings = BTreeMap::new();
    let mut secrets = BTreeMap::new();
    for setting in SETTINGS.iter().filter(|setting| setting.name.starts_with("OS_")) {
        let Some(value) = surroundings.variables.get(setting.name).filter(|value| !value.is_empty()) else {
            continue;
        };
        if setting.secret {
            secrets.insert(setting.name.to_owned(), Secret::from(value.as_str()));
        } else {
            settings.insert(setting.name.to_owned(), value.clone());
        }
    }
    Some(PlaceDescription {
        name: NAME.to_owned(),
        provider: "openstack".to_owned(),
        heading: format!("OpenStack at {}", cloudmesh_transport::http::shown_url(url)),
        source: "environment".to_owned(),
        settings,
        secrets,
        defaults: BTreeMap::new(),
    })
}
