//! The faults of a cloud: what can be asked for, and what they mean for one call.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::call_log::CallRecord;
use crate::clock::lock;
use crate::options::Quotas;
use crate::request::Request;
use crate::simulator::Cloud;
use crate::state::Settings;
use crate::stop_client::{Armed, StopClient, StopReport};

/// What shall go wrong. Everything left out goes well.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultSettings {
    /// A delay before every answer, on top of the cloud's own.
    pub latency_ms: Option<u64>,
    /// Errors instead of answers, before any effect.
    pub failure: Option<Failure>,
    /// Refusals with 429 and Retry-After.
    pub throttle: Option<Throttle>,
    /// Calls that take effect, but whose connection is dropped without an answer.
    pub lost_answers: Option<Selection>,
    /// How long after the connection was dropped the effect of a lost call takes place.
    pub late_effect_ms: Option<u64>,
    /// Calls whose connection is dropped before any effect.
    pub dropped: Option<Selection>,
    /// The whole cloud is dead.
    pub dead: Option<DeadMode>,
    /// Single regions are dead; Keystone still answers.
    pub dead_regions: BTreeMap<String, DeadMode>,
    /// Other quotas than those of the options.
    pub quotas: Option<Quotas>,
    /// Which boots end in ERROR, counted from 1 since these settings were made.
    pub boot_errors: Vec<u64>,
    /// Another build time than that of the options.
    pub build_time_ms: Option<u64>,
    /// Another time for stop, start, delete and the like.
    pub action_time_ms: Option<u64>,
    /// Another lifetime for new tokens.
    pub token_lifetime_ms: Option<u64>,
    /// Another greatest page.
    pub page_size: Option<u32>,
}

/// Errors instead of answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// Which calls.
    #[serde(default)]
    pub calls: Selection,
    /// The statuses to choose from.
    #[serde(default = "Failure::usual")]
    pub statuses: Vec<u16>,
}

impl Failure {
    fn usual() -> Vec<u16> {
        vec![500, 502, 503]
    }

    /// A share of all calls fails, with 500, 502 or 503.
    #[must_use]
    pub fn rate(rate: f64) -> Self {
        Self { calls: Selection { rate: Some(rate), ..Selection::default() }, statuses: Self::usual() }
    }
}

/// Refusals with 429.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Throttle {
    /// So many calls are refused, beginning with the next one.
    pub next: u64,
    /// Calls above this rate are refused.
    pub per_second: Option<f64>,
    /// What Retry-After says, in seconds.
    pub retry_after: u64,
}

/// Which calls a fault is for. Several conditions must all hold; none means every call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Selection {
    /// A share of the calls, 0.0 to 1.0.
    pub rate: Option<f64>,
    /// These calls, counted from 1 since the settings were made, among those that the other conditions leave.
    pub numbers: Vec<u64>,
    /// Only calls that mean to change something.
    pub only_changes: bool,
    /// Only calls to this service.
    pub service: Option<String>,
    /// Only calls with this method.
    pub method: Option<String>,
    /// Only calls whose path contains this.
    pub path: Option<String>,
}

/// How something is dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadMode {
    /// Calls are taken and never answered.
    Silent,
    /// Connections are closed at once.
    Closed,
}

/// What becomes of one call.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) latency: Duration,
    pub(crate) fate: Fate,
}

#[derive(Debug)]
pub(crate) enum Fate {
    Answer,
    Dead(DeadMode),
    Fail(u16),
    Throttled(u64),
    DropBefore,
    /// Drop without an answer; the effect comes after so long.
    Lose(Duration),
    Stop(StopClient, usize),
}

/// The faults of one cloud, with what they have counted.
#[derive(Debug)]
pub(crate) struct Faults {
    settings: FaultSettings,
    random: fastrand::Rng,
    seed: u64,
    seen_by_failure: u64,
    seen_by_lost: u64,
    seen_by_dropped: u64,
    /// Calls left in the bucket of a rate, and when it was last filled.
    bucket: (f64, Option<Timestamp>),
    pub(crate) armed: Vec<Armed>,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            settings: FaultSettings::default(),
            random: fastrand::Rng::with_seed(seed),
            seed,
            seen_by_failure: 0,
            seen_by_lost: 0,
            seen_by_dropped: 0,
            bucket: (0.0, None),
            armed: Vec::new(),
        }
    }

    fn set(&mut self, settings: FaultSettings) {
        let armed = std::mem::take(&mut self.armed);
        *self = Self { settings, armed, ..Self::new(self.seed) };
    }

    /// Decides about one call.
    pub(crate) fn judge(
        &mut self,
        request: &Request,
        service: &str,
        region: Option<&str>,
        now: Timestamp,
    ) -> Verdict {
        let latency = Duration::from_millis(self.settings.latency_ms.unwrap_or(0));
        Verdict { latency, fate: self.fate(request, service, region, now) }
    }

    fn fate(&mut self, request: &Request, service: &str, region: Option<&str>, now: Timestamp) -> Fate {
        if let Some(mode) = self.settings.dead {
            return Fate::Dead(mode);
        }
        if service != "identity"
            && let Some(mode) = region.and_then(|region| self.settings.dead_regions.get(region))
        {
            return Fate::Dead(*mode);
        }
        for (index, armed) in self.armed.iter_mut().enumerate() {
            if armed.meets(request.is_change()) {
                return Fate::Stop(armed.order.clone(), index);
            }
        }
        if let Some(retry_after) = self.throttle(now) {
            return Fate::Throttled(retry_after);
        }
        let Self { settings, random, .. } = self;
        if let Some(failure) = &settings.failure
            && failure.calls.takes(request, service, &mut self.seen_by_failure, random)
        {
            let status = random.choice(&failure.statuses).copied().unwrap_or(503);
            return Fate::Fail(status);
        }
        if let Some(dropped) = &settings.dropped
            && dropped.takes(request, service, &mut self.seen_by_dropped, random)
        {
            return Fate::DropBefore;
        }
        if let Some(lost) = &settings.lost_answers
            && lost.takes(request, service, &mut self.seen_by_lost, random)
        {
            return Fate::Lose(Duration::from_millis(settings.late_effect_ms.unwrap_or(0)));
        }
        Fate::Answer
    }

    fn throttle(&mut self, now: Timestamp) -> Option<u64> {
        let throttle = self.settings.throttle.as_mut()?;
        if throttle.next > 0 {
            throttle.next -= 1;
            return Some(throttle.retry_after);
        }
        let rate = throttle.per_second.filter(|rate| *rate > 0.0)?;
        let (left, filled) = &mut self.bucket;
        let passed = filled.map_or(f64::MAX, |filled| now.duration_since(filled).as_secs_f64().max(0.0));
        *left = (*left + passed * rate).min(rate.max(1.0));
        *filled = Some(now);
        if *left >= 1.0 {
            *left -= 1.0;
            None
        } else {
            Some(throttle.retry_after)
        }
    }
}

impl Selection {
    /// Whether the fault is for this call; `seen` counts the calls that the conditions leave.
    fn takes(&self, request: &Request, service: &str, seen: &mut u64, random: &mut fastrand::Rng) -> bool {
        let fits = (!self.only_changes || request.is_change())
            && self.service.as_deref().is_none_or(|wanted| wanted == service)
            && self
                .method
                .as_deref()
                .is_none_or(|wanted| request.method.as_str().eq_ignore_ascii_case(wanted))
            && self.path.as_deref().is_none_or(|wanted| request.target.contains(wanted));
        if !fits {
            return false;
        }
        *seen += 1;
        let by_number = self.numbers.is_empty() || self.numbers.contains(seen);
        // The dice are thrown for every fitting call, so that a seed gives the same calls whatever else is set.
        let by_rate = self.rate.is_none_or(|rate| random.f64() < rate);
        by_number && by_rate
    }
}

/// Sets the faults of one cloud from within the process; the control API does the same from outside.
#[derive(Clone)]
pub struct FaultHandle {
    pub(crate) cloud: Arc<Cloud>,
}

impl FaultHandle {
    /// Replaces all settings; what they have counted begins anew. Orders to stop the client stay.
    pub fn set(&self, settings: FaultSettings) {
        {
            let mut state = lock(&self.cloud.state);
            let mut plain = Settings::of(&self.cloud.options);
            if let Some(quotas) = &settings.quotas {
                plain.quotas = quotas.clone();
            }
            let time = |milliseconds: Option<u64>, usual| milliseconds.map_or(usual, Duration::from_millis);
            plain.build_time = time(settings.build_time_ms, plain.build_time);
            plain.action_time = time(settings.action_time_ms, plain.action_time);
            plain.token_lifetime = time(settings.token_lifetime_ms, plain.token_lifetime);
            plain.page_size = settings.page_size.map(|size| size.max(1) as usize).or(plain.page_size);
            plain.boot_errors = settings.boot_errors.iter().copied().collect();
            state.settings = plain;
        }
        lock(&self.cloud.faults).set(settings);
    }

    /// The present settings.
    #[must_use]
    pub fn get(&self) -> FaultSettings {
        lock(&self.cloud.faults).settings.clone()
    }

    /// Ends all faults and forgets all orders to stop the client.
    pub fn clear(&self) {
        self.set(FaultSettings::default());
        lock(&self.cloud.faults).armed.clear();
    }

    /// Makes every token invalid: the next call gets 401.
    pub fn expire_tokens(&self) {
        lock(&self.cloud.state).tokens.clear();
    }

    /// Orders that the client be stopped at a call, counted from now.
    pub fn stop_client(&self, order: StopClient) {
        lock(&self.cloud.faults).armed.push(Armed::new(order));
    }

    /// What became of the orders to stop the client, in the order in which they were given.
    #[must_use]
    pub fn stops(&self) -> Vec<StopReport> {
        lock(&self.cloud.faults).armed.iter().map(Armed::report).collect()
    }

    /// The calls after number `since`; 0 gives all that are remembered.
    #[must_use]
    pub fn calls(&self, since: u64, only_changes: bool) -> Vec<CallRecord> {
        lock(&self.cloud.log).since(since, only_changes)
    }

    /// The number of the last call, to begin a later look from.
    #[must_use]
    pub fn mark(&self) -> u64 {
        lock(&self.cloud.log).last()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::{HeaderMap, Method, body::Bytes};

    fn request(method: Method, path: &str) -> Request {
        Request::new(method, &path.parse().unwrap(), HeaderMap::new(), Bytes::new())
    }

    fn fails(faults: &mut Faults, request: &Request) -> bool {
        matches!(faults.judge(request, "compute", None, Timestamp::UNIX_EPOCH).fate, Fate::Fail(_))
    }

    #[test]
    fn a_rate_repeats_with_the_seed() {
        let pattern = |seed| {
            let mut faults = Faults::new(seed);
            faults.set(FaultSettings { failure: Some(Failure::rate(0.3)), ..FaultSettings::default() });
            let request = request(Method::GET, "/sim/compute/v2.1/servers");
            (0..200).map(|_| fails(&mut faults, &request)).collect::<Vec<_>>()
        };
        assert_eq!(pattern(1), pattern(1));
        assert_ne!(pattern(1), pattern(2));
        let failed = pattern(1).into_iter().filter(|failed| *failed).count();
        assert!((35..85).contains(&failed), "{failed} of 200");
    }

    #[test]
    fn numbers_count_only_the_calls_that_fit() {
        let mut faults = Faults::new(0);
        let calls = Selection { numbers: vec![2], only_changes: true, ..Selection::default() };
        let failure = Failure { calls, statuses: vec![500] };
        faults.set(FaultSettings { failure: Some(failure), ..FaultSettings::default() });
        let read = request(Method::GET, "/sim/compute/v2.1/servers");
        let change = request(Method::POST, "/sim/compute/v2.1/servers");
        let token = request(Method::POST, "/sim/identity/v3/auth/tokens");
        let outcomes: Vec<bool> =
            [&token, &read, &change, &read, &change, &change].map(|each| fails(&mut faults, each)).to_vec();
        assert_eq!(outcomes, [false, false, false, false, true, false]);
    }

    #[test]
    fn a_rate_of_calls_is_a_bucket() {
        let mut faults = Faults::new(0);
        let throttle = Throttle { per_second: Some(2.0), retry_after: 1, ..Throttle::default() };
        faults.set(FaultSettings { throttle: Some(throttle), ..FaultSettings::default() });
        let request = request(Method::GET, "/sim/compute/v2.1/servers");
        let mut throttled = |milliseconds: i64| {
            let now = Timestamp::from_millisecond(1_000_000 + milliseconds).unwrap();
            matches!(faults.judge(&request, "compute", None, now).fate, Fate::Throttled(_))
        };
        assert_eq!([0, 1, 2, 600, 601].map(&mut throttled), [false, false, true, false, true]);
    }
}
