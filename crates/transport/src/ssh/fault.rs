//! What `ssh` says when it fails, as our errors. Its messages are not localised.

use cloudmesh_model::{Error, ErrorKind};

use super::SshSettings;

/// What `ssh` was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Connecting, before any command: whatever fails, nothing was sent.
    Connect,
    /// Running a command.
    Call,
}

/// There is no `ssh` to start.
pub(super) fn no_ssh(error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Unsupported, format!("`ssh` cannot be started: {error}"))
        .hint("install OpenSSH's client and see that `ssh` is on PATH")
}

/// The last line that says something.
pub(super) fn last_line(said: &str) -> &str {
    said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("")
}

/// Whether a person who is asked could do what our own attempt could not.
pub(super) fn a_person_may_help(said: &str) -> bool {
    let unknown = said.contains("Host key verification failed")
        && !said.contains("HAS CHANGED")
        && !said.contains("requested strict checking")
        && !said.contains("REVOKED");
    unknown || said.contains("Permission denied (")
}

/// What `ssh` says about a host key that is not the one it knows: the new fingerprint, and where the old
/// one stands.
fn changed_key(said: &str) -> (Option<&str>, Option<&str>) {
    let new = said
        .split_whitespace()
        .find(|word| word.starts_with("SHA256:"))
        .map(|word| word.trim_end_matches('.'));
    let place =
        said.lines().find_map(|line| Some(line.trim().strip_prefix("Offending ")?.split_once(" in ")?.1));
    (new, place)
}

/// The error, and whether the command was surely never sent.
pub(super) fn translate(
    settings: &SshSettings,
    said: &str,
    code: Option<i32>,
    phase: Phase,
) -> (Error, bool) {
    let host = &settings.host;
    let has = |texts: &[&str]| texts.iter().any(|text| said.contains(text));
    let by_hand = || format!("make `ssh {}` work by hand first", spelled(settings));
    let error = if has(&["Host key verification failed", "REMOTE HOST IDENTIFICATION HAS CHANGED"]) {
        if has(&["REMOTE HOST IDENTIFICATION HAS CHANGED"]) {
            let (new, place) = changed_key(said);
            let shows = new.map(|key| format!("; it shows {key}")).unwrap_or_default();
            let error = Error::new(
                ErrorKind::Unauthorized,
                format!(
                    "the host key of {host} is not the one that is known: it may be another machine{shows}"
                ),
            );
            error.hint(match place {
                Some(place) => format!(
                    "ask the operators of {host} whether its key was changed; only then remove the old one, which stands in {place}"
                ),
                None => format!("ask the operators of {host} whether its key was changed"),
            })
        } else {
            Error::new(ErrorKind::Unauthorized, format!("the host key of {host} is not known here")).hint(
                format!(
                    "compare the key with what the operators of {host} publish, then run `ssh {}` once by hand",
                    spelled(settings)
                ),
            )
        }
    } else if has(&[
        "Permission denied (",
        "Too many authentication failures",
        "No more authentication methods",
    ]) {
        let methods = said
            .lines()
            .rev()
            .find_map(|line| line.split_once("Permission denied (")?.1.split_once(')').map(|parts| parts.0));
        Error::new(ErrorKind::Unauthorized, format!("{host} did not accept the log-in"))
            .with("accepted methods", methods.unwrap_or("not said"))
            .hint(format!("{}; load your key into the agent with `ssh-add`", by_hand()))
    } else if has(&[
        "Bad configuration option",
        "bad configuration options",
        "Bad owner or permissions",
        "Can't open user config",
    ]) {
        Error::bad_input(format!("the SSH configuration cannot be used: {}", last_line(said))).hint(by_hand())
    } else if has(&["Could not resolve hostname"]) {
        Error::new(ErrorKind::Unreachable, format!("the name {host} does not lead to a computer"))
            .hint("check the alias in ~/.ssh/config, the name, and the network")
            .temporary(None)
    } else if has(&["Connection refused"]) {
        Error::new(ErrorKind::Unreachable, format!("{host} refused the connection"))
            .hint("check the port, and whether the cluster is in maintenance")
            .temporary(None)
    } else if has(&["timed out", "No route to host", "Network is unreachable"]) {
        Error::new(ErrorKind::Unreachable, format!("{host} cannot be reached"))
            .hint("check the network, a VPN that may be needed, and the jump host")
            .temporary(None)
    } else {
        let said = if last_line(said).is_empty() { "ssh gave no reason" } else { last_line(said) };
        let error = Error::new(ErrorKind::Unreachable, format!("there is no connection to {host}: {said}"))
            .hint(by_hand());
        if phase == Phase::Connect { error.temporary(None) } else { error }
    };
    let error = match code {
        Some(code) => error.with("ssh exit code", code),
        None => error,
    };
    let refused_before = has(&[
        "Host key verification failed",
        "Permission denied (",
        "Could not resolve hostname",
        "Connection refused",
        "ssh: connect to host",
        "onfiguration option",
    ]);
    let never_sent = phase == Phase::Connect || refused_before;
    (error.with("ssh", last_line(said)), never_sent)
}

fn spelled(settings: &SshSettings) -> String {
    let mut words = String::new();
    if let Some(config) = &settings.config {
        words.push_str(&format!("-F {} ", config.display()));
    }
    if let Some(user) = &settings.user {
        words.push_str(&format!("-l {user} "));
    }
    words + &settings.host
}

#[cfg(test)]
mod tests {
    use cloudmesh_model::Retry;

    use super::*;

    fn of(said: &str, phase: Phase) -> (Error, bool) {
        translate(&SshSettings::new("india", "/tmp"), said, Some(255), phase)
    }

    #[test]
    fn each_way_of_failing_has_its_kind() {
        let cases = [
            ("ssh: connect to host 127.0.0.1 port 1: Connection refused", ErrorKind::Unreachable),
            ("ssh: Could not resolve hostname india: Name or service not known", ErrorKind::Unreachable),
            (
                "No ED25519 host key is known for x and you have requested strict checking.\r\nHost key verification failed.",
                ErrorKind::Unauthorized,
            ),
            ("me@india: Permission denied (publickey,password).", ErrorKind::Unauthorized),
            ("ssh: connect to host india port 22: Connection timed out", ErrorKind::Unreachable),
            ("/home/me/.ssh/config: line 3: Bad configuration option: frob", ErrorKind::BadInput),
            ("kex_exchange_identification: Connection closed by remote host", ErrorKind::Unreachable),
        ];
        for (said, kind) in cases {
            let (error, never_sent) = of(said, Phase::Connect);
            assert_eq!(error.kind(), kind, "{said}");
            assert!(never_sent && error.hint_text().is_some());
        }
        assert!(matches!(of(cases[0].0, Phase::Call).0.retry_class(), Retry::Temporary { .. }));
    }

    #[test]
    fn a_connection_that_broke_during_a_command_may_have_sent_it() {
        assert!(!of("client_loop: send disconnect: Broken pipe", Phase::Call).1);
        assert!(!of("", Phase::Call).1);
        assert!(of("ssh: connect to host x port 22: Connection refused", Phase::Call).1);
    }
}
