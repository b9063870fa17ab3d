//! Our marks on things of OpenStack: where they stand, and whose they are.

use cloudmesh_model::{Installation, Mark, NativeId, ThingId};

/// The metadata key of a server that holds its mark.
pub(crate) const MARK_KEY: &str = "cloudmesh_mark";
/// The metadata key of a server that holds the account to log in with.
pub(crate) const USER_KEY: &str = cloudmesh_resource::compute::USERNAME_ITEM;

/// The mark at the end of a description, and the description without it. Neutron has no metadata.
pub(crate) fn in_description(description: &str) -> (Option<Mark>, &str) {
    let (before, last) = description.rsplit_once(' ').unwrap_or(("", description));
    match last.parse() {
        Ok(mark) => (Some(mark), before),
        Err(_) => (None, description),
    }
}

/// A description with a mark at its end.
pub(crate) fn describe(description: &str, mark: Option<&Mark>) -> String {
    match mark {
        Some(mark) if description.is_empty() => mark.to_string(),
        Some(mark) => format!("{description} {mark}"),
        None => description.to_owned(),
    }
}

/// Our id of a thing: the mark's, if this installation made it.
pub(crate) fn id(
    installation: &Installation,
    mark: Option<&Mark>,
    place: &str,
    native: &NativeId,
) -> ThingId {
    match mark {
        Some(mark) if mark.installation() == installation => mark.thing(),
        _ => ThingId::seen(place, native),
    }
}
