//! The peers: what each offers, and how to set one up for a case.

mod gridengine;
mod local;
mod openstack;
mod simulator;
mod slurm;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Arc;

use cloudmesh_conformance::{BatchSetup, ComputeSetup, Feature, Outcome};
use cloudmesh_resource::{Capability, PlaceDescription};
use futures::future::BoxFuture;

/// Sets a peer up for one case.
pub(crate) type Open<Setup> = Arc<dyn Fn() -> BoxFuture<'static, Outcome<Setup>> + Send + Sync>;

/// Somebody to keep the contract.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

/// What it is.
pub(crate) enum Kind {
    Compute {
        capabilities: &'static [Capability],
        features: Vec<Feature>,
        open: Open<ComputeSetup>,
    },
    Batch {
        capabilities: &'static [Capability],
        features: Vec<Feature>,
        open: Open<BatchSetup>,
    },
    /// It is not there; why not.
    Absent(String),
}

/// The names of all peers, there or not.
pub(crate) const NAMES: &[&str] = &[
    simulator::PAGES_OF_ONE,
    simulator::USUAL_PAGES,
    openstack::PASSWORD,
    openstack::CREDENTIAL,
    local::LOCAL,
    slurm::SLURM,
    gridengine::GRIDENGINE,
];

/// Peers that no rig of ours starts: whoever has one names it.
pub(crate) const WITHOUT_RIG: &[&str] = &[gridengine::GRIDENGINE];

/// All peers.
pub(crate) fn all() -> Vec<Peer> {
    let mut peers = simulator::peers();
    peers.extend(openstack::peers());
    peers.push(local::peer());
    peers.push(slurm::peer());
    peers.push(gridengine::peer());
    peers
}

/// A place of a provider, described by a test.
pub(crate) fn description(name: &str, provider: &str, settings: &[(&str, &str)]) -> PlaceDescription {
    PlaceDescription {
        name: name.to_owned(),
        provider: provider.to_owned(),
        heading: String::new(),
        source: "test".to_owned(),
        settings: settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        secrets: BTreeMap::new(),
        defaults: BTreeMap::new(),
    }
}

/// A port of this computer where nobody listens.
pub(crate) fn closed_port() -> Outcome<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|error| error.to_string())?;
    Ok(listener.local_addr().map_err(|error| error.to_string())?.port())
}
