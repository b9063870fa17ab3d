//! What a simulated cloud holds from the start: two users, images, flavors, a network to the inside, one to the
//! outside, a router between them, and as many servers as were asked for.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::clock::{later, seconds};
use crate::nova::model::VmState;
use crate::options::CloudOptions;
use crate::random::Seeded;
use crate::state::{CloudState, Flavor, Project, Region, Settings, StoredApplicationCredential, User};

/// A new cloud. `first_slot` is the second number of the addresses of its first region.
pub(crate) fn cloud(options: &CloudOptions, seed: u64, slots: &[u8], now: Timestamp) -> CloudState {
    let mut seeded = Seeded::new(seed, &options.name);
    let demo = Project { id: seeded.hex(), name: "demo".into(), description: "For everyday work".into() };
    let admin =
        Project { id: seeded.hex(), name: "admin".into(), description: "For the keeper of the cloud".into() };
    let member = || vec!["member".to_owned(), "reader".to_owned()];
    let keeper = || vec!["admin".to_owned(), "member".to_owned(), "reader".to_owned()];
    let demo_user = User {
        id: seeded.hex(),
        name: "demo".into(),
        password: options.password.clone(),
        roles: BTreeMap::from([(demo.id.clone(), member())]),
    };
    let admin_user = User {
        id: seeded.hex(),
        name: "admin".into(),
        password: options.admin_password.clone(),
        roles: BTreeMap::from([(admin.id.clone(), keeper()), (demo.id.clone(), keeper())]),
    };
    let credential = StoredApplicationCredential {
        id: seeded.hex(),
        name: "demo-credential".into(),
        secret: seeded.letters(86),
        user: demo_user.id.clone(),
        project: demo.id.clone(),
        roles: member(),
        unrestricted: false,
        access_rules: Vec::new(),
    };
    let mut state = CloudState {
        name: options.name.clone(),
        seeded,
        users: vec![demo_user, admin_user],
        projects: vec![demo, admin],
        application_credentials: vec![credential],
        tokens: HashMap::new(),
        regions: Vec::new(),
        generation: 0,
        settings: Settings::of(options),
    };
    for (name, slot) in options.regions.iter().zip(slots) {
        let mut region = region(name, *slot, &mut state.seeded, now);
        let demo = state.projects[0].id.clone();
        let admin = state.projects[1].id.clone();
        networks(&mut region, &mut state.seeded, &admin, now);
        for project in [&demo, &admin] {
            crate::neutron::security_groups::default_group(&mut region, &mut state.seeded, project, now);
        }
        state.regions.push(region);
        servers(&mut state, options.servers, now);
    }
    state
}

fn region(name: &str, slot: u8, seeded: &mut Seeded, now: Timestamp) -> Region {
    Region {
        name: name.to_owned(),
        slot,
        images: images(seeded, now),
        flavors: flavors(),
        key_pairs: BTreeMap::new(),
        servers: BTreeMap::new(),
        server_numbers: HashMap::new(),
        next_server: 0,
        due: BTreeSet::new(),
        project_quotas: BTreeMap::new(),
        networks: BTreeMap::new(),
        subnets: BTreeMap::new(),
        ports: BTreeMap::new(),
        routers: BTreeMap::new(),
        floating_ips: BTreeMap::new(),
        security_groups: BTreeMap::new(),
        security_group_rules: BTreeMap::new(),
        volumes: BTreeMap::new(),
        volume_snapshots: BTreeMap::new(),
        server_groups: BTreeMap::new(),
        fixed_in_use: BTreeSet::new(),
        floating_in_use: BTreeSet::new(),
    }
}

fn images(seeded: &mut Seeded, now: Timestamp) -> Vec<Value> {
    const MIB: i64 = 1024 * 1024;
    let known = [
        ("cirros-sim", "cirros", "0.6", "cirros", 20 * MIB, 0, 0),
        ("ubuntu-24.04", "ubuntu", "24.04", "ubuntu", 600 * MIB, 5, 512),
        ("ubuntu-22.04", "ubuntu", "22.04", "ubuntu", 650 * MIB, 5, 512),
        ("debian-12", "debian", "12", "debian", 430 * MIB, 3, 256),
        ("rocky-9", "rocky", "9", "rocky", 1000 * MIB, 10, 1024),
    ];
    let owner = seeded.hex();
    let mut images = Vec::new();
    for (age, (name, distribution, version, login, size, min_disk, min_ram)) in known.into_iter().enumerate()
    {
        let created = now
            .checked_sub(std::time::Duration::from_secs(86_400 * (30 + age as u64)))
            .map_or_else(|_| seconds(now), seconds);
        let id = seeded.uuid();
        let checksum = seeded.hex();
        images.push(json!({
            "id": id, "name": name, "status": "active", "visibility": "public", "owner": owner,
            "container_format": "bare", "disk_format": "qcow2", "size": size, "virtual_size": size * 2,
            "min_disk": min_disk, "min_ram": min_ram, "protected": false, "os_hidden": false, "checksum": checksum,
            "os_hash_algo": "sha512", "os_hash_value": format!("{}{}{}{}", seeded.hex(), seeded.hex(), seeded.hex(), seeded.hex()),
            "os_distro": distribution, "os_version": version, "os_type": "linux", "os_admin_user": login,
            "architecture": "x86_64", "tags": [], "created_at": created, "updated_at": created, "stores": "file",
            "self": format!("/v2/images/{id}"), "file": format!("/v2/images/{id}/file"), "schema": "/v2/schemas/image",
        }));
    }
    images
}

fn flavors() -> Vec<Flavor> {
    [
        ("1", "m1.tiny", 1, 512, 1),
        ("2", "m1.small", 1, 2048, 20),
        ("3", "m1.medium", 2, 4096, 40),
        ("4", "m1.large", 4, 8192, 80),
        ("5", "m1.xlarge", 8, 16384, 160),
        ("42", "m1.nano", 1, 128, 1),
    ]
    .into_iter()
    .map(|(id, name, vcpus, ram, disk)| Flavor {
        id: id.to_owned(),
        name: name.to_owned(),
        vcpus,
        ram,
        disk,
        ephemeral: 0,
        swap: 0,
        description: None,
        extra_specs: if name == "m1.nano" {
            BTreeMap::from([("hw_rng:allowed".to_owned(), "True".to_owned())])
        } else {
            BTreeMap::new()
        },
    })
    .collect()
}

fn networks(region: &mut Region, seeded: &mut Seeded, admin: &str, now: Timestamp) {
    use crate::neutron::{networks, routers};
    let slot = region.slot;
    let named = |name: &str| Map::from_iter([("name".to_owned(), json!(name))]);
    let mut private = named("private");
    private.insert("shared".into(), json!(true));
    let private = networks::make_network(region, seeded, admin, private, now);
    let mut public = named("public");
    public.insert("router:external".into(), json!(true));
    public.insert("is_default".into(), json!(true));
    let public = networks::make_network(region, seeded, admin, public, now);
    let mut inside = named("private-subnet");
    inside.insert("network_id".into(), json!(private));
    inside.insert("cidr".into(), json!(format!("127.{slot}.0.0/17")));
    let inside = networks::make_subnet(region, seeded, admin, inside, now);
    let mut outside = named("public-subnet");
    outside.insert("network_id".into(), json!(public));
    outside.insert("cidr".into(), json!(format!("127.{slot}.128.0/17")));
    outside.insert("enable_dhcp".into(), json!(false));
    networks::make_subnet(region, seeded, admin, outside, now);
    let router = routers::make_router(region, seeded, admin, named("router1"), now);
    routers::set_gateway(region, seeded, &router, &public, now);
    routers::add_interface(region, seeded, &router, &inside, now);
}

/// Servers that stand there already, a second apart in age.
fn servers(state: &mut CloudState, count: usize, now: Timestamp) {
    let index = state.regions.len() - 1;
    // Counting ports for a quota that was raised to fit anyway would take time with the square of their number.
    let quota = std::mem::replace(&mut state.settings.quotas.port, -1);
    let project = state.projects[0].id.clone();
    let user = state.users[0].id.clone();
    for number in 1..=count {
        let created =
            now.checked_sub(std::time::Duration::from_secs(60 + (count - number) as u64)).unwrap_or(now);
        let region = &state.regions[index];
        let image = region.images.first().and_then(|image| image["id"].as_str()).map(str::to_owned);
        let network = region.networks.iter().find(|(_, network)| network["name"] == "private");
        let Some(network) = network.map(|(id, _)| id.clone()) else { break };
        let flavor = region.flavors[5].clone();
        let wanted = crate::nova::boot::Wanted {
            name: format!("server-{number:05}"),
            image,
            flavor,
            networks: vec![crate::nova::boot::Wish::network(network)],
            security_groups: vec!["default".to_owned()],
            ..crate::nova::boot::Wanted::of(&project, &user)
        };
        if let Some(made) = crate::nova::boot::make(state, index, &wanted, "req-seeded", created) {
            let region = &mut state.regions[index];
            region.due.clear();
            if let Some(server) = region.servers.get_mut(&made) {
                server.vm_state = VmState::Active;
                server.task_state = None;
                server.goal = None;
                server.launched = Some(later(created, std::time::Duration::from_secs(20)));
            }
            crate::nova::lifecycle::ports_active(region, made);
        }
    }
    state.settings.quotas.port = quota;
}
