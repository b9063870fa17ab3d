//! What a provider can do and, for every "no", why. Help, `cloud info`, documentation and the
//! conformance suite read this one table.

/// How a provider finds a thing of ours again after an uncertain call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkField {
    /// The mark travels in the call itself; the text names the field: "metadata `cloudmesh_mark`".
    InCall(&'static str),
    /// The call may simply be repeated; the text says why: "a key pair's name is its id".
    Repeatable(&'static str),
    /// There is no mark; the text says what happens then.
    None(&'static str),
}

/// Whether an action is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It is; and this is how a second try is kept from doing it twice.
    Yes(MarkField),
    /// It is not; the reason in words, for the user.
    No(&'static str),
}

/// One line of a provider's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capability {
    /// The action's name, one of [`crate::ComputeAction::NAMES`] or [`crate::BatchAction::NAMES`].
    pub action: &'static str,
    /// Whether it is there.
    pub support: Support,
}
