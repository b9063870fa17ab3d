//! Keystone: who gets in, with what, and for how long.

use std::time::Duration;

use crate::support::{World, call};
use cloudmesh_sim::CloudOptions;
use serde_json::{Value, json};

async fn tokens(world: &World, identity: Value, scope: Value) -> crate::support::Reply {
    let mut auth = json!({"identity": identity});
    if !scope.is_null() {
        auth["scope"] = scope;
    }
    call(world.address(), "POST", "/sim/identity/v3/auth/tokens", &[], Some(&json!({"auth": auth})))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_wrong_password_is_refused_in_keystones_words() {
    let world = World::new(CloudOptions::named("sim")).await;
    assert_eq!(world.log_in("demo", "wrong", "demo").await, Err(401));
    assert_eq!(world.log_in("nobody", "simdemo", "demo").await, Err(401));
    assert_eq!(world.log_in("demo", "simdemo", "admin").await, Err(401));
    let identity = json!({"methods": ["password"], "password": {"user": {"name": "demo", "password": "no", "domain": {"name": "Default"}}}});
    let reply = tokens(&world, identity, Value::Null).await.expect(401);
    assert_eq!(reply.message(), "The request you have made requires authentication.");
    assert!(reply.headers["www-authenticate"].starts_with("Keystone uri="));
}

#[tokio::test]
async fn an_application_credential_logs_in_to_its_own_project_only() {
    let world = World::new(CloudOptions::named("sim")).await;
    let credential = world.simulator.credentials("sim").unwrap().application_credential;
    let identity = json!({"methods": ["application_credential"],
        "application_credential": {"id": credential.id, "secret": credential.secret}});
    let token = tokens(&world, identity.clone(), Value::Null).await.expect(201).json()["token"].clone();
    assert_eq!(token["project"]["name"], "demo");
    assert_eq!(token["methods"], json!(["application_credential"]));
    assert_eq!(token["application_credential"]["restricted"], true);
    tokens(&world, identity, json!({"project": {"name": "demo", "domain": {"id": "default"}}}))
        .await
        .expect(401);
    let wrong = json!({"methods": ["application_credential"],
        "application_credential": {"id": credential.id, "secret": "wrong"}});
    tokens(&world, wrong, Value::Null).await.expect(401);
}

#[tokio::test]
async fn an_unscoped_token_shows_projects_and_buys_a_scoped_one() {
    let world = World::new(CloudOptions::named("sim")).await;
    let identity = json!({"methods": ["password"], "password": {"user": {"name": "demo", "password": "simdemo", "domain": {"id": "default"}}}});
    let reply = tokens(&world, identity, Value::Null).await.expect(201);
    assert!(reply.json()["token"].get("catalog").is_none());
    let unscoped = reply.headers["x-subject-token"].clone();
    let with = [("X-Auth-Token", unscoped.as_str())];
    let projects = call(world.address(), "GET", "/sim/identity/v3/auth/projects", &with, None).await.unwrap();
    assert_eq!(projects.json()["projects"][0]["name"], "demo");
    call(world.address(), "GET", "/sim/compute/v2.1/servers", &with, None).await.unwrap().expect(401);
    let identity = json!({"methods": ["token"], "token": {"id": unscoped}});
    let scope = json!({"project": {"name": "demo", "domain": {"name": "Default"}}});
    let scoped = tokens(&world, identity, scope).await.expect(201).json()["token"].clone();
    assert!(scoped["methods"].as_array().unwrap().contains(&json!("token")));
    assert_eq!(scoped["catalog"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn tokens_run_out_and_can_be_given_back() {
    let cloud = CloudOptions { token_lifetime: Duration::from_secs(60), ..CloudOptions::named("sim") };
    let mut world = World::new(cloud).await;
    world.get("/compute/v2.1/servers").await.expect(200);
    world.pass(Duration::from_secs(61));
    world.get("/compute/v2.1/servers").await.expect(401);
    world.token = world.log_in("demo", "simdemo", "demo").await.unwrap();
    let with = [("X-Auth-Token", world.token.as_str()), ("X-Subject-Token", world.token.as_str())];
    let path = "/sim/identity/v3/auth/tokens";
    let shown = call(world.address(), "GET", path, &with, None).await.unwrap().expect(200).json();
    assert_eq!(shown["token"]["expires_at"], "2026-01-01T00:02:01.000000Z");
    call(world.address(), "DELETE", path, &with, None).await.unwrap().expect(204);
    world.get("/compute/v2.1/servers").await.expect(401);
}

#[tokio::test]
async fn the_catalogue_gives_each_region_its_own_endpoints() {
    let cloud = CloudOptions {
        regions: vec!["RegionOne".into(), "RegionTwo".into()],
        servers: 1,
        ..CloudOptions::named("sim")
    };
    let world = World::new(cloud).await;
    let catalog = world.get("/identity/v3/auth/catalog").await.expect(200).json();
    let compute =
        catalog["catalog"].as_array().unwrap().iter().find(|entry| entry["type"] == "compute").unwrap();
    let url = |region: &str| {
        let endpoints = compute["endpoints"].as_array().unwrap();
        let found =
            endpoints.iter().find(|each| each["region_id"] == region && each["interface"] == "public");
        found.unwrap()["url"].as_str().unwrap().to_owned()
    };
    assert!(url("RegionOne").ends_with("/sim/compute/v2.1"));
    assert!(url("RegionTwo").ends_with("/sim/regions/RegionTwo/compute/v2.1"));
    world.boot("only-here").await;
    let there = world.get("/regions/RegionTwo/compute/v2.1/servers/detail").await.json();
    assert_eq!(there["servers"].as_array().unwrap().len(), 1);
    let link = there["servers"][0]["links"][0]["href"].as_str().unwrap().to_owned();
    assert!(link.contains("/regions/RegionTwo/compute/v2.1/servers/"), "{link}");
}

#[tokio::test]
async fn only_an_admin_lists_all_projects() {
    let mut world = World::new(CloudOptions::named("sim")).await;
    world.get("/identity/v3/projects").await.expect(403);
    world.token = world.log_in("admin", "simadmin", "admin").await.unwrap();
    let projects = world.get("/identity/v3/projects").await.expect(200).json();
    assert_eq!(projects["projects"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn version_documents_are_there_without_a_token() {
    let world = World::new(CloudOptions::named("sim")).await;
    let versions = [
        ("/identity", 300),
        ("/identity/v3", 200),
        ("/compute", 200),
        ("/compute/v2.1", 200),
        ("/image", 300),
        ("/network", 200),
        ("/volume", 300),
        ("/volume/v3", 200),
    ];
    for (path, status) in versions {
        let path = format!("/sim{path}");
        call(world.address(), "GET", &path, &[], None).await.unwrap().expect(status).json();
        call(world.address(), "GET", &format!("{path}/"), &[], None).await.unwrap().expect(status);
    }
}
