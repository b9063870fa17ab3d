//! Key pairs. Each key here is a public key of which nobody has the private half.

use cloudmesh_model::{ErrorKind, NativeId, ThingId, ThingKind};
use cloudmesh_resource::{ComputeAction, Thing};

use super::bench::{ComputeBench, keys};
use crate::case::case;
use crate::outcome::hold;
use crate::{Case, Outcome};

pub(super) static CASES: &[Case<ComputeBench>] = &[
    case!(the_same_key_may_be_uploaded_again, ["upload_key"], []),
    case!(another_key_of_the_same_name_is_a_conflict, ["upload_key"], []),
    case!(deleting_a_key_that_is_gone_succeeds, ["upload_key", "delete_key"], []),
    case!(what_is_no_key_is_refused, ["upload_key"], []),
    case!(names_of_keys_come_back_as_given_or_are_refused, ["upload_key"], []),
    case!(a_server_gets_the_key_that_it_names, ["upload_key", "create_server"], []),
];

/// A name that no other case uses.
pub(super) fn key_name() -> String {
    format!("conformance-{}", ThingId::planned())
}

/// An Ed25519 key in OpenSSH's one-line form, its 32 bytes all `number`.
pub(super) fn public_key(number: u8) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
    blob.extend([number; 32]);
    // 51 bytes: no padding is needed.
    let mut text = String::from("ssh-ed25519 ");
    for three in blob.chunks(3) {
        let bits = three.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        text.extend([18, 12, 6, 0].map(|shift| char::from(LETTERS[bits >> shift & 63])));
    }
    text
}

fn upload(name: &str, public_key: String) -> ComputeAction {
    ComputeAction::UploadKey { key: ThingId::planned(), name: name.to_owned(), public_key }
}

async fn count(bench: &ComputeBench, name: &str) -> Outcome<usize> {
    Ok(keys(&*bench.cloud).await?.iter().filter(|key| key.name == name).count())
}

async fn the_same_key_may_be_uploaded_again(bench: &ComputeBench) -> Outcome {
    let name = key_name();
    let texts = [
        public_key(1),
        public_key(1),
        format!("{} somebody@somewhere", public_key(1)),
        format!("{}\n", public_key(1)),
    ];
    let mut natives = Vec::new();
    for text in texts {
        let action = upload(&name, text);
        let id =
            if let ComputeAction::UploadKey { key, .. } = &action { key.clone() } else { ThingId::planned() };
        let performed = bench.perform(action, &[]).await??;
        if let Some(thing) = &performed.thing {
            hold!(thing.id() == &id, "the upload of {id} answers with {}", thing.id());
            hold!(thing.name() == name, "the upload of {name} answers with {}", thing.name());
        }
        natives.push(performed.native);
    }
    let native = natives[0].clone().unwrap_or_else(|| NativeId::from(""));
    hold!(natives.iter().all(|other| other.as_ref() == Some(&native)), "the key has the ids {natives:?}");
    hold!(count(bench, &name).await? == 1, "the key is there {} times", count(bench, &name).await?);
    let seen = bench.look(ThingKind::Key, &ThingId::seen(bench.name(), &native), &native).await?;
    let Some(Thing::Key(key)) = seen else { return Err("the key is not there".to_owned().into()) };
    let body =
        key.public_key.as_deref().map(|text| text.split_whitespace().take(2).collect::<Vec<_>>().join(" "));
    hold!(body.is_none_or(|body| body == public_key(1)), "another key is there: {:?}", key.public_key);
    Ok(())
}

async fn another_key_of_the_same_name_is_a_conflict(bench: &ComputeBench) -> Outcome {
    let name = key_name();
    bench.perform(upload(&name, public_key(1)), &[]).await??;
    let result = bench.perform(upload(&name, public_key(2)), &[]).await?;
    bench.refused("another key of the same name", result, &[ErrorKind::Conflict])?;
    bench.perform(upload(&name, public_key(1)), &[]).await??;
    hold!(count(bench, &name).await? == 1, "the first key is gone");
    Ok(())
}

async fn deleting_a_key_that_is_gone_succeeds(bench: &ComputeBench) -> Outcome {
    let name = key_name();
    bench.perform(upload(&name, public_key(3)), &[]).await??;
    for _ in 0..2 {
        let action = ComputeAction::DeleteKey { key: ThingId::planned(), name: name.clone() };
        hold!(bench.perform(action, &[]).await??.gone, "deleting a key does not say that it is gone");
        hold!(count(bench, &name).await? == 0, "the key is still there");
    }
    Ok(())
}

async fn what_is_no_key_is_refused(bench: &ComputeBench) -> Outcome {
    for text in ["", "no key at all", "ssh-ed25519 AAAA", "-----BEGIN OPENSSH PRIVATE KEY-----"] {
        let name = key_name();
        let result = bench.perform(upload(&name, text.to_owned()), &[]).await?;
        bench.refused(&format!("the key `{text}`"), result, &[ErrorKind::BadInput])?;
        hold!(count(bench, &name).await? == 0, "the key `{text}` is refused and there");
    }
    Ok(())
}

async fn names_of_keys_come_back_as_given_or_are_refused(bench: &ComputeBench) -> Outcome {
    let own = key_name();
    let names = [
        format!("{own} with spaces"),
        format!("{own} naïve 北京"),
        format!("{own}/../x?y=z#%20"),
        format!("{own} 'single' \"double\" `$HOME` \\"),
        format!("{own:x<255}"),
        format!("{own:x<256}"),
        format!(" {own} "),
        format!("{own}\n"),
        String::new(),
    ];
    for name in &names {
        match bench.perform(upload(name, public_key(4)), &[]).await? {
            Ok(performed) => {
                hold!(
                    count(bench, name).await? == 1,
                    "the key {name:?} is accepted, and not listed by this name"
                );
                let native = performed.native.unwrap_or_else(|| NativeId::from(""));
                let seen = bench.look(ThingKind::Key, &ThingId::seen(bench.name(), &native), &native).await?;
                let there = seen.as_ref().map(Thing::name);
                hold!(there == Some(name), "the key {name:?} is accepted, and a look shows {there:?}");
                let action = ComputeAction::DeleteKey { key: ThingId::planned(), name: name.clone() };
                bench.perform(action, &[]).await??;
                hold!(count(bench, name).await? == 0, "the key {name:?} is deleted, and still there");
            }
            Err(error) => {
                bench.refused(&format!("the name {name:?}"), Err::<(), _>(error), &[ErrorKind::BadInput])?;
                hold!(count(bench, name).await? == 0, "the key {name:?} is refused and there");
            }
        }
    }
    Ok(())
}

async fn a_server_gets_the_key_that_it_names(bench: &ComputeBench) -> Outcome {
    let name = key_name();
    bench.perform(upload(&name, public_key(5)), &[]).await??;
    let mut wish = bench.wish("conformance").await?;
    wish.key = Some(name.clone());
    let id = wish.server.clone();
    let native = bench.create(wish).await?;
    let server = bench.see_server(&id, &native).await?;
    let key = server.and_then(|server| server.key);
    hold!(key.as_ref() == Some(&name), "the server has the key {key:?}, not {name}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_written_as_openssh_writes_it() {
        let text = public_key(0);
        assert_eq!(text, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    }
}
