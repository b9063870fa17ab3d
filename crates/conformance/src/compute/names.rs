//! Words that people give: they come back as given, or are refused with nothing made.

use cloudmesh_model::{ErrorKind, ThingKind};
use cloudmesh_resource::ComputeAction;

use super::bench::{ComputeBench, find};
use crate::case::case;
use crate::outcome::hold;
use crate::{Case, Outcome};

pub(super) static CASES: &[Case<ComputeBench>] = &[
    case!(names_of_servers_come_back_as_given_or_are_refused, ["create_server"], []),
    case!(metadata_come_back_as_given_or_are_refused, ["create_server"], []),
];

async fn names_of_servers_come_back_as_given_or_are_refused(bench: &ComputeBench) -> Outcome {
    let names = [
        "naïve 北京".to_owned(),
        "a rocket 🚀".to_owned(),
        "'single' \"double\" `$HOME` \\ %s {} <b>&amp;</b>".to_owned(),
        "two  spaces".to_owned(),
        " spaces around ".to_owned(),
        "-begins-with-a-hyphen".to_owned(),
        "12345".to_owned(),
        "x".repeat(255),
        "北".repeat(255),
        "x".repeat(256),
        "tab\tand\nline".to_owned(),
        String::new(),
    ];
    for name in names {
        let wish = bench.wish(&name).await?;
        let id = wish.server.clone();
        let mark = bench.mark(&id)?;
        let result = bench.perform(ComputeAction::CreateServer(Box::new(wish)), &[]).await?;
        match result {
            Ok(performed) => {
                let found = find(&*bench.cloud, ThingKind::Server, &[mark]).await?;
                hold!(
                    found.len() == 1,
                    "the name {name:?} is accepted, and {} servers are there",
                    found.len()
                );
                let there = found[0].thing.name();
                hold!(there == name, "the name {name:?} is accepted, and the server is called {there:?}");
                let answered = performed.thing.as_ref().map_or(name.as_str(), |thing| thing.name());
                hold!(answered == name, "the name {name:?} is accepted, and answered as {answered:?}");
                if let Some(native) = performed.native {
                    bench
                        .perform(ComputeAction::DeleteServer { server: id.clone() }, &[(&id, &native)])
                        .await??;
                }
            }
            Err(error) => {
                bench.refused(&format!("the name {name:?}"), Err::<(), _>(error), &[ErrorKind::BadInput])?;
                let found = find(&*bench.cloud, ThingKind::Server, &[mark]).await?;
                hold!(found.is_empty(), "the name {name:?} is refused, and a server is there");
            }
        }
    }
    Ok(())
}

async fn metadata_come_back_as_given_or_are_refused(bench: &ComputeBench) -> Outcome {
    let pairs = [
        ("language", "naïve 北京"),
        ("quotes", "'single' \"double\" `$HOME` \\"),
        ("empty", ""),
        ("spaces in key", " spaces around "),
        ("schlüssel", "ä"),
        ("a/b?c=d", "x"),
    ];
    let long = "x".repeat(255);
    let too_long = "x".repeat(256);
    let all = pairs.into_iter().chain([("long", long.as_str()), ("too-long", too_long.as_str())]);
    for (key, value) in all {
        let mut wish = bench.wish("conformance").await?;
        wish.metadata.insert(key.to_owned(), value.to_owned());
        let metadata = wish.metadata.clone();
        let mark = bench.mark(&wish.server)?;
        let result = bench.perform(ComputeAction::CreateServer(Box::new(wish)), &[]).await?;
        let count = usize::from(result.is_ok());
        let found = bench.found_servers(&*bench.cloud, &[mark], count).await?;
        match result {
            Ok(_) => {
                hold!(found.len() == 1, "{key:?} is accepted, and {} servers are there", found.len());
                if let cloudmesh_resource::Thing::Server(server) = &found[0].thing {
                    hold!(server.metadata == metadata, "{metadata:?} come back as {:?}", server.metadata);
                }
            }
            Err(error) => {
                let what = format!("the metadata {key:?}: {value:?}");
                bench.refused(&what, Err::<(), _>(error), &[ErrorKind::BadInput])?;
                hold!(found.is_empty(), "{what} are refused, and a server is there");
            }
        }
    }
    Ok(())
}
