//! Lists of servers: filters, order, pages. Facts: Compute API reference, "List Servers" and "Pagination"; 2.26 brings
//! tags, 2.66 changes-before, 2.73 locked, 2.75 refuses unknown parameters, 2.83 opens more filters to everybody.

use std::collections::HashMap;

use jiff::Timestamp;
use regex_lite::{Regex, RegexBuilder};
use serde_json::{Map, Value, json};

use crate::answer::{Answer, Outcome};
use crate::dispatch::Call;
use crate::nova::model::{Server, VmState};
use crate::nova::{bad, forbidden, view};
use crate::paging::{effective_limit, next_query, page};
use crate::request::Request;
use crate::state::{CloudState, Region};

const GREATEST_LIMIT: usize = 1000;

/// The limit of a page, from the query and the cloud.
pub(crate) fn limit(request: &Request, page_size: Option<usize>) -> Result<usize, Answer> {
    let asked = match request.parameter("limit") {
        None | Some("") => None,
        Some(text) => Some(text.parse::<usize>().map_err(|_| {
            bad(&format!(
                "Invalid input for query parameters limit. Value: {text}. '{text}' does not match '^[0-9]*$'"
            ))
        })?),
    };
    let allowed = page_size.unwrap_or(GREATEST_LIMIT);
    Ok(effective_limit(asked, Some(allowed)).unwrap_or(allowed))
}

/// Every parameter that Nova's schema for this list knows.
const KNOWN: [&str; 57] = [
    "user_id",
    "project_id",
    "tenant_id",
    "launch_index",
    "image_ref",
    "image",
    "kernel_id",
    "ramdisk_id",
    "hostname",
    "key_name",
    "power_state",
    "vm_state",
    "task_state",
    "host",
    "node",
    "flavor",
    "reservation_id",
    "launched_at",
    "terminated_at",
    "availability_zone",
    "name",
    "display_name",
    "description",
    "display_description",
    "locked_by",
    "uuid",
    "root_device_name",
    "config_drive",
    "access_ip_v4",
    "access_ip_v6",
    "auto_disk_config",
    "progress",
    "sort_key",
    "sort_dir",
    "all_tenants",
    "soft_deleted",
    "deleted",
    "status",
    "changes-since",
    "changes-before",
    "ip",
    "ip6",
    "created_at",
    "limit",
    "marker",
    "tags",
    "tags-any",
    "not-tags",
    "not-tags-any",
    "locked",
    "minRam",
    "minDisk",
    "block_device_mapping",
    "services",
    "metadata",
    "system_metadata",
    "server_type",
];

/// What a query asks of each server.
struct Wanted<'a> {
    name: Option<Regex>,
    address: Option<Regex>,
    since: Option<Timestamp>,
    before: Option<Timestamp>,
    all_projects: bool,
    request: &'a Request,
    minor: u32,
}

fn expression(request: &Request, parameter: &str) -> Result<Option<Regex>, Answer> {
    let Some(text) = request.parameter(parameter) else { return Ok(None) };
    RegexBuilder::new(text).case_insensitive(true).build().map(Some).map_err(|_| {
        bad(&format!(
            "Invalid input for query parameters {parameter}. Value: {text}. '{text}' is not a 'regex'"
        ))
    })
}

fn moment(request: &Request, parameter: &str) -> Result<Option<Timestamp>, Answer> {
    let Some(text) = request.parameter(parameter) else { return Ok(None) };
    let parsed = text.parse::<Timestamp>().ok().or_else(|| {
        let civil = text.parse::<jiff::civil::DateTime>().ok()?;
        civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    });
    parsed.map(Some).ok_or_else(|| {
        bad(&format!(
            "Invalid input for query parameters {parameter}. Value: {text}. '{text}' is not a 'date-time'"
        ))
    })
}

impl<'a> Wanted<'a> {
    fn new(call: &Call<'a>, minor: u32) -> Result<Self, Answer> {
        let request = call.request;
        if minor >= 75
            && let Some((unknown, _)) = request.query.iter().find(|(key, _)| !KNOWN.contains(&key.as_str()))
        {
            return Err(bad(&format!(
                "Invalid input for query parameters. Additional properties are not allowed ('{unknown}' was unexpected)"
            )));
        }
        let all = request
            .parameter("all_tenants")
            .is_some_and(|value| !matches!(value, "0" | "false" | "False" | "no"));
        if all && !call.who.admin {
            return Err(forbidden("os_compute_api:servers:detail:get_all_tenants"));
        }
        Ok(Self {
            name: expression(request, "name")?,
            address: expression(request, "ip")?,
            since: moment(request, "changes-since")?,
            before: if minor >= 66 { moment(request, "changes-before")? } else { None },
            all_projects: all,
            request,
            minor,
        })
    }

    fn takes(
        &self,
        server: &Server,
        region: &Region,
        floating: &view::FloatingByPort<'_>,
        call: &Call<'_>,
    ) -> bool {
        if !self.all_projects && server.project != call.who.project {
            return false;
        }
        if server.vm_state == VmState::Deleted && self.since.is_none() && self.before.is_none() {
            return false;
        }
        if self.since.is_some_and(|since| server.updated < since)
            || self.before.is_some_and(|before| server.updated > before)
        {
            return false;
        }
        if self.name.as_ref().is_some_and(|name| !name.is_match(&server.name)) {
            return false;
        }
        if self.address.as_ref().is_some_and(|address| {
            !view::address_list(region, server, floating).iter().any(|each| address.is_match(each))
        }) {
            return false;
        }
        let statuses: Vec<&str> = self.request.parameters("status").collect();
        if !statuses.is_empty() && !statuses.iter().any(|status| server.status().eq_ignore_ascii_case(status))
        {
            return false;
        }
        self.request.query.iter().all(|(key, value)| self.takes_one(server, key, value))
    }

    fn takes_one(&self, server: &Server, key: &str, value: &str) -> bool {
        let has = |tag: &str| server.tags.iter().any(|each| each == tag);
        let truth = |value: &str| matches!(value.to_lowercase().as_str(), "true" | "1" | "yes" | "on");
        match key {
            "flavor" => server.flavor.id == value,
            "image" | "image_ref" => server.image.as_deref() == Some(value),
            "uuid" => server.id == value,
            "user_id" => server.user == value,
            "reservation_id" => server.reservation == value,
            "project_id" | "tenant_id" if self.all_projects => server.project == value,
            "hostname" => server.hostname == value,
            "key_name" if self.minor >= 83 => server.key_name.as_deref() == Some(value),
            "availability_zone" if self.minor >= 83 => server.availability_zone == value,
            "vm_state" => server.vm_state.as_str() == value,
            "task_state" => server.task_state.as_deref() == Some(value),
            "locked" if self.minor >= 73 => server.locked == truth(value),
            "tags" if self.minor >= 26 => value.split(',').all(has),
            "tags-any" if self.minor >= 26 => value.split(',').any(has),
            "not-tags" if self.minor >= 26 => !value.split(',').all(has),
            "not-tags-any" if self.minor >= 26 => !value.split(',').any(has),
            _ => true,
        }
    }
}

/// The list of servers, short or in full.
pub(crate) fn list(state: &CloudState, call: &Call<'_>, minor: u32, detail: bool) -> Outcome {
    let region = &state.regions[call.region];
    let wanted = Wanted::new(call, minor)?;
    let limit = limit(call.request, state.settings.page_size)?;
    let floating = view::FloatingByPort::of(region);
    let mut rows: Vec<&Server> = region
        .servers
        .values()
        .rev()
        .filter(|server| wanted.takes(server, region, &floating, call))
        .collect();
    sort(&mut rows, call.request);
    let marker = call.request.parameter("marker");
    let page = page(rows, marker, Some(limit), |server| &server.id)
        .ok_or_else(|| bad(&format!("marker [{}] not found", marker.unwrap_or_default())))?;
    let mut body = String::with_capacity(page.rows.len() * if detail { 2048 } else { 400 } + 256);
    body.push_str("{\"servers\":[");
    for (position, server) in page.rows.iter().enumerate() {
        if position > 0 {
            body.push(',');
        }
        if detail {
            let variant = minor << 1 | u32::from(call.who.admin);
            let text = server
                .fragments
                .get(state.generation, variant, || view::server(region, server, &floating, call, minor));
            body.push_str(&text);
        } else {
            body.push_str(&view::short(server, call).to_string());
        }
    }
    body.push(']');
    if let (true, Some(last)) = (page.full, page.rows.last()) {
        let path = if detail { "servers/detail" } else { "servers" };
        let href = format!("{}/v2.1/{path}?{}", call.root, next_query(call.request, &last.id));
        body.push_str(&format!(",\"servers_links\":{}", json!([{"rel": "next", "href": href}])));
    }
    body.push('}');
    Ok(Answer::raw_json(200, body.into_bytes()))
}

/// Newest first, unless the query says otherwise.
fn sort(rows: &mut [&Server], request: &Request) {
    let keys: Vec<&str> = request.parameters("sort_key").collect();
    let directions: Vec<&str> = request.parameters("sort_dir").collect();
    if keys.is_empty() {
        if directions.first() == Some(&"asc") {
            rows.reverse();
        }
        return;
    }
    rows.sort_by(|one, other| {
        for (position, key) in keys.iter().enumerate() {
            let order = match *key {
                "display_name" | "name" => one.name.cmp(&other.name),
                "uuid" | "id" => one.id.cmp(&other.id),
                "updated_at" => one.updated.cmp(&other.updated),
                "vm_state" | "status" => one.vm_state.as_str().cmp(other.vm_state.as_str()),
                "created_at" => one.created.cmp(&other.created),
                _ => std::cmp::Ordering::Equal,
            };
            if order.is_ne() {
                let ascending = directions.get(position).or(directions.last()) == Some(&"asc");
                return if ascending { order } else { order.reverse() };
            }
        }
        other.id.cmp(&one.id)
    });
}

/// The floating IPs of a region by the port that they lead to.
pub(crate) type ByPort<'a> = HashMap<&'a str, Vec<&'a Map<String, Value>>>;
