//! Marks: how a thing of ours is found again.

use cloudmesh_model::{Mark, NativeId, ThingId, ThingKind};
use cloudmesh_resource::{ComputeAction, Thing};

use super::bench::{ComputeBench, find};
use crate::case::case;
use crate::outcome::hold;
use crate::{Case, Outcome};

pub(super) static CASES: &[Case<ComputeBench>] = &[
    case!(a_server_is_found_by_its_mark_right_after_it_was_made, ["create_server"], []),
    case!(an_address_is_found_by_its_mark_right_after_it_was_made, ["create_address"], [Pools]),
    case!(unknown_marks_find_nothing, [], []),
    case!(many_marks_are_found_in_one_go, ["create_server"], []),
    case!(two_servers_with_one_mark_are_both_found, ["create_server"], []),
    case!(two_addresses_with_one_mark_are_both_found, ["create_address"], [Pools]),
    case!(marks_of_other_installations_are_found_too, ["create_server"], []),
];

async fn found(
    bench: &ComputeBench,
    kind: ThingKind,
    marks: &[Mark],
    count: usize,
) -> Outcome<Vec<(Mark, NativeId)>> {
    let second = bench.second()?;
    let list = match kind {
        ThingKind::Server => bench.found_servers(&*second, marks, count).await?,
        _ => find(&*second, kind, marks).await?,
    };
    let mut all = Vec::new();
    for found in list {
        hold!(found.thing.kind() == kind, "a search for a {kind} finds a {}", found.thing.kind());
        hold!(
            found.thing.native() == Some(&found.native),
            "{} is found as {:?}",
            found.native,
            found.thing.native()
        );
        hold!(
            found.thing.mark() == Some(&found.mark),
            "{} is found with {:?}",
            found.native,
            found.thing.mark()
        );
        hold!(marks.contains(&found.mark), "{} is found and was not searched for", found.mark);
        all.push((found.mark, found.native));
    }
    all.sort();
    Ok(all)
}

async fn a_server_is_found_by_its_mark_right_after_it_was_made(bench: &ComputeBench) -> Outcome {
    let mut wish = bench.wish("conformance").await?;
    wish.metadata.insert("purpose".to_owned(), "a trial".to_owned());
    wish.username = Some("somebody".to_owned());
    let id = wish.server.clone();
    let performed = bench.perform(ComputeAction::CreateServer(Box::new(wish)), &[]).await??;
    let native = performed.native.clone().unwrap_or_else(|| NativeId::from(""));
    let second = bench.second()?;
    let found = bench.found_servers(&*second, &[bench.mark(&id)?], 1).await?;
    hold!(found.len() == 1, "its mark is found {} times", found.len());
    hold!(found[0].native == native, "{} is found, {native} was made", found[0].native);
    let Thing::Server(server) = &found[0].thing else { return Ok(()) };
    hold!(server.id == id, "it is found as {}", server.id);
    hold!(server.username.as_deref() == Some("somebody"), "its account is {:?}", server.username);
    let metadata: Vec<(&str, &str)> =
        server.metadata.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    hold!(metadata == [("purpose", "a trial")], "the user's metadata are {metadata:?}");
    if let Some(thing) = performed.thing {
        hold!(thing.id() == &id, "the create answers with {}", thing.id());
        hold!(thing.native() == Some(&native), "the create answers with {:?} and {native}", thing.native());
        hold!(thing.mark() == Some(&bench.mark(&id)?), "the create answers with the mark {:?}", thing.mark());
    }
    hold!(!performed.gone, "what was made is gone");
    Ok(())
}

async fn an_address_is_found_by_its_mark_right_after_it_was_made(bench: &ComputeBench) -> Outcome {
    let (id, native) = bench.address().await?;
    let mark = bench.mark(&id)?;
    let found = found(bench, ThingKind::Address, std::slice::from_ref(&mark), 1).await?;
    hold!(found == [(mark, native)], "{found:?} is found");
    Ok(())
}

async fn unknown_marks_find_nothing(bench: &ComputeBench) -> Outcome {
    let marks = [bench.mark(&ThingId::planned())?, bench.mark(&ThingId::planned())?];
    for kind in [ThingKind::Server, ThingKind::Address, ThingKind::Key, ThingKind::Image, ThingKind::Flavor] {
        hold!(find(&*bench.cloud, kind, &marks).await?.is_empty(), "unknown marks find a {kind}");
        hold!(find(&*bench.cloud, kind, &[]).await?.is_empty(), "no marks find a {kind}");
    }
    Ok(())
}

async fn many_marks_are_found_in_one_go(bench: &ComputeBench) -> Outcome {
    let mut expected = Vec::new();
    for _ in 0..3 {
        let (id, native) = bench.server().await?;
        expected.push((bench.mark(&id)?, native));
    }
    expected.sort();
    let mut marks: Vec<Mark> = expected.iter().map(|(mark, _)| mark.clone()).collect();
    marks.push(bench.mark(&ThingId::planned())?);
    marks.push(marks[0].clone());
    let found = found(bench, ThingKind::Server, &marks, 3).await?;
    hold!(found == expected, "{found:?} are found, {expected:?} are there");
    Ok(())
}

async fn two_servers_with_one_mark_are_both_found(bench: &ComputeBench) -> Outcome {
    let wish = bench.wish("conformance").await?;
    let mark = bench.mark(&wish.server)?;
    let mut expected =
        vec![(mark.clone(), bench.create(wish.clone()).await?), (mark.clone(), bench.create(wish).await?)];
    expected.sort();
    let found = found(bench, ThingKind::Server, &[mark], 2).await?;
    hold!(found == expected, "{found:?} are found, {expected:?} are there");
    Ok(())
}

async fn two_addresses_with_one_mark_are_both_found(bench: &ComputeBench) -> Outcome {
    let id = ThingId::planned();
    let mark = bench.mark(&id)?;
    let mut expected = Vec::new();
    for _ in 0..2 {
        let action = ComputeAction::CreateAddress { address: id.clone(), pool: None };
        let native = bench.perform(action, &[]).await??.native;
        expected.extend(native.map(|native| (mark.clone(), native)));
    }
    expected.sort();
    hold!(expected.len() == 2, "a create does not answer with the native id");
    let found = found(bench, ThingKind::Address, &[mark], 2).await?;
    hold!(found == expected, "{found:?} are found, {expected:?} are there");
    Ok(())
}

async fn marks_of_other_installations_are_found_too(bench: &ComputeBench) -> Outcome {
    let (id, native) = bench.server().await?;
    let mark = bench.mark(&id)?;
    let other = super::bench::connect(&bench.setup.user.elsewhere())?;
    let found = bench.found_servers(&*other, std::slice::from_ref(&mark), 1).await?;
    hold!(found.len() == 1 && found[0].native == native, "{found:?} is found");
    let seen = ThingId::seen(bench.name(), &native);
    hold!(found[0].thing.id() == &seen, "another installation takes it for its own: {}", found[0].thing.id());
    Ok(())
}
