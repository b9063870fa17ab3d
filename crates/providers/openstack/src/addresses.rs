//! Floating addresses as Neutron shows them.

use std::collections::BTreeMap;

use cloudmesh_model::compute::FloatingAddress;
use cloudmesh_model::{Mark, NativeId};
use serde::Deserialize;

use crate::cloud::Cloud;
use crate::marks;
use crate::wire::{Link, Text};

/// One page of the list.
#[derive(Deserialize)]
pub(crate) struct FloatingAddressesPage<'a> {
    #[serde(borrow)]
    pub(crate) floatingips: Vec<WireFloatingAddress<'a>>,
    #[serde(borrow, default)]
    pub(crate) floatingips_links: Option<Vec<Link<'a>>>,
}

/// One by itself.
#[derive(Deserialize)]
pub(crate) struct OneFloatingAddress<'a> {
    #[serde(borrow)]
    pub(crate) floatingip: WireFloatingAddress<'a>,
}

/// A floating address.
#[derive(Deserialize)]
pub(crate) struct WireFloatingAddress<'a> {
    #[serde(borrow)]
    pub(crate) id: Text<'a>,
    #[serde(borrow)]
    floating_ip_address: Text<'a>,
    #[serde(borrow)]
    pub(crate) floating_network_id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) port_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    fixed_ip_address: Option<Text<'a>>,
    #[serde(borrow, default)]
    status: Option<Text<'a>>,
    #[serde(borrow, default)]
    description: Option<Text<'a>>,
    #[serde(borrow, default)]
    port_details: Option<WirePortDetails<'a>>,
}

/// What newer Neutrons say of the port, so that nobody has to ask for it.
#[derive(Deserialize)]
struct WirePortDetails<'a> {
    #[serde(borrow, default)]
    device_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    device_owner: Option<Text<'a>>,
}

impl WireFloatingAddress<'_> {
    /// Whether only the port itself can tell the server that it leads to.
    pub(crate) fn hides_server(&self) -> bool {
        self.port_id.is_some() && self.port_details.is_none()
    }

    pub(crate) fn mark(&self) -> Option<Mark> {
        self.description.as_ref()?.as_str().trim().parse().ok()
    }
}

/// One page of ports.
#[derive(Deserialize)]
pub(crate) struct PortsPage<'a> {
    #[serde(borrow)]
    pub(crate) ports: Vec<WirePort<'a>>,
    #[serde(borrow, default)]
    pub(crate) ports_links: Option<Vec<Link<'a>>>,
}

/// A port.
#[derive(Deserialize)]
pub(crate) struct WirePort<'a> {
    #[serde(borrow)]
    pub(crate) id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) device_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) device_owner: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) fixed_ips: Vec<WireFixedAddress<'a>>,
}

/// An address of a port.
#[derive(Deserialize)]
pub(crate) struct WireFixedAddress<'a> {
    #[serde(borrow)]
    pub(crate) ip_address: Text<'a>,
}

/// Whether a port's owner is a server (and not a router or a load balancer).
pub(crate) fn is_server(owner: Option<&Text<'_>>) -> bool {
    owner.is_none_or(|owner| owner.as_str().is_empty() || owner.as_str().starts_with("compute:"))
}

/// `wire` in our words.
pub(crate) fn address(
    cloud: &Cloud,
    wire: &WireFloatingAddress<'_>,
    pools: &BTreeMap<String, String>,
    servers_by_port: &BTreeMap<String, String>,
) -> FloatingAddress {
    let native = NativeId(wire.id.to_owned());
    let mark = wire.mark();
    let place = cloud.session.profile.place.clone();
    let by_details = wire.port_details.as_ref().and_then(|details| {
        let device = details.device_id.as_ref().filter(|id| !id.as_str().is_empty())?;
        is_server(details.device_owner.as_ref()).then(|| device.to_owned())
    });
    let server = by_details
        .or_else(|| wire.port_id.as_ref().and_then(|port| servers_by_port.get(port.as_str()).cloned()));
    let network = wire.floating_network_id.as_str();
    FloatingAddress {
        id: marks::id(&cloud.session.connection.installation, mark.as_ref(), &place, &native),
        address: wire.floating_ip_address.to_owned(),
        pool: pools.get(network).cloned().unwrap_or_else(|| network.to_owned()),
        server: server.map(NativeId),
        fixed_address: wire.fixed_ip_address.as_ref().map(Text::to_owned),
        status: wire.status.as_ref().map(|status| status.as_str().to_ascii_lowercase()).unwrap_or_default(),
        mark,
        native: Some(native),
        place,
    }
}
