//! Nova: servers from first to last, pages, quotas, microversions, refusals in Nova's words.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::World;
use cloudmesh_sim::{CloudOptions, Options, Quotas};
use serde_json::{Value, json};

const SECOND: Duration = Duration::from_secs(1);

fn quick() -> CloudOptions {
    CloudOptions { build_time: 10 * SECOND, action_time: 2 * SECOND, ..CloudOptions::named("sim") }
}

async fn act(world: &World, id: &str, action: Value) -> crate::support::Reply {
    world.post(&format!("/compute/v2.1/servers/{id}/action"), action).await
}

#[tokio::test]
async fn a_server_is_built_stopped_started_and_deleted_in_its_time() {
    let world = World::new(quick()).await;
    let id = world.boot("web").await;
    let server = world.server(&id).await;
    assert_eq!((&server["status"], &server["OS-EXT-STS:task_state"]), (&json!("BUILD"), &json!("spawning")));
    world.pass(10 * SECOND);
    let server = world.server(&id).await;
    assert_eq!(server["status"], "ACTIVE");
    let address = server["addresses"]["private"][0]["addr"].as_str().unwrap().to_owned();
    assert!(address.starts_with("127."), "{address}");
    act(&world, &id, json!({"os-stop": null})).await.expect(202);
    let server = world.server(&id).await;
    assert_eq!(
        (&server["status"], &server["OS-EXT-STS:task_state"]),
        (&json!("ACTIVE"), &json!("powering-off"))
    );
    world.pass(2 * SECOND);
    assert_eq!(world.server(&id).await["status"], "SHUTOFF");
    act(&world, &id, json!({"os-start": null})).await.expect(202);
    world.pass(2 * SECOND);
    assert_eq!(world.server(&id).await["status"], "ACTIVE");
    world.delete(&format!("/compute/v2.1/servers/{id}")).await.expect(204);
    assert_eq!(world.server(&id).await["OS-EXT-STS:task_state"], "deleting");
    world.pass(2 * SECOND);
    let gone = world.get(&format!("/compute/v2.1/servers/{id}")).await.expect(404);
    assert_eq!(gone.message(), format!("Instance {id} could not be found."));
    let ports = world.get(&format!("/network/v2.0/ports?device_id={id}")).await.json();
    assert_eq!(ports["ports"], json!([]));
    let since = world.get("/compute/v2.1/servers/detail?changes-since=2026-01-01T00:00:00Z").await.json();
    assert_eq!(since["servers"][0]["status"], "DELETED");
}

#[tokio::test]
async fn conflicts_are_worded_as_nova_words_them() {
    let world = World::new(quick()).await;
    let id = world.boot("web").await;
    world.pass(10 * SECOND);
    let refused = act(&world, &id, json!({"os-start": null})).await.expect(409);
    assert_eq!(refused.message(), format!("Cannot 'start' instance {id} while it is in vm_state active"));
    act(&world, &id, json!({"os-stop": null})).await.expect(202);
    let refused = act(&world, &id, json!({"reboot": {"type": "SOFT"}})).await.expect(409);
    assert_eq!(
        refused.message(),
        format!("Cannot 'reboot' instance {id} while it is in task_state powering-off")
    );
    act(&world, &id, json!({"lock": null})).await.expect(202);
    let refused = world.delete(&format!("/compute/v2.1/servers/{id}")).await.expect(409);
    assert_eq!(refused.message(), format!("Instance {id} is locked"));
    act(&world, &id, json!({"addFloatingIp": {"address": "127.0.0.9"}})).await.expect(404);
}

#[tokio::test]
async fn pages_of_one_reach_every_server_once() {
    let cloud = CloudOptions { servers: 7, page_size: Some(1), ..quick() };
    let world = World::new(cloud).await;
    let (rows, pages) = world.all_pages("/compute/v2.1/servers/detail", "servers", "id").await;
    assert_eq!(rows.iter().collect::<BTreeSet<_>>().len(), 7);
    // As in Nova, the last full page still has a link, and behind it is nothing.
    assert_eq!((rows.len(), pages), (7, 8));
    let (named, _) =
        world.all_pages("/compute/v2.1/servers?name=server-0000%5B12%5D&limit=5", "servers", "name").await;
    assert_eq!(named, ["server-00002", "server-00001"]);
    let (flavors, _) = world.all_pages("/compute/v2.1/flavors", "flavors", "name").await;
    assert_eq!(flavors.len(), 6);
    let refused = world.get("/compute/v2.1/servers?marker=nothing").await.expect(400);
    assert_eq!(refused.message(), "marker [nothing] not found");
}

#[tokio::test]
async fn a_list_shows_a_change_although_its_rows_are_kept() {
    let world = World::new(CloudOptions { servers: 3, ..quick() }).await;
    let list = || world.get("/compute/v2.1/servers/detail");
    let before = list().await.json();
    let id = before["servers"][1]["id"].as_str().unwrap().to_owned();
    world
        .put(&format!("/compute/v2.1/servers/{id}"), json!({"server": {"name": "new-name"}}))
        .await
        .expect(200);
    assert_eq!(list().await.json()["servers"][1]["name"], "new-name");
    act(&world, &id, json!({"os-stop": null})).await.expect(202);
    world.pass(2 * SECOND);
    assert_eq!(list().await.json()["servers"][1]["status"], "SHUTOFF");
}

#[tokio::test]
async fn quotas_refuse_in_novas_words_and_shrink_a_range() {
    let quotas = Quotas { instances: 3, ..Quotas::default() };
    let world = World::new(CloudOptions { quotas, ..quick() }).await;
    world.boot("one").await;
    let mut body = world.server_body("many").await;
    body["server"]["min_count"] = json!(1);
    body["server"]["max_count"] = json!(9);
    world.post("/compute/v2.1/servers", body).await.expect(202);
    let names = world
        .all_pages("/compute/v2.1/servers?sort_key=display_name&sort_dir=asc", "servers", "name")
        .await
        .0;
    assert_eq!(names, ["many-1", "many-2", "one"]);
    let refused = world.post("/compute/v2.1/servers", world.server_body("more").await).await.expect(403);
    assert_eq!(
        refused.message(),
        "Quota exceeded for instances: Requested 1, but already used 3 of 3 instances"
    );
    let limits = world.get("/compute/v2.1/limits").await.json();
    assert_eq!(limits["limits"]["absolute"]["totalInstancesUsed"], 3);
}

#[tokio::test]
async fn what_cannot_be_booted_is_refused_and_nothing_is_left() {
    let world = World::new(quick()).await;
    let good = world.server_body("web").await;
    let ubuntu = world.id_of("/image/v2/images", "images", "ubuntu-24.04").await;
    let wrong: [(&str, Value, &str); 9] = [
        (
            "imageRef",
            json!("11111111-2222-4333-8444-555555555555"),
            "Image 11111111-2222-4333-8444-555555555555 could not be found.",
        ),
        ("flavorRef", json!("nothing"), "Flavor nothing could not be found."),
        ("imageRef", json!(ubuntu), "Flavor's memory is too small for requested image."),
        ("key_name", json!("nothing"), "Invalid key_name provided."),
        ("name", json!("a\nb"), "printable characters"),
        ("name", json!("a".repeat(256)), "is too long"),
        ("color", json!("red"), "Additional properties are not allowed ('color' was unexpected)"),
        ("networks", json!([{"uuid": "nothing"}]), "Network nothing could not be found."),
        ("security_groups", json!([{"name": "nothing"}]), "Security group nothing not found"),
    ];
    for (field, value, words) in wrong {
        let mut body = good.clone();
        body["server"][field] = value;
        let refused = world.post("/compute/v2.1/servers", body).await.expect(400);
        assert!(refused.message().contains(words), "{}", refused.message());
    }
    let mut body = good;
    body["server"]["imageRef"] = json!(ubuntu);
    body["server"]["flavorRef"] = json!("1");
    let refused = world.post("/compute/v2.1/servers", body).await.expect(400);
    assert!(
        refused.message().starts_with("Flavor's disk is smaller than the minimum size"),
        "{}",
        refused.message()
    );
    assert_eq!(world.get("/compute/v2.1/servers").await.json()["servers"], json!([]));
}

#[tokio::test]
async fn microversions_change_what_is_asked_and_shown() {
    let mut world = World::new(quick()).await;
    let mut body = world.server_body("web").await;
    body["server"]["description"] = json!("about");
    body["server"]["tags"] = json!(["b", "a"]);
    body["server"]["hostname"] = json!("host-of-web");
    let id =
        world.post("/compute/v2.1/servers", body.clone()).await.expect(202).json()["server"]["id"].clone();
    let id = id.as_str().unwrap().to_owned();
    let server = world.server(&id).await;
    assert_eq!((&server["description"], &server["tags"]), (&json!("about"), &json!(["a", "b"])));
    assert_eq!(server["flavor"]["original_name"], "m1.nano");
    assert_eq!(server["OS-EXT-SRV-ATTR:hostname"], "host-of-web");
    world.version = "2.46".to_owned();
    assert_eq!(world.server(&id).await["flavor"]["id"], "42");
    world.version = "2.1".to_owned();
    let server = world.server(&id).await;
    assert!(
        server.get("description").is_none() && server.get("tags").is_none() && server.get("locked").is_none()
    );
    world.post("/compute/v2.1/servers", body).await.expect(400);
    world.version = "2.37".to_owned();
    let mut without = world.server_body("web").await;
    without["server"].as_object_mut().unwrap().remove("networks");
    world.post("/compute/v2.1/servers", without.clone()).await.expect(400);
    without["server"]["networks"] = json!("auto");
    let reply = world.post("/compute/v2.1/servers", without.clone()).await.expect(202);
    assert_eq!(reply.headers["openstack-api-version"], "compute 2.37");
    world.version = "2.36".to_owned();
    without["server"].as_object_mut().unwrap().remove("networks");
    world.post("/compute/v2.1/servers", without).await.expect(202);
    world.version = "2.999".to_owned();
    world.get("/compute/v2.1/servers").await.expect(406);
    world.version = "latest".to_owned();
    assert_eq!(world.get("/compute/v2.1/servers").await.headers["openstack-api-version"], "compute 2.96");
    world.get("/compute/v2.1/servers?color=red").await.expect(400);
    let tagged = world.get("/compute/v2.1/servers?tags=a,b").await.json();
    assert_eq!(tagged["servers"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn key_pairs_are_taken_or_made_by_version() {
    let mut world = World::new(quick()).await;
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE1c7V8pnVbZWQ8dJbHvWDEGkqUmvXVkmQmRsGMCiZvs me";
    world.version = "2.92".to_owned();
    let path = "/compute/v2.1/os-keypairs";
    let made =
        world.post(path, json!({"keypair": {"name": "mine", "public_key": key}})).await.expect(201).json();
    assert_eq!(made["keypair"]["fingerprint"].as_str().unwrap().len(), 47);
    let again = world.post(path, json!({"keypair": {"name": "mine", "public_key": key}})).await.expect(409);
    assert_eq!(again.message(), "Key pair 'mine' already exists.");
    world
        .post(path, json!({"keypair": {"name": "other", "public_key": "ssh-rsa nonsense"}}))
        .await
        .expect(400);
    world.post(path, json!({"keypair": {"name": "other"}})).await.expect(400);
    world.version = "2.91".to_owned();
    let reply = world.post(path, json!({"keypair": {"name": "other"}})).await;
    if reply.status == 500 {
        eprintln!("left out: {}", reply.message());
    } else {
        assert!(reply.expect(201).json()["keypair"]["private_key"].as_str().unwrap().contains("PRIVATE KEY"));
    }
    let listed = world.get(&format!("{path}?limit=1")).await.json();
    assert_eq!(listed["keypairs"][0]["keypair"]["name"], "mine");
    assert!(listed["keypairs_links"][0]["href"].as_str().unwrap().contains("marker=mine"));
    world.delete(&format!("{path}/mine")).await.expect(204);
    world.get(&format!("{path}/mine")).await.expect(404);
}

#[tokio::test]
async fn metadata_tags_resize_and_console_work_on_a_standing_server() {
    let world = World::new(quick()).await;
    let id = world.boot("web").await;
    world.pass(10 * SECOND);
    let of = |rest: &str| format!("/compute/v2.1/servers/{id}{rest}");
    world.post(&of("/metadata"), json!({"metadata": {"a": "1", "b": "2"}})).await.expect(200);
    world.delete(&of("/metadata/a")).await.expect(204);
    world.put(&of("/metadata/c"), json!({"meta": {"c": "3"}})).await.expect(200);
    assert_eq!(world.server(&id).await["metadata"], json!({"b": "2", "c": "3"}));
    world.try_call("PUT", &of("/tags/x"), None).await.unwrap().expect(201);
    assert_eq!(world.get(&of("/tags")).await.json()["tags"], json!(["x"]));
    act(&world, &id, json!({"resize": {"flavorRef": "2"}})).await.expect(202);
    world.pass(2 * SECOND);
    assert_eq!(world.server(&id).await["status"], "VERIFY_RESIZE");
    act(&world, &id, json!({"confirmResize": null})).await.expect(204);
    let server = world.server(&id).await;
    assert_eq!(
        (&server["status"], &server["flavor"]["original_name"]),
        (&json!("ACTIVE"), &json!("m1.small"))
    );
    let console = act(&world, &id, json!({"os-getConsoleOutput": {"length": 1}})).await.expect(200).json();
    assert_eq!(console["output"], "web login: ");
    let actions = world.get(&of("/os-instance-actions")).await.json();
    let names: Vec<&str> = actions["instanceActions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each["action"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["confirmResize", "resize", "create"]);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_cloud() {
    let ids = |seed| async move {
        let options =
            Options { seed, clouds: vec![CloudOptions { servers: 2, ..quick() }], ..Options::default() };
        let world = World::with(options).await;
        let rows = world.get("/compute/v2.1/servers/detail").await.json();
        let row = |index: usize| {
            (rows["servers"][index]["id"].clone(), rows["servers"][index]["addresses"].clone())
        };
        (row(0), row(1))
    };
    assert_eq!(ids(5).await, ids(5).await);
    assert_ne!(ids(5).await, ids(6).await);
}

#[tokio::test]
async fn clouds_of_one_process_have_their_own_servers_and_addresses() {
    let like = CloudOptions { servers: 2, ..quick() };
    let options = Options::default().with_clouds(50, &like);
    let simulator = cloudmesh_sim::Simulator::start(options).await.unwrap();
    let status = simulator.status();
    assert_eq!(status.clouds.len(), 50);
    assert!(status.clouds.iter().all(|cloud| cloud.regions[0].active_servers == 2));
    let secrets: BTreeSet<String> = simulator
        .cloud_names()
        .iter()
        .map(|name| simulator.credentials(name).unwrap().application_credential.secret)
        .collect();
    assert_eq!(secrets.len(), 50);
}
