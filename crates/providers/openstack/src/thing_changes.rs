//! Changes of networks, security groups, volumes and server groups. Each is sent once.
//! Facts: Networking API v2.0 reference; Block Storage API v3 reference; Compute API reference,
//! "Servers with volume attachments", "Server groups".

use cloudmesh_model::cloud_things::SecurityRule;
use cloudmesh_model::noun::printable;
use cloudmesh_model::{Error, ErrorKind, NativeId, Result, ThingId, ThingKind};
use cloudmesh_resource::{ComputeAction, CreateVolume, Performed, Request, Thing};
use serde_json::{Map, Value, json};

use crate::catalogue::Service;
use crate::changes::{delete, native};
use crate::cloud::Cloud;
use crate::marks::{self, MARK_KEY};
use crate::server_actions::BUSY;
use crate::session::{Change, Verb};
use crate::wire::escaped;
use crate::{refusal, things};

/// Performs a change of one of these kinds; `None` if `action` is none of those of this file.
pub(crate) async fn perform(
    cloud: &Cloud,
    action: &ComputeAction,
    request: &Request,
) -> Option<Result<Performed>> {
    use ComputeAction as Do;
    let described = |text: &str| marks::describe(text, request.mark.as_ref());
    Some(match action {
        Do::CreateNetwork { name, .. } => {
            let fields = json!({"name": name, "description": described("")});
            create(cloud, request, ThingKind::Network, name, fields).await
        }
        Do::CreateSubnet { network, name, range, name_servers, .. } => match native(request, network) {
            Err(error) => Err(error),
            Ok(network) => {
                let version = if range.contains(':') { 6 } else { 4 };
                let mut fields = json!({"name": name, "description": described(""), "network_id": network,
                    "cidr": range, "ip_version": version});
                if !name_servers.is_empty() {
                    fields["dns_nameservers"] = json!(name_servers);
                }
                create(cloud, request, ThingKind::Subnet, name, fields).await
            }
        },
        Do::CreateRouter { name, gateway, .. } => {
            let mut fields = json!({"name": name, "description": described("")});
            if let Some(gateway) = gateway {
                fields["external_gateway_info"] = json!({"network_id": gateway});
            }
            create(cloud, request, ThingKind::Router, name, fields).await
        }
        Do::CreatePort { network, name, address, .. } => match native(request, network) {
            Err(error) => Err(error),
            Ok(network) => {
                let mut fields = json!({"name": name, "description": described(""), "network_id": network});
                if let Some(address) = address {
                    fields["fixed_ips"] = json!([{"ip_address": address}]);
                }
                create(cloud, request, ThingKind::Port, name, fields).await
            }
        },
        Do::CreateSecurityGroup { name, description, .. } => {
            let fields = json!({"name": name, "description": described(description)});
            create(cloud, request, ThingKind::SecurityGroup, name, fields).await
        }
        Do::CreateVolume(wish) => {
            create(cloud, request, ThingKind::Volume, &wish.name, volume(wish, request)).await
        }
        Do::CreateSnapshot { volume, name, .. } => match native(request, volume) {
            Err(error) => Err(error),
            Ok(volume) => {
                // `force`: of a volume that a server has, too.
                let mut fields = json!({"name": name, "volume_id": volume, "force": true});
                if let Some(mark) = &request.mark {
                    fields["metadata"] = json!({MARK_KEY: mark.to_string()});
                }
                create(cloud, request, ThingKind::VolumeSnapshot, name, fields).await
            }
        },
        Do::CreateServerGroup { name, policy, .. } => {
            let fields = json!({"name": name, "policies": [policy]});
            create(cloud, request, ThingKind::ServerGroup, name, fields).await
        }
        Do::DeleteNetwork { network } => {
            remove(cloud, request, ThingKind::Network, network, "the network").await
        }
        Do::DeleteSubnet { subnet } => remove(cloud, request, ThingKind::Subnet, subnet, "the subnet").await,
        Do::DeleteRouter { router } => remove(cloud, request, ThingKind::Router, router, "the router").await,
        Do::DeletePort { port } => remove(cloud, request, ThingKind::Port, port, "the port").await,
        Do::DeleteSecurityGroup { group } => {
            remove(cloud, request, ThingKind::SecurityGroup, group, "the security group").await
        }
        Do::DeleteVolume { volume } => remove(cloud, request, ThingKind::Volume, volume, "the volume").await,
        Do::DeleteSnapshot { snapshot } => {
            remove(cloud, request, ThingKind::VolumeSnapshot, snapshot, "the copy of a volume").await
        }
        Do::DeleteServerGroup { group } => {
            remove(cloud, request, ThingKind::ServerGroup, group, "the server group").await
        }
        Do::AttachSubnet { router, subnet } => join(cloud, request, router, subnet, true).await,
        Do::DetachSubnet { router, subnet } => join(cloud, request, router, subnet, false).await,
        Do::AddRule { group, rule } => add_rule(cloud, request, group, rule).await,
        Do::RemoveRule { group, rule } => remove_rule(cloud, request, group, rule).await,
        Do::ExtendVolume { volume, size } => extend(cloud, request, volume, *size).await,
        Do::AttachVolume { volume, server } => attach(cloud, request, volume, server).await,
        Do::DetachVolume { volume, server } => detach(cloud, request, volume, server).await,
        _ => return None,
    })
}

fn volume(wish: &CreateVolume, request: &Request) -> Value {
    let mut fields = Map::new();
    let mut put = |key: &str, value: Value| {
        fields.insert(key.to_owned(), value);
    };
    put("name", json!(wish.name));
    put("size", json!(wish.size));
    if let Some(volume_type) = &wish.volume_type {
        put("volume_type", json!(volume_type));
    }
    if let Some(image) = &wish.image {
        put("imageRef", json!(image));
    }
    if let Some(snapshot) = &wish.snapshot {
        put("snapshot_id", json!(snapshot));
    }
    if let Some(zone) = &wish.zone {
        put("availability_zone", json!(zone));
    }
    if let Some(mark) = &request.mark {
        put("metadata", json!({MARK_KEY: mark.to_string()}));
    }
    Value::Object(fields)
}

fn source(kind: ThingKind) -> Result<things::Source> {
    things::source(kind).ok_or_else(|| Error::internal(format!("a {kind} cannot be changed here")))
}

async fn create(
    cloud: &Cloud,
    request: &Request,
    kind: ThingKind,
    name: &str,
    fields: Value,
) -> Result<Performed> {
    let source = source(kind)?;
    // The soft policies of server groups came with 2.15.
    let soft = fields["policies"][0].as_str().is_some_and(|policy| policy.starts_with("soft-"));
    let body = Some(json!({ source.one: fields }));
    let change = Change { service: source.service, verb: Verb::Post, path: source.path, body };
    let answer = cloud.session.change_at(soft.then_some(15), &change).await?;
    if !answer.is_success() {
        let word = kind.as_str().replace('_', " ").replace("secgroup", "security group");
        let doing = format!("make the {word} {}", printable(name));
        return Err(refusal::of(&answer, source.service.title(), &doing));
    }
    let wire: Value = answer.json()?;
    let made = things::thing(cloud, kind, &wire[source.one], &Default::default())
        .ok_or_else(|| {
            Error::new(
                ErrorKind::Service,
                format!("the {} service made a {kind} and does not say which", source.service.title()),
            )
            .uncertain()
        })?
        .with_id(request.action.subject().1);
    Ok(Performed { native: made.native().cloned(), thing: Some(made), gone: false })
}

async fn remove(
    cloud: &Cloud,
    request: &Request,
    kind: ThingKind,
    thing: &ThingId,
    what: &str,
) -> Result<Performed> {
    let source = source(kind)?;
    let id = native(request, thing)?;
    let outcome = delete(cloud, source.service, source.path.trim_start_matches('/'), id, what).await;
    // Cinder takes its time, and refuses a second deletion meanwhile.
    let slow = matches!(kind, ThingKind::Volume | ThingKind::VolumeSnapshot);
    match outcome {
        Ok(done) => Ok(Performed { gone: done.gone || !slow, ..done }),
        Err(error) if slow && matches!(error.kind(), ErrorKind::BadInput | ErrorKind::Conflict) => {
            match status(cloud, kind, id).await? {
                None => Ok(Performed { native: Some(id.clone()), gone: true, ..Performed::default() }),
                Some(status) if status == "deleting" => {
                    Ok(Performed { native: Some(id.clone()), ..Performed::default() })
                }
                Some(status) if status.ends_with("ing") => Err(error.temporary(Some(BUSY))),
                Some(status) => Err(error.with("state", status)),
            }
        }
        Err(error) => Err(error),
    }
}

/// The state of a volume or a copy of one; `None` if it is gone.
async fn status(cloud: &Cloud, kind: ThingKind, native: &NativeId) -> Result<Option<String>> {
    Ok(match things::one(cloud, kind, native).await? {
        Some(Thing::Volume(volume)) => Some(volume.status),
        Some(Thing::VolumeSnapshot(snapshot)) => Some(snapshot.status),
        _ => None,
    })
}

fn done(native: &NativeId) -> Performed {
    Performed { native: Some(native.clone()), ..Performed::default() }
}

async fn join(
    cloud: &Cloud,
    request: &Request,
    router: &ThingId,
    subnet: &ThingId,
    connect: bool,
) -> Result<Performed> {
    let (router, subnet) = (native(request, router)?, native(request, subnet)?);
    let verb = if connect { "add_router_interface" } else { "remove_router_interface" };
    let path = format!("/routers/{}/{verb}", escaped(router.as_str()));
    let body = Some(json!({"subnet_id": subnet}));
    let change = Change { service: Service::Network, verb: Verb::Put, path: &path, body };
    let answer = cloud.session.change(&change).await?;
    let told = refusal::Told::read(answer.body());
    let sentence = told.sentence.clone().unwrap_or_default();
    let already = if connect {
        answer.status() == 400 && sentence.contains("already has a port on subnet")
    } else {
        told.fault == "RouterInterfaceNotFoundForSubnet" || sentence.contains("has no interface on subnet")
    };
    if answer.is_success() || already {
        return Ok(done(router));
    }
    let doing = if connect { "connect the subnet to the router" } else { "take the subnet off the router" };
    Err(refusal::of(&answer, Service::Network.title(), doing))
}

/// The native id of a group of our project that a rule names.
async fn group_named(cloud: &Cloud, wanted: &str) -> Result<String> {
    let mut found = Vec::new();
    things::each(cloud, ThingKind::SecurityGroup, &mut |groups| {
        found.extend(groups.into_iter().filter_map(|group| {
            let native = group.native()?.as_str().to_owned();
            (group.name() == wanted || native == wanted).then_some(native)
        }));
    })
    .await?;
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => {
            Err(Error::new(ErrorKind::NotFound, format!("no security group is called {}", printable(wanted)))
                .hint("cm secgroup upload takes a group to the cloud"))
        }
        several => Err(Error::new(
            ErrorKind::Ambiguous,
            format!("{} security groups are called {}", several.len(), printable(wanted)),
        )
        .hint(format!("give one of the ids: {}", several.join(", ")))),
    }
}

async fn add_rule(
    cloud: &Cloud,
    request: &Request,
    group: &ThingId,
    rule: &SecurityRule,
) -> Result<Performed> {
    let group = native(request, group)?;
    let mut fields = json!({
        "security_group_id": group,
        "direction": if rule.incoming { "ingress" } else { "egress" },
        "ethertype": if rule.version_six { "IPv6" } else { "IPv4" },
    });
    if let Some(protocol) = &rule.protocol {
        fields["protocol"] = json!(protocol);
    }
    if let Some(from) = rule.from {
        fields["port_range_min"] = json!(from);
    }
    if let Some(to) = rule.to {
        fields["port_range_max"] = json!(to);
    }
    match (&rule.range, &rule.group) {
        (Some(range), _) => fields["remote_ip_prefix"] = json!(range),
        (None, Some(other)) => fields["remote_group_id"] = json!(group_named(cloud, other).await?),
        (None, None) => {}
    }
    let body = Some(json!({"security_group_rule": fields}));
    let path = "/security-group-rules";
    let change = Change { service: Service::Network, verb: Verb::Post, path, body };
    let answer = cloud.session.change(&change).await?;
    let exists =
        answer.status() == 409 && (refusal::Told::read(answer.body()).fault == "SecurityGroupRuleExists");
    if answer.is_success() || exists {
        return after_rules(cloud, request, group).await;
    }
    Err(refusal::of(&answer, Service::Network.title(), &format!("add the rule {rule}")))
}

async fn remove_rule(
    cloud: &Cloud,
    request: &Request,
    group: &ThingId,
    rule: &SecurityRule,
) -> Result<Performed> {
    let group = native(request, group)?;
    let path = format!("/security-groups/{}", escaped(group.as_str()));
    let Some(answer) = cloud.session.get_one(Service::Network, &path).await? else { return Ok(done(group)) };
    let wire: Value = answer.json()?;
    let other = match &rule.group {
        Some(other) => Some(group_named(cloud, other).await?),
        None => None,
    };
    for wire in wire["security_group"]["security_group_rules"].as_array().into_iter().flatten() {
        let seen = things::rule(wire, &Default::default());
        let wanted = SecurityRule { group: other.clone(), ..rule.clone() }.normal();
        let Some(id) = wire["id"].as_str().filter(|_| seen == wanted) else { continue };
        let id = NativeId::from(id);
        delete(cloud, Service::Network, "security-group-rules", &id, "the rule").await?;
    }
    after_rules(cloud, request, group).await
}

/// The group after a change of its rules; the change stands whatever comes of this look.
async fn after_rules(cloud: &Cloud, request: &Request, group: &NativeId) -> Result<Performed> {
    let thing = things::one(cloud, ThingKind::SecurityGroup, group).await.ok().flatten();
    Ok(Performed { thing: thing.map(|thing| thing.with_id(request.action.subject().1)), ..done(group) })
}

async fn volume_now(cloud: &Cloud, native: &NativeId) -> Result<cloudmesh_model::cloud_things::Volume> {
    match things::one(cloud, ThingKind::Volume, native).await? {
        Some(Thing::Volume(volume)) => Ok(volume),
        _ => Err(Error::new(ErrorKind::NotFound, format!("the cloud no longer knows the volume {native}"))),
    }
}

async fn extend(cloud: &Cloud, request: &Request, id: &ThingId, size: u64) -> Result<Performed> {
    let native = native(request, id)?;
    let path = format!("/volumes/{}/action", escaped(native.as_str()));
    let body = Some(json!({"os-extend": {"new_size": size}}));
    let change = Change { service: Service::Volume, verb: Verb::Post, path: &path, body };
    let answer = cloud.session.change(&change).await?;
    if answer.is_success() {
        return Ok(done(native));
    }
    let error = refusal::of(&answer, Service::Volume.title(), &format!("extend the volume {native}"));
    if !matches!(answer.status(), 400 | 409) {
        return Err(error);
    }
    let volume = volume_now(cloud, native).await?;
    if volume.size >= size || volume.status == "extending" {
        return Ok(done(native));
    }
    let busy = volume.status.ends_with("ing");
    let error = error.with("state", &volume.status);
    Err(if busy { error.temporary(Some(BUSY)) } else { error })
}

async fn attach(cloud: &Cloud, request: &Request, volume: &ThingId, server: &ThingId) -> Result<Performed> {
    let (volume, server) = (native(request, volume)?, native(request, server)?);
    let path = format!("/servers/{}/os-volume_attachments", escaped(server.as_str()));
    let body = Some(json!({"volumeAttachment": {"volumeId": volume}}));
    let change = Change { service: Service::Compute, verb: Verb::Post, path: &path, body };
    let answer = cloud.session.change(&change).await?;
    if answer.is_success() {
        return Ok(done(volume));
    }
    let doing = format!("attach the volume {volume} to the server {server}");
    let error = refusal::of(&answer, Service::Compute.title(), &doing);
    if !matches!(answer.status(), 400 | 409) {
        return Err(error);
    }
    let seen = volume_now(cloud, volume).await?;
    if seen.attached_to.iter().any(|there| there == server.as_str()) || seen.status == "attaching" {
        return Ok(done(volume));
    }
    let error = error.with("state", &seen.status);
    let building = match cloud.server(server).await? {
        None => return Err(Error::new(ErrorKind::NotFound, format!("cannot {doing}: the server is gone"))),
        Some(server) => {
            use cloudmesh_model::compute::ServerStatus::{Building, Changing};
            matches!(server.status, Building | Changing)
        }
    };
    let busy = building || matches!(seen.status.as_str(), "creating" | "detaching" | "extending");
    Err(if busy { error.temporary(Some(BUSY)) } else { error })
}

async fn detach(cloud: &Cloud, request: &Request, volume: &ThingId, server: &ThingId) -> Result<Performed> {
    let (volume, server) = (native(request, volume)?, native(request, server)?);
    let path =
        format!("/servers/{}/os-volume_attachments/{}", escaped(server.as_str()), escaped(volume.as_str()));
    let change = Change { service: Service::Compute, verb: Verb::Delete, path: &path, body: None };
    let answer = cloud.session.change(&change).await?;
    if answer.is_success() || answer.status() == 404 {
        return Ok(done(volume));
    }
    let doing = format!("take the volume {volume} off the server {server}");
    let error = refusal::of(&answer, Service::Compute.title(), &doing);
    if !matches!(answer.status(), 400 | 409) {
        return Err(error);
    }
    let seen = volume_now(cloud, volume).await?;
    if seen.status == "detaching" || !seen.attached_to.iter().any(|there| there == server.as_str()) {
        return Ok(done(volume));
    }
    let error = error.with("state", &seen.status);
    Err(if seen.status.ends_with("ing") { error.temporary(Some(BUSY)) } else { error })
}
