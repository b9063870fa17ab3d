//! Nova's states of a server in our words.

use cloudmesh_model::compute::ServerStatus;

/// The state that `status` and the task under way mean together.
pub(crate) fn status(status: &str, task: Option<&str>) -> ServerStatus {
    use ServerStatus::{
        Active, Building, Changing, Deleting, Error, Gone, Paused, Rescued, Resized, Shelved, Stopped,
        Unknown,
    };
    if matches!(task, Some("deleting" | "soft-deleting" | "force_deleting")) {
        return Deleting;
    }
    // Copying the disk to an image leaves a server as it is.
    let moving = task.is_some_and(|task| !task.is_empty() && !task.starts_with("image_"));
    let steady = |steady| if moving { Changing } else { steady };
    match status {
        "BUILD" => Building,
        "ACTIVE" => steady(Active),
        "VERIFY_RESIZE" => steady(Resized),
        "RESCUE" => steady(Rescued),
        "SHUTOFF" => steady(Stopped),
        "PAUSED" | "SUSPENDED" => steady(Paused),
        "SHELVED" | "SHELVED_OFFLOADED" => steady(Shelved),
        "ERROR" => Error,
        "SOFT_DELETED" => Deleting,
        "DELETED" => Gone,
        "REBOOT" | "HARD_REBOOT" | "RESIZE" | "REVERT_RESIZE" | "MIGRATING" | "REBUILD" | "PASSWORD" => {
            Changing
        }
        _ => Unknown,
    }
}

/// The state in Nova's words: the status, and the task if there is one.
pub(crate) fn native(status: &str, task: Option<&str>) -> String {
    match task.filter(|task| !task.is_empty()) {
        Some(task) => format!("{status} ({task})"),
        None => status.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_under_way_counts() {
        assert_eq!(status("ACTIVE", None), ServerStatus::Active);
        assert_eq!(status("ACTIVE", Some("powering-off")), ServerStatus::Changing);
        assert_eq!(status("SHUTOFF", Some("powering-on")), ServerStatus::Changing);
        assert_eq!(status("ACTIVE", Some("image_uploading")), ServerStatus::Active);
        assert_eq!(status("ERROR", Some("deleting")), ServerStatus::Deleting);
        assert_eq!(status("BUILD", Some("spawning")), ServerStatus::Building);
        assert_eq!(status("UNKNOWN", None), ServerStatus::Unknown);
        assert_eq!(native("ACTIVE", Some("powering-off")), "ACTIVE (powering-off)");
        assert_eq!(native("ACTIVE", None), "ACTIVE");
    }
}
