//! Our marks on things of OpenStack: where they stand, and whose they are.

use cloudmesh_model::{Installation, Mark, NativeId, ThingId};

/// The metadata key of a server that holds its mark.
pub(crate) const MARK_KEY: &str = "cloudmesh_mark";
/// The metadata key of a server that holds the account to log in with.
pub(crate) const USER_KEY: &str = "cloudmesh_user";

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
