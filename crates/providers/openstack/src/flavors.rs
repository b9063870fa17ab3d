//! Flavors as Nova shows them.

use cloudmesh_model::compute::Flavor;
use cloudmesh_model::{NativeId, ThingId};
use serde::Deserialize;

use crate::wire::{Link, Text};

/// One page of `flavors/detail`.
#[derive(Deserialize)]
pub(crate) struct FlavorsPage<'a> {
    #[serde(borrow)]
    pub(crate) flavors: Vec<WireFlavor<'a>>,
    #[serde(borrow, default)]
    pub(crate) flavors_links: Option<Vec<Link<'a>>>,
}

/// One flavor by itself.
#[derive(Deserialize)]
pub(crate) struct OneFlavor<'a> {
    #[serde(borrow)]
    pub(crate) flavor: WireFlavor<'a>,
}

/// A flavor.
#[derive(Deserialize)]
pub(crate) struct WireFlavor<'a> {
    #[serde(borrow)]
    pub(crate) id: Text<'a>,
    #[serde(borrow)]
    pub(crate) name: Text<'a>,
    vcpus: u64,
    ram: u64,
    disk: u64,
    #[serde(default = "yes", rename = "os-flavor-access:is_public")]
    public: bool,
}

fn yes() -> bool {
    true
}

/// `wire` in our words.
pub(crate) fn flavor(place: &str, wire: &WireFlavor<'_>) -> Flavor {
    let native = NativeId(wire.id.to_owned());
    Flavor {
        id: ThingId::seen(place, &native),
        place: place.to_owned(),
        name: wire.name.to_owned(),
        vcpus: wire.vcpus,
        memory: wire.ram,
        disk: wire.disk,
        public: wire.public,
        native,
    }
}
