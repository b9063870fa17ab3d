//! Neutron and Glance: floating IPs, groups, routers, filters and pages.

use std::time::Duration;

use crate::support::World;
use cloudmesh_sim::{CloudOptions, Quotas};
use serde_json::{Value, json};

async fn active(world: &World, name: &str) -> String {
    let id = world.boot(name).await;
    world.pass(Duration::from_secs(60));
    id
}

async fn floating(world: &World, extra: Value) -> Value {
    let public = world.id_of("/network/v2.0/networks", "networks", "public").await;
    let mut body = json!({"floatingip": {"floating_network_id": public}});
    body["floatingip"].as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    world.post("/network/v2.0/floatingips", body).await.expect(201).json()["floatingip"].clone()
}

#[tokio::test]
async fn a_floating_ip_carries_its_mark_and_leads_to_a_server() {
    let world = World::new(CloudOptions::named("sim")).await;
    let server = active(&world, "web").await;
    let made = floating(&world, json!({"description": "our mark"})).await;
    floating(&world, json!({"description": "another"})).await;
    assert_eq!(made["status"], "DOWN");
    let found = world.get("/network/v2.0/floatingips?description=our%20mark").await.json();
    assert_eq!(found["floatingips"].as_array().unwrap().len(), 1);
    let ports = world.get(&format!("/network/v2.0/ports?device_id={server}")).await.json();
    let port = ports["ports"][0]["id"].clone();
    let path = format!("/network/v2.0/floatingips/{}", made["id"].as_str().unwrap());
    let led = world.put(&path, json!({"floatingip": {"port_id": port}})).await.expect(200).json();
    assert_eq!(led["floatingip"]["status"], "ACTIVE");
    let address = made["floating_ip_address"].as_str().unwrap().to_owned();
    assert!(address.starts_with("127."), "{address}");
    let addresses = world.server(&server).await["addresses"]["private"].clone();
    assert_eq!(addresses[1]["addr"], json!(address));
    assert_eq!(addresses[1]["OS-EXT-IPS:type"], "floating");
    let second = floating(&world, json!({})).await;
    let refused = world
        .put(
            &format!("/network/v2.0/floatingips/{}", second["id"].as_str().unwrap()),
            json!({"floatingip": {"port_id": port}}),
        )
        .await
        .expect(409);
    assert_eq!(refused.json()["NeutronError"]["type"], "FloatingIPPortAlreadyAssociated");
    let freed = world.put(&path, json!({"floatingip": {"port_id": null}})).await.expect(200).json();
    assert_eq!(
        (&freed["floatingip"]["status"], &freed["floatingip"]["port_id"]),
        (&json!("DOWN"), &Value::Null)
    );
    world.delete(&path).await.expect(204);
    world.get(&path).await.expect(404);
}

#[tokio::test]
async fn deleting_a_server_frees_its_floating_ip() {
    let world = World::new(CloudOptions::named("sim")).await;
    let server = active(&world, "web").await;
    let ports = world.get(&format!("/network/v2.0/ports?device_id={server}")).await.json();
    let made = floating(&world, json!({"port_id": ports["ports"][0]["id"]})).await;
    assert_eq!(made["status"], "ACTIVE");
    world.delete(&format!("/compute/v2.1/servers/{server}")).await.expect(204);
    world.pass(Duration::from_secs(60));
    let left = world.get("/network/v2.0/floatingips").await.json();
    assert_eq!(
        (&left["floatingips"][0]["port_id"], &left["floatingips"][0]["status"]),
        (&Value::Null, &json!("DOWN"))
    );
}

#[tokio::test]
async fn floating_ips_have_a_quota() {
    let quotas = Quotas { floatingip: 1, ..Quotas::default() };
    let world = World::new(CloudOptions { quotas, ..CloudOptions::named("sim") }).await;
    floating(&world, json!({})).await;
    let public = world.id_of("/network/v2.0/networks", "networks", "public").await;
    let body = json!({"floatingip": {"floating_network_id": public}});
    let refused = world.post("/network/v2.0/floatingips", body).await.expect(409).json();
    assert_eq!(refused["NeutronError"]["type"], "OverQuota");
    assert_eq!(refused["NeutronError"]["message"], "Quota exceeded for resources: ['floatingip'].");
}

#[tokio::test]
async fn pages_of_one_reach_everything_in_neutron_and_glance() {
    let world = World::new(CloudOptions { page_size: Some(1), ..CloudOptions::named("sim") }).await;
    for _ in 0..3 {
        floating(&world, json!({})).await;
    }
    assert_eq!(world.all_pages("/network/v2.0/floatingips", "floatingips", "id").await.0.len(), 3);
    let mut networks = world.all_pages("/network/v2.0/networks", "networks", "name").await.0;
    networks.sort();
    assert_eq!(networks, ["private", "public"]);
    let mut images = Vec::new();
    let mut next = "/v2/images?sort=name:asc".to_owned();
    loop {
        let body = world.get(&format!("/image{next}")).await.expect(200).json();
        images.extend(
            body["images"].as_array().unwrap().iter().map(|image| image["name"].as_str().unwrap().to_owned()),
        );
        match body["next"].as_str() {
            Some(path) => path.clone_into(&mut next),
            None => break,
        }
    }
    assert_eq!(images, ["cirros-sim", "debian-12", "rocky-9", "ubuntu-22.04", "ubuntu-24.04"]);
}

impl World {
    async fn names(&self, path: &str, key: &str) -> Vec<String> {
        let body = self.get(path).await.expect(200).json();
        body[key].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn filters_and_fields_cut_lists() {
    let world = World::new(CloudOptions::named("sim")).await;
    assert_eq!(world.names("/network/v2.0/networks?router:external=True", "networks").await, ["public"]);
    assert_eq!(world.names("/image/v2/images?name=debian-12", "images").await, ["debian-12"]);
    let cut = world.get("/network/v2.0/networks?name=private&fields=name&fields=mtu").await.json();
    assert_eq!(cut["networks"], json!([{"name": "private", "mtu": 1450}]));
    world.get("/network/v2.0/networks?color=red").await.expect(400);
    let missing = world.get("/image/v2/images/nothing").await.expect(404);
    assert!(missing.headers["content-type"].starts_with("text/html"), "Glance words its errors as web pages");
}

#[tokio::test]
async fn a_private_network_needs_a_router_before_a_floating_ip_can_lead_there() {
    let world = World::new(CloudOptions::named("sim")).await;
    let network =
        world.post("/network/v2.0/networks", json!({"network": {"name": "mine"}})).await.expect(201).json();
    let network = network["network"]["id"].clone();
    let subnet = json!({"subnet": {"network_id": network, "cidr": "10.1.2.0/24", "ip_version": 4}});
    let subnet = world.post("/network/v2.0/subnets", subnet).await.expect(201).json()["subnet"].clone();
    assert_eq!((&subnet["cidr"], &subnet["gateway_ip"]), (&json!("10.1.2.0/24"), &json!("10.1.2.1")));
    let port = json!({"port": {"network_id": network}});
    let port = world.post("/network/v2.0/ports", port).await.expect(201).json()["port"].clone();
    let address = port["fixed_ips"][0]["ip_address"].as_str().unwrap();
    assert!(address.starts_with("127."), "{address} would lead off the machine");
    let public = world.id_of("/network/v2.0/networks", "networks", "public").await;
    let body = json!({"floatingip": {"floating_network_id": public, "port_id": port["id"]}});
    world.post("/network/v2.0/floatingips", body.clone()).await.expect(404);
    let router = json!({"router": {"name": "r", "external_gateway_info": {"network_id": public}}});
    let router = world.post("/network/v2.0/routers", router).await.expect(201).json()["router"]["id"].clone();
    let router = router.as_str().unwrap().to_owned();
    let interface = json!({"subnet_id": subnet["id"]});
    world
        .put(&format!("/network/v2.0/routers/{router}/add_router_interface"), interface.clone())
        .await
        .expect(200);
    world.post("/network/v2.0/floatingips", body).await.expect(201);
    world.delete(&format!("/network/v2.0/routers/{router}")).await.expect(409);
    world
        .put(&format!("/network/v2.0/routers/{router}/remove_router_interface"), interface)
        .await
        .expect(409);
}

#[tokio::test]
async fn a_group_in_use_stays_and_a_rule_is_not_made_twice() {
    let world = World::new(CloudOptions::named("sim")).await;
    let group = json!({"security_group": {"name": "web", "description": "mark"}});
    let group =
        world.post("/network/v2.0/security-groups", group).await.expect(201).json()["security_group"].clone();
    assert_eq!(group["security_group_rules"].as_array().unwrap().len(), 2);
    let rule = json!({"security_group_rule": {"security_group_id": group["id"], "direction": "ingress",
        "protocol": "tcp", "port_range_min": 22, "port_range_max": 22}});
    world.post("/network/v2.0/security-group-rules", rule.clone()).await.expect(201);
    let again = world.post("/network/v2.0/security-group-rules", rule).await.expect(409).json();
    assert_eq!(again["NeutronError"]["type"], "SecurityGroupRuleExists");
    let mut body = world.server_body("web").await;
    body["server"]["security_groups"] = json!([{"name": "web"}]);
    let id = world.post("/compute/v2.1/servers", body).await.expect(202).json()["server"]["id"].clone();
    let path = format!("/network/v2.0/security-groups/{}", group["id"].as_str().unwrap());
    let refused = world.delete(&path).await.expect(409).json();
    assert_eq!(refused["NeutronError"]["type"], "SecurityGroupInUse");
    world.delete(&format!("/compute/v2.1/servers/{}", id.as_str().unwrap())).await.expect(204);
    world.pass(Duration::from_secs(60));
    world.delete(&path).await.expect(204);
}
