//! Servers as Nova shows them.

use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;

use cloudmesh_model::compute::{Reach, Server, ServerAddress};
use cloudmesh_model::{Mark, NativeId};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::cloud::Cloud;
use crate::images::ImageNames;
use crate::marks::{self, MARK_KEY, USER_KEY};
use crate::server_status;
use crate::wire::{Link, Text, moment};

/// One page of `servers/detail`.
#[derive(Deserialize)]
pub(crate) struct ServersPage<'a> {
    #[serde(borrow)]
    pub(crate) servers: Vec<WireServer<'a>>,
    #[serde(borrow, default)]
    pub(crate) servers_links: Option<Vec<Link<'a>>>,
}

/// One server by itself.
#[derive(Deserialize)]
pub(crate) struct OneServer<'a> {
    #[serde(borrow)]
    pub(crate) server: WireServer<'a>,
}

/// A server. Everything but the id may be missing: servers in a part of the cloud that is down have little else.
#[derive(Deserialize)]
pub(crate) struct WireServer<'a> {
    #[serde(borrow)]
    pub(crate) id: Text<'a>,
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(borrow, default)]
    status: Option<Text<'a>>,
    #[serde(borrow, default, rename = "OS-EXT-STS:task_state")]
    task: Option<Text<'a>>,
    #[serde(borrow, default)]
    addresses: Option<BTreeMap<Text<'a>, Vec<WireAddress<'a>>>>,
    #[serde(borrow, default)]
    pub(crate) flavor: Option<WireFlavor<'a>>,
    #[serde(borrow, default)]
    pub(crate) image: WireImage<'a>,
    #[serde(borrow, default)]
    key_name: Option<Text<'a>>,
    #[serde(borrow, default)]
    created: Option<Text<'a>>,
    #[serde(borrow, default, rename = "OS-EXT-AZ:availability_zone")]
    zone: Option<Text<'a>>,
    #[serde(borrow, default)]
    security_groups: Option<Vec<WireName<'a>>>,
    #[serde(borrow, default)]
    fault: Option<WireFault<'a>>,
    #[serde(borrow, default)]
    metadata: Option<BTreeMap<Text<'a>, Text<'a>>>,
    #[serde(default)]
    locked: Option<bool>,
}

impl WireServer<'_> {
    /// Whether it is on its way to a host, or may be.
    pub(crate) fn is_building(&self) -> bool {
        self.status.as_ref().is_none_or(|status| status.as_str() == "BUILD")
    }
}

#[derive(Deserialize)]
struct WireAddress<'a> {
    #[serde(borrow)]
    addr: Text<'a>,
    #[serde(borrow, default, rename = "OS-EXT-IPS:type")]
    kind: Option<Text<'a>>,
}

/// From 2.47 on a flavor has its name in it, before that its id only.
#[derive(Deserialize)]
pub(crate) struct WireFlavor<'a> {
    #[serde(borrow, default)]
    original_name: Option<Text<'a>>,
    #[serde(borrow, default)]
    id: Option<Text<'a>>,
}

impl WireFlavor<'_> {
    /// The id, if that is all there is.
    pub(crate) fn id_without_name(&self) -> Option<&str> {
        if self.original_name.is_some() { None } else { self.id.as_ref().map(Text::as_str) }
    }
}

#[derive(Deserialize)]
struct WireName<'a> {
    #[serde(borrow)]
    name: Text<'a>,
}

#[derive(Deserialize)]
struct WireFault<'a> {
    #[serde(borrow, default)]
    message: Option<Text<'a>>,
}

/// An image: an object with an id, or an empty text when the server boots from a volume.
#[derive(Default)]
pub(crate) struct WireImage<'a>(pub(crate) Option<Text<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for WireImage<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ImageVisitor;

        impl<'de> Visitor<'de> for ImageVisitor {
            type Value = WireImage<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an image or an empty text")
            }

            fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
                Ok(WireImage(None))
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(WireImage(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut id = None;
                while let Some(key) = map.next_key::<Text<'de>>()? {
                    if key.as_str() == "id" {
                        id = Some(map.next_value()?);
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(WireImage(id))
            }
        }

        deserializer.deserialize_any(ImageVisitor)
    }
}

/// The mark that a server carries.
pub(crate) fn mark(server: &WireServer<'_>) -> Option<Mark> {
    let metadata = server.metadata.as_ref()?;
    metadata.iter().find(|(key, _)| key.as_str() == MARK_KEY)?.1.as_str().parse().ok()
}

/// `server` in our words.
pub(crate) fn server(
    cloud: &Cloud,
    wire: &WireServer<'_>,
    images: &ImageNames,
    flavors: &BTreeMap<String, String>,
) -> Server {
    let native = NativeId(wire.id.to_owned());
    let mark = mark(wire);
    let status = wire.status.as_ref().map_or("UNKNOWN", Text::as_str);
    let task = wire.task.as_ref().map(Text::as_str);
    let image = wire.image.0.as_ref().map(Text::as_str);
    let image_facts = image.and_then(|id| images.get(id));
    let mut metadata = BTreeMap::new();
    let mut username = None;
    for (key, value) in wire.metadata.iter().flatten() {
        match key.as_str() {
            MARK_KEY => {}
            USER_KEY => username = Some(value.to_owned()),
            _ => {
                metadata.insert(key.to_owned(), value.to_owned());
            }
        }
    }
    let username = username
        .or_else(|| image_facts.and_then(|facts| facts.username.clone()))
        .or_else(|| cloud.session.profile.ssh_user.clone());
    let mut security_groups: Vec<String> = Vec::new();
    for group in wire.security_groups.iter().flatten() {
        // One entry a port.
        if !security_groups.iter().any(|known| known == group.name.as_str()) {
            security_groups.push(group.name.to_owned());
        }
    }
    let place = cloud.session.profile.place.clone();
    Server {
        id: marks::id(&cloud.session.connection.installation, mark.as_ref(), &place, &native),
        name: wire.name.as_ref().map(Text::to_owned).unwrap_or_default(),
        status: server_status::status(status, task),
        native_status: server_status::native(status, task),
        addresses: addresses(wire),
        flavor: wire.flavor.as_ref().map(|flavor| flavor_name(flavor, flavors)).unwrap_or_default(),
        image: match (image, image_facts) {
            (_, Some(facts)) => facts.name.clone(),
            (Some(id), None) => id.to_owned(),
            (None, None) => String::new(),
        },
        key: wire.key_name.as_ref().map(Text::to_owned),
        created: wire.created.as_ref().and_then(|text| moment(text.as_str())),
        zone: wire.zone.as_ref().filter(|zone| !zone.as_str().is_empty()).map(Text::to_owned),
        security_groups,
        fault: wire.fault.as_ref().and_then(|fault| fault.message.as_ref()).map(Text::to_owned),
        username,
        metadata,
        mark,
        locked: wire.locked.unwrap_or(false),
        native: Some(native),
        place,
    }
}

fn flavor_name(flavor: &WireFlavor<'_>, names: &BTreeMap<String, String>) -> String {
    if let Some(name) = &flavor.original_name {
        return name.to_owned();
    }
    let id = flavor.id.as_ref().map(Text::as_str).unwrap_or_default();
    names.get(id).cloned().unwrap_or_else(|| id.to_owned())
}

/// Public addresses first, and IPv4 before IPv6: the first one is the one to try.
fn addresses(wire: &WireServer<'_>) -> Vec<ServerAddress> {
    let mut addresses = Vec::new();
    for (network, given) in wire.addresses.iter().flatten() {
        for address in given {
            let floating = address.kind.as_ref().is_some_and(|kind| kind.as_str() == "floating");
            let text = address.addr.as_str();
            let reach = if floating || is_public(text) { Reach::Public } else { Reach::Private };
            addresses.push(ServerAddress { reach, address: text.to_owned(), network: network.to_owned() });
        }
    }
    addresses.sort_by_key(|address| (address.reach, address.address.contains(':')));
    addresses
}

/// Whether a server's own IPv4 address is one of the open Internet: clouds with flat networks have no
/// floating addresses and need none.
fn is_public(address: &str) -> bool {
    let Ok(address) = address.parse::<Ipv4Addr>() else {
        return false;
    };
    let [first, second, ..] = address.octets();
    let shared = first == 100 && second & 0xc0 == 64;
    let benchmark = first == 198 && second & 0xfe == 18;
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_unspecified()
        || address.is_broadcast()
        || shared
        || benchmark
        || first == 0
        || first >= 224)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_an_object_or_an_empty_text() {
        let id = |text: &str| serde_json::from_str::<WireImage<'_>>(text).unwrap().0.map(|id| id.to_owned());
        assert_eq!(id("\"\""), None);
        assert_eq!(id("null"), None);
        assert_eq!(id(r#"{"links": [{"x": 1}], "id": "7"}"#), Some("7".to_owned()));
    }

    #[test]
    fn texts_borrow_from_the_answer() {
        let text = r#"{"servers": [{"id": "1", "name": "a\nb"}]}"#;
        let page: ServersPage<'_> = serde_json::from_str(text).unwrap();
        assert!(matches!(page.servers[0].id.0, std::borrow::Cow::Borrowed("1")));
        assert_eq!(page.servers[0].name.as_ref().unwrap().as_str(), "a\nb");
    }

    #[test]
    fn addresses_are_public_where_the_internet_reaches_them() {
        for address in ["129.114.3.4", "8.8.8.8"] {
            assert!(is_public(address), "{address}");
        }
        for address in ["10.0.0.3", "127.4.0.1", "100.64.2.2", "172.16.0.1", "fd00::1", "2001:db8::1", "x"] {
            assert!(!is_public(address), "{address}");
        }
    }
}
