//! What a large project's list costs to read: no clock, but the size of the work that a profile looks at.

use crate::little_service::{Asked, Told, little_cloud};
use crate::support::{User, servers};

/// A server as Nova shows it with microversion 2.69.
fn server(number: usize) -> String {
    format!(
        r#"{{"id": "9ba8ef59-dfb8-45f9-a634-{number:012}", "name": "albert-{number}", "status": "ACTIVE", "tenant_id": "48e5b8a1c3d94f2f8a2bd8c7f8e5a7b1", "user_id": "5d41402abc4b2a76b9719d911017c592", "metadata": {{"cloudmesh_mark": "cm-0123abcd-0198f3c2aa0c7d2e8f3c{number:012}", "cloudmesh_user": "ubuntu", "project": "trial"}}, "hostId": "b1946ac92492d2347c6235b4d2611184b1946ac92492d2347c6235b4", "image": {{"id": "70a599e0-31e7-49b7-b260-868f441e862b", "links": [{{"rel": "bookmark", "href": "http://127.0.0.1:8774/images/70a599e0-31e7-49b7-b260-868f441e862b"}}]}}, "flavor": {{"vcpus": 1, "ram": 512, "disk": 1, "ephemeral": 0, "swap": 0, "original_name": "m1.tiny", "extra_specs": {{"hw:cpu_policy": "shared"}}}}, "created": "2026-01-01T00:00:00Z", "updated": "2026-01-01T00:00:09Z", "addresses": {{"private": [{{"version": 4, "addr": "10.0.{}.{}", "OS-EXT-IPS:type": "fixed", "OS-EXT-IPS-MAC:mac_addr": "fa:16:3e:8c:22:aa"}}, {{"version": 4, "addr": "172.24.4.7", "OS-EXT-IPS:type": "floating", "OS-EXT-IPS-MAC:mac_addr": "fa:16:3e:8c:22:aa"}}]}}, "accessIPv4": "", "accessIPv6": "", "links": [{{"rel": "self", "href": "http://127.0.0.1:8774/v2.1/servers/9ba8ef59"}}, {{"rel": "bookmark", "href": "http://127.0.0.1:8774/servers/9ba8ef59"}}], "OS-DCF:diskConfig": "MANUAL", "progress": 0, "OS-EXT-AZ:availability_zone": "nova", "config_drive": "", "key_name": "albert", "OS-SRV-USG:launched_at": "2026-01-01T00:00:09.000000", "OS-SRV-USG:terminated_at": null, "OS-EXT-STS:task_state": null, "OS-EXT-STS:vm_state": "active", "OS-EXT-STS:power_state": 1, "os-extended-volumes:volumes_attached": [], "locked": false, "description": null, "tags": [], "trusted_image_certificates": null, "security_groups": [{{"name": "default"}}, {{"name": "default"}}]}}"#,
        number / 250 % 250,
        number % 250
    )
}

#[tokio::test]
async fn fifty_thousand_servers_are_read_to_the_last() {
    let some: Vec<String> = (0..1000).map(server).collect();
    let some = some.join(", ");
    let place = little_cloud(move |asked: &Asked| {
        if asked.path.starts_with("/image") {
            return Told::json(
                r#"{"images": [{"id": "70a599e0-31e7-49b7-b260-868f441e862b", "name": "ubuntu"}]}"#,
            );
        }
        let next = asked.marker().map_or(0, |marker| marker.parse::<u32>().unwrap()) + 1;
        let link = format!(r#"[{{"rel": "next", "href": "http://elsewhere.invalid/x?marker={next}"}}]"#);
        let links = if next < 50 { link.as_str() } else { "[]" };
        let some = some.replace(r#""id": "9ba8ef59-"#, &format!(r#""id": "{next:08}-"#));
        Told::json(&format!(r#"{{"servers": [{some}], "servers_links": {links}}}"#))
    })
    .await;
    let cloud = User::default().connect(&place);
    let begun = std::time::Instant::now();
    let all = servers(&*cloud).await.unwrap();
    println!("50 pages of 1,000 servers, with the service that gives them: {:?}", begun.elapsed());
    assert_eq!(all.len(), 50_000);
    assert!(all.iter().all(|server| server.image == "ubuntu" && server.flavor == "m1.tiny"));
}
