//! Where a peer is known not to keep the contract. Each line is printed by every run; the case runs all the same, and
//! a line that is no longer true fails.

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

/// The deviation of `peer` from `case`, if one is known.
#[must_use]
pub fn deviation(peer: &str, case: &str) -> Option<&'static Deviation> {
    DEVIATIONS.iter().find(|deviation| deviation.peer == peer && deviation.case == case)
}
