//! Where a peer is known not to keep the contract. Each line is printed by every run; the case runs all the same, and
//! a line that is no longer true fails.

use std::time::Duration;

/// One known deviation.
#[derive(Clone, Copy, Debug)]
pub struct Deviation {
    /// The peer.
    pub peer: &'static str,
    /// The case that does not hold there.
    pub case: &'static str,
    /// Why, in words.
    pub why: &'static str,
}

/// All known deviations.
pub static DEVIATIONS: &[Deviation] = &[];

/// A peer whose lists may not show for a moment what was just made: a case asks again meanwhile.
#[derive(Clone, Copy, Debug)]
pub struct Lag {
    /// The peer.
    pub peer: &'static str,
    /// After this long its lists are whole.
    pub within: Duration,
    /// Why, in words.
    pub why: &'static str,
}

/// All known lags.
pub static LAGS: &[Lag] = &[
    Lag { peer: "openstack-password", within: Duration::from_secs(15), why: SHORT_PAGES },
    Lag { peer: "openstack-credential", within: Duration::from_secs(15), why: SHORT_PAGES },
];

const SHORT_PAGES: &str = "with pages of two, Nova may leave out a server that it hands to a cell between two pages, \
                           or end the list there; its usual pages hold 1000, so there it takes as many servers";

/// The lag of `peer`: none, if none is known.
#[must_use]
pub fn lag(peer: &str) -> Duration {
    LAGS.iter().find(|lag| lag.peer == peer).map_or(Duration::ZERO, |lag| lag.within)
}

/// The deviation of `peer` from `case`, if one is known.
#[must_use]
pub fn deviation(peer: &str, case: &str) -> Option<&'static Deviation> {
    DEVIATIONS.iter().find(|deviation| deviation.peer == peer && deviation.case == case)
}
