//! `secgroup`: security groups are put together in the store, then uploaded; differences are shown both ways.

use std::collections::BTreeSet;

use cloudmesh_client::door::PlaceAnswer;
use cloudmesh_client::operation::{Change, Envelope, Example, Input, Operation, Query, Rows, Setting};
use cloudmesh_client::{Draft, Freshness, Mesh, Settled, places, records, refresh};
use cloudmesh_model::cloud_things::{SecurityGroup, SecurityRule};
use cloudmesh_model::noun::ColumnKind::Text;
use cloudmesh_model::noun::Shown::List as InList;
use cloudmesh_model::{Column, Error, ErrorKind, Noun, Record, Result, Row, RowBuilder, ThingId};
use cloudmesh_resource::{Action, ComputeAction, Family, Thing};
use cloudmesh_store::Expected;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::resolve;
use crate::server_groups::one_cloud;

/// A rule of a group of the user's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnRule {
    /// Its name within the group.
    pub name: String,
    /// What it allows.
    pub rule: SecurityRule,
}

/// A security group of the user's own, in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnGroup {
    /// Its name, the store's id.
    pub id: ThingId,
    /// Its rules.
    pub rules: Vec<OwnRule>,
}

static OWN_GROUP: Noun = Noun {
    name: "own_secgroup",
    plural: "security groups",
    columns: &[Column { name: "name", kind: Text, shown: InList, about: "Name of the group" }],
};

impl Record for OwnGroup {
    const NOUN: &'static Noun = &OWN_GROUP;

    fn id(&self) -> &ThingId {
        &self.id
    }

    fn place(&self) -> &str {
        ""
    }

    fn row(&self) -> Row {
        RowBuilder::new().cell(self.id.as_str()).finish()
    }
}

/// The user's own groups.
pub(crate) async fn own_groups(mesh: &Mesh) -> Result<Vec<OwnGroup>> {
    records::all(mesh.store()?.as_ref(), None).await
}

fn no_group(name: &str) -> Error {
    let shown = cloudmesh_model::noun::printable(name);
    Error::new(ErrorKind::NotFound, format!("the store has no security group called {shown}"))
        .hint("cm secgroup add GROUP RULE FROM TO PROTOCOL CIDR makes one; cm secgroup list shows all")
}

static RULE: Noun = Noun {
    name: "secgroup_rule",
    plural: "rules",
    columns: &[
        Column { name: "group", kind: Text, shown: InList, about: "The security group" },
        Column { name: "rule", kind: Text, shown: InList, about: "Name of the rule in the store" },
        Column { name: "direction", kind: Text, shown: InList, about: "in or out" },
        Column { name: "protocol", kind: Text, shown: InList, about: "tcp, udp, icmp … or any" },
        Column { name: "ports", kind: Text, shown: InList, about: "Ports, FROM-TO, or any" },
        Column {
            name: "range",
            kind: Text,
            shown: InList,
            about: "The other side: addresses, or group=NAME",
        },
        Column { name: "where", kind: Text, shown: InList, about: "store, cloud, or both" },
        Column { name: "cloud", kind: Text, shown: InList, about: "The cloud; empty for the store" },
    ],
};

fn row(group: &str, name: &str, rule: &SecurityRule, found: &str, cloud: &str) -> Row {
    let ports = match (rule.from, rule.to) {
        (Some(from), Some(to)) if from == to => from.to_string(),
        (Some(from), Some(to)) => format!("{from}-{to}"),
        (Some(from), None) => from.to_string(),
        _ => "any".to_owned(),
    };
    let everywhere = if rule.version_six { "::/0" } else { "0.0.0.0/0" };
    let range = match (&rule.range, &rule.group) {
        (Some(range), _) => range.clone(),
        (None, Some(group)) => format!("group={group}"),
        (None, None) => everywhere.to_owned(),
    };
    RowBuilder::new()
        .cell(group)
        .cell(name)
        .cell(if rule.incoming { "in" } else { "out" })
        .cell(rule.protocol.as_deref().unwrap_or("any"))
        .cell(&ports)
        .cell(&range)
        .cell(found)
        .cell(cloud)
        .finish()
}

/// Shows the rules of security groups in the store; with --cloud those of a cloud, and how the two differ.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListInput {
    /// Only this group
    group: Option<String>,
    /// Clouds to compare with, separated by commas, or `all`
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for ListInput {}

/// `secgroup list`.
pub struct List;

impl Operation for List {
    const NAME: &'static str = "secgroup.list";
    const EXAMPLES: &'static [Example] = &[
        Example { about: "Groups in the store", command: "secgroup list" },
        Example {
            about: "Groups of a cloud, compared with the store",
            command: "secgroup list web --cloud=sim",
        },
    ];
    type Input = ListInput;
}

impl Query for List {
    const NOUN: &'static Noun = &RULE;

    async fn run(
        mesh: &Mesh,
        input: ListInput,
        envelope: &Envelope,
        rows: &mut dyn Rows,
    ) -> Result<Freshness> {
        let mut own = own_groups(mesh).await?;
        if let Some(group) = &input.group {
            own.retain(|known| known.id.as_str() == group);
        }
        let Some(selector) = input.cloud.as_deref() else {
            if own.is_empty()
                && let Some(group) = &input.group
            {
                return Err(no_group(group));
            }
            for group in &own {
                let name = group.id.as_str();
                rows.rows(
                    group.rules.iter().map(|own| row(name, &own.name, &own.rule, "store", "")).collect(),
                );
            }
            return Ok(Freshness::own());
        };
        let clouds = places::for_reading(mesh, Family::Compute, Some(selector)).await?;
        let mut answers = Vec::new();
        for cloud in clouds {
            let there = if envelope.refresh {
                refresh::read_place::<SecurityGroup>(mesh, &cloud).await
            } else {
                resolve::known::<SecurityGroup>(mesh, &cloud).await
            };
            let as_of = refresh::last_read::<SecurityGroup>(mesh.store()?.as_ref(), &cloud).await?;
            match there {
                Ok(mut there) => {
                    if let Some(wanted) = &input.group {
                        there.retain(|group| {
                            group.name == *wanted
                                || group.native.as_ref().is_some_and(|native| native.as_str() == wanted)
                        });
                    }
                    rows.rows(compared(&own, &there, &cloud));
                    answers.push(PlaceAnswer { place: cloud, as_of, error: None });
                }
                Err(error) => answers.push(PlaceAnswer { place: cloud, as_of, error: Some(error) }),
            }
        }
        Ok(Freshness { places: answers, note: None })
    }
}

/// The rules of a cloud's groups, and those that only the store has.
fn compared(own: &[OwnGroup], there: &[SecurityGroup], cloud: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    for group in there {
        let ours = own.iter().find(|own| own.id.as_str() == group.name);
        for rule in &group.rules {
            let named = ours.and_then(|own| own.rules.iter().find(|known| known.rule == *rule));
            let found = if named.is_some() { "both" } else { "cloud" };
            rows.push(row(&group.name, named.map_or("", |named| &named.name), rule, found, cloud));
        }
    }
    for group in own {
        let seen: Vec<&SecurityRule> = there
            .iter()
            .filter(|there| there.name == group.id.as_str())
            .flat_map(|there| there.rules.iter())
            .collect();
        for own in group.rules.iter().filter(|own| !seen.contains(&&own.rule)) {
            rows.push(row(group.id.as_str(), &own.name, &own.rule, "store", cloud));
        }
    }
    rows
}

/// Adds a rule to a security group in the store; the group is made if it is not there.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddInput {
    /// The group
    group: String,
    /// Name of the rule
    rule: String,
    /// First port, or `any`; for icmp the type
    from: String,
    /// Last port, or `any`; for icmp the code
    to: String,
    /// tcp, udp, icmp, another name or number, or `any`
    protocol: String,
    /// Addresses of the other side such as 0.0.0.0/0; or group=NAME for the members of a group
    cidr: String,
    /// About traffic that goes out
    #[arg(long)]
    #[serde(default)]
    outgoing: bool,
}

fn port(text: &str) -> Result<Option<u16>> {
    if matches!(text, "any" | "-1") {
        return Ok(None);
    }
    let shown = cloudmesh_model::noun::printable(text);
    text.parse().map(Some).map_err(|_| {
        Error::bad_input(format!("`{shown}` is no port")).hint("a number between 0 and 65535, or `any`")
    })
}

/// Whether a text is an address with the length of a prefix.
fn is_range(text: &str) -> Option<bool> {
    let (address, length) = text.split_once('/')?;
    let address: std::net::IpAddr = address.parse().ok()?;
    let length: u8 = length.parse().ok()?;
    (length <= if address.is_ipv4() { 32 } else { 128 }).then_some(address.is_ipv6())
}

impl AddInput {
    fn read(&self) -> Result<SecurityRule> {
        let protocol = self.protocol.to_ascii_lowercase();
        let protocol = Some(protocol).filter(|protocol| protocol != "any" && protocol != "-1");
        let (from, to) = (port(&self.from)?, port(&self.to)?);
        if protocol.is_none() && (from.is_some() || to.is_some()) {
            return Err(Error::bad_input("a rule about ports needs a protocol").hint("tcp or udp"));
        }
        if let (Some(from), Some(to), Some("tcp" | "udp")) = (from, to, protocol.as_deref())
            && from > to
        {
            return Err(Error::bad_input(format!("the ports {from} to {to} are in the wrong order")));
        }
        let group = self.cidr.strip_prefix("group=").map(str::to_owned);
        let (range, version_six) = match &group {
            Some(_) => (None, false),
            None => {
                let version_six = is_range(&self.cidr).ok_or_else(|| {
                    let shown = cloudmesh_model::noun::printable(&self.cidr);
                    Error::bad_input(format!("`{shown}` is no range of addresses"))
                        .hint("write 0.0.0.0/0 for everywhere, 192.168.0.0/16, or group=NAME")
                })?;
                (Some(self.cidr.clone()), version_six)
            }
        };
        let rule = SecurityRule { incoming: !self.outgoing, protocol, from, to, range, group, version_six };
        Ok(rule.normal())
    }
}

impl Input for AddInput {
    fn check(&self) -> Result<()> {
        if [&self.group, &self.rule]
            .iter()
            .any(|name| name.trim().is_empty() || name.chars().any(char::is_control))
        {
            return Err(Error::bad_input("groups and rules have names of printable characters"));
        }
        self.read().map(drop)
    }
}

/// `secgroup add`.
pub struct Add;

impl Operation for Add {
    const NAME: &'static str = "secgroup.add";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "Let SSH in", command: "secgroup add web ssh 22 22 tcp 0.0.0.0/0" }];
    type Input = AddInput;
}

fn put(group: &OwnGroup) -> Result<cloudmesh_store::Change> {
    Ok(cloudmesh_store::Change::Put(records::document(group)?, Expected::Any))
}

fn delete(name: &str) -> cloudmesh_store::Change {
    cloudmesh_store::Change::Delete {
        kind: OWN_GROUP.name.to_owned(),
        id: name.to_owned(),
        expected: Expected::Any,
    }
}

impl Setting for Add {
    async fn settle(mesh: &Mesh, input: AddInput) -> Result<Settled> {
        let rule = input.read()?;
        let earlier = own_groups(mesh).await?.into_iter().find(|group| group.id.as_str() == input.group);
        let mut group = earlier
            .clone()
            .unwrap_or_else(|| OwnGroup { id: ThingId::from_stored(input.group.clone()), rules: vec![] });
        group.rules.retain(|known| known.name != input.rule);
        if let Some(same) = group.rules.iter().find(|known| known.rule == rule) {
            return Err(Error::new(
                ErrorKind::Conflict,
                format!("the rule {} of {} says the same", same.name, input.group),
            ));
        }
        let message = format!("{} of {}: {rule}", input.rule, input.group);
        group.rules.push(OwnRule { name: input.rule, rule });
        let inverse = match &earlier {
            Some(earlier) => put(earlier)?,
            None => delete(&input.group),
        };
        Ok(Settled { message, changes: vec![put(&group)?], inverse: vec![inverse], ..Settled::default() })
    }
}

/// Deletes a security group, or one rule of it, from the store; with --cloud from a cloud.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteInput {
    /// The group
    group: String,
    /// Only this rule, by its name in the store
    rule: Option<String>,
    /// On this cloud, instead of in the store
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for DeleteInput {}

/// `secgroup delete`.
pub struct Delete;

impl Operation for Delete {
    const NAME: &'static str = "secgroup.delete";
    const EXAMPLES: &'static [Example] = &[
        Example { about: "A rule in the store", command: "secgroup delete web ssh" },
        Example { about: "A group on a cloud", command: "secgroup delete web --cloud=sim --yes" },
    ];
    type Input = DeleteInput;
}

impl Change for Delete {
    async fn plan(mesh: &Mesh, input: DeleteInput, draft: &mut Draft) -> Result<()> {
        let own = own_groups(mesh).await?.into_iter().find(|group| group.id.as_str() == input.group);
        let own_rule = |name: &str| -> Result<OwnRule> {
            let group = own.as_ref().ok_or_else(|| no_group(&input.group))?;
            group.rules.iter().find(|rule| rule.name == name).cloned().ok_or_else(|| {
                let names: Vec<&str> = group.rules.iter().map(|rule| rule.name.as_str()).collect();
                Error::new(
                    ErrorKind::NotFound,
                    format!("{} has no rule called {name} in the store", input.group),
                )
                .hint(format!("there are: {}", names.join(", ")))
            })
        };
        let Some(cloud) = input.cloud.as_deref() else {
            let group = own.clone().ok_or_else(|| no_group(&input.group))?;
            let change = match &input.rule {
                None => delete(&input.group),
                Some(name) => {
                    own_rule(name)?;
                    let mut left = group.clone();
                    left.rules.retain(|rule| rule.name != *name);
                    put(&left)?
                }
            };
            draft.own(vec![change], vec![put(&group)?]);
            draft.title(match &input.rule {
                None => format!("deleted the security group {} from the store", input.group),
                Some(rule) => format!("deleted the rule {rule} of {} from the store", input.group),
            });
            return Ok(());
        };
        let cloud = one_cloud(mesh, draft, Some(cloud)).await?;
        let group: SecurityGroup = resolve::one(mesh, &cloud, &input.group).await?;
        if let Some(fact) = resolve::fact(&group, &cloud, &input.group) {
            draft.fact(fact);
        }
        let action = match &input.rule {
            None => ComputeAction::DeleteSecurityGroup { group: group.id.clone() },
            Some(name) => ComputeAction::RemoveRule { group: group.id.clone(), rule: own_rule(name)?.rule },
        };
        draft.act(&cloud, &group.name, Action::Compute(action), &[]);
        draft.title(match &input.rule {
            None => format!("delete the security group {} on {cloud}", group.name),
            Some(rule) => format!("delete the rule {rule} of {} on {cloud}", group.name),
        });
        Ok(())
    }
}

/// Makes security groups of clouds like those in the store: missing groups and rules are made, incoming rules that
/// the store has not are removed.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UploadInput {
    /// The group; all of the store without it
    group: Option<String>,
    /// Clouds, separated by commas, or `all`
    #[arg(long)]
    cloud: Option<String>,
    /// Keep rules that only the cloud has
    #[arg(long)]
    #[serde(default)]
    keep: bool,
}

impl Input for UploadInput {}

/// `secgroup upload`.
pub struct Upload;

impl Operation for Upload {
    const NAME: &'static str = "secgroup.upload";
    const EXAMPLES: &'static [Example] = &[
        Example { about: "What that would do", command: "secgroup upload web --cloud=sim --dryrun" },
        Example { about: "All groups of the store", command: "secgroup upload --cloud=sim" },
    ];
    type Input = UploadInput;
}

/// The steps that make `group` on `cloud` what it is in the store; the last ones are the answer.
pub(crate) fn upload_steps(
    draft: &mut Draft,
    cloud: &str,
    own: &OwnGroup,
    there: &[SecurityGroup],
    keep: bool,
) -> Result<Vec<usize>> {
    let name = own.id.as_str();
    let found: Vec<&SecurityGroup> = there.iter().filter(|group| group.name == name).collect();
    let (id, known, after) = match found.as_slice() {
        [] => {
            let group = SecurityGroup {
                id: ThingId::planned(),
                native: None,
                place: cloud.to_owned(),
                name: name.to_owned(),
                description: String::new(),
                rules: vec![],
                mark: None,
            };
            draft.placeholder(Thing::SecurityGroup(group.clone()));
            let action = ComputeAction::CreateSecurityGroup {
                group: group.id.clone(),
                name: name.to_owned(),
                description: String::new(),
            };
            let made = draft.act(cloud, name, Action::Compute(action), &[]);
            (group.id, BTreeSet::new(), vec![made])
        }
        [one] => {
            if let Some(fact) = resolve::fact(*one, cloud, name) {
                draft.fact(fact);
            }
            (one.id.clone(), one.rules.iter().cloned().collect::<BTreeSet<_>>(), vec![])
        }
        several => {
            let ids: Vec<&str> =
                several.iter().filter_map(|group| Some(group.native.as_ref()?.as_str())).collect();
            return Err(Error::new(
                ErrorKind::Ambiguous,
                format!("{} security groups are called {name}", several.len()),
            )
            .at(cloud)
            .hint(format!("delete or rename all but one of them: {}", ids.join(", "))));
        }
    };
    let wanted: BTreeSet<SecurityRule> = own.rules.iter().map(|rule| rule.rule.clone()).collect();
    let mut last = after.clone();
    for rule in wanted.difference(&known) {
        let action = ComputeAction::AddRule { group: id.clone(), rule: rule.clone() };
        last.push(draft.act(cloud, &format!("{name} {rule}"), Action::Compute(action), &after));
    }
    if !keep {
        // What goes out is left alone: clouds let everything out by rules of their own.
        for rule in known.difference(&wanted).filter(|rule| rule.incoming) {
            let action = ComputeAction::RemoveRule { group: id.clone(), rule: rule.clone() };
            last.push(draft.act(cloud, &format!("{name} {rule}"), Action::Compute(action), &after));
        }
    }
    Ok(last)
}

impl Change for Upload {
    async fn plan(mesh: &Mesh, input: UploadInput, draft: &mut Draft) -> Result<()> {
        let mut own = own_groups(mesh).await?;
        if let Some(wanted) = &input.group {
            own.retain(|group| group.id.as_str() == wanted);
            if own.is_empty() {
                return Err(no_group(wanted));
            }
        }
        if own.is_empty() {
            return Err(Error::new(ErrorKind::NotFound, "the store has no security group")
                .hint("cm secgroup add GROUP RULE FROM TO PROTOCOL CIDR makes one"));
        }
        let clouds = places::for_reading(mesh, Family::Compute, input.cloud.as_deref()).await?;
        for cloud in &clouds {
            // Rules change outside of us, too.
            let there = refresh::read_place::<SecurityGroup>(mesh, cloud).await?;
            for group in &own {
                upload_steps(draft, cloud, group, &there, input.keep)?;
            }
        }
        let names: Vec<&str> = own.iter().map(|group| group.id.as_str()).collect();
        let (names, clouds) = (names.join(", "), clouds.join(", "));
        draft.title(if draft.is_empty() {
            format!("nothing to do: {names} on {clouds} is as in the store")
        } else {
            format!("upload {names} to {clouds}")
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_addresses_with_a_length() {
        assert_eq!(is_range("0.0.0.0/0"), Some(false));
        assert_eq!(is_range("::/0"), Some(true));
        for text in ["0.0.0.0", "0.0.0.0/33", "x/8", "10.0.0.0/", "::/129"] {
            assert_eq!(is_range(text), None, "{text}");
        }
    }
}
