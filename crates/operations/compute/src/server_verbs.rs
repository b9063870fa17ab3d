//! What can be done with virtual machines that are there, one word each: `vm reboot`, `vm suspend`, `vm rescue` …

use std::collections::BTreeMap;

use cloudmesh_client::operation::{Change, Example, Input, Operation};
use cloudmesh_client::settings::{DefaultValue, GENERAL, Membership};
use cloudmesh_client::{Draft, Mesh, policy, records};
use cloudmesh_model::compute::{Flavor, Image, Server};
use cloudmesh_model::{Error, ErrorKind, HostList, Record, Result, ThingId, ThingKind};
use cloudmesh_resource::compute::USERNAME_ITEM;
use cloudmesh_resource::plan::Until;
use cloudmesh_resource::{Action, ComputeAction, StepKind};
use cloudmesh_store::Expected;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::boot;
use crate::lifecycle::clouds_of;
use crate::resolve::{self, Wanted};

/// How long a machine may take to get from one state to another, seconds.
const WITHIN: u64 = 1800;

/// An action and, where it leads to a state, a wait for that; the number of the last step.
pub(crate) fn act(draft: &mut Draft, server: &Server, action: ComputeAction, after: &[usize]) -> usize {
    if let Some(fact) = resolve::fact(server, &server.place, &server.name) {
        draft.fact(fact);
    }
    let until = action.leads_to();
    let acted = draft.act(&server.place, &server.name, Action::Compute(action), after);
    match until {
        Some(until) => wait(draft, server, until, WITHIN, &[acted]),
        None => acted,
    }
}

fn wait(draft: &mut Draft, server: &Server, until: Until, limit: u64, after: &[usize]) -> usize {
    let kind = StepKind::Await { thing_kind: ThingKind::Server, thing: server.id.clone(), until, limit };
    draft.step(&server.place, &server.name, kind, after)
}

/// One word, one action for each machine.
macro_rules! verb {
    ($(#[$doc:meta])* $input:ident, $operation:ident, $name:literal, $word:literal, $about:literal, $command:literal,
     |$server:ident| $action:expr) => {
        $(#[$doc])*
        #[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $input {
            /// Names or ids, or a host list such as web[1-3]; the last one without them
            names: Option<HostList>,
            /// Members of a group
            #[arg(long)]
            group: Option<String>,
            /// The cloud that they are on
            #[arg(long)]
            cloud: Option<String>,
        }

        impl Input for $input {}

        #[doc = concat!("`", $name, "`.")]
        pub struct $operation;

        impl Operation for $operation {
            const NAME: &'static str = $name;
            const EXAMPLES: &'static [Example] = &[Example { about: $about, command: $command }];
            type Input = $input;
        }

        impl Change for $operation {
            async fn plan(mesh: &Mesh, input: $input, draft: &mut Draft) -> Result<()> {
                let wanted = Wanted {
                    names: input.names.as_ref(),
                    group: input.group.as_deref(),
                    cloud: input.cloud.as_deref(),
                };
                let servers = resolve::servers(mesh, wanted).await?;
                for $server in &servers {
                    act(draft, $server, $action, &[]);
                }
                draft.title(format!(
                    concat!($word, " {} on {}"),
                    policy::counted::<Server>(servers.len()),
                    clouds_of(&servers)
                ));
                Ok(())
            }
        }
    };
}

verb!(
    /// Stops the processors of virtual machines; their memory stays on the host.
    PauseInput, Pause, "vm.pause", "pause", "One machine", "vm pause web1",
    |server| ComputeAction::PauseServer { server: server.id.clone() }
);
verb!(
    /// Lets paused virtual machines go on.
    UnpauseInput, Unpause, "vm.unpause", "unpause", "One machine", "vm unpause web1",
    |server| ComputeAction::UnpauseServer { server: server.id.clone() }
);
verb!(
    /// Writes the memory of virtual machines to disk and stops them.
    SuspendInput, Suspend, "vm.suspend", "suspend", "Two machines", "vm suspend web[1-2]",
    |server| ComputeAction::SuspendServer { server: server.id.clone() }
);
verb!(
    /// Lets suspended virtual machines go on.
    ResumeInput, Resume, "vm.resume", "resume", "One machine", "vm resume web1",
    |server| ComputeAction::ResumeServer { server: server.id.clone() }
);
verb!(
    /// Stops virtual machines and keeps only their disks, so that they take no place on a host.
    ShelveInput, Shelve, "vm.shelve", "shelve", "One machine", "vm shelve web1",
    |server| ComputeAction::ShelveServer { server: server.id.clone() }
);
verb!(
    /// Brings shelved virtual machines back.
    UnshelveInput, Unshelve, "vm.unshelve", "unshelve", "One machine", "vm unshelve web1",
    |server| ComputeAction::UnshelveServer { server: server.id.clone() }
);
verb!(
    /// Locks virtual machines against changes until they are unlocked.
    LockInput, Lock, "vm.lock", "lock", "One machine", "vm lock web1",
    |server| ComputeAction::LockServer { server: server.id.clone() }
);
verb!(
    /// Takes locks off virtual machines.
    UnlockInput, Unlock, "vm.unlock", "unlock", "One machine", "vm unlock web1",
    |server| ComputeAction::UnlockServer { server: server.id.clone() }
);
verb!(
    /// Starts rescued virtual machines from their own disks again.
    UnrescueInput, Unrescue, "vm.unrescue", "unrescue", "One machine", "vm unrescue web1",
    |server| ComputeAction::UnrescueServer { server: server.id.clone() }
);

/// Starts virtual machines anew.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RebootInput {
    /// Names or ids, or a host list such as web[1-3]; the last one without them
    names: Option<HostList>,
    /// Members of a group
    #[arg(long)]
    group: Option<String>,
    /// The cloud that they are on
    #[arg(long)]
    cloud: Option<String>,
    /// Cut the power instead of asking the system
    #[arg(long)]
    #[serde(default)]
    hard: bool,
}

impl Input for RebootInput {}

/// `vm reboot`.
pub struct Reboot;

impl Operation for Reboot {
    const NAME: &'static str = "vm.reboot";
    const EXAMPLES: &'static [Example] = &[
        Example { about: "The system is asked to", command: "vm reboot web1" },
        Example { about: "The power is cut", command: "vm reboot web2 --hard" },
    ];
    type Input = RebootInput;
}

impl Change for Reboot {
    async fn plan(mesh: &Mesh, input: RebootInput, draft: &mut Draft) -> Result<()> {
        let wanted = Wanted {
            names: input.names.as_ref(),
            group: input.group.as_deref(),
            cloud: input.cloud.as_deref(),
        };
        let servers = resolve::servers(mesh, wanted).await?;
        for server in &servers {
            act(
                draft,
                server,
                ComputeAction::RebootServer { server: server.id.clone(), hard: input.hard },
                &[],
            );
        }
        draft.title(format!(
            "reboot {} on {}",
            policy::counted::<Server>(servers.len()),
            clouds_of(&servers)
        ));
        Ok(())
    }
}

/// Starts virtual machines from a rescue disk, with their own one beside it.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RescueInput {
    /// Names or ids, or a host list such as web[1-3]; the last one without them
    names: Option<HostList>,
    /// The cloud that they are on
    #[arg(long)]
    cloud: Option<String>,
    /// Image to start from; the cloud's choice without it
    #[arg(long)]
    image: Option<String>,
}

impl Input for RescueInput {}

/// `vm rescue`.
pub struct Rescue;

impl Operation for Rescue {
    const NAME: &'static str = "vm.rescue";
    const EXAMPLES: &'static [Example] = &[Example { about: "One machine", command: "vm rescue web1" }];
    type Input = RescueInput;
}

impl Change for Rescue {
    async fn plan(mesh: &Mesh, input: RescueInput, draft: &mut Draft) -> Result<()> {
        let wanted = Wanted { names: input.names.as_ref(), group: None, cloud: input.cloud.as_deref() };
        let servers = resolve::servers(mesh, wanted).await?;
        for server in &servers {
            let image = match &input.image {
                Some(image) => Some(resolve::one::<Image>(mesh, &server.place, image).await?.native),
                None => None,
            };
            act(draft, server, ComputeAction::RescueServer { server: server.id.clone(), image }, &[]);
        }
        draft.title(format!(
            "rescue {} on {}",
            policy::counted::<Server>(servers.len()),
            clouds_of(&servers)
        ));
        Ok(())
    }
}

/// Installs an image anew on the disks of virtual machines. What was on the disks is lost; names and addresses stay.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RebuildInput {
    /// Names or ids, or a host list such as web[1-3]
    names: HostList,
    /// The cloud that they are on
    #[arg(long)]
    cloud: Option<String>,
    /// Image, by name or id; the one each was booted from without it
    #[arg(long)]
    image: Option<String>,
}

impl Input for RebuildInput {}

/// `vm rebuild`.
pub struct Rebuild;

impl Operation for Rebuild {
    const NAME: &'static str = "vm.rebuild";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "As it was at first", command: "vm rebuild web1 --yes" }];
    type Input = RebuildInput;
}

impl Change for Rebuild {
    async fn plan(mesh: &Mesh, input: RebuildInput, draft: &mut Draft) -> Result<()> {
        let wanted = Wanted { names: Some(&input.names), group: None, cloud: input.cloud.as_deref() };
        let servers = resolve::servers(mesh, wanted).await?;
        for server in &servers {
            let image = input.image.as_deref().unwrap_or(&server.image);
            if image.is_empty() {
                return Err(Error::bad_input(format!(
                    "{} boots from a volume: from which image?",
                    server.name
                ))
                .hint("add --image=NAME"));
            }
            let image: Image = resolve::one(mesh, &server.place, image).await?;
            if let Some(fact) = resolve::fact(&image, &server.place, &image.name) {
                draft.fact(fact);
            }
            let action = ComputeAction::RebuildServer {
                server: server.id.clone(),
                image: image.native.clone(),
                image_name: image.name.clone(),
            };
            act(draft, server, action, &[]);
        }
        draft.title(format!(
            "rebuild {} on {}",
            policy::counted::<Server>(servers.len()),
            clouds_of(&servers)
        ));
        Ok(())
    }
}

/// Gives virtual machines another flavor, and confirms that or turns it back.
///
/// A resized machine waits until it is confirmed; until then the old one is kept beside.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResizeInput {
    /// Names or ids, or a host list such as web[1-3]; the last one without them
    names: Option<HostList>,
    /// The cloud that they are on
    #[arg(long)]
    cloud: Option<String>,
    /// The new flavor, by name or id
    #[arg(long)]
    flavor: Option<String>,
    /// Confirm it; with --flavor as soon as the machine runs
    #[arg(long)]
    #[serde(default)]
    confirm: bool,
    /// Turn it back
    #[arg(long)]
    #[serde(default)]
    revert: bool,
}

impl Input for ResizeInput {
    fn check(&self) -> Result<()> {
        match (&self.flavor, self.confirm, self.revert) {
            (_, true, true) | (Some(_), _, true) => {
                Err(Error::bad_input("--revert stands alone: it turns a resize back that was not confirmed"))
            }
            (None, false, false) => Err(Error::bad_input("to which flavor?")
                .hint("add --flavor=NAME, or --confirm or --revert for one that was resized")),
            _ => Ok(()),
        }
    }
}

/// `vm resize`.
pub struct Resize;

impl Operation for Resize {
    const NAME: &'static str = "vm.resize";
    const EXAMPLES: &'static [Example] = &[
        Example { about: "Larger, for good", command: "vm resize web1 --flavor=m1.medium --confirm" },
        Example { about: "Larger, to be confirmed later", command: "vm resize web2 --flavor=m1.medium" },
    ];
    type Input = ResizeInput;
}

impl Change for Resize {
    async fn plan(mesh: &Mesh, input: ResizeInput, draft: &mut Draft) -> Result<()> {
        let wanted = Wanted { names: input.names.as_ref(), group: None, cloud: input.cloud.as_deref() };
        let servers = resolve::servers(mesh, wanted).await?;
        for server in &servers {
            let id = || server.id.clone();
            let mut after = Vec::new();
            if let Some(flavor) = &input.flavor {
                let flavor: Flavor = resolve::one(mesh, &server.place, flavor).await?;
                if let Some(fact) = resolve::fact(&flavor, &server.place, &flavor.name) {
                    draft.fact(fact);
                }
                let action = ComputeAction::ResizeServer {
                    server: id(),
                    flavor: flavor.native.clone(),
                    flavor_name: flavor.name.clone(),
                };
                after.push(act(draft, server, action, &[]));
            }
            if input.confirm {
                act(draft, server, ComputeAction::ConfirmResize { server: id() }, &after);
            }
            if input.revert {
                act(draft, server, ComputeAction::RevertResize { server: id() }, &after);
            }
        }
        draft.title(format!(
            "resize {} on {}",
            policy::counted::<Server>(servers.len()),
            clouds_of(&servers)
        ));
        Ok(())
    }
}

/// Gives a virtual machine another name; the system on it keeps its host name.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RenameInput {
    /// Its name or id
    old: HostList,
    /// Its new name
    new: String,
    /// The cloud that it is on
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for RenameInput {
    fn check(&self) -> Result<()> {
        if self.old.len() != 1 {
            return Err(Error::bad_input("one machine is renamed at a time"));
        }
        if self.new.trim().is_empty()
            || self.new.chars().count() > 255
            || self.new.chars().any(char::is_control)
        {
            return Err(Error::bad_input(
                "a name has between 1 and 255 characters, none of them a control character",
            ));
        }
        Ok(())
    }
}

/// `vm rename`.
pub struct Rename;

impl Operation for Rename {
    const NAME: &'static str = "vm.rename";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "Another name", command: "vm rename web3 front" }];
    type Input = RenameInput;
}

impl Change for Rename {
    async fn plan(mesh: &Mesh, input: RenameInput, draft: &mut Draft) -> Result<()> {
        let wanted = Wanted { names: Some(&input.old), group: None, cloud: input.cloud.as_deref() };
        let servers = resolve::servers(mesh, wanted).await?;
        let [server] = servers.as_slice() else {
            return Err(Error::bad_input("one machine is renamed at a time"));
        };
        if server.name != input.new {
            boot::free_names(mesh, &server.place, std::slice::from_ref(&input.new)).await?;
        }
        let action = ComputeAction::RenameServer {
            server: server.id.clone(),
            name: input.new.clone(),
            earlier: server.name.clone(),
        };
        act(draft, server, action, &[]);
        let mut changes = Vec::new();
        let mut inverse = Vec::new();
        let put = |member: &Membership| -> Result<cloudmesh_store::Change> {
            Ok(cloudmesh_store::Change::Put(records::document(member)?, Expected::Any))
        };
        let delete = |kind: &str, id: &ThingId| cloudmesh_store::Change::Delete {
            kind: kind.to_owned(),
            id: id.as_str().to_owned(),
            expected: Expected::Any,
        };
        let members: Vec<Membership> = records::all(mesh.store()?.as_ref(), None).await?;
        for member in members.iter().filter(|member| {
            member.kind == "vm"
                && member.name == server.name
                && [server.place.as_str(), ""].contains(&&*member.place)
        }) {
            let renamed = Membership::new(&member.group, "vm", &input.new, &member.place);
            changes.extend([delete(Membership::NOUN.name, &member.id), put(&renamed)?]);
            inverse.extend([delete(Membership::NOUN.name, &renamed.id), put(member)?]);
        }
        let last = cloudmesh_client::settings::default(mesh, GENERAL, "vm").await?;
        if last.as_deref() == Some(server.name.as_str()) {
            let value = |name: &str| -> Result<cloudmesh_store::Change> {
                let default = DefaultValue::new(GENERAL, "vm", name);
                Ok(cloudmesh_store::Change::Put(records::document(&default)?, Expected::Any))
            };
            changes.push(value(&input.new)?);
            inverse.push(value(&server.name)?);
        }
        draft.own(changes, inverse);
        draft.title(format!("rename {} on {} to {}", server.name, server.place, input.new));
        Ok(())
    }
}

/// Makes images of the disks of virtual machines.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SnapshotInput {
    /// Names or ids, or a host list such as web[1-3]; the last one without them
    names: Option<HostList>,
    /// The cloud that they are on
    #[arg(long)]
    cloud: Option<String>,
    /// Name of the image, for one machine; the machine's name and the time without it
    #[arg(long)]
    name: Option<String>,
}

impl Input for SnapshotInput {}

/// `vm snapshot`.
pub struct Snapshot;

impl Operation for Snapshot {
    const NAME: &'static str = "vm.snapshot";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "An image of one machine", command: "vm snapshot web1 --name=web1-installed" }];
    type Input = SnapshotInput;
}

impl Change for Snapshot {
    async fn plan(mesh: &Mesh, input: SnapshotInput, draft: &mut Draft) -> Result<()> {
        let wanted = Wanted { names: input.names.as_ref(), group: None, cloud: input.cloud.as_deref() };
        let servers = resolve::servers(mesh, wanted).await?;
        if input.name.is_some() && servers.len() != 1 {
            return Err(Error::bad_input(format!("one name does not do for {} images", servers.len()))
                .hint("leave --name out, or name one machine"));
        }
        for server in &servers {
            if let Some(fact) = resolve::fact(server, &server.place, &server.name) {
                draft.fact(fact);
            }
            let name = input
                .name
                .clone()
                .unwrap_or_else(|| format!("{}-{}", server.name, mesh.now().strftime("%Y%m%d-%H%M%S")));
            let image = ThingId::planned();
            let action = ComputeAction::CreateImage {
                image: image.clone(),
                name: name.clone(),
                server: server.id.clone(),
            };
            let made = draft.act(&server.place, &name, Action::Compute(action), &[]);
            let ready = StepKind::Await {
                thing_kind: ThingKind::Image,
                thing: image,
                until: Until::Available,
                limit: 3600,
            };
            draft.step(&server.place, &name, ready, &[made]);
        }
        draft.title(format!(
            "make images of {} on {}",
            policy::counted::<Server>(servers.len()),
            clouds_of(&servers)
        ));
        Ok(())
    }
}

/// Sets and removes metadata of virtual machines; other items stay.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetadataInput {
    /// Names or ids, or a host list such as web[1-3]
    names: HostList,
    /// Items to set
    #[arg(value_name = "KEY=VALUE")]
    #[serde(default)]
    items: Vec<String>,
    /// Items to remove, separated by commas
    #[arg(long, value_name = "KEYS", value_delimiter = ',')]
    #[serde(default)]
    remove: Vec<String>,
    /// The cloud that they are on
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for MetadataInput {
    fn check(&self) -> Result<()> {
        if self.items.is_empty() && self.remove.is_empty() {
            return Err(Error::bad_input("nothing to set and nothing to remove")
                .hint("give KEY=VALUE or --remove=KEY"));
        }
        boot::metadata(&self.items).map(drop)
    }
}

/// `vm metadata`.
pub struct Metadata;

impl Operation for Metadata {
    const NAME: &'static str = "vm.metadata";
    const EXAMPLES: &'static [Example] = &[
        Example { about: "Set an item", command: "vm metadata web1 course=e516" },
        Example { about: "Remove one", command: "vm metadata web2 --remove=course" },
    ];
    type Input = MetadataInput;
}

impl Change for Metadata {
    async fn plan(mesh: &Mesh, input: MetadataInput, draft: &mut Draft) -> Result<()> {
        let mut items: BTreeMap<String, Option<String>> =
            boot::metadata(&input.items)?.into_iter().map(|(key, value)| (key, Some(value))).collect();
        for key in &input.remove {
            if key.starts_with("cloudmesh_") {
                return Err(Error::bad_input(format!("metadata {key} is Cloudmesh's own")));
            }
            items.insert(key.clone(), None);
        }
        let wanted = Wanted { names: Some(&input.names), group: None, cloud: input.cloud.as_deref() };
        let servers = resolve::servers(mesh, wanted).await?;
        for server in &servers {
            let earlier = items.keys().map(|key| (key.clone(), server.metadata.get(key).cloned())).collect();
            let action =
                ComputeAction::SetMetadata { server: server.id.clone(), items: items.clone(), earlier };
            act(draft, server, action, &[]);
        }
        draft.title(format!(
            "change the metadata of {} on {}",
            policy::counted::<Server>(servers.len()),
            clouds_of(&servers)
        ));
        Ok(())
    }
}

/// Sets the account to log in with; it is kept with the machines in the cloud.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UsernameInput {
    /// The account
    username: String,
    /// Names or ids, or a host list such as web[1-3]; the last one without them
    names: Option<HostList>,
    /// The cloud that they are on
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for UsernameInput {
    fn check(&self) -> Result<()> {
        let fine = !self.username.is_empty()
            && self.username.len() <= 32
            && !self.username.starts_with('-')
            && self.username.chars().all(|each| each.is_ascii_alphanumeric() || "_.-$".contains(each));
        if fine { Ok(()) } else { Err(Error::bad_input("that is no name of an account")) }
    }
}

/// `vm username`.
pub struct Username;

impl Operation for Username {
    const NAME: &'static str = "vm.username";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "Log in as ubuntu", command: "vm username ubuntu web3" }];
    type Input = UsernameInput;
}

impl Change for Username {
    async fn plan(mesh: &Mesh, input: UsernameInput, draft: &mut Draft) -> Result<()> {
        let wanted = Wanted { names: input.names.as_ref(), group: None, cloud: input.cloud.as_deref() };
        let servers = resolve::servers(mesh, wanted).await?;
        for server in &servers {
            let item = |value: Option<String>| BTreeMap::from([(USERNAME_ITEM.to_owned(), value)]);
            let action = ComputeAction::SetMetadata {
                server: server.id.clone(),
                items: item(Some(input.username.clone())),
                earlier: item(server.username.clone()),
            };
            act(draft, server, action, &[]);
        }
        draft.title(format!(
            "log in to {} on {} as {}",
            policy::counted::<Server>(servers.len()),
            clouds_of(&servers),
            input.username
        ));
        Ok(())
    }
}

/// A state that machines can be waited to be in.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// It runs.
    #[default]
    Active,
    /// It is stopped.
    Stopped,
    /// It is paused or suspended.
    Paused,
    /// It is shelved.
    Shelved,
    /// It is in a steady state, whichever.
    Settled,
    /// It is no more.
    Gone,
}

/// Waits until virtual machines are in a state.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaitInput {
    /// Names or ids, or a host list such as web[1-3]; the last one without them
    names: Option<HostList>,
    /// Members of a group
    #[arg(long)]
    group: Option<String>,
    /// The cloud that they are on
    #[arg(long)]
    cloud: Option<String>,
    /// The state
    #[arg(long, value_enum, default_value_t = Goal::Active)]
    #[serde(default)]
    until: Goal,
    /// How long at the most, seconds
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
}

impl Input for WaitInput {}

/// `vm wait`.
pub struct Wait;

impl Operation for Wait {
    const NAME: &'static str = "vm.wait";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "Until both run", command: "vm wait web[1-2] --timeout=60" }];
    type Input = WaitInput;
}

impl Change for Wait {
    async fn plan(mesh: &Mesh, input: WaitInput, draft: &mut Draft) -> Result<()> {
        if draft.wait() == Some(false) {
            return Err(Error::new(ErrorKind::BadInput, "vm wait and --no-wait exclude each other"));
        }
        let wanted = Wanted {
            names: input.names.as_ref(),
            group: input.group.as_deref(),
            cloud: input.cloud.as_deref(),
        };
        let servers = resolve::servers(mesh, wanted).await?;
        let until = match input.until {
            Goal::Active => Until::Active,
            Goal::Stopped => Until::Stopped,
            Goal::Paused => Until::Paused,
            Goal::Shelved => Until::Shelved,
            Goal::Settled => Until::Settled,
            Goal::Gone => Until::Gone,
        };
        for server in &servers {
            wait(draft, server, until, input.timeout.unwrap_or(WITHIN), &[]);
        }
        draft.title(format!(
            "wait until {} on {} {} {}",
            policy::counted::<Server>(servers.len()),
            clouds_of(&servers),
            if servers.len() == 1 { "is" } else { "are" },
            until.as_str()
        ));
        Ok(())
    }
}
