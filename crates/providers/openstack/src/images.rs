//! Images as Glance shows them.

use std::collections::HashMap;

use cloudmesh_model::compute::Image;
use cloudmesh_model::{Installation, NativeId};
use serde::Deserialize;

use crate::marks;
use crate::wire::{Text, moment};

/// What servers need to know of images, by id.
pub(crate) type ImageNames = HashMap<String, ImageFacts>;

/// The name of an image, and the account that it says to log in with.
#[derive(Clone, Debug, Default)]
pub(crate) struct ImageFacts {
    pub(crate) name: String,
    pub(crate) username: Option<String>,
}

/// One page of the list.
#[derive(Deserialize)]
pub(crate) struct ImagesPage<'a> {
    #[serde(borrow)]
    pub(crate) images: Vec<WireImage<'a>>,
    #[serde(borrow, default)]
    pub(crate) next: Option<Text<'a>>,
}

/// An image.
#[derive(Deserialize)]
pub(crate) struct WireImage<'a> {
    #[serde(borrow)]
    pub(crate) id: Text<'a>,
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(borrow, default)]
    status: Option<Text<'a>>,
    #[serde(borrow, default)]
    visibility: Option<Text<'a>>,
    #[serde(default)]
    size: Option<u64>,
    #[serde(default)]
    min_disk: Option<u64>,
    #[serde(default)]
    min_ram: Option<u64>,
    #[serde(borrow, default)]
    created_at: Option<Text<'a>>,
    // Properties by which images say whom to log in as: Glance's own name first.
    #[serde(borrow, default)]
    os_admin_user: Option<Text<'a>>,
    #[serde(borrow, default)]
    image_original_user: Option<Text<'a>>,
    #[serde(borrow, default)]
    ssh_user: Option<Text<'a>>,
    #[serde(borrow, default)]
    default_user: Option<Text<'a>>,
    #[serde(borrow, default)]
    cloudmesh_mark: Option<Text<'a>>,
}

impl WireImage<'_> {
    fn username(&self) -> Option<String> {
        [&self.os_admin_user, &self.image_original_user, &self.ssh_user, &self.default_user]
            .into_iter()
            .flatten()
            .map(Text::to_owned)
            .find(|name| !name.is_empty())
    }

    fn name(&self) -> String {
        self.name.as_ref().unwrap_or(&self.id).to_owned()
    }

    pub(crate) fn facts(&self) -> ImageFacts {
        ImageFacts { name: self.name(), username: self.username() }
    }
}

/// `wire` in our words.
pub(crate) fn image(installation: &Installation, place: &str, wire: &WireImage<'_>) -> Image {
    let native = NativeId(wire.id.to_owned());
    let mark = wire.cloudmesh_mark.as_ref().and_then(|mark| mark.as_str().parse().ok());
    let lower = |text: &Option<Text<'_>>| {
        text.as_ref().map(|text| text.as_str().to_ascii_lowercase()).unwrap_or_default()
    };
    Image {
        id: marks::id(installation, mark.as_ref(), place, &native),
        place: place.to_owned(),
        name: wire.name(),
        status: lower(&wire.status),
        visibility: lower(&wire.visibility),
        size: wire.size,
        min_disk: wire.min_disk.unwrap_or(0),
        min_memory: wire.min_ram.unwrap_or(0),
        created: wire.created_at.as_ref().and_then(|text| moment(text.as_str())),
        username: wire.username(),
        mark,
        native,
    }
}
