//! What is read of a cloud beside its things: consoles, events, quotas, usage, zones, types of volumes.
//! Facts: Compute API reference ("Servers - run an action", "Server Consoles", "Servers - actions", "Limits",
//! "Usage reports", "Availability zones"); Networking API v2.0, "Quota details"; Block Storage API v3, "Limits".

use cloudmesh_model::{Error, ErrorKind, NativeId, Result};
use cloudmesh_resource::{Quota, ServerEvent, Usage};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::catalogue::Service;
use crate::cloud::Cloud;
use crate::refusal;
use crate::things::each_page;
use crate::wire::{escaped, moment};

fn known(answer: &cloudmesh_transport::http::Answer, native: &NativeId, doing: &str) -> Result<()> {
    match answer.status() {
        200..=299 => Ok(()),
        404 => Err(Error::new(
            ErrorKind::NotFound,
            format!("cannot {doing}: the cloud does not know the server {native}"),
        )),
        _ => Err(refusal::of(answer, Service::Compute.title(), doing)),
    }
}

pub(crate) async fn console_output(cloud: &Cloud, native: &NativeId, lines: Option<u64>) -> Result<String> {
    let path = format!("/servers/{}/action", escaped(native.as_str()));
    let body = match lines {
        Some(lines) => json!({"os-getConsoleOutput": {"length": lines}}),
        None => json!({"os-getConsoleOutput": {}}),
    };
    let answer = cloud.session.ask(Service::Compute, &path, &body).await?;
    known(&answer, native, "read the console")?;
    let value: Value = answer.json()?;
    Ok(value["output"].as_str().unwrap_or_default().to_owned())
}

/// Kinds of pages, the one that most clouds have first.
const CONSOLES: [(&str, &str); 3] = [("vnc", "novnc"), ("spice", "spice-html5"), ("serial", "serial")];

pub(crate) async fn console_page(cloud: &Cloud, native: &NativeId) -> Result<String> {
    let path = format!("/servers/{}/remote-consoles", escaped(native.as_str()));
    let mut refused = None;
    for (protocol, kind) in CONSOLES {
        let body = json!({"remote_console": {"protocol": protocol, "type": kind}});
        let answer = cloud.session.ask(Service::Compute, &path, &body).await?;
        if answer.is_success() {
            let value: Value = answer.json()?;
            if let Some(url) = value["remote_console"]["url"].as_str() {
                return Ok(url.to_owned());
            }
        }
        let error = known(&answer, native, "get a console page").err();
        if !matches!(answer.status(), 400 | 501) {
            return Err(error.unwrap_or_else(|| {
                Error::new(ErrorKind::Service, "the compute service gives a console without an address")
            }));
        }
        refused = refused.or(error);
    }
    Err(refused.unwrap_or_else(|| Error::new(ErrorKind::Unsupported, "this cloud has no console pages")))
}

pub(crate) async fn events(cloud: &Cloud, native: &NativeId) -> Result<Vec<ServerEvent>> {
    let path = format!("/servers/{}/os-instance-actions", escaped(native.as_str()));
    let Some(answer) = cloud.session.get_one(Service::Compute, &path).await? else {
        return Err(Error::new(ErrorKind::NotFound, format!("the cloud does not know the server {native}")));
    };
    let value: Value = answer.json()?;
    let text = |wire: &Value, key: &str| wire[key].as_str().unwrap_or_default().to_owned();
    let events = value["instanceActions"].as_array().into_iter().flatten().map(|wire| ServerEvent {
        at: wire["start_time"].as_str().and_then(moment),
        action: text(wire, "action"),
        message: wire["message"].as_str().map(str::to_owned),
        request: text(wire, "request_id"),
        user: text(wire, "user_id"),
    });
    Ok(events.collect())
}

/// Our word, the name of what is used, the name of what is allowed.
type Limit = (&'static str, &'static str, &'static str);

const COMPUTE: [Limit; 6] = [
    ("servers", "totalInstancesUsed", "maxTotalInstances"),
    ("cores", "totalCoresUsed", "maxTotalCores"),
    ("memory (MiB)", "totalRAMUsed", "maxTotalRAMSize"),
    ("server groups", "totalServerGroupsUsed", "maxServerGroups"),
    ("keys", "", "maxTotalKeypairs"),
    ("metadata items", "", "maxServerMeta"),
];

const VOLUME: [Limit; 3] = [
    ("volumes", "totalVolumesUsed", "maxTotalVolumes"),
    ("volume snapshots", "totalSnapshotsUsed", "maxTotalSnapshots"),
    ("volume size (GiB)", "totalGigabytesUsed", "maxTotalVolumeGigabytes"),
];

const NETWORK: [(&str, &str); 7] = [
    ("networks", "network"),
    ("subnets", "subnet"),
    ("routers", "router"),
    ("ports", "port"),
    ("floating addresses", "floatingip"),
    ("security groups", "security_group"),
    ("security rules", "security_group_rule"),
];

fn absolute(service: Service, limits: &[Limit], value: &Value) -> Vec<Quota> {
    let absolute = &value["limits"]["absolute"];
    let known = limits.iter().filter_map(|(resource, used, allowed)| {
        let allowed = absolute[allowed].as_i64()?;
        Some(Quota {
            service: service.title().to_owned(),
            resource: (*resource).to_owned(),
            used: absolute[used].as_u64(),
            limit: u64::try_from(allowed).ok(),
        })
    });
    known.collect()
}

pub(crate) async fn quotas(cloud: &Cloud) -> Result<Vec<Quota>> {
    let session = &cloud.session;
    let project = session.log_in().await?.facts.project_id.clone();
    let (compute, network, volume) = futures::join!(
        session.get(Service::Compute, "/limits"),
        network_quotas(cloud, &project),
        session.get(Service::Volume, "/limits"),
    );
    let mut quotas = absolute(Service::Compute, &COMPUTE, &compute?.json()?);
    quotas.extend(network?);
    match volume {
        Ok(answer) => quotas.extend(absolute(Service::Volume, &VOLUME, &answer.json()?)),
        // A cloud without volumes, or a project that may not have any.
        Err(error) if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::Forbidden) => {}
        Err(error) => return Err(error),
    }
    Ok(quotas)
}

/// With what is used of them where the extension `quota_details` is there, without elsewhere.
async fn network_quotas(cloud: &Cloud, project: &str) -> Result<Vec<Quota>> {
    let project = escaped(project);
    let details = format!("/quotas/{project}/details.json");
    let answer = match cloud.session.get_one(Service::Network, &details).await {
        Ok(Some(answer)) => answer,
        Ok(None) => cloud.session.get(Service::Network, &format!("/quotas/{project}")).await?,
        Err(error) if matches!(error.kind(), ErrorKind::Unsupported) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let value: Value = answer.json()?;
    let quota = &value["quota"];
    let known = NETWORK.iter().filter_map(|(resource, key)| {
        let item = quota.get(key)?;
        let limit = item["limit"].as_i64().or(item.as_i64())?;
        Some(Quota {
            service: Service::Network.title().to_owned(),
            resource: (*resource).to_owned(),
            used: item["used"].as_u64(),
            limit: u64::try_from(limit).ok(),
        })
    });
    Ok(known.collect())
}

pub(crate) async fn usage(cloud: &Cloud, from: Timestamp, to: Timestamp) -> Result<Vec<Usage>> {
    let project = cloud.session.log_in().await?.facts.project_id.clone();
    // Nova takes moments without a zone, in UTC.
    let plain = |moment: Timestamp| moment.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let period = format!("start={}&end={}", escaped(&plain(from)), escaped(&plain(to)));
    let path = format!("/os-simple-tenant-usage/{}", escaped(&project));
    let mut usages: Vec<Usage> = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let page = match &marker {
            Some(marker) => format!("{path}?{period}&marker={}", escaped(marker)),
            None => format!("{path}?{period}"),
        };
        let answer = cloud.session.get(Service::Compute, &page).await?;
        let value: Value = answer.json()?;
        let servers =
            value["tenant_usage"]["server_usages"].as_array().map(Vec::as_slice).unwrap_or_default();
        usages.extend(servers.iter().map(one_usage));
        let next = value["tenant_usage_links"].as_array().is_some_and(|links| !links.is_empty());
        let last = servers.last().and_then(|server| server["instance_id"].as_str()).map(str::to_owned);
        if !next || last.is_none() || last == marker {
            return Ok(usages);
        }
        marker = last;
    }
}

fn one_usage(wire: &Value) -> Usage {
    let text = |key: &str| wire[key].as_str().unwrap_or_default().to_owned();
    let number = |key: &str| wire[key].as_u64().unwrap_or(0);
    Usage {
        server: text("name"),
        native: text("instance_id"),
        flavor: text("flavor"),
        state: text("state").to_ascii_lowercase(),
        hours: wire["hours"].as_f64().unwrap_or(0.0),
        vcpus: number("vcpus"),
        memory: number("memory_mb"),
        disk: number("local_gb"),
        started: wire["started_at"].as_str().and_then(moment),
        ended: wire["ended_at"].as_str().and_then(moment),
    }
}

pub(crate) async fn zones(cloud: &Cloud) -> Result<Vec<(String, bool)>> {
    let answer = cloud.session.get(Service::Compute, "/os-availability-zone").await?;
    let value: Value = answer.json()?;
    let zones = value["availabilityZoneInfo"].as_array().into_iter().flatten().filter_map(|zone| {
        let available = zone["zoneState"]["available"].as_bool().unwrap_or(false);
        Some((zone["zoneName"].as_str()?.to_owned(), available))
    });
    Ok(zones.collect())
}

pub(crate) async fn volume_types(cloud: &Cloud) -> Result<Vec<(String, String)>> {
    let mut types = Vec::new();
    each_page(cloud, Service::Volume, "/types", "", "volume_types", &mut |page| {
        types.extend(page.iter().filter_map(|wire| {
            let about = wire["description"].as_str().unwrap_or_default();
            Some((wire["name"].as_str()?.to_owned(), about.to_owned()))
        }));
    })
    .await?;
    Ok(types)
}
