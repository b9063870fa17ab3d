//! Every change but the making of a server. Each is sent once; what its refusal means is decided here.

use cloudmesh_model::compute::ServerStatus;
use cloudmesh_model::noun::printable;
use cloudmesh_model::{Error, ErrorKind, NativeId, Result, ThingId};
use cloudmesh_resource::{Action, ComputeAction, Performed, Request, Thing};
use cloudmesh_transport::http::Answer;
use serde_json::{Value, json};

use crate::addresses::PortsPage;
use crate::catalogue::Service;
use crate::cloud::Cloud;
use crate::create_server;
use crate::key_pairs::{self, OneKeyPair};
use crate::networks;
use crate::paging::{PageEnd, PageUse, Pager};
use crate::refusal;
use crate::server_actions::{self, BUSY};
use crate::session::{Change, Verb};
use crate::thing_changes;
use crate::wire::{escaped, next_link};

pub(crate) async fn perform(cloud: &Cloud, request: &Request) -> Result<Performed> {
    let Action::Compute(action) = &request.action else {
        let action = request.action.name();
        return Err(Error::new(ErrorKind::Unsupported, format!("an OpenStack cloud has no {action}")));
    };
    match action {
        ComputeAction::CreateServer(create) => create_server::perform(cloud, create, request).await,
        ComputeAction::DeleteServer { server } => {
            delete(cloud, Service::Compute, "servers", native(request, server)?, "the server").await
        }
        ComputeAction::UploadKey { key, name, public_key } => upload_key(cloud, key, name, public_key).await,
        ComputeAction::DeleteKey { name, .. } => {
            let name = NativeId::from(name.as_str());
            let done = delete(cloud, Service::Compute, "os-keypairs", &name, "the key").await?;
            Ok(Performed { gone: true, ..done })
        }
        ComputeAction::CreateAddress { address, pool } => {
            create_address(cloud, request, address, pool.as_ref()).await
        }
        ComputeAction::AttachAddress { address, server } => {
            attach_address(cloud, address, native(request, address)?, native(request, server)?).await
        }
        ComputeAction::DetachAddress { address } => {
            let body = json!({"floatingip": {"port_id": null}});
            let answer = put_address(cloud, native(request, address)?, body).await?;
            if !answer.is_success() {
                return Err(refusal::of(&answer, Service::Network.title(), "take the floating address off"));
            }
            address_done(cloud, address, &answer).await
        }
        ComputeAction::DeleteAddress { address } => {
            let native = native(request, address)?;
            let done = delete(cloud, Service::Network, "floatingips", native, "the floating address").await?;
            Ok(Performed { gone: true, ..done })
        }
        ComputeAction::DeleteImage { image } => {
            let done = delete(cloud, Service::Image, "images", native(request, image)?, "the image").await?;
            Ok(Performed { gone: true, ..done })
        }
        other => {
            if let Some(outcome) = server_actions::perform(cloud, other, request).await {
                return outcome;
            }
            match thing_changes::perform(cloud, other, request).await {
                Some(outcome) => outcome,
                None => {
                    Err(Error::internal(format!("the native id for {} was not handed over", other.name())))
                }
            }
        }
    }
}

pub(crate) fn native<'a>(request: &'a Request, thing: &ThingId) -> Result<&'a NativeId> {
    request
        .natives
        .get(thing)
        .ok_or_else(|| Error::internal(format!("the native id of {thing} was not handed over")))
}

/// Deletes; what is gone already is deleted.
pub(crate) async fn delete(
    cloud: &Cloud,
    service: Service,
    list: &str,
    native: &NativeId,
    what: &str,
) -> Result<Performed> {
    let path = format!("/{list}/{}", escaped(native.as_str()));
    let answer =
        cloud.session.change(&Change { service, verb: Verb::Delete, path: &path, body: None }).await?;
    match answer.status() {
        200..=299 => Ok(Performed { native: Some(native.clone()), ..Performed::default() }),
        404 | 410 => Ok(Performed { native: Some(native.clone()), gone: true, ..Performed::default() }),
        _ => Err(refusal::of(&answer, service.title(), &format!("delete {what} {native}"))),
    }
}

async fn upload_key(cloud: &Cloud, id: &ThingId, name: &str, public_key: &str) -> Result<Performed> {
    if name.chars().any(char::is_control) {
        // Nova takes a line's end off without a word, and the key would go by another name.
        return Err(Error::bad_input(format!(
            "the name of the key {} holds control characters",
            printable(name)
        ))
        .hint("give it a name on one line"));
    }
    let change = Change {
        service: Service::Compute,
        verb: Verb::Post,
        path: "/os-keypairs",
        body: Some(json!({"keypair": {"name": name, "public_key": public_key.trim()}})),
    };
    let answer = cloud.session.change(&change).await?;
    let there;
    let answer = match answer.status() {
        200..=299 => &answer,
        409 => {
            let path = format!("/os-keypairs/{}", escaped(name));
            match cloud.session.get_one(Service::Compute, &path).await? {
                Some(answer) => there = answer,
                // Deleted in between.
                None => {
                    return Err(
                        refusal::of(&answer, "compute", &format!("upload the key {name}")).temporary(None)
                    );
                }
            }
            &there
        }
        _ => return Err(refusal::of(&answer, Service::Compute.title(), &format!("upload the key {name}"))),
    };
    let one: OneKeyPair<'_> = answer.json()?;
    let known = one.keypair.public_key.as_ref().map(|key| key.as_str());
    if known.is_some_and(|known| !key_pairs::same_key(known, public_key)) {
        return Err(Error::new(
            ErrorKind::Conflict,
            format!("another key is called {} there", printable(name)),
        )
        .hint("give the key another name, or delete the one in the cloud"));
    }
    let mut key = key_pairs::key_pair(&cloud.session.profile.place, &one.keypair);
    key.id = id.clone();
    key.public_key.get_or_insert_with(|| public_key.trim().to_owned());
    Ok(Performed { native: Some(key.native.clone()), thing: Some(Thing::Key(key)), gone: false })
}

async fn create_address(
    cloud: &Cloud,
    request: &Request,
    id: &ThingId,
    pool: Option<&NativeId>,
) -> Result<Performed> {
    let pool = match pool {
        Some(pool) => pool.clone(),
        None => networks::only_pool(&cloud.session).await?,
    };
    let mut body = json!({"floatingip": {"floating_network_id": pool}});
    if let Some(mark) = &request.mark {
        body["floatingip"]["description"] = json!(mark.to_string());
    }
    let change =
        Change { service: Service::Network, verb: Verb::Post, path: "/floatingips", body: Some(body) };
    let answer = cloud.session.change(&change).await?;
    if !answer.is_success() {
        return Err(refusal::of(&answer, Service::Network.title(), "take a floating address"));
    }
    address_done(cloud, id, &answer).await
}

/// What an answer with a floating address means for the thing `id`.
async fn address_done(cloud: &Cloud, id: &ThingId, answer: &Answer) -> Result<Performed> {
    let mut address = cloud.address_of_change(answer).await?;
    address.id = id.clone();
    Ok(Performed { native: address.native.clone(), thing: Some(Thing::Address(address)), gone: false })
}

async fn put_address(cloud: &Cloud, native: &NativeId, body: Value) -> Result<Answer> {
    let path = format!("/floatingips/{}", escaped(native.as_str()));
    let change = Change { service: Service::Network, verb: Verb::Put, path: &path, body: Some(body) };
    cloud.session.change(&change).await
}

async fn attach_address(
    cloud: &Cloud,
    id: &ThingId,
    address: &NativeId,
    server: &NativeId,
) -> Result<Performed> {
    let ports = ports_of(cloud, server).await?;
    if ports.is_empty() {
        // A server that is being built has no port yet; one that is gone never will.
        let error = Error::new(ErrorKind::Conflict, format!("the server {server} has no address of its own"));
        return Err(match cloud.server(server).await? {
            None => Error::new(ErrorKind::NotFound, format!("the cloud no longer knows the server {server}")),
            Some(seen) if seen.status == ServerStatus::Building => error.temporary(Some(BUSY)),
            Some(_) => error.hint("boot it on a network"),
        });
    }
    let doing = format!("lead the floating address to the server {server}");
    let mut refused = Error::internal("no port was tried");
    for port in ports {
        let answer = put_address(cloud, address, json!({"floatingip": {"port_id": port}})).await?;
        if answer.is_success() {
            return address_done(cloud, id, &answer).await;
        }
        let told = refusal::Told::read(answer.body());
        refused = refusal::of(&answer, Service::Network.title(), &doing);
        // This network has no way to the address's pool; another one of the server may have.
        if told.fault != "ExternalGatewayForFloatingIPNotFound" {
            return Err(refused);
        }
    }
    Err(refused.hint("connect the server's network to the pool by a router"))
}

/// Ids of the server's ports that have an IPv4 address.
async fn ports_of(cloud: &Cloud, server: &NativeId) -> Result<Vec<String>> {
    let query = format!("device_id={}", escaped(server.as_str()));
    let mut pager = Pager::new(Service::Network, "/ports", &query, cloud.session.profile.page_size);
    let mut ports = Vec::new();
    while let Some(answer) = pager.page(&cloud.session).await? {
        let page: PortsPage<'_> = answer.json()?;
        let taken = pager.advance(&PageEnd {
            next: next_link(&page.ports_links),
            first: page.ports.first().map(|port| port.id.as_str()),
            last: page.ports.last().map(|port| port.id.as_str()),
            count: page.ports.len(),
        })?;
        if taken == PageUse::Take {
            let usable = page
                .ports
                .iter()
                .filter(|port| port.fixed_ips.iter().any(|fixed| !fixed.ip_address.as_str().contains(':')));
            ports.extend(usable.map(|port| port.id.to_owned()));
        }
    }
    Ok(ports)
}
