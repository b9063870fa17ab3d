//! Key pairs. Facts: Compute API reference, "Keypairs"; 2.2 adds the type, 2.10 the user, 2.35 paging, 2.92 takes
//! generation away.

use base64::Engine;
use hyper::Method;
use serde_json::{Value, json};

use crate::answer::{Answer, Outcome};
use crate::clock::without_zone;
use crate::dispatch::Call;
use crate::nova::model::KeyPair;
use crate::nova::{bad, fault, forbidden, listing};
use crate::paging::{next_query, page};
use crate::state::CloudState;

fn describe(pair: &KeyPair, minor: u32) -> Value {
    let mut shown =
        json!({"name": pair.name, "public_key": pair.public_key, "fingerprint": pair.fingerprint});
    if minor >= 2 {
        shown["type"] = json!(pair.kind);
    }
    shown
}

pub(crate) fn answer(state: &mut CloudState, call: &Call<'_>, minor: u32, rest: &[&str]) -> Outcome {
    let user = match call.request.parameter("user_id") {
        Some(user) if minor >= 10 && user != call.who.user => {
            if !call.who.admin {
                return Err(forbidden("os_compute_api:os-keypairs:index"));
            }
            user.to_owned()
        }
        _ => call.who.user.clone(),
    };
    let region = &state.regions[call.region];
    let missing = |name: &str| fault(404, &format!("Keypair {name} not found for user {user}"));
    match (&call.request.method, rest) {
        (&Method::GET, []) => list(state, call, minor, &user),
        (&Method::POST, []) => create(state, call, minor),
        (&Method::GET, [name]) => {
            let pair = region
                .key_pairs
                .get(&user)
                .and_then(|pairs| pairs.get(*name))
                .ok_or_else(|| missing(name))?;
            let mut shown = describe(pair, minor);
            shown["user_id"] = json!(pair.user);
            shown["created_at"] = json!(without_zone(pair.created));
            shown["updated_at"] = Value::Null;
            shown["deleted_at"] = Value::Null;
            shown["deleted"] = json!(false);
            shown["id"] = json!(pair.id);
            Ok(Answer::json(200, &json!({"keypair": shown})))
        }
        (&Method::DELETE, [name]) => {
            let removed =
                state.regions[call.region].key_pairs.get_mut(&user).and_then(|pairs| pairs.remove(*name));
            removed.map(|_| Answer::empty(if minor >= 2 { 204 } else { 202 })).ok_or_else(|| missing(name))
        }
        _ => Err(fault(404, "The resource could not be found.")),
    }
}

fn list(state: &CloudState, call: &Call<'_>, minor: u32, user: &str) -> Outcome {
    let pairs = state.regions[call.region].key_pairs.get(user);
    let rows: Vec<&KeyPair> = pairs.into_iter().flat_map(|pairs| pairs.values()).collect();
    let (limit, marker) = if minor >= 35 {
        (Some(listing::limit(call.request, state.settings.page_size)?), call.request.parameter("marker"))
    } else {
        (None, None)
    };
    let page = page(rows, marker, limit, |pair| &pair.name)
        .ok_or_else(|| bad(&format!("marker [{}] not found", marker.unwrap_or_default())))?;
    let shown: Vec<Value> = page.rows.iter().map(|pair| json!({"keypair": describe(pair, minor)})).collect();
    let mut body = json!({"keypairs": shown});
    if let (true, Some(last)) = (page.full, page.rows.last()) {
        let href = format!("{}/v2.1/os-keypairs?{}", call.root, next_query(call.request, &last.name));
        body["keypairs_links"] = json!([{"rel": "next", "href": href}]);
    }
    Ok(Answer::json(200, &body))
}

fn create(state: &mut CloudState, call: &Call<'_>, minor: u32) -> Outcome {
    let body = call.request.json().ok_or_else(|| bad("Malformed request body"))?;
    let asked = body["keypair"]
        .as_object()
        .ok_or_else(|| bad("Invalid input for field/attribute keypair. 'keypair' is a required property"))?;
    let allowed: &[&str] = match minor {
        0..2 => &["name", "public_key"],
        2..10 => &["name", "public_key", "type"],
        _ => &["name", "public_key", "type", "user_id"],
    };
    if let Some(unknown) = asked.keys().find(|key| !allowed.contains(&key.as_str())) {
        return Err(super::validate::unexpected("keypair", unknown));
    }
    let Some(name) = asked.get("name").and_then(Value::as_str) else {
        return Err(super::validate::required("keypair", "name"));
    };
    check_name(name, minor)?;
    let kind = asked.get("type").and_then(Value::as_str).unwrap_or("ssh").to_owned();
    if !matches!(kind.as_str(), "ssh" | "x509") {
        return Err(bad(&format!(
            "Invalid input for field/attribute type. Value: {kind}. '{kind}' is not one of ['ssh', 'x509']"
        )));
    }
    let user = match asked.get("user_id").and_then(Value::as_str) {
        Some(user) if user != call.who.user && !call.who.admin => {
            return Err(forbidden("os_compute_api:os-keypairs:create"));
        }
        Some(user) => user.to_owned(),
        None => call.who.user.clone(),
    };
    let (public_key, private_key) = match asked.get("public_key").and_then(Value::as_str) {
        Some(public_key) => (public_key.to_owned(), None),
        None if minor >= 92 => return Err(super::validate::required("keypair", "public_key")),
        None => match &call.request.generated_key {
            Some((public_key, private_key)) => (public_key.clone(), Some(private_key.clone())),
            None => {
                return Err(fault(
                    500,
                    "Unexpected API Error. The simulator found no ssh-keygen to make a key with.",
                ));
            }
        },
    };
    let Some(blob) = blob_of(&public_key) else {
        return Err(bad("Keypair data is invalid: failed to generate fingerprint"));
    };
    let limit =
        state.regions[call.region].quota(&call.who.project, "key_pairs", state.settings.quotas.key_pairs);
    let id = state.generation + 1;
    let pairs = state.regions[call.region].key_pairs.entry(user.clone()).or_default();
    if pairs.contains_key(name) {
        return Err(fault(409, &format!("Key pair '{name}' already exists.")));
    }
    if limit >= 0 && pairs.len() as i64 >= limit {
        return Err(fault(403, "Quota exceeded, too many key pairs."));
    }
    let pair = KeyPair {
        name: name.to_owned(),
        public_key,
        fingerprint: crate::md5::fingerprint(&blob),
        kind,
        user,
        created: call.now,
        id,
    };
    let mut shown = describe(&pair, minor);
    shown["user_id"] = json!(pair.user);
    if let Some(private_key) = private_key {
        shown["private_key"] = json!(private_key);
    }
    pairs.insert(pair.name.clone(), pair);
    Ok(Answer::json(if minor >= 2 { 201 } else { 200 }, &json!({"keypair": shown})))
}

/// Since 2.92 a name may also hold `@` and `.`.
fn check_name(name: &str, minor: u32) -> Result<(), Answer> {
    let characters = |character: char| {
        character.is_ascii_alphanumeric()
            || " -_".contains(character)
            || (minor >= 92 && "@.".contains(character))
    };
    if name.is_empty() {
        return Err(bad(&format!(
            "Invalid input for field/attribute name. Value: {name}. '{name}' is too short"
        )));
    }
    if name.chars().count() > 255 {
        return Err(bad(&format!(
            "Invalid input for field/attribute name. Value: {name}. '{name}' is too long"
        )));
    }
    if !name.chars().all(characters) || name.starts_with(' ') || name.ends_with(' ') {
        return Err(bad("Keypair data is invalid: Keypair name contains unsafe characters"));
    }
    Ok(())
}

/// The kinds of key that a simulated server takes.
const KINDS: [&str; 7] = [
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

/// The key itself, out of `type base64 comment`. `None` for anything else, options before the type above all.
fn blob_of(public_key: &str) -> Option<Vec<u8>> {
    let mut words = public_key.split_whitespace();
    let kind = words.next().filter(|kind| KINDS.contains(kind))?;
    let blob = base64::engine::general_purpose::STANDARD.decode(words.next()?).ok()?;
    let length = u32::from_be_bytes(blob.get(..4)?.try_into().ok()?) as usize;
    (blob.get(4..4 + length)? == kind.as_bytes()).then_some(blob)
}

/// A public key as one line of an AuthorizedKeysFile, without options and without a comment.
pub(crate) fn authorized_line(public_key: &str) -> Option<String> {
    blob_of(public_key)?;
    let mut words = public_key.split_whitespace();
    Some(format!("{} {}\n", words.next()?, words.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE1c7V8pnVbZWQ8dJbHvWDEGkqUmvXVkmQmRsGMCiZvs me@here";

    #[test]
    fn only_plain_keys_reach_a_server() {
        assert_eq!(authorized_line(KEY), Some(KEY.replace(" me@here", "\n")));
        assert_eq!(authorized_line(&format!("command=\"/bin/sh\" {KEY}")), None);
        assert_eq!(authorized_line("ssh-ed25519 AAAA"), None);
        assert_eq!(authorized_line(&KEY.replace("ssh-ed25519", "ssh-rsa")), None);
        assert_eq!(authorized_line(""), None);
    }

    #[test]
    fn names_of_keys_are_checked_as_nova_does() {
        assert!(check_name("my key-1_x", 1).is_ok());
        assert!(check_name("me@here.org", 1).is_err());
        assert!(check_name("me@here.org", 92).is_ok());
        assert!(check_name("a\nb", 92).is_err());
    }
}
