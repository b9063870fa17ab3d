//! Networks as Neutron shows them, as far as servers and floating addresses need them.

use cloudmesh_model::{Error, ErrorKind, NativeId, Result};
use serde::Deserialize;

use crate::catalogue::Service;
use crate::paging::{PageEnd, PageUse, Pager};
use crate::session::Session;
use crate::wire::{Link, Text, next_link};

#[derive(Deserialize)]
struct NetworksPage<'a> {
    #[serde(borrow)]
    networks: Vec<WireNetwork<'a>>,
    #[serde(borrow, default)]
    networks_links: Option<Vec<Link<'a>>>,
}

#[derive(Deserialize)]
struct WireNetwork<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(default, rename = "router:external")]
    external: bool,
}

/// A network.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    pub(crate) id: String,
    /// Its name, else its id.
    pub(crate) name: String,
    pub(crate) external: bool,
}

/// The networks that the project sees.
pub(crate) async fn list(session: &Session, external_only: bool) -> Result<Vec<Network>> {
    let query = if external_only {
        "router:external=true&fields=id&fields=name&fields=router:external"
    } else {
        "fields=id&fields=name&fields=router:external"
    };
    let mut pager = Pager::new(Service::Network, "/networks", query, session.profile.page_size);
    let mut networks = Vec::new();
    while let Some(answer) = pager.page(session).await? {
        let page: NetworksPage<'_> = answer.json()?;
        let taken = pager.advance(&PageEnd {
            next: next_link(&page.networks_links),
            first: page.networks.first().map(|network| network.id.as_str()),
            last: page.networks.last().map(|network| network.id.as_str()),
            count: page.networks.len(),
        })?;
        if taken == PageUse::Take {
            networks.extend(page.networks.iter().map(|network| {
                Network {
                    id: network.id.to_owned(),
                    name: network
                        .name
                        .as_ref()
                        .filter(|name| !name.as_str().is_empty())
                        .unwrap_or(&network.id)
                        .to_owned(),
                    external: network.external,
                }
            }));
        }
    }
    Ok(networks)
}

/// The ids of the networks that are named, by name or id. Ids are taken as they are: Neutron tells when
/// there is no such network.
pub(crate) async fn named(session: &Session, wanted: &[NativeId]) -> Result<Vec<String>> {
    if wanted.iter().all(|wanted| is_id(wanted.as_str())) {
        return Ok(wanted.iter().map(|wanted| wanted.as_str().to_owned()).collect());
    }
    let all = list(session, false).await?;
    wanted.iter().map(|wanted| one(&all, wanted.as_str())).collect()
}

fn is_id(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

fn one(all: &[Network], wanted: &str) -> Result<String> {
    let found: Vec<&Network> =
        all.iter().filter(|network| network.name == wanted || network.id == wanted).collect();
    match found.as_slice() {
        [one] => Ok(one.id.clone()),
        [] => {
            let names: Vec<&str> = all.iter().map(|network| network.name.as_str()).collect();
            Err(Error::new(ErrorKind::NotFound, format!("no network is called {wanted}"))
                .hint(format!("there are: {}", names.join(", "))))
        }
        several => {
            let ids: Vec<&str> = several.iter().map(|network| network.id.as_str()).collect();
            Err(Error::new(ErrorKind::Ambiguous, format!("{} networks are called {wanted}", several.len()))
                .hint(format!("give one of the ids: {}", ids.join(", "))))
        }
    }
}

/// The only network that floating addresses can come from.
pub(crate) async fn only_pool(session: &Session) -> Result<NativeId> {
    let pools: Vec<Network> =
        list(session, true).await?.into_iter().filter(|network| network.external).collect();
    match pools.as_slice() {
        [] => Err(Error::new(
            ErrorKind::Unsupported,
            "there is no external network here that floating addresses could come from",
        )),
        [only] => Ok(NativeId(only.id.clone())),
        several => {
            let names: Vec<&str> = several.iter().map(|network| network.name.as_str()).collect();
            Err(Error::new(
                ErrorKind::Ambiguous,
                format!("floating addresses can come from more than one network: {}", names.join(", ")),
            )
            .hint("name the pool to take the address from"))
        }
    }
}
