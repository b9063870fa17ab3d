//! Lists: to the end, each thing once.

use std::collections::BTreeSet;

use cloudmesh_model::compute::ServerStatus;
use cloudmesh_model::{NativeId, Retry, ThingId, ThingKind};
use cloudmesh_resource::ComputeAction;

use super::bench::{ComputeBench, addresses, connect, flavors, images, keys, servers_once};
use super::keys::{key_name, public_key};
use crate::case::case;
use crate::outcome::hold;
use crate::rows::a_whole_list;
use crate::{Case, Failure, Outcome};

pub(super) static CASES: &[Case<ComputeBench>] = &[
    case!(images_are_listed_once_each, [], []),
    case!(flavors_are_listed_once_each, [], []),
    case!(servers_are_listed_once_each_over_all_pages, ["create_server"], []),
    case!(keys_are_listed_once_each_over_all_pages, ["upload_key"], []),
    case!(addresses_are_listed_once_each_over_all_pages, ["create_address"], [Pools]),
    case!(
        a_list_that_changes_while_it_is_read_is_whole_or_may_be_repeated,
        ["create_server", "delete_server"],
        []
    ),
    case!(lists_tell_ours_from_those_of_other_installations, ["create_server"], []),
    case!(addresses_of_other_installations_are_not_ours, ["create_address"], [Pools]),
    case!(servers_without_a_mark_are_merely_seen, ["create_server"], []),
];

/// Each of `wanted` stands exactly once in `listed`, and nothing stands there twice.
fn once_each<'a>(wanted: &[NativeId], listed: impl Iterator<Item = &'a NativeId>) -> Outcome {
    let mut seen = BTreeSet::new();
    for native in listed {
        hold!(seen.insert(native), "{native} is listed twice");
    }
    for native in wanted {
        hold!(seen.contains(native), "{native} is not listed");
    }
    Ok(())
}

async fn images_are_listed_once_each(bench: &ComputeBench) -> Outcome {
    let image = bench.boot().await?.0.native.clone();
    let list = images(&*bench.cloud).await?;
    a_whole_list(&list, bench.name())?;
    once_each(&[image], list.iter().map(|image| &image.native))?;
    for image in &list {
        hold!(image.status == image.status.to_lowercase(), "the status {} is not lower case", image.status);
        hold!(
            ["public", "private", "shared", "community"].contains(&image.visibility.as_str()),
            "an image is {}",
            image.visibility
        );
    }
    Ok(())
}

async fn flavors_are_listed_once_each(bench: &ComputeBench) -> Outcome {
    let flavor = bench.boot().await?.1.native.clone();
    let list = flavors(&*bench.cloud).await?;
    a_whole_list(&list, bench.name())?;
    once_each(&[flavor], list.iter().map(|flavor| &flavor.native))?;
    for flavor in &list {
        hold!(flavor.vcpus > 0 && flavor.memory > 0, "the flavor {} has nothing", flavor.name);
    }
    Ok(())
}

async fn servers_are_listed_once_each_over_all_pages(bench: &ComputeBench) -> Outcome {
    let mut made = Vec::new();
    for number in 0..bench.more_than_two_pages() {
        let wish = bench.wish(&format!("conformance-{number}")).await?;
        let id = wish.server.clone();
        made.push((id, bench.create(wish).await?));
    }
    let natives: Vec<NativeId> = made.iter().map(|(_, native)| native.clone()).collect();
    let list = bench.servers_with(&*bench.second()?, &natives).await?;
    a_whole_list(&list, bench.name())?;
    once_each(&natives, list.iter().filter_map(|server| server.native.as_ref()))?;
    let (image, flavor) = bench.boot().await?;
    for (number, (id, native)) in made.iter().enumerate() {
        let Some(server) = list.iter().find(|server| server.native.as_ref() == Some(native)) else {
            continue;
        };
        hold!(server.id == *id, "{native} is listed as {}, not as {id}", server.id);
        hold!(server.mark == Some(bench.mark(id)?), "{native} is listed with the mark {:?}", server.mark);
        hold!(server.name == format!("conformance-{number}"), "{native} is called {}", server.name);
        hold!(server.image == image.name, "{native} is of the image {}", server.image);
        hold!(server.flavor == flavor.name, "{native} is of the flavor {}", server.flavor);
        hold!(server.created.is_some(), "{native} was never made");
    }
    Ok(())
}

async fn a_list_that_changes_while_it_is_read_is_whole_or_may_be_repeated(bench: &ComputeBench) -> Outcome {
    bench.boot().await?;
    let count = bench.more_than_two_pages();
    let stays = futures::future::try_join_all((0..count).map(|_| bench.server())).await?;
    let goes = futures::future::try_join_all((0..count).map(|_| bench.server())).await?;
    for (id, native) in stays.iter().chain(&goes) {
        bench.until(id, native, ServerStatus::Active).await?;
    }
    let delete = async {
        for (id, native) in &goes {
            bench.perform(ComputeAction::DeleteServer { server: id.clone() }, &[(id, native)]).await??;
            bench.until_gone(ThingKind::Server, id, native).await?;
        }
        Ok::<_, Failure>(())
    };
    let read = async {
        for _ in 0..4 {
            match servers_once(&*bench.cloud).await {
                Ok(list) => {
                    a_whole_list(&list, bench.name())?;
                    let natives: Vec<NativeId> = stays.iter().map(|(_, native)| native.clone()).collect();
                    once_each(&natives, list.iter().filter_map(|server| server.native.as_ref()))?;
                }
                Err(error) => {
                    bench.clear("a list that breaks off", &error)?;
                    let temporary = matches!(error.retry_class(), Retry::Temporary { .. });
                    hold!(temporary, "a list that breaks off is an error for good: {error:?}");
                }
            }
        }
        Ok(())
    };
    futures::future::try_join(delete, read).await?;
    Ok(())
}

async fn keys_are_listed_once_each_over_all_pages(bench: &ComputeBench) -> Outcome {
    let mut names = Vec::new();
    for number in 0..bench.more_than_two_pages() {
        let name = key_name();
        let number = u8::try_from(number).unwrap_or_default();
        let key = ComputeAction::UploadKey {
            key: ThingId::planned(),
            name: name.clone(),
            public_key: public_key(number),
        };
        bench.perform(key, &[]).await??;
        names.push(name);
    }
    let list = keys(&*bench.second()?).await?;
    a_whole_list(&list, bench.name())?;
    once_each(&[], list.iter().map(|key| &key.native))?;
    for name in &names {
        hold!(list.iter().filter(|key| key.name == *name).count() == 1, "the key {name} is not listed once");
    }
    let words: Vec<Vec<&str>> = list.iter().map(|key| key.fingerprint.split(':').collect()).collect();
    hold!(
        words.iter().all(|words| words.len() == 16 && words.iter().all(|word| word.len() == 2)),
        "fingerprints are no MD5 sums: {words:?}"
    );
    Ok(())
}

async fn addresses_are_listed_once_each_over_all_pages(bench: &ComputeBench) -> Outcome {
    let mut made = Vec::new();
    for _ in 0..bench.more_than_two_pages() {
        made.push(bench.address().await?);
    }
    let list = addresses(&*bench.second()?).await?;
    a_whole_list(&list, bench.name())?;
    let natives: Vec<NativeId> = made.iter().map(|(_, native)| native.clone()).collect();
    once_each(&natives, list.iter().filter_map(|address| address.native.as_ref()))?;
    for (id, native) in &made {
        let address = list.iter().find(|address| address.native.as_ref() == Some(native));
        let address = address.ok_or_else(|| Failure(format!("{native} is not listed")))?;
        hold!(address.id == *id, "{native} is listed as {}, not as {id}", address.id);
        hold!(address.mark == Some(bench.mark(id)?), "{native} is listed with the mark {:?}", address.mark);
        hold!(address.address.parse::<std::net::IpAddr>().is_ok(), "`{}` is no address", address.address);
        hold!(!address.pool.is_empty(), "{native} comes from no pool");
        hold!(
            address.status == address.status.to_lowercase(),
            "the status {} is not lower case",
            address.status
        );
    }
    Ok(())
}

async fn lists_tell_ours_from_those_of_other_installations(bench: &ComputeBench) -> Outcome {
    let (id, native) = bench.server().await?;
    let mark = bench.mark(&id)?;
    let other = bench.setup.user.elsewhere();
    let list = bench.servers_with(&*connect(&other)?, std::slice::from_ref(&native)).await?;
    let server = list.iter().find(|server| server.native.as_ref() == Some(&native));
    let server = server.ok_or_else(|| Failure("another installation does not see it".to_owned()))?;
    let seen = ThingId::seen(bench.name(), &native);
    hold!(server.id == seen, "another installation takes it for its own: {}", server.id);
    hold!(
        server.mark.as_ref() == Some(&mark),
        "another installation does not see its mark: {:?}",
        server.mark
    );
    Ok(())
}

async fn addresses_of_other_installations_are_not_ours(bench: &ComputeBench) -> Outcome {
    let (id, native) = bench.address().await?;
    let mark = bench.mark(&id)?;
    let list = addresses(&*connect(&bench.setup.user.elsewhere())?).await?;
    let address = list.iter().find(|address| address.native.as_ref() == Some(&native));
    let address = address.ok_or_else(|| Failure("another installation does not see it".to_owned()))?;
    let seen = ThingId::seen(bench.name(), &native);
    hold!(address.id == seen, "another installation takes it for its own: {}", address.id);
    hold!(
        address.mark.as_ref() == Some(&mark),
        "another installation does not see its mark: {:?}",
        address.mark
    );
    Ok(())
}

async fn servers_without_a_mark_are_merely_seen(bench: &ComputeBench) -> Outcome {
    let wish = bench.wish("conformance").await?;
    let mut request = bench.request(ComputeAction::CreateServer(Box::new(wish)), &[]);
    request.mark = None;
    let native = bench.perform_at(&*bench.cloud, request).await??.native;
    let native = native.ok_or_else(|| Failure("a create does not answer with the native id".to_owned()))?;
    let list = bench.servers_with(&*bench.cloud, std::slice::from_ref(&native)).await?;
    let server = list.iter().find(|server| server.native.as_ref() == Some(&native));
    let server = server.ok_or_else(|| Failure("it is not listed".to_owned()))?;
    hold!(server.mark.is_none(), "it has a mark: {:?}", server.mark);
    hold!(server.id == ThingId::seen(bench.name(), &native), "it is taken for ours: {}", server.id);
    Ok(())
}
