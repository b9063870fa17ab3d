//! What can be done with a server that is there. Each action is sent once; a refusal because of the server's
//! state is success where it is in the wanted state already, and a matter of time where it is busy.
//! Facts: Compute API reference, "Servers - run an action", "Server metadata"; changes go out at version 2.1.

use std::collections::BTreeMap;
use std::time::Duration;

use cloudmesh_model::compute::{Server, ServerStatus};
use cloudmesh_model::noun::printable;
use cloudmesh_model::{Error, ErrorKind, NativeId, Result, ThingId};
use cloudmesh_resource::{ComputeAction, Performed, Request, Thing};
use serde_json::{Value, json};

use crate::catalogue::Service;
use crate::cloud::Cloud;
use crate::marks::MARK_KEY;
use crate::refusal;
use crate::session::{Change, Verb};
use crate::wire::escaped;

/// When a server that is busy may be asked again.
pub(crate) const BUSY: Duration = Duration::from_secs(2);

/// One action, as Nova takes it.
struct Wish<'a> {
    /// For messages: `pause`.
    doing: &'static str,
    body: Value,
    /// Whether a server that refuses it is where it should be.
    already: &'a (dyn Fn(&Server) -> bool + Sync),
}

/// Performs an action on a server; `None` if `action` is none of those of this file.
pub(crate) async fn perform(
    cloud: &Cloud,
    action: &ComputeAction,
    request: &Request,
) -> Option<Result<Performed>> {
    use ServerStatus::{Active, Paused, Rescued, Resized, Shelved, Stopped};
    let (_, server) = request.action.subject();
    let native = request.natives.get(server);
    let native = match (action, native) {
        (ComputeAction::CreateImage { server, .. }, _) => request.natives.get(server)?,
        (_, Some(native)) => native,
        (_, None) => return None,
    };
    let is = |wanted: ServerStatus| move |server: &Server| server.status == wanted;
    let word = |word: &'static str| move |server: &Server| server.native_status.contains(word);
    let act = |doing: &'static str, body: Value, already: &'static str, state: ServerStatus| async move {
        let there = |server: &Server| {
            server.status == state && !server.native_status.contains('(') || word(already)(server)
        };
        set_out(cloud, native, Wish { doing, body, already: &there }).await
    };
    Some(match action {
        ComputeAction::StartServer { .. } => {
            act("start", json!({"os-start": null}), "powering-on", Active).await
        }
        ComputeAction::StopServer { .. } => {
            act("stop", json!({"os-stop": null}), "powering-off", Stopped).await
        }
        ComputeAction::RebootServer { hard, .. } => {
            let kind = if *hard { "HARD" } else { "SOFT" };
            let under_way = |server: &Server| server.native_status.contains("reboot");
            let body = json!({"reboot": {"type": kind}});
            set_out(cloud, native, Wish { doing: "reboot", body, already: &under_way }).await
        }
        ComputeAction::PauseServer { .. } => act("pause", json!({"pause": null}), "pausing", Paused).await,
        ComputeAction::UnpauseServer { .. } => {
            act("unpause", json!({"unpause": null}), "unpausing", Active).await
        }
        ComputeAction::SuspendServer { .. } => {
            act("suspend", json!({"suspend": null}), "suspending", Paused).await
        }
        ComputeAction::ResumeServer { .. } => {
            act("resume", json!({"resume": null}), "resuming", Active).await
        }
        ComputeAction::ShelveServer { .. } => {
            act("shelve", json!({"shelve": null}), "shelving", Shelved).await
        }
        ComputeAction::UnshelveServer { .. } => {
            act("unshelve", json!({"unshelve": null}), "unshelving", Active).await
        }
        ComputeAction::RescueServer { image, .. } => {
            let body = match image {
                Some(image) => json!({"rescue": {"rescue_image_ref": image}}),
                None => json!({"rescue": null}),
            };
            act("rescue", body, "rescuing", Rescued).await
        }
        ComputeAction::UnrescueServer { .. } => {
            act("unrescue", json!({"unrescue": null}), "unrescuing", Active).await
        }
        ComputeAction::ResizeServer { flavor, flavor_name, .. } => {
            let of_that_flavor =
                |server: &Server| server.flavor == *flavor_name || server.native_status.contains("resize_");
            let body = json!({"resize": {"flavorRef": flavor}});
            set_out(cloud, native, Wish { doing: "resize", body, already: &of_that_flavor }).await
        }
        ComputeAction::ConfirmResize { .. } => {
            let confirmed = |server: &Server| !is(Resized)(server) || server.native_status.contains('(');
            let body = json!({"confirmResize": null});
            set_out(cloud, native, Wish { doing: "confirm the resize of", body, already: &confirmed }).await
        }
        ComputeAction::RevertResize { .. } => {
            let reverted = |server: &Server| !is(Resized)(server) || word("resize_reverting")(server);
            let body = json!({"revertResize": null});
            set_out(cloud, native, Wish { doing: "turn back the resize of", body, already: &reverted }).await
        }
        ComputeAction::RebuildServer { image, .. } => {
            let under_way = |server: &Server| server.native_status.contains("rebuild");
            let body = json!({"rebuild": {"imageRef": image}});
            set_out(cloud, native, Wish { doing: "rebuild", body, already: &under_way }).await
        }
        ComputeAction::LockServer { server } => lock(cloud, server, native, true).await,
        ComputeAction::UnlockServer { server } => lock(cloud, server, native, false).await,
        ComputeAction::RenameServer { server, name, .. } => rename(cloud, server, native, name).await,
        ComputeAction::SetMetadata { server, items, .. } => set_metadata(cloud, server, native, items).await,
        ComputeAction::CreateImage { name, .. } => create_image(cloud, request, native, name).await,
        _ => return None,
    })
}

fn path(native: &NativeId, rest: &str) -> String {
    format!("/servers/{}{rest}", escaped(native.as_str()))
}

fn gone(doing: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("cannot {doing}: the cloud no longer knows it"))
}

/// Sends one action, and judges a refusal by the state that the server is in.
async fn set_out(cloud: &Cloud, native: &NativeId, wish: Wish<'_>) -> Result<Performed> {
    let path = path(native, "/action");
    let change = Change { service: Service::Compute, verb: Verb::Post, path: &path, body: Some(wish.body) };
    let answer = cloud.session.change(&change).await?;
    let done = Performed { native: Some(native.clone()), ..Performed::default() };
    if answer.is_success() {
        return Ok(done);
    }
    let doing = format!("{} the server {native}", wish.doing);
    let error = refusal::of(&answer, Service::Compute.title(), &doing);
    if !matches!(answer.status(), 400 | 409) || error.kind() == ErrorKind::Quota {
        return Err(error);
    }
    // Refused because of the state that it is in: perhaps the very state that is wanted.
    let Some(server) = cloud.server(native).await? else { return Err(gone(&doing)) };
    if (wish.already)(&server) {
        return Ok(Performed { thing: Some(Thing::Server(server)), ..done });
    }
    if answer.status() == 400 {
        return Err(error);
    }
    let error = error.with("state", &server.native_status);
    if server.locked {
        return Err(error.hint("it is locked: cm vm unlock NAME takes the lock off"));
    }
    match server.status {
        ServerStatus::Changing | ServerStatus::Building => Err(error.temporary(Some(BUSY))),
        _ => Err(error),
    }
}

/// What the server is like now, for changes after which nothing is waited for.
async fn afterwards(cloud: &Cloud, id: &ThingId, native: &NativeId) -> Performed {
    let thing = match cloud.server(native).await {
        Ok(Some(server)) => Some(Thing::Server(server).with_id(id)),
        // The change stands, whatever comes of this look.
        _ => None,
    };
    Performed { native: Some(native.clone()), thing, gone: false }
}

async fn lock(cloud: &Cloud, id: &ThingId, native: &NativeId, lock: bool) -> Result<Performed> {
    let verb = if lock { "lock" } else { "unlock" };
    let path = path(native, "/action");
    let body = Some(json!({ verb: Value::Null }));
    let change = Change { service: Service::Compute, verb: Verb::Post, path: &path, body };
    let answer = cloud.session.change(&change).await?;
    if !answer.is_success() {
        let doing = format!("{verb} the server {native}");
        return Err(refusal::of(&answer, Service::Compute.title(), &doing));
    }
    Ok(afterwards(cloud, id, native).await)
}

async fn rename(cloud: &Cloud, id: &ThingId, native: &NativeId, name: &str) -> Result<Performed> {
    let path = path(native, "");
    let body = Some(json!({"server": {"name": name}}));
    let change = Change { service: Service::Compute, verb: Verb::Put, path: &path, body };
    let answer = cloud.session.change(&change).await?;
    if !answer.is_success() {
        let doing = format!("rename the server {native} to {}", printable(name));
        return Err(refusal::of(&answer, Service::Compute.title(), &doing));
    }
    Ok(afterwards(cloud, id, native).await)
}

async fn set_metadata(
    cloud: &Cloud,
    id: &ThingId,
    native: &NativeId,
    items: &BTreeMap<String, Option<String>>,
) -> Result<Performed> {
    let doing = || format!("change the metadata of the server {native}");
    let set: BTreeMap<&String, &String> =
        items.iter().filter_map(|(key, value)| Some((key, value.as_ref()?))).collect();
    if !set.is_empty() {
        let path = path(native, "/metadata");
        let body = Some(json!({"metadata": set}));
        let change = Change { service: Service::Compute, verb: Verb::Post, path: &path, body };
        let answer = cloud.session.change(&change).await?;
        if !answer.is_success() {
            return Err(refusal::of(&answer, Service::Compute.title(), &doing()));
        }
    }
    for key in items.iter().filter(|(_, value)| value.is_none()).map(|(key, _)| key) {
        let path = path(native, &format!("/metadata/{}", escaped(key)));
        let change = Change { service: Service::Compute, verb: Verb::Delete, path: &path, body: None };
        let answer = cloud.session.change(&change).await?;
        if !answer.is_success() && answer.status() != 404 {
            return Err(refusal::of(&answer, Service::Compute.title(), &doing()));
        }
    }
    Ok(afterwards(cloud, id, native).await)
}

/// Copies a server's disk to an image. At version 2.1 the image's id stands in the header `Location` only.
async fn create_image(cloud: &Cloud, request: &Request, native: &NativeId, name: &str) -> Result<Performed> {
    let mut body = json!({"createImage": {"name": name}});
    if let Some(mark) = &request.mark {
        body["createImage"]["metadata"] = json!({MARK_KEY: mark.to_string()});
    }
    let path = path(native, "/action");
    let change = Change { service: Service::Compute, verb: Verb::Post, path: &path, body: Some(body) };
    let answer = cloud.session.change(&change).await?;
    if !answer.is_success() {
        let doing = format!("make an image of the server {native}");
        let error = refusal::of(&answer, Service::Compute.title(), &doing);
        if answer.status() != 409 {
            return Err(error);
        }
        return Err(match cloud.server(native).await? {
            None => gone(&doing),
            Some(server) if matches!(server.status, ServerStatus::Changing | ServerStatus::Building) => {
                error.temporary(Some(BUSY))
            }
            Some(server) => error.with("state", &server.native_status),
        });
    }
    let image = answer
        .header("location")
        .and_then(|location| location.trim_end_matches('/').rsplit('/').next())
        .filter(|id| !id.is_empty());
    match image {
        Some(image) => Ok(Performed { native: Some(NativeId::from(image)), ..Performed::default() }),
        None => {
            Err(Error::new(ErrorKind::Service, "the compute service made an image and does not say which")
                .uncertain())
        }
    }
}
