//! Which services a log-in offers, and where.

use std::collections::BTreeSet;

use cloudmesh_model::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

use crate::settings::Interface;

/// The services that we use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Compute,
    Image,
    Network,
    Volume,
}

impl Service {
    /// What the service is called in messages.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Compute => "compute",
            Self::Image => "image",
            Self::Network => "network",
            Self::Volume => "volume",
        }
    }

    /// Its types in catalogues, the present one first.
    fn types(self) -> &'static [&'static str] {
        match self {
            Self::Compute => &["compute", "computev21"],
            Self::Image => &["image", "imagev2"],
            Self::Network => &["network"],
            // Facts: "Service types authority", the aliases of `block-storage`.
            Self::Volume => &["block-storage", "volumev3", "block-store", "volume"],
        }
    }

    /// The version that we speak, as it stands in paths.
    fn version(self) -> &'static str {
        match self {
            Self::Compute => "v2.1",
            Self::Image => "v2",
            Self::Network => "v2.0",
            Self::Volume => "v3",
        }
    }
}

/// One endpoint of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Endpoint {
    pub(crate) service: String,
    pub(crate) interface: String,
    pub(crate) region: String,
    pub(crate) url: String,
}

/// The catalogue's endpoint of `service`, with the version that we speak and no slash at its end.
pub(crate) fn endpoint(
    endpoints: &[Endpoint],
    service: Service,
    region: Option<&str>,
    interface: Interface,
) -> Result<String> {
    let title = service.title();
    let of_type = |kind: &str| -> Vec<&Endpoint> {
        endpoints.iter().filter(|endpoint| endpoint.service == kind).collect()
    };
    let all = service.types().iter().map(|kind| of_type(kind)).find(|found| !found.is_empty());
    let Some(all) = all else {
        return Err(Error::new(
            ErrorKind::Unsupported,
            format!("the cloud offers this project no {title} service"),
        )
        .hint("check the project: without one, or in a wrong one, a log-in sees no services"));
    };
    let names = |names: BTreeSet<&str>| names.into_iter().collect::<Vec<_>>().join(", ");
    let of_interface: Vec<&Endpoint> =
        all.iter().copied().filter(|endpoint| endpoint.interface == interface.as_str()).collect();
    if of_interface.is_empty() {
        let others = names(all.iter().map(|endpoint| endpoint.interface.as_str()).collect());
        return Err(Error::bad_input(format!(
            "the {title} service has no {} endpoint, only {others}",
            interface.as_str()
        ))
        .hint("set OS_INTERFACE to one that it has"));
    }
    let regions: BTreeSet<&str> = of_interface.iter().map(|endpoint| endpoint.region.as_str()).collect();
    let chosen = match region {
        Some(region) => of_interface.iter().find(|endpoint| endpoint.region == region).ok_or_else(|| {
            Error::bad_input(format!(
                "there is no {title} service in the region {region}, only in {}",
                names(regions)
            ))
            .hint("set OS_REGION_NAME to one of them")
        })?,
        None if regions.len() > 1 => {
            return Err(Error::new(
                ErrorKind::Ambiguous,
                format!("the cloud has more than one region: {}", names(regions)),
            )
            .hint("set OS_REGION_NAME to one of them"));
        }
        None => of_interface.first().ok_or_else(|| Error::internal("an endpoint vanished"))?,
    };
    Ok(versioned(&chosen.url, service))
}

/// `url` with the version in it that we speak. Catalogues give it with, without or with another one.
fn versioned(url: &str, service: Service) -> String {
    let url = url.trim_end_matches('/');
    let is_version = |segment: &str| {
        segment.strip_prefix('v').is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
    };
    let path_begins = url.find("://").map_or(0, |position| position + 3);
    let has_version = url[path_begins..].split('/').skip(1).any(is_version);
    match (service, has_version) {
        // An old Nova's v2 and Cinder's v3, with or without the project's id: taken as they are.
        (Service::Compute | Service::Volume, true) => url.to_owned(),
        (_, true) => match url.rsplit_once('/') {
            Some((root, last)) if is_version(last) => format!("{root}/{}", service.version()),
            _ => url.to_owned(),
        },
        (_, false) => format!("{url}/{}", service.version()),
    }
}

/// The address above all versions of a service, for asking which it has.
pub(crate) fn root(endpoint: &str) -> &str {
    let path_begins = endpoint.find("://").map_or(0, |position| position + 3);
    endpoint[path_begins..].find("/v2").map_or(endpoint, |position| &endpoint[..path_begins + position])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(service: &str, interface: &str, region: &str, url: &str) -> Endpoint {
        let own = str::to_owned;
        Endpoint { service: own(service), interface: own(interface), region: own(region), url: own(url) }
    }

    #[test]
    fn every_spelling_of_an_endpoint_gets_the_right_version() {
        for (service, url, expected) in [
            (Service::Compute, "http://h:8774/v2.1", "http://h:8774/v2.1"),
            (Service::Compute, "http://h:8774/v2.1/0123/", "http://h:8774/v2.1/0123"),
            (Service::Compute, "http://h/compute", "http://h/compute/v2.1"),
            (Service::Image, "http://h:9292", "http://h:9292/v2"),
            (Service::Image, "http://h/image/v1", "http://h/image/v2"),
            (Service::Image, "http://v3.example.org/image/", "http://v3.example.org/image/v2"),
            (Service::Network, "http://h:9696/", "http://h:9696/v2.0"),
            (Service::Network, "http://h/networking/v2.0", "http://h/networking/v2.0"),
            (Service::Volume, "http://h/volume/v3/0123", "http://h/volume/v3/0123"),
        ] {
            assert_eq!(versioned(url, service), expected);
        }
        assert_eq!(root("http://h/compute/v2.1/0123"), "http://h/compute");
    }

    #[test]
    fn regions_are_named_where_one_must_be_chosen() {
        let endpoints = [
            given("compute", "public", "one", "http://1/v2.1"),
            given("compute", "public", "two", "http://2/v2.1"),
            given("compute", "internal", "three", "http://3/v2.1"),
        ];
        let choose = |region| endpoint(&endpoints, Service::Compute, region, Interface::Public);
        let error = choose(None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Ambiguous);
        assert!(error.message().ends_with("one, two"), "{error}");
        assert_eq!(choose(Some("two")).unwrap(), "http://2/v2.1");
        assert!(choose(Some("three")).unwrap_err().message().contains("one, two"));
        let none = endpoint(&endpoints, Service::Image, None, Interface::Public).unwrap_err();
        assert_eq!(none.message(), "the cloud offers this project no image service");
        let admin = endpoint(&endpoints, Service::Compute, None, Interface::Admin).unwrap_err();
        assert!(admin.message().contains("only internal, public"), "{admin}");
    }
}
