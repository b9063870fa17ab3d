//! Key pairs as Nova shows them. A key pair's name is its id.

use cloudmesh_model::compute::KeyPair;
use cloudmesh_model::{NativeId, ThingId};
use serde::Deserialize;

use crate::wire::{Link, Text};

/// One page of the list.
#[derive(Deserialize)]
pub(crate) struct KeyPairsPage<'a> {
    #[serde(borrow)]
    pub(crate) keypairs: Vec<OneKeyPair<'a>>,
    #[serde(borrow, default)]
    pub(crate) keypairs_links: Option<Vec<Link<'a>>>,
}

/// One key pair by itself.
#[derive(Deserialize)]
pub(crate) struct OneKeyPair<'a> {
    #[serde(borrow)]
    pub(crate) keypair: WireKeyPair<'a>,
}

/// A key pair.
#[derive(Deserialize)]
pub(crate) struct WireKeyPair<'a> {
    #[serde(borrow)]
    pub(crate) name: Text<'a>,
    #[serde(borrow, default)]
    fingerprint: Option<Text<'a>>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) public_key: Option<Text<'a>>,
}

/// `wire` in our words.
pub(crate) fn key_pair(place: &str, wire: &WireKeyPair<'_>) -> KeyPair {
    let native = NativeId(wire.name.to_owned());
    KeyPair {
        id: ThingId::seen(place, &native),
        place: place.to_owned(),
        name: wire.name.to_owned(),
        fingerprint: wire.fingerprint.as_ref().map(Text::to_owned).unwrap_or_default(),
        key_type: wire.kind.as_ref().map_or("ssh", Text::as_str).to_owned(),
        public_key: wire.public_key.as_ref().map(|key| key.as_str().trim().to_owned()),
        native,
    }
}

/// Whether two public keys in OpenSSH's one-line form are the same; comments do not count.
pub(crate) fn same_key(one: &str, other: &str) -> bool {
    let parts = |key: &str| -> Vec<String> { key.split_whitespace().take(2).map(str::to_owned).collect() };
    let one = parts(one);
    one.len() == 2 && one == parts(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_do_not_make_another_key() {
        assert!(same_key("ssh-ed25519 AAAA me@here", "ssh-ed25519 AAAA\n"));
        assert!(!same_key("ssh-ed25519 AAAA", "ssh-ed25519 AAAB"));
        assert!(!same_key("", ""));
    }
}
