//! What clouds tell beside their things: consoles and events of machines, quotas, limits, usage, zones.

use std::time::Duration;

use cloudmesh_client::door::PlaceAnswer;
use cloudmesh_client::operation::{Envelope, Example, Input, Operation, Query, Rows, Stream};
use cloudmesh_client::{Freshness, Mesh, places};
use cloudmesh_model::compute::Server;
use cloudmesh_model::noun::ColumnKind::{Flag, Integer, Text, Time};
use cloudmesh_model::noun::Shown::{Detail, List as InList};
use cloudmesh_model::{Column, Error, ErrorKind, HostList, NativeId, Noun, Result, Row, RowBuilder};
use cloudmesh_resource::Family;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::resolve::{self, Wanted};

/// The one machine that is meant, and its id in the cloud.
async fn one_server(
    mesh: &Mesh,
    names: Option<&HostList>,
    cloud: Option<&str>,
) -> Result<(Server, NativeId)> {
    let wanted = Wanted { names, group: None, cloud };
    let mut servers = resolve::servers(mesh, wanted).await?;
    if servers.len() > 1 {
        return Err(Error::bad_input(format!("{} machines were named; one can be shown", servers.len())));
    }
    let server =
        servers.pop().ok_or_else(|| Error::internal("no machine was found and no error was given"))?;
    let native = server.native.clone().ok_or_else(|| {
        Error::new(ErrorKind::Conflict, format!("{} is planned; the cloud does not know it yet", server.name))
    })?;
    Ok((server, native))
}

/// Shows what a virtual machine wrote to its console; of the last one without a name.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsoleInput {
    /// Name or id
    name: Option<HostList>,
    /// The cloud that it is on
    #[arg(long)]
    cloud: Option<String>,
    /// Only so many lines, the last ones
    #[arg(long)]
    lines: Option<u64>,
    /// Go on until Ctrl-C
    #[arg(long, short = 'f')]
    #[serde(default)]
    follow: bool,
    /// The address of a page with its screen instead; whoever has it can use it for a while
    #[arg(long)]
    #[serde(default)]
    url: bool,
}

impl Input for ConsoleInput {
    fn check(&self) -> Result<()> {
        if self.url && (self.follow || self.lines.is_some()) {
            return Err(Error::bad_input("--url stands alone"));
        }
        Ok(())
    }
}

/// `vm console`.
pub struct Console;

impl Operation for Console {
    const NAME: &'static str = "vm.console";
    const EXAMPLES: &'static [Example] = &[
        Example { about: "The last lines", command: "vm console web1 --lines=20" },
        Example { about: "A page with its screen", command: "vm console web1 --url" },
    ];
    type Input = ConsoleInput;
}

/// How often a console is read that is followed.
const CONSOLE_PAUSE: Duration = Duration::from_secs(2);

impl Stream for Console {
    async fn run(
        mesh: &Mesh,
        input: ConsoleInput,
        bytes: &mut (dyn FnMut(&[u8]) -> Result<()> + Send),
    ) -> Result<()> {
        let (server, native) = one_server(mesh, input.name.as_ref(), input.cloud.as_deref()).await?;
        let cloud = mesh.places()?.cloud(mesh, &server.place).await?;
        if input.url {
            let url = cloud.console_page(&native).await?;
            return bytes(format!("{url}\n").as_bytes());
        }
        let text = cloud.console_output(&native, input.lines).await?;
        bytes(text.as_bytes())?;
        if !input.follow {
            return if text.is_empty() || text.ends_with('\n') { Ok(()) } else { bytes(b"\n") };
        }
        let mut known = cloud.console_output(&native, None).await?;
        let mut interrupts = mesh.parts().interrupts.clone();
        loop {
            tokio_pause(&mut interrupts).await?;
            let now = cloud.console_output(&native, None).await?;
            bytes(news(&known, &now).as_bytes())?;
            known = now;
        }
    }
}

async fn tokio_pause(interrupts: &mut cloudmesh_client::Interrupts) -> Result<()> {
    tokio::select! {
        () = tokio::time::sleep(CONSOLE_PAUSE) => Ok(()),
        () = interrupts.next() => Err(Error::new(ErrorKind::Interrupted, "stopped following")),
    }
}

/// What `now` has that `known` had not. A cloud keeps the end of a console only, so that the beginning of what
/// was known may be gone.
fn news<'a>(known: &str, now: &'a str) -> &'a str {
    if let Some(rest) = now.strip_prefix(known) {
        return rest;
    }
    // The longest end of what was known that the new text begins with, looked for at the beginnings of lines.
    let begins = known.match_indices('\n').map(|(position, _)| position + 1);
    for begin in begins {
        if begin < known.len() && now.starts_with(&known[begin..]) {
            return &now[known.len() - begin..];
        }
    }
    now
}

static EVENT: Noun = Noun {
    name: "event",
    plural: "events",
    columns: &[
        Column { name: "at", kind: Time, shown: InList, about: "When it began" },
        Column { name: "action", kind: Text, shown: InList, about: "What was done, in the cloud's words" },
        Column { name: "message", kind: Text, shown: InList, about: "What went wrong, if anything did" },
        Column { name: "name", kind: Text, shown: InList, about: "The virtual machine" },
        Column { name: "cloud", kind: Text, shown: InList, about: "Cloud it is on" },
        Column { name: "request", kind: Text, shown: Detail, about: "The service's id of the call" },
        Column { name: "user", kind: Text, shown: Detail, about: "The service's id of the user" },
    ],
};

/// Shows what was done with a virtual machine, the newest first; with the last one without a name.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventsInput {
    /// Name or id
    name: Option<HostList>,
    /// The cloud that it is on
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for EventsInput {}

/// `vm events`.
pub struct Events;

impl Operation for Events {
    const NAME: &'static str = "vm.events";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "What was done with it", command: "vm events web1" }];
    type Input = EventsInput;
}

fn asked_now(mesh: &Mesh, place: &str) -> PlaceAnswer {
    PlaceAnswer { place: place.to_owned(), as_of: Some(mesh.now()), error: None }
}

impl Query for Events {
    const NOUN: &'static Noun = &EVENT;

    async fn run(mesh: &Mesh, input: EventsInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        let (server, native) = one_server(mesh, input.name.as_ref(), input.cloud.as_deref()).await?;
        let cloud = mesh.places()?.cloud(mesh, &server.place).await?;
        let events = cloud.events(&native).await?;
        let shown = events.into_iter().map(|event| {
            RowBuilder::new()
                .maybe(event.at)
                .cell(&event.action)
                .maybe(event.message)
                .cell(&server.name)
                .cell(&server.place)
                .cell(&event.request)
                .cell(&event.user)
                .finish()
        });
        rows.rows(shown.collect());
        Ok(Freshness { places: vec![asked_now(mesh, &server.place)], note: None })
    }
}

static QUOTA: Noun = Noun {
    name: "quota",
    plural: "quotas",
    columns: &[
        Column { name: "resource", kind: Text, shown: InList, about: "What" },
        Column {
            name: "used",
            kind: Integer,
            shown: InList,
            about: "How much of it is used, where the cloud tells",
        },
        Column { name: "limit", kind: Text, shown: InList, about: "How much may be used, or `unlimited`" },
        Column { name: "free", kind: Text, shown: InList, about: "How much is left" },
        Column { name: "service", kind: Text, shown: InList, about: "The service that counts it" },
        Column { name: "cloud", kind: Text, shown: InList, about: "The cloud" },
    ],
};

/// Asks several clouds for something that is not kept in the store, all at once.
async fn ask_all<F>(
    mesh: &Mesh,
    cloud: Option<&str>,
    rows: &mut dyn Rows,
    ask: impl Fn(std::sync::Arc<dyn cloudmesh_resource::Compute>, String) -> F,
) -> Result<Freshness>
where
    F: Future<Output = Result<Vec<Row>>>,
{
    let clouds = places::for_reading(mesh, Family::Compute, cloud).await?;
    let asked = clouds.into_iter().map(|name| {
        let ask = &ask;
        async move {
            let outcome = match mesh.places() {
                Ok(places) => match places.cloud(mesh, &name).await {
                    Ok(cloud) => ask(cloud, name.clone()).await,
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            };
            (name, outcome)
        }
    });
    let mut answers = Vec::new();
    for (name, outcome) in futures::future::join_all(asked).await {
        match outcome {
            Ok(shown) => {
                rows.rows(shown);
                answers.push(asked_now(mesh, &name));
            }
            Err(error) => answers.push(PlaceAnswer { place: name, as_of: None, error: Some(error) }),
        }
    }
    Ok(Freshness { places: answers, note: None })
}

fn quota_rows(cloud: &str, quotas: Vec<cloudmesh_resource::Quota>) -> Vec<Row> {
    let row = |quota: cloudmesh_resource::Quota| {
        let limit = quota.limit.map_or_else(|| "unlimited".to_owned(), |limit| limit.to_string());
        let free = quota.limit.and_then(|limit| Some(limit.saturating_sub(quota.used?)));
        RowBuilder::new()
            .cell(&quota.resource)
            .maybe(quota.used)
            .cell(&limit)
            .maybe(free)
            .cell(&quota.service)
            .cell(cloud)
            .finish()
    };
    quotas.into_iter().map(row).collect()
}

/// Clouds to ask.
macro_rules! clouds_input {
    ($(#[$doc:meta])* $input:ident) => {
        $(#[$doc])*
        #[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $input {
            /// Clouds, separated by commas, or `all`
            #[arg(long)]
            cloud: Option<String>,
        }

        impl Input for $input {}
    };
}

clouds_input!(
    /// Shows how much may be used of a cloud's services, and how much is.
    QuotasInput
);

/// `quota list`.
pub struct Quotas;

impl Operation for Quotas {
    const NAME: &'static str = "quota.list";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "What is left", command: "quota list --cloud=sim" }];
    type Input = QuotasInput;
}

impl Query for Quotas {
    const NOUN: &'static Noun = &QUOTA;

    async fn run(mesh: &Mesh, input: QuotasInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        ask_all(mesh, input.cloud.as_deref(), rows, |cloud, name| async move {
            Ok(quota_rows(&name, cloud.quotas().await?))
        })
        .await
    }
}

clouds_input!(
    /// Shows the limits of the compute service alone: servers, cores, memory.
    LimitsInput
);

/// `limits list`.
pub struct Limits;

impl Operation for Limits {
    const NAME: &'static str = "limits.list";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "Servers, cores and memory", command: "limits list --cloud=sim" }];
    type Input = LimitsInput;
}

impl Query for Limits {
    const NOUN: &'static Noun = &QUOTA;

    async fn run(mesh: &Mesh, input: LimitsInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        ask_all(mesh, input.cloud.as_deref(), rows, |cloud, name| async move {
            let mut quotas = cloud.quotas().await?;
            quotas.retain(|quota| quota.service == "compute");
            Ok(quota_rows(&name, quotas))
        })
        .await
    }
}

static ZONE: Noun = Noun {
    name: "zone",
    plural: "zones",
    columns: &[
        Column { name: "name", kind: Text, shown: InList, about: "Name of the availability zone" },
        Column { name: "available", kind: Flag, shown: InList, about: "Whether it can be used now" },
        Column { name: "cloud", kind: Text, shown: InList, about: "The cloud" },
    ],
};

clouds_input!(
    /// Shows the availability zones of machines.
    ZonesInput
);

/// `zone list`.
pub struct Zones;

impl Operation for Zones {
    const NAME: &'static str = "zone.list";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "Zones of one cloud", command: "zone list --cloud=sim" }];
    type Input = ZonesInput;
}

impl Query for Zones {
    const NOUN: &'static Noun = &ZONE;

    async fn run(mesh: &Mesh, input: ZonesInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        ask_all(mesh, input.cloud.as_deref(), rows, |cloud, name| async move {
            let row = |(zone, available): (String, bool)| {
                RowBuilder::new().cell(&zone).maybe(Some(available)).cell(&name).finish()
            };
            Ok(cloud.zones().await?.into_iter().map(row).collect())
        })
        .await
    }
}

static USAGE: Noun = Noun {
    name: "usage",
    plural: "usages",
    columns: &[
        Column { name: "name", kind: Text, shown: InList, about: "The virtual machine" },
        Column { name: "hours", kind: Text, shown: InList, about: "Hours within the period" },
        Column { name: "vcpu_hours", kind: Text, shown: InList, about: "Hours times virtual processors" },
        Column { name: "memory_gib_hours", kind: Text, shown: InList, about: "Hours times GiB of memory" },
        Column { name: "flavor", kind: Text, shown: InList, about: "Its flavor" },
        Column { name: "state", kind: Text, shown: InList, about: "Its state in the cloud's words" },
        Column { name: "started", kind: Time, shown: InList, about: "When it was made" },
        Column { name: "ended", kind: Time, shown: InList, about: "When it went, if it did" },
        Column { name: "cloud", kind: Text, shown: InList, about: "The cloud" },
        Column { name: "native_id", kind: Text, shown: Detail, about: "Id in the cloud" },
    ],
};

/// Shows what machines used in a period, and the sum of all.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UsageInput {
    /// From when on, as a date (2026-01-31) or a moment; four weeks ago without it
    #[arg(long)]
    start: Option<String>,
    /// Until when; now without it
    #[arg(long)]
    end: Option<String>,
    /// Clouds, separated by commas, or `all`
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for UsageInput {
    fn check(&self) -> Result<()> {
        for given in [&self.start, &self.end].into_iter().flatten() {
            moment(given)?;
        }
        Ok(())
    }
}

/// A date or a moment; UTC where no zone is given.
fn moment(text: &str) -> Result<Timestamp> {
    let civil = || {
        let at: jiff::civil::DateTime = text
            .parse()
            .or_else(|_| text.parse::<jiff::civil::Date>().map(|date| date.at(0, 0, 0, 0)))
            .ok()?;
        Some(at.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    };
    text.parse().ok().or_else(civil).ok_or_else(|| {
        let shown = cloudmesh_model::noun::printable(text);
        Error::bad_input(format!("`{shown}` is neither a date nor a moment"))
            .hint("write 2026-01-31 or 2026-01-31T12:00:00")
    })
}

/// `usage list`.
pub struct UsageList;

impl Operation for UsageList {
    const NAME: &'static str = "usage.list";
    const EXAMPLES: &'static [Example] = &[
        Example { about: "The last four weeks", command: "usage list --cloud=sim" },
        Example { about: "A period", command: "usage list --start=2026-01-01 --end=2026-02-01 --cloud=sim" },
    ];
    type Input = UsageInput;
}

impl Query for UsageList {
    const NOUN: &'static Noun = &USAGE;

    async fn run(mesh: &Mesh, input: UsageInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        let end = input.end.as_deref().map(moment).transpose()?.unwrap_or_else(|| mesh.now());
        let start = match input.start.as_deref() {
            Some(start) => moment(start)?,
            None => end.checked_sub(SignedDuration::from_hours(28 * 24)).unwrap_or(Timestamp::MIN),
        };
        if start >= end {
            return Err(Error::bad_input("the period ends before it begins"));
        }
        ask_all(mesh, input.cloud.as_deref(), rows, |cloud, name| async move {
            let usages = cloud.usage(start, end).await?;
            let mut sums = (0.0, 0.0, 0.0);
            let mut shown = Vec::with_capacity(usages.len() + 1);
            for usage in &usages {
                let vcpus = usage.hours * usage.vcpus as f64;
                let memory = usage.hours * usage.memory as f64 / 1024.0;
                sums = (sums.0 + usage.hours, sums.1 + vcpus, sums.2 + memory);
                let row = RowBuilder::new()
                    .cell(&usage.server)
                    .cell(&format!("{:.2}", usage.hours))
                    .cell(&format!("{vcpus:.2}"))
                    .cell(&format!("{memory:.2}"))
                    .cell(&usage.flavor)
                    .cell(&usage.state)
                    .maybe(usage.started)
                    .maybe(usage.ended)
                    .cell(&name)
                    .cell(&usage.native);
                shown.push(row.finish());
            }
            let sum = RowBuilder::new()
                .cell("(all)")
                .cell(&format!("{:.2}", sums.0))
                .cell(&format!("{:.2}", sums.1))
                .cell(&format!("{:.2}", sums.2));
            shown.push(sum.cell("").cell("").cell("").cell("").cell(&name).cell("").finish());
            Ok(shown)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_on_a_console_is_found_even_if_its_beginning_is_gone() {
        assert_eq!(news("", "a\n"), "a\n");
        assert_eq!(news("a\nb\n", "a\nb\nc\n"), "c\n");
        assert_eq!(news("a\nb\nc\n", "b\nc\nd\n"), "d\n");
        assert_eq!(news("a\nlog", "a\nlogin:"), "in:");
        assert_eq!(news("a\nb\n", "x\ny\n"), "x\ny\n");
    }

    #[test]
    fn moments_are_dates_or_times() {
        assert_eq!(moment("2026-01-31").unwrap().to_string(), "2026-01-31T00:00:00Z");
        assert_eq!(moment("2026-01-31T12:00:00").unwrap().to_string(), "2026-01-31T12:00:00Z");
        assert!(moment("yesterday").is_err());
    }
}
