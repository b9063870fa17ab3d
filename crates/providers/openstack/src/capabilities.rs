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
    yes("reboot_server", MarkField::Repeatable("while a reboot is under way, another one does nothing")),
    yes("pause_server", MarkField::Repeatable("pausing what is paused succeeds")),
    yes("unpause_server", MarkField::Repeatable("what runs goes on")),
    yes("suspend_server", MarkField::Repeatable("suspending what is suspended succeeds")),
    yes("resume_server", MarkField::Repeatable("resuming what runs succeeds")),
    yes("shelve_server", MarkField::Repeatable("shelving what is shelved succeeds")),
    yes("unshelve_server", MarkField::Repeatable("bringing back what runs succeeds")),
    yes("lock_server", MarkField::Repeatable("locking what is locked changes nothing")),
    yes("unlock_server", MarkField::Repeatable("unlocking what is not locked changes nothing")),
    yes("rename_server", MarkField::Repeatable("the same name again changes nothing")),
    yes("resize_server", MarkField::Repeatable("what is of that flavor stays so")),
    yes("confirm_resize", MarkField::Repeatable("what waits for nothing stays so")),
    yes("revert_resize", MarkField::Repeatable("what waits for nothing stays so")),
    yes("rebuild_server", MarkField::Repeatable("while a rebuild is under way, another one does nothing")),
    yes("rescue_server", MarkField::Repeatable("what is rescued stays so")),
    yes("unrescue_server", MarkField::Repeatable("what runs from its own disk stays so")),
    yes("set_metadata", MarkField::Repeatable("the same items again change nothing")),
    yes("create_image", MarkField::InCall("property `cloudmesh_mark`")),
    yes("delete_image", MarkField::Repeatable("deleting what is gone succeeds")),
    yes("create_network", MarkField::InCall("end of `description`")),
    yes("delete_network", MarkField::Repeatable("deleting what is gone succeeds")),
    yes("create_subnet", MarkField::InCall("end of `description`")),
    yes("delete_subnet", MarkField::Repeatable("deleting what is gone succeeds")),
    yes("create_router", MarkField::InCall("end of `description`")),
    yes("delete_router", MarkField::Repeatable("deleting what is gone succeeds")),
    yes("attach_subnet", MarkField::Repeatable("connecting what is connected succeeds")),
    yes("detach_subnet", MarkField::Repeatable("taking off what is not connected succeeds")),
    yes("create_port", MarkField::InCall("end of `description`")),
    yes("delete_port", MarkField::Repeatable("deleting what is gone succeeds")),
    yes("create_secgroup", MarkField::InCall("end of `description`")),
    yes("delete_secgroup", MarkField::Repeatable("deleting what is gone succeeds")),
    yes("add_rule", MarkField::Repeatable("a group has a rule once")),
    yes("remove_rule", MarkField::Repeatable("removing what is not there succeeds")),
    yes("create_volume", MarkField::InCall("metadata `cloudmesh_mark`")),
    yes("delete_volume", MarkField::Repeatable("deleting what is gone succeeds")),
    yes("extend_volume", MarkField::Repeatable("what is that large stays so")),
    yes("attach_volume", MarkField::Repeatable("attaching what is attached there succeeds")),
    yes("detach_volume", MarkField::Repeatable("taking off what is not there succeeds")),
    yes("create_snapshot", MarkField::InCall("metadata `cloudmesh_mark`")),
    yes("delete_snapshot", MarkField::Repeatable("deleting what is gone succeeds")),
    yes(
        "create_server_group",
        MarkField::None("Nova keeps no text of ours with a group: after a lost answer there may be two"),
    ),
    yes("delete_server_group", MarkField::Repeatable("deleting what is gone succeeds")),
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
