//! Making a server: the one call that must never happen twice.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloudmesh_model::compute::{Server, ServerStatus};
use cloudmesh_model::{Error, ErrorKind, NativeId, Result};
use cloudmesh_resource::{BootVolume, CreateServer, Performed, Request, Thing};
use cloudmesh_transport::http::Answer;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::catalogue::Service;
use crate::cloud::Cloud;
use crate::marks::{MARK_KEY, USER_KEY};
use crate::session::{Change, Verb};
use crate::wire::Text;
use crate::{networks, refusal};

#[derive(Deserialize)]
struct Created<'a> {
    #[serde(borrow)]
    server: CreatedServer<'a>,
}

// The answer also holds a password for the server; it is not read.
#[derive(Deserialize)]
struct CreatedServer<'a> {
    #[serde(borrow)]
    id: Text<'a>,
}

pub(crate) async fn perform(cloud: &Cloud, create: &CreateServer, request: &Request) -> Result<Performed> {
    let networks = networks::named(&cloud.session, &create.networks).await?;
    let body = body(create, &networks, request)?;
    let change = Change { service: Service::Compute, verb: Verb::Post, path: "/servers", body: Some(body) };
    let answer = cloud.session.change(&change).await?;
    if !answer.is_success() {
        return Err(refused(cloud, create, &answer).await);
    }
    let created: Created<'_> = answer.json()?;
    let native = NativeId(created.server.id.to_owned());
    let server = Server {
        id: create.server.clone(),
        native: Some(native.clone()),
        place: cloud.session.profile.place.clone(),
        name: create.name.clone(),
        status: ServerStatus::Building,
        native_status: "BUILD".to_owned(),
        addresses: Vec::new(),
        flavor: create.flavor_name.clone(),
        image: create.image_name.clone(),
        key: create.key.clone(),
        created: Some(cloud.session.connection.clock.now()),
        zone: create.zone.clone(),
        security_groups: create.security_groups.clone(),
        fault: None,
        username: create.username.clone().or_else(|| cloud.session.profile.ssh_user.clone()),
        metadata: create.metadata.clone(),
        mark: request.mark.clone(),
        locked: false,
    };
    Ok(Performed { native: Some(native), thing: Some(Thing::Server(server)), gone: false })
}

fn body(create: &CreateServer, networks: &[String], request: &Request) -> Result<Value> {
    let mut metadata: Map<String, Value> =
        create.metadata.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    if let Some(mark) = &request.mark {
        metadata.insert(MARK_KEY.to_owned(), json!(mark.to_string()));
    }
    if let Some(username) = &create.username {
        metadata.insert(USER_KEY.to_owned(), json!(username));
    }
    let mut server = Map::new();
    server.insert("name".to_owned(), json!(create.name));
    match &create.volume {
        None => {
            server.insert("imageRef".to_owned(), json!(create.image));
        }
        // Facts: Compute API reference, "Block Device Mapping v2".
        Some(BootVolume::New { size, keep }) => {
            let device = json!({"boot_index": 0, "source_type": "image", "destination_type": "volume",
                "uuid": create.image, "volume_size": size, "delete_on_termination": !keep});
            server.insert("block_device_mapping_v2".to_owned(), json!([device]));
        }
        Some(BootVolume::There(volume)) => {
            let device = json!({"boot_index": 0, "source_type": "volume", "destination_type": "volume",
                "uuid": volume, "delete_on_termination": false});
            server.insert("block_device_mapping_v2".to_owned(), json!([device]));
        }
    }
    server.insert("flavorRef".to_owned(), json!(create.flavor));
    if !metadata.is_empty() {
        server.insert("metadata".to_owned(), Value::Object(metadata));
    }
    if let Some(key) = &create.key {
        server.insert("key_name".to_owned(), json!(key));
    }
    if let Some(zone) = &create.zone {
        server.insert("availability_zone".to_owned(), json!(zone));
    }
    // Left out, Nova takes the only network there is, and refuses if there are several.
    if !networks.is_empty() || !create.ports.is_empty() {
        let ports = create.ports.iter().map(|port| json!({"port": port}));
        let networks: Vec<Value> =
            networks.iter().map(|network| json!({"uuid": network})).chain(ports).collect();
        server.insert("networks".to_owned(), json!(networks));
    }
    if !create.security_groups.is_empty() {
        let groups: Vec<Value> = create.security_groups.iter().map(|name| json!({"name": name})).collect();
        server.insert("security_groups".to_owned(), json!(groups));
    }
    if let Some(hash) = &create.user_data {
        let content = request.attachments.get(hash).ok_or_else(|| {
            Error::internal(format!("the user data of {} was not handed over", create.name))
        })?;
        server.insert("user_data".to_owned(), json!(STANDARD.encode(content)));
    }
    Ok(match &create.server_group {
        Some(group) => json!({"server": server, "os:scheduler_hints": {"group": group}}),
        None => json!({"server": server}),
    })
}

async fn refused(cloud: &Cloud, create: &CreateServer, answer: &Answer) -> Error {
    let doing = format!("create the server {}", create.name);
    let error = refusal::of(answer, Service::Compute.title(), &doing);
    let sentence = error.message().to_ascii_lowercase();
    if answer.status() == 409 && create.networks.is_empty() && sentence.contains("multiple possible networks")
    {
        // The refusal stands whatever comes of this look, which only makes it clearer.
        let names = match networks::list(&cloud.session, false).await {
            Ok(all) => all
                .iter()
                .filter(|network| !network.external)
                .map(|network| network.name.clone())
                .collect::<Vec<_>>()
                .join(", "),
            Err(_) => "their names cannot be read".to_owned(),
        };
        return Error::new(
            ErrorKind::Ambiguous,
            format!("cannot {doing}: there is more than one network it could be on: {names}"),
        )
        .hint("name it: --network=NAME, or set it once: cm default network=NAME --cloud=CLOUD");
    }
    error
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use cloudmesh_model::{Installation, Mark, ThingId};
    use cloudmesh_resource::{Action, ComputeAction};

    use super::*;

    #[test]
    fn the_call_carries_the_mark_and_leaves_networks_out() {
        let create = CreateServer {
            server: ThingId::planned(),
            name: "albert-001".into(),
            image: NativeId::from("i"),
            image_name: "ubuntu".into(),
            flavor: NativeId::from("f"),
            flavor_name: "m1".into(),
            key: None,
            networks: vec![],
            security_groups: vec!["default".into()],
            zone: None,
            user_data: Some("hash".into()),
            username: Some("ubuntu".into()),
            metadata: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
            ports: vec![],
            server_group: None,
            volume: None,
        };
        let mark = Mark::of(&Installation::draw(), &create.server);
        let mut request = Request {
            action: Action::Compute(ComputeAction::CreateServer(Box::new(create.clone()))),
            mark: mark.clone(),
            natives: BTreeMap::new(),
            attachments: BTreeMap::new(),
        };
        assert!(body(&create, &[], &request).is_err());
        request.attachments.insert("hash".into(), Arc::from(&b"#!/bin/sh"[..]));
        assert_eq!(
            body(&create, &[], &request).unwrap(),
            json!({"server": {
                "name": "albert-001", "imageRef": "i", "flavorRef": "f",
                "metadata": {"a": "b", "cloudmesh_mark": mark.unwrap().to_string(), "cloudmesh_user": "ubuntu"},
                "security_groups": [{"name": "default"}],
                "user_data": "IyEvYmluL3No",
            }})
        );
    }
}
