//! What this provider can do, and how a second try is kept from doing it twice.

use cloudmesh_resource::{Capability, MarkField, Support};

const fn yes(action: &'static str, mark: MarkField) -> Capability {
    Capability { action, support: Support::Yes(mark) }
}

/// One line for each action.
pub(crate) static CAPABILITIES: &[Capability] = &[
    yes("create_server", MarkField::InCall("metadata `cloudmesh_mark`")),
    yes("delete_server", MarkField::Repeatable("deleting what is gone succeeds")),
    yes("start_server", MarkField::Repeatable("starting what runs succeeds")),
    yes("stop_server", MarkField::Repeatable("stopping what is stopped succeeds")),
    yes("upload_key", MarkField::Repeatable("a key pair's name is its id")),
    yes("delete_key", MarkField::Repeatable("a key pair's name is its id")),
    yes("create_address", MarkField::InCall("`description` of the floating IP")),
    yes("attach_address", MarkField::Repeatable("leading it there again changes nothing")),
    yes("detach_address", MarkField::Repeatable("taking it off again changes nothing")),
    yes("delete_address", MarkField::Repeatable("deleting what is gone succeeds")),
];

#[cfg(test)]
mod tests {
    use cloudmesh_resource::ComputeAction;

    use super::*;

    #[test]
    fn every_action_has_its_line() {
        let lines: Vec<&str> = CAPABILITIES.iter().map(|line| line.action).collect();
        assert_eq!(lines, ComputeAction::NAMES);
    }
}
