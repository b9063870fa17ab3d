//! The provider for OpenStack clouds: Keystone, Nova, Glance, Neutron and Cinder by their own protocols.
//!
//! Above this crate nobody knows Nova's words; below it, [`cloudmesh_transport::http`] knows none either.
//! One file a subject: how a cloud is described (`settings`, `clouds_yaml`), how we log in (`identity`,
//! `catalogue`, `session`), what is read (`servers`, `images`, …), what is changed (`changes`).

mod addresses;
mod capabilities;
mod catalogue;
mod changes;
mod cloud;
mod clouds_yaml;
mod create_server;
mod environment;
mod facts;
mod flavors;
mod identity;
mod images;
mod key_pairs;
mod marks;
mod networks;
mod paging;
mod refusal;
mod reports;
mod server_actions;
mod server_status;
mod servers;
mod session;
mod settings;
mod thing_changes;
mod things;
mod wire;

use std::sync::Arc;

use cloudmesh_model::Result;
use cloudmesh_resource::{Connection, Family, Place, PlaceDescription, Provider, Setting, Surroundings};

/// The provider; `cm_type: openstack`.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenStack;

impl Provider for OpenStack {
    fn name(&self) -> &'static str {
        "openstack"
    }

    fn family(&self) -> Family {
        Family::Compute
    }

    fn settings(&self) -> &'static [Setting] {
        settings::SETTINGS
    }

    fn discover(&self, surroundings: &Surroundings) -> Result<Vec<PlaceDescription>> {
        let mut places: Vec<PlaceDescription> = environment::place(surroundings).into_iter().collect();
        let described = clouds_yaml::places(surroundings)?;
        places.extend(described.into_iter().filter(|place| place.name != environment::NAME));
        Ok(places)
    }

    fn selecting_variable(&self) -> Option<&'static str> {
        Some("OS_CLOUD")
    }

    fn connect(&self, place: PlaceDescription, connection: Connection) -> Result<Place> {
        let name = place.name.clone();
        let profile = settings::Profile::from_description(place, &connection.surroundings)
            .map_err(|error| error.at(name))?;
        Ok(Place::Compute(Arc::new(cloud::Cloud::new(profile, connection))))
    }
}
