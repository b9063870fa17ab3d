//! From the names that people give to the things that are meant. Names and ids both work; an ambiguous
//! name is refused with all its ids.

use cloudmesh_client::refresh::{self, Fetch};
use cloudmesh_client::settings::{self, GENERAL, GROUP, Membership};
use cloudmesh_client::{Mesh, places, records};
use cloudmesh_model::cloud_things::{
    Network, Port, Router, SecurityGroup, ServerGroup, Subnet, Volume, VolumeSnapshot,
};
use cloudmesh_model::compute::{Flavor, Image, KeyPair, Server};
use cloudmesh_model::{Error, ErrorKind, HostList, NativeId, Record, Result, ThingKind};
use cloudmesh_resource::{Fact, Family};
use jiff::SignedDuration;

/// How old a list may be before a name that is not in it is looked for again.
const FRESH_ENOUGH: SignedDuration = SignedDuration::from_secs(5);

/// A record with a name and a native id.
pub(crate) trait Named: Fetch {
    const KIND: ThingKind;
    fn name(&self) -> &str;
    fn native(&self) -> Option<&NativeId>;
}

macro_rules! named {
    ($record:ty, $kind:ident, $self:ident => $native:expr) => {
        impl Named for $record {
            const KIND: ThingKind = ThingKind::$kind;
            fn name(&self) -> &str {
                &self.name
            }
            fn native(&$self) -> Option<&NativeId> {
                $native
            }
        }
    };
}

named!(Image, Image, self => Some(&self.native));
named!(Flavor, Flavor, self => Some(&self.native));
named!(KeyPair, Key, self => Some(&self.native));
named!(Server, Server, self => self.native.as_ref());
named!(Network, Network, self => self.native.as_ref());
named!(Subnet, Subnet, self => self.native.as_ref());
named!(Router, Router, self => self.native.as_ref());
named!(Port, Port, self => self.native.as_ref());
named!(SecurityGroup, SecurityGroup, self => self.native.as_ref());
named!(Volume, Volume, self => self.native.as_ref());
named!(VolumeSnapshot, VolumeSnapshot, self => self.native.as_ref());
named!(ServerGroup, ServerGroup, self => self.native.as_ref());

/// The records of a kind at `place`, from the store; read from the place if it never was.
pub(crate) async fn known<R: Fetch>(mesh: &Mesh, place: &str) -> Result<Vec<R>> {
    let store = mesh.store()?;
    if refresh::last_read::<R>(store.as_ref(), place).await?.is_none() {
        return refresh::read_place(mesh, place).await;
    }
    records::all(store.as_ref(), Some(&[place.to_owned()])).await
}

/// The one thing at `place` that `wanted` names, by name or native id.
pub(crate) async fn one<R: Named>(mesh: &Mesh, place: &str, wanted: &str) -> Result<R> {
    let mut all = known::<R>(mesh, place).await?;
    if !all.iter().any(|record| matches(record, wanted)) && !just_read::<R>(mesh, place).await? {
        all = refresh::read_place(mesh, place).await?;
    }
    choose(&all, place, wanted).cloned()
}

async fn just_read<R: Record>(mesh: &Mesh, place: &str) -> Result<bool> {
    let read = refresh::last_read::<R>(mesh.store()?.as_ref(), place).await?;
    Ok(read.is_some_and(|read| mesh.now().duration_since(read) < FRESH_ENOUGH))
}

fn matches<R: Named>(record: &R, wanted: &str) -> bool {
    record.name() == wanted
        || record.native().is_some_and(|native| native.as_str() == wanted)
        || record.id().as_str() == wanted
}

fn choose<'a, R: Named>(all: &'a [R], place: &str, wanted: &str) -> Result<&'a R> {
    let word = R::NOUN.name;
    let found: Vec<&R> = all.iter().filter(|record| matches(*record, wanted)).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => {
            let mut names: Vec<&str> = all.iter().map(Named::name).collect();
            names.sort_unstable();
            names.dedup();
            let hint = match names.len() {
                0 => format!("there are no {} there", R::NOUN.plural),
                1..=12 => format!("there are: {}", names.join(", ")),
                more => format!("there are {more}; cm {word} list --cloud={place} shows them"),
            };
            let wanted = cloudmesh_model::noun::printable(wanted);
            Err(Error::new(ErrorKind::NotFound, format!("no {word} is called {wanted}")).at(place).hint(hint))
        }
        several => {
            let ids: Vec<String> = several
                .iter()
                .map(|record| record.native().map_or_else(|| record.id().to_string(), ToString::to_string))
                .collect();
            Err(Error::new(
                ErrorKind::Ambiguous,
                format!("{} {} are called {wanted}", several.len(), R::NOUN.plural),
            )
            .at(place)
            .hint(format!("give one of the ids: {}", ids.join(", "))))
        }
    }
}

/// What a plan takes for granted about a resolved name.
pub(crate) fn fact<R: Named>(record: &R, place: &str, name: &str) -> Option<Fact> {
    let native = record.native()?.clone();
    Some(Fact { place: place.to_owned(), kind: R::KIND, name: name.to_owned(), native })
}

/// Which servers a command means: names, members of a group, or the last machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) names: Option<&'a HostList>,
    pub(crate) group: Option<&'a str>,
    pub(crate) cloud: Option<&'a str>,
}

/// The servers that a command means. All names are found, or none is used.
pub(crate) async fn servers(mesh: &Mesh, wanted: Wanted<'_>) -> Result<Vec<Server>> {
    let mut names: Vec<(String, Option<String>)> = Vec::new();
    let cloud = wanted.cloud.map(str::to_owned);
    if let Some(list) = wanted.names {
        names.extend(list.names().into_iter().map(|name| (name, cloud.clone())));
    }
    if let Some(group) = wanted.group {
        names.extend(members(mesh, group, cloud.as_deref()).await?);
    }
    if names.is_empty() {
        let last = settings::default(mesh, GENERAL, "vm").await?.ok_or_else(|| {
            Error::bad_input("which virtual machine? There is no last one")
                .hint("give its name, or --group=GROUP")
        })?;
        names.push((last, cloud.clone()));
    }
    let everywhere = match wanted.cloud {
        Some(selector) => places::for_reading(mesh, Family::Compute, Some(selector)).await?,
        None => places::active(mesh, Family::Compute)?,
    };
    let mut found: Vec<Server> = Vec::with_capacity(names.len());
    let mut missing_once = false;
    for (name, place) in names {
        let clouds = match &place {
            Some(place) if everywhere.contains(place) => vec![place.clone()],
            _ => everywhere.clone(),
        };
        let mut here = find_server(mesh, &clouds, &name).await?;
        if here.is_empty() && !missing_once {
            missing_once = true;
            for cloud in &clouds {
                if !just_read::<Server>(mesh, cloud).await? {
                    refresh::read_place::<Server>(mesh, cloud).await?;
                }
            }
            here = find_server(mesh, &clouds, &name).await?;
        }
        match here.as_slice() {
            [one] => {
                if !found.iter().any(|server| server.id == one.id) {
                    found.push(one.clone());
                }
            }
            [] => {
                let shown = cloudmesh_model::noun::printable(&name);
                return Err(Error::new(
                    ErrorKind::NotFound,
                    format!("no virtual machine is called {shown} on {}", clouds.join(", ")),
                )
                .hint("cm vm list --refresh --cloud=all shows all there are"));
            }
            several => {
                let ids: Vec<String> = several
                    .iter()
                    .map(|server| {
                        format!(
                            "{} on {}",
                            server.native.as_ref().map_or("planned", NativeId::as_str),
                            server.place
                        )
                    })
                    .collect();
                return Err(Error::new(
                    ErrorKind::Ambiguous,
                    format!("{} virtual machines are called {name}", several.len()),
                )
                .hint(format!("add --cloud=NAME, or give one of the ids: {}", ids.join(", "))));
            }
        }
    }
    Ok(found)
}

async fn find_server(mesh: &Mesh, clouds: &[String], name: &str) -> Result<Vec<Server>> {
    let mut found = Vec::new();
    for cloud in clouds {
        found.extend(known::<Server>(mesh, cloud).await?.into_iter().filter(|server| matches(server, name)));
    }
    Ok(found)
}

async fn members(mesh: &Mesh, group: &str, cloud: Option<&str>) -> Result<Vec<(String, Option<String>)>> {
    let all: Vec<Membership> = records::all(mesh.store()?.as_ref(), None).await?;
    let members: Vec<(String, Option<String>)> = all
        .into_iter()
        .filter(|member| member.group == group && member.kind == "vm")
        .filter(|member| {
            cloud.is_none_or(|cloud| {
                member.place.is_empty() || cloud == "all" || cloud.split(',').any(|one| one == member.place)
            })
        })
        .map(|member| (member.name, Some(member.place).filter(|place| !place.is_empty())))
        .collect();
    if members.is_empty() {
        return Err(Error::new(
            ErrorKind::NotFound,
            format!("group {} has no virtual machines", cloudmesh_model::noun::printable(group)),
        )
        .hint(format!("cm {} list shows groups and members", GROUP.name)));
    }
    Ok(members)
}
