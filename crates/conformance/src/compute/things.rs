//! Networks, security groups, volumes and server groups: made once, found by their marks, taken away.

use cloudmesh_model::cloud_things::SecurityRule;
use cloudmesh_model::{ErrorKind, NativeId, ThingId, ThingKind};
use cloudmesh_resource::{ComputeAction, CreateVolume, Thing};

use super::bench::{ComputeBench, find};
use super::verbs::settled;
use crate::case::case;
use crate::outcome::hold;
use crate::{Case, Failure, Outcome};

pub(super) static CASES: &[Case<ComputeBench>] = &[
    case!(
        a_network_with_subnet_router_and_port_is_made_and_taken_away,
        [
            "create_network",
            "create_subnet",
            "create_router",
            "create_port",
            "attach_subnet",
            "detach_subnet",
            "delete_port",
            "delete_router",
            "delete_subnet",
            "delete_network"
        ],
        []
    ),
    case!(
        a_security_group_has_a_rule_once,
        ["create_secgroup", "add_rule", "remove_rule", "delete_secgroup"],
        []
    ),
    case!(
        a_volume_is_extended_copied_and_deleted,
        ["create_volume", "extend_volume", "create_snapshot", "delete_snapshot", "delete_volume"],
        [Volumes]
    ),
    case!(
        a_volume_goes_to_a_server_and_back,
        ["create_server", "create_volume", "attach_volume", "detach_volume", "delete_volume"],
        [Volumes]
    ),
    case!(a_server_group_is_made_and_taken_away, ["create_server_group", "delete_server_group"], []),
    case!(whatever_is_gone_is_deleted, [], []),
];

type Known = (ThingId, NativeId);

/// Makes something, and sees that it carries its mark.
async fn make(
    bench: &ComputeBench,
    action: ComputeAction,
    natives: &[(&ThingId, &NativeId)],
) -> Outcome<(Known, Thing)> {
    let subject = cloudmesh_resource::Action::Compute(action.clone());
    let (kind, id) = subject.subject();
    let id = id.clone();
    let until = action.leads_to();
    let name = action.name();
    let performed = bench.perform(action, natives).await??;
    let native = performed.native.ok_or_else(|| Failure(format!("{name} does not tell the native id")))?;
    let seen = match until {
        Some(until) => settled(bench, kind, &id, &native, until).await?,
        None => bench.look(kind, &id, &native).await?,
    };
    let seen = seen.ok_or_else(|| Failure(format!("{name} made nothing")))?;
    hold!(*seen.id() == id, "{name} made {:?}", seen.id());
    if kind != ThingKind::ServerGroup {
        let mark = bench.mark(&id)?;
        hold!(seen.mark() == Some(&mark), "{name} made a thing with the mark {:?}", seen.mark());
        let found = find(&*bench.cloud, kind, &[mark]).await?;
        hold!(found.len() == 1 && found[0].native == native, "the mark finds {found:?}");
    }
    Ok(((id, native), seen))
}

/// Performs a change twice.
async fn twice(
    bench: &ComputeBench,
    action: ComputeAction,
    natives: &[(&ThingId, &NativeId)],
) -> Outcome<Option<Thing>> {
    let subject = cloudmesh_resource::Action::Compute(action.clone());
    let (kind, id) = subject.subject();
    let native = natives.iter().find(|(of, _)| *of == id).map(|(_, native)| (*native).clone());
    let native = native.ok_or_else(|| Failure("no native id was given".to_owned()))?;
    for _ in 0..2 {
        bench.perform(action.clone(), natives).await??;
        if let Some(until) = action.leads_to() {
            settled(bench, kind, id, &native, until).await?;
        }
    }
    bench.look(kind, id, &native).await
}

async fn a_network_with_subnet_router_and_port_is_made_and_taken_away(bench: &ComputeBench) -> Outcome {
    let name = || "conformance".to_owned();
    let draw = ThingId::planned;
    let action = ComputeAction::CreateNetwork { network: draw(), name: name() };
    let (network, _) = make(bench, action, &[]).await?;
    let action = ComputeAction::CreateSubnet {
        subnet: draw(),
        network: network.0.clone(),
        name: name(),
        range: "192.168.77.0/24".to_owned(),
        name_servers: vec!["192.168.77.2".to_owned()],
    };
    let (subnet, seen) = make(bench, action, &[(&network.0, &network.1)]).await?;
    let Thing::Subnet(seen) = seen else { return Err("a subnet is something else".to_owned().into()) };
    hold!(seen.range == "192.168.77.0/24" && seen.name_servers == ["192.168.77.2"], "{seen:?}");
    hold!(seen.network == "conformance", "it is on the network {}", seen.network);
    let action = ComputeAction::CreateRouter { router: draw(), name: name(), gateway: None };
    let (router, _) = make(bench, action, &[]).await?;
    let both = [(&router.0, &router.1), (&subnet.0, &subnet.1)];
    let join = ComputeAction::AttachSubnet { router: router.0.clone(), subnet: subnet.0.clone() };
    twice(bench, join, &both).await?;
    let action =
        ComputeAction::CreatePort { port: draw(), network: network.0.clone(), name: name(), address: None };
    let (port, seen) = make(bench, action, &[(&network.0, &network.1)]).await?;
    let Thing::Port(seen) = seen else { return Err("a port is something else".to_owned().into()) };
    hold!(seen.addresses.len() == 1, "its addresses are {:?}", seen.addresses);
    twice(bench, ComputeAction::DeletePort { port: port.0.clone() }, &[(&port.0, &port.1)]).await?;
    let leave = ComputeAction::DetachSubnet { router: router.0.clone(), subnet: subnet.0.clone() };
    twice(bench, leave, &both).await?;
    for (action, thing) in [
        (ComputeAction::DeleteRouter { router: router.0.clone() }, &router),
        (ComputeAction::DeleteSubnet { subnet: subnet.0.clone() }, &subnet),
        (ComputeAction::DeleteNetwork { network: network.0.clone() }, &network),
    ] {
        let left = twice(bench, action, &[(&thing.0, &thing.1)]).await?;
        hold!(left.is_none(), "it is still there: {left:?}");
    }
    Ok(())
}

async fn a_security_group_has_a_rule_once(bench: &ComputeBench) -> Outcome {
    let action = ComputeAction::CreateSecurityGroup {
        group: ThingId::planned(),
        name: "conformance group".to_owned(),
        description: "made by a test".to_owned(),
    };
    let (group, seen) = make(bench, action, &[]).await?;
    let Thing::SecurityGroup(seen) = seen else { return Err("a group is something else".to_owned().into()) };
    hold!(seen.description == "made by a test", "its description is {:?}", seen.description);
    let at_first = seen.rules.len();
    let rule = |from, to, range: Option<&str>, group: Option<&str>| SecurityRule {
        incoming: true,
        protocol: Some("tcp".to_owned()),
        from: Some(from),
        to: Some(to),
        range: range.map(str::to_owned),
        group: group.map(str::to_owned),
        version_six: false,
    };
    let icmp =
        SecurityRule { protocol: Some("icmp".to_owned()), from: None, to: None, ..rule(0, 0, None, None) };
    let rules = [
        rule(22, 22, None, None),
        rule(8000, 8010, Some("192.168.0.0/16"), None),
        rule(1, 65535, None, Some("conformance group")),
        icmp,
    ];
    let natives = [(&group.0, &group.1)];
    for (number, rule) in rules.iter().enumerate() {
        let add = ComputeAction::AddRule { group: group.0.clone(), rule: rule.clone() };
        let Some(Thing::SecurityGroup(seen)) = twice(bench, add, &natives).await? else {
            return Err("the group is gone".to_owned().into());
        };
        hold!(seen.rules.len() == at_first + number + 1, "{rule} made these rules: {:?}", seen.rules);
        let here = SecurityRule { group: None, ..rule.clone() }.normal();
        let known = |seen: &SecurityRule| SecurityRule { group: None, ..seen.clone() } == here;
        hold!(seen.rules.iter().any(known), "{rule} is not among {:?}", seen.rules);
    }
    for rule in rules {
        twice(bench, ComputeAction::RemoveRule { group: group.0.clone(), rule }, &natives).await?;
    }
    let Some(Thing::SecurityGroup(seen)) = bench.look(ThingKind::SecurityGroup, &group.0, &group.1).await?
    else {
        return Err("the group is gone".to_owned().into());
    };
    hold!(seen.rules.len() == at_first, "these rules are left: {:?}", seen.rules);
    let left = twice(bench, ComputeAction::DeleteSecurityGroup { group: group.0.clone() }, &natives).await?;
    hold!(left.is_none(), "it is still there");
    Ok(())
}

async fn volume(bench: &ComputeBench) -> Outcome<Known> {
    let wish = CreateVolume {
        volume: ThingId::planned(),
        name: "conformance volume".to_owned(),
        size: 1,
        volume_type: None,
        image: None,
        snapshot: None,
        zone: None,
    };
    Ok(make(bench, ComputeAction::CreateVolume(Box::new(wish)), &[]).await?.0)
}

async fn a_volume_is_extended_copied_and_deleted(bench: &ComputeBench) -> Outcome {
    let (id, native) = volume(bench).await?;
    let natives = [(&id, &native)];
    let extend = ComputeAction::ExtendVolume { volume: id.clone(), size: 2 };
    let Some(Thing::Volume(seen)) = twice(bench, extend, &natives).await? else {
        return Err("the volume is gone".to_owned().into());
    };
    hold!(seen.size == 2, "it has {} GiB", seen.size);
    let action = ComputeAction::CreateSnapshot {
        snapshot: ThingId::planned(),
        volume: id.clone(),
        name: "conformance copy".to_owned(),
    };
    let (copy, _) = make(bench, action, &natives).await?;
    let delete = ComputeAction::DeleteSnapshot { snapshot: copy.0.clone() };
    twice(bench, delete, &[(&copy.0, &copy.1)]).await?;
    twice(bench, ComputeAction::DeleteVolume { volume: id.clone() }, &natives).await?;
    Ok(())
}

async fn a_volume_goes_to_a_server_and_back(bench: &ComputeBench) -> Outcome {
    let server = bench.active_server().await?;
    let (id, native) = volume(bench).await?;
    let natives = [(&id, &native), (&server.0, &server.1)];
    let attach = ComputeAction::AttachVolume { volume: id.clone(), server: server.0.clone() };
    let Some(Thing::Volume(seen)) = twice(bench, attach, &natives).await? else {
        return Err("the volume is gone".to_owned().into());
    };
    hold!(seen.attached_to == [server.1.as_str()], "it is attached to {:?}", seen.attached_to);
    let detach = ComputeAction::DetachVolume { volume: id.clone(), server: server.0.clone() };
    twice(bench, detach, &natives).await?;
    twice(bench, ComputeAction::DeleteVolume { volume: id.clone() }, &[(&id, &native)]).await?;
    Ok(())
}

async fn a_server_group_is_made_and_taken_away(bench: &ComputeBench) -> Outcome {
    for policy in ["anti-affinity", "soft-affinity"] {
        let action = ComputeAction::CreateServerGroup {
            group: ThingId::planned(),
            name: "conformance group".to_owned(),
            policy: policy.to_owned(),
        };
        let (group, seen) = make(bench, action, &[]).await?;
        let Thing::ServerGroup(seen) = seen else { return Err("it is something else".to_owned().into()) };
        hold!(seen.policy == policy, "its policy is {}", seen.policy);
        let delete = ComputeAction::DeleteServerGroup { group: group.0.clone() };
        let left = twice(bench, delete, &[(&group.0, &group.1)]).await?;
        hold!(left.is_none(), "it is still there");
    }
    Ok(())
}

/// For each deletion of the enumeration: what is not there counts as deleted, and says so.
async fn whatever_is_gone_is_deleted(bench: &ComputeBench) -> Outcome {
    for name in
        ComputeAction::NAMES.iter().filter(|name| name.starts_with("delete_") && **name != "delete_key")
    {
        let (id, native) = (ThingId::planned(), NativeId::from(super::servers::NOBODY));
        let Some(action) = super::table::sample(name, &id) else {
            return Err(format!("there is no sample of {name}").into());
        };
        let has =
            bench.cloud.capabilities().iter().any(|line| {
                line.action == *name && matches!(line.support, cloudmesh_resource::Support::Yes(_))
            });
        if has {
            let performed = match bench.perform(action, &[(&id, &native)]).await? {
                // A cloud without that service says so.
                Err(error) if error.kind() == ErrorKind::Unsupported => continue,
                outcome => outcome?,
            };
            hold!(performed.gone, "{name} of what was never there does not say that it is gone");
        }
    }
    Ok(())
}
