//! What a case is, and what it needs.

use cloudmesh_resource::{Capability, Support};
use futures::future::BoxFuture;

use crate::Outcome;

/// Something that not every peer offers to a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// There is a pool of floating addresses.
    Pools,
    /// There is a service of volumes.
    Volumes,
    /// A description with a wrong password.
    WrongPassword,
    /// A description that leads to a port where nobody listens.
    ClosedPort,
    /// A description that leads to a port where nobody ever answers.
    SilentPort,
    /// Faults can be ordered.
    Faults,
    /// A time limit takes effect while a test can wait for it.
    TimeLimit,
}

/// One promise of the contract.
#[derive(Debug)]
pub struct Case<Bench: 'static> {
    /// What holds.
    pub name: &'static str,
    /// Actions that the provider must have.
    pub actions: &'static [&'static str],
    /// What the peer must offer.
    pub features: &'static [Feature],
    pub(crate) run: for<'a> fn(&'a Bench) -> BoxFuture<'a, Outcome>,
}

impl<Bench> Case<Bench> {
    /// Why the case cannot be run at a peer; `None` if it can.
    #[must_use]
    pub fn left_out(&self, capabilities: &[Capability], features: &[Feature]) -> Option<String> {
        let has = |action: &str| {
            capabilities.iter().any(|line| line.action == action && matches!(line.support, Support::Yes(_)))
        };
        if let Some(action) = self.actions.iter().find(|action| !has(action)) {
            return Some(format!("the provider has no {action}"));
        }
        let missing = self.features.iter().find(|feature| !features.contains(feature))?;
        Some(format!("the peer has no {missing:?}"))
    }
}

/// `case!(function, [actions], [features])`: a case of that function's name.
macro_rules! case {
    ($function:path, $name:literal, [$($action:literal),*], [$($feature:ident),*]) => {
        $crate::Case {
            name: $name,
            actions: &[$($action),*],
            features: &[$($crate::Feature::$feature),*],
            run: |bench| Box::pin($function(bench)),
        }
    };
    ($function:ident, [$($action:literal),*], [$($feature:ident),*]) => {
        $crate::Case {
            name: stringify!($function),
            actions: &[$($action),*],
            features: &[$($crate::Feature::$feature),*],
            run: |bench| Box::pin($function(bench)),
        }
    };
}

pub(crate) use case;
