//! Clouds from before the versions that we ask for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cloudmesh_model::{NativeId, ThingId, ThingKind};

use crate::little_service::{Asked, Told, little_cloud};
use crate::support::{User, addresses, servers};

/// A Nova of 2.12 as it answers: a version that it does not know is refused, servers have flavors by id.
fn old_nova(asked: &Asked, refusals: &AtomicUsize) -> Told {
    let version = asked.header("x-openstack-nova-api-version").unwrap_or("2.1");
    if version != "2.1" && version != "2.12" {
        refusals.fetch_add(1, Ordering::SeqCst);
        let body = r#"{"computeFault": {"message": "Version 2.69 is not supported by the API. Minimum is 2.1 and maximum is 2.12.", "code": 406}}"#;
        return Told { status: 406, body: body.to_owned() };
    }
    Told::json(match asked.path.split('?').next().unwrap() {
        "/compute/v2.1/servers/detail" => {
            r#"{"servers": [
                {"id": "1", "name": "a", "status": "ACTIVE", "image": "", "flavor": {"id": "42", "links": []}},
                {"id": "2", "name": "b", "status": "ACTIVE", "image": {"id": "hidden"}, "flavor": {"id": "43"}}]}"#
        }
        "/compute/v2.1/flavors/detail" => {
            r#"{"flavors": [{"id": "42", "name": "m1.tiny", "vcpus": 1, "ram": 512, "disk": 1, "swap": ""}]}"#
        }
        "/compute/v2.1/servers/3" => {
            r#"{"server": {"id": "3", "name": "c", "status": "UNKNOWN", "flavor": {"id": "42"}}}"#
        }
        "/image/v2/images" => r#"{"images": []}"#,
        path => {
            assert_eq!(path, "/compute/v2.1/servers/4");
            return Told { status: 404, body: r#"{"itemNotFound": {"message": "x"}}"#.to_owned() };
        }
    })
}

#[tokio::test]
async fn an_older_version_is_agreed_on_once_and_flavors_still_have_names() {
    let refusals = Arc::new(AtomicUsize::new(0));
    let counter = refusals.clone();
    let place = little_cloud(move |asked| old_nova(asked, &counter)).await;
    let user = User::default();
    for _ in 0..2 {
        // The second run knows the version from the kept log-in.
        let all = servers(&*user.connect(&place)).await.unwrap();
        assert_eq!((all[0].flavor.as_str(), all[0].image.as_str()), ("m1.tiny", ""));
        assert_eq!((all[1].flavor.as_str(), all[1].image.as_str()), ("43", "hidden"));
    }
    assert_eq!(refusals.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_an_older_list_leaves_out_is_not_taken_for_gone() {
    let refusals = AtomicUsize::new(0);
    let place = little_cloud(move |asked| old_nova(asked, &refusals)).await;
    let cloud = User::default().connect(&place);
    let things: Vec<(ThingId, NativeId)> =
        ["1", "2", "3", "4"].map(|id| (ThingId::planned(), NativeId::from(id))).to_vec();
    let seen = cloud.look(ThingKind::Server, &things).await.unwrap();
    let there: Vec<bool> = seen.iter().map(|seen| seen.thing.is_some()).collect();
    assert_eq!(there, [true, true, true, false]);
}

#[tokio::test]
async fn servers_of_addresses_are_found_by_their_ports_in_one_list() {
    let port_lists = Arc::new(AtomicUsize::new(0));
    let counter = port_lists.clone();
    let place = little_cloud(move |asked| {
        Told::json(match asked.path.split('?').next().unwrap() {
            "/network/v2.0/floatingips" => {
                r#"{"floatingips": [
                    {"id": "1", "floating_ip_address": "1.2.3.4", "floating_network_id": "n", "port_id": "p", "status": "ACTIVE"},
                    {"id": "2", "floating_ip_address": "1.2.3.5", "floating_network_id": "n", "port_id": "q", "status": "ACTIVE"},
                    {"id": "3", "floating_ip_address": "1.2.3.6", "floating_network_id": "m", "port_id": null}]}"#
            }
            "/network/v2.0/ports" => {
                counter.fetch_add(1, Ordering::SeqCst);
                r#"{"ports": [{"id": "p", "device_id": "server", "device_owner": "compute:nova"},
                    {"id": "q", "device_id": "router", "device_owner": "network:router_interface"}]}"#
            }
            _ => r#"{"networks": [{"id": "n", "name": "public", "router:external": true}]}"#,
        })
    })
    .await;
    let all = addresses(&*User::default().connect(&place)).await.unwrap();
    let servers: Vec<Option<NativeId>> = all.iter().map(|address| address.server.clone()).collect();
    assert_eq!(servers, [Some(NativeId::from("server")), None, None]);
    assert_eq!((all[0].pool.as_str(), all[2].pool.as_str()), ("public", "m"));
    assert_eq!(port_lists.load(Ordering::SeqCst), 1);
}
