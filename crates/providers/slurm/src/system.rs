//! What Slurm tells beside the queue: nodes, reservations, accounts, what ended jobs used, when a job would start.

use std::collections::BTreeMap;

use cloudmesh_model::job::{Account, JobDetails, Node, Reservation};
use cloudmesh_model::{NativeId, ThingId};
use jiff::Timestamp;

use crate::answer::{Answer, accounting_records};
use crate::record::{Row, moment, number, split_id, text};

/// Nodes: `sinfo -N` has a row for each node and partition.
pub(crate) fn nodes(place: &str, answer: &Answer) -> Vec<Node> {
    let mut given: BTreeMap<&str, u64> = BTreeMap::new();
    for line in answer.section("memory").unwrap_or_default().lines() {
        let mut words = line.split_whitespace();
        if let (Some(name), Some(Ok(memory))) = (words.next(), words.next().map(str::parse)) {
            given.insert(name, memory);
        }
    }
    let mut nodes: Vec<Node> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for record in answer.records("nodes") {
        let [name, queue, state, cpus, memory, gres, features, reason @ ..] = record.as_slice() else {
            continue;
        };
        let queue = queue.trim_end_matches('*').to_owned();
        if let Some(node) = places.get(*name).and_then(|at| nodes.get_mut(*at)) {
            node.queues.push(queue);
            continue;
        }
        let mut shares = cpus.split('/').map(|part| part.trim().parse::<u64>().ok());
        let (used, total) = (shares.next().flatten(), shares.nth(2).flatten());
        let reason = reason.join("\u{1f}");
        let mut words = Vec::new();
        for word in gres.split(',').chain(features.split(',')) {
            if text(word).is_some() {
                words.push(word.to_owned());
            }
        }
        places.insert((*name).to_owned(), nodes.len());
        nodes.push(Node {
            id: ThingId::seen(place, &NativeId::from(*name)),
            place: place.to_owned(),
            name: (*name).to_owned(),
            status: node_status(state).to_owned(),
            native_status: (*state).to_owned(),
            reason: text(&reason).filter(|reason| reason != "none"),
            queues: vec![queue],
            cpus: total,
            used_cpus: used,
            memory: number(memory.trim_end_matches('+')),
            used_memory: given.get(name).copied(),
            features: words,
        });
    }
    nodes
}

/// The state of a node in our words. The last letter may be a flag: `*` does not answer, `~` powered down …
fn node_status(state: &str) -> &'static str {
    let lower = state.to_ascii_lowercase();
    let word = lower.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
    if lower.ends_with('*') {
        return "down";
    }
    match word {
        "idle" => "idle",
        "mixed" | "mix" => "mixed",
        "allocated" | "alloc" | "completing" | "comp" => "busy",
        "draining" | "drng" => "draining",
        "drained" | "drain" => "drained",
        "reserved" | "resv" | "maint" | "planned" | "plnd" => "reserved",
        "down" | "fail" | "failing" | "failg" | "error" | "power_down" | "powering_down" | "powered_down"
        | "pow_dn" | "future" | "inval" | "no_respond" | "reboot" | "boot" => "down",
        _ => "unknown",
    }
}

/// Rows of `sacct` with what was used: a job's own row, and those of its steps, which alone know the memory.
pub(crate) fn history(body: &str) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut at: BTreeMap<String, usize> = BTreeMap::new();
    for fields in accounting_records(body) {
        let [
            id,
            state,
            exit,
            user,
            queue,
            nodes,
            cpus,
            submitted,
            started,
            ended,
            reason,
            comment,
            folder,
            used @ ..,
        ] = fields.as_slice()
        else {
            continue;
        };
        let [elapsed, cpu, memory, account, limit, name @ ..] = used else { continue };
        let whole = id.split('.').next().unwrap_or(id);
        if id.contains('.') {
            let peak = memory_of(memory);
            if let Some(row) = at.get(whole).and_then(|at| rows.get_mut(*at)) {
                row.details.peak_memory = row.details.peak_memory.max(peak);
            }
            continue;
        }
        let mut plain = vec![
            *id, state, exit, user, queue, nodes, cpus, submitted, started, ended, reason, comment, folder,
        ];
        plain.extend(name);
        let Some(mut row) = Row::of_accounting(&plain).filter(|row| !row.is_refused()) else { continue };
        row.details = JobDetails {
            account: text(account),
            // Minutes.
            time_limit: limit.parse::<u64>().ok().map(|minutes| minutes * 60),
            elapsed: elapsed.parse().ok(),
            cpu_time: clock(cpu),
            peak_memory: memory_of(memory),
            ..JobDetails::default()
        };
        at.insert((*whole).to_owned(), rows.len());
        rows.push(row);
    }
    rows.retain(|row| split_id(&row.base).is_some());
    rows
}

/// Whole seconds of `[D-][HH:]MM:SS[.mmm]`.
fn clock(field: &str) -> Option<u64> {
    let (days, rest) = match field.split_once('-') {
        Some((days, rest)) => (days.parse::<u64>().ok()?, rest),
        None => (0, field),
    };
    let rest = rest.split('.').next().unwrap_or(rest);
    let mut seconds = 0_u64;
    for part in rest.split(':') {
        seconds = seconds.checked_mul(60)?.checked_add(part.parse().ok()?)?;
    }
    days.checked_mul(86_400)?.checked_add(seconds)
}

/// MiB of `1234K`, `1.5G`, `0`, or plain bytes.
fn memory_of(field: &str) -> Option<u64> {
    let field = field.trim();
    let (digits, unit) = match field.char_indices().last()? {
        (at, letter) if letter.is_ascii_alphabetic() => (field.get(..at)?, letter.to_ascii_uppercase()),
        _ => (field, 'B'),
    };
    let value: f64 = digits.parse().ok().filter(|value| *value >= 0.0)?;
    let bytes = value
        * match unit {
            'B' => 1.0,
            'K' => 1024.0,
            'M' => 1_048_576.0,
            'G' => 1_073_741_824.0,
            'T' => 1_099_511_627_776.0,
            _ => return None,
        };
    Some((bytes / 1_048_576.0).ceil() as u64)
}

/// Reservations, one in a line, as `NAME=VALUE` words.
pub(crate) fn reservations(place: &str, body: &str) -> Vec<Reservation> {
    let list = |value: Option<&&str>| -> Vec<String> {
        value
            .and_then(|value| text(value))
            .map(|text| text.split(',').map(str::to_owned).collect())
            .unwrap_or_default()
    };
    body.lines()
        .filter_map(|line| {
            let words: BTreeMap<&str, &str> =
                line.split_whitespace().filter_map(|word| word.split_once('=')).collect();
            let name = *words.get("ReservationName")?;
            Some(Reservation {
                id: ThingId::seen(place, &NativeId::from(name)),
                place: place.to_owned(),
                name: name.to_owned(),
                status: words.get("State").map_or("", |state| state).to_ascii_lowercase(),
                start: words.get("StartTime").and_then(|time| moment(time)),
                end: words.get("EndTime").and_then(|time| moment(time)),
                nodes: words.get("Nodes").and_then(|nodes| text(nodes)),
                queue: words.get("PartitionName").and_then(|queue| text(queue)),
                users: list(words.get("Users")),
                accounts: list(words.get("Accounts")),
            })
        })
        .collect()
}

/// Accounts of the user, as `sacctmgr` lists associations.
pub(crate) fn accounts(place: &str, answer: &Answer) -> Vec<Account> {
    let default = answer.section("default").unwrap_or_default().trim();
    answer
        .section("accounts")
        .unwrap_or_default()
        .lines()
        .filter_map(|line| {
            let mut fields = line.split('|');
            let name = fields.next().filter(|name| !name.is_empty())?;
            let queue = fields.next().and_then(text);
            let qos = fields.next().unwrap_or_default();
            let native = queue.as_ref().map_or(name.to_owned(), |queue| format!("{name}/{queue}"));
            Some(Account {
                id: ThingId::seen(place, &NativeId(native)),
                place: place.to_owned(),
                name: name.to_owned(),
                default: name == default,
                queue,
                qos: qos.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect(),
                most_jobs: fields.next().and_then(number),
            })
        })
        .collect()
}

/// `sbatch: Job 33 to start at 2026-11-22T15:15:57 using 1 processors on nodes c2 in partition debug`.
pub(crate) fn forecast(said: &str) -> Option<Timestamp> {
    let (_, rest) = said.split_once(" to start at ")?;
    moment(rest.split_whitespace().next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_of_accounting_are_read() {
        assert_eq!(clock("00:01.234"), Some(1));
        assert_eq!(clock("1-02:03:04"), Some(93_784));
        assert_eq!(clock(""), None);
        assert_eq!(memory_of("2048K"), Some(2));
        assert_eq!(memory_of("1.5G"), Some(1536));
        assert_eq!((memory_of("0"), memory_of("")), (Some(0), None));
    }

    #[test]
    fn the_memory_of_steps_is_that_of_their_job() {
        let row = |id: &str, memory: &str| {
            format!(
                "{id}|COMPLETED|0:0|hpcuser|debug|1|1|2026-11-22T12:39:51|2026-11-22T12:39:52|2026-11-22T12:39:58|None||/home/x|6|00:04.5|{memory}|research|60|a|b|\n"
            )
            .replace('|', "\u{1f}")
        };
        let body = row("5", "") + &row("5.batch", "3000K") + &row("5.0", "2G") + &row("5_1", "");
        let rows = history(&body);
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].details.peak_memory, Some(2048));
        assert_eq!((rows[0].details.cpu_time, rows[0].details.elapsed), (Some(4), Some(6)));
        assert_eq!(rows[0].details.time_limit, Some(3600));
        assert_eq!(rows[0].name, "a\u{1f}b");
    }

    #[test]
    fn reservations_and_forecasts_are_read() {
        let line = "ReservationName=course StartTime=2026-11-22T15:41:48 EndTime=2026-11-22T16:41:48 Duration=01:00:00 Nodes=c1 NodeCnt=1 CoreCnt=8 Features=(null) PartitionName=compute Flags= TRES=cpu=8 Users=hpcuser,hpcuser2 Groups=(null) Accounts=(null) Licenses=(null) State=INACTIVE BurstBuffer=(null)\nNo reservations in the system\n";
        let found = reservations("india", line);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].users, ["hpcuser", "hpcuser2"]);
        assert_eq!(found[0].start.unwrap().to_string(), "2026-11-22T15:41:48Z");
        let said = "sbatch: Job 33 to start at 2026-11-22T15:15:57 using 1 processors on nodes c2";
        assert_eq!(forecast(said).unwrap().to_string(), "2026-11-22T15:15:57Z");
        assert_eq!(forecast("allocation failure"), None);
    }

    #[test]
    fn states_of_nodes_are_told_in_our_words() {
        for (native, ours) in [
            ("idle", "idle"),
            ("down*", "down"),
            ("draining", "draining"),
            ("drained", "drained"),
            ("mixed-", "mixed"),
            ("completing", "busy"),
            ("something", "unknown"),
        ] {
            assert_eq!(node_status(native), ours, "{native}");
        }
    }
}
