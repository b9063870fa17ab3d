//! A cloud as it shows itself to anybody who is let in: asked by hand, so that it owes nothing to the program.

use std::collections::BTreeSet;

use cloudmesh_model::Secret;
use cloudmesh_transport::http::{Call, Client, Settings};
use serde_json::{Value, json};

use super::program::Home;

/// A server.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) mark: String,
    pub(crate) floating: Vec<String>,
}

/// A floating address.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(crate) address: String,
    pub(crate) attached: bool,
}

/// What a project has.
#[derive(Clone, Debug)]
pub(crate) struct Cloud {
    pub(crate) servers: Vec<Server>,
    pub(crate) addresses: Vec<Address>,
    pub(crate) keys: Vec<String>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Cloud {
    pub(crate) fn look(
        auth_url: &str,
        user: &str,
        password: &str,
        project: &str,
        domain: &str,
        region: Option<&str>,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(Self::ask(auth_url, user, password, project, domain, region))
    }

    async fn ask(
        auth_url: &str,
        user: &str,
        password: &str,
        project: &str,
        domain: &str,
        region: Option<&str>,
    ) -> Self {
        let client = Client::new(Settings::default());
        let domain = json!({"name": domain});
        let body = json!({"auth": {
            "identity": {"methods": ["password"],
                         "password": {"user": {"name": user, "password": password, "domain": domain}}},
            "scope": {"project": {"name": project, "domain": domain}}}});
        let root = auth_url.trim_end_matches('/').trim_end_matches("/v3");
        let call = Call::post(format!("{root}/v3/auth/tokens")).json(&body).unwrap();
        let answer = client.send(call).await.unwrap();
        let token = Secret::new(answer.header("x-subject-token").expect("a token").to_owned());
        let logged_in: Value = answer.json().unwrap();
        let endpoint = |kind: &str| {
            let services = logged_in["token"]["catalog"].as_array().unwrap();
            let service = services.iter().find(|service| service["type"] == kind).unwrap();
            let endpoints = service["endpoints"].as_array().unwrap();
            let ours = endpoints.iter().find(|endpoint| {
                endpoint["interface"] == "public" && region.is_none_or(|region| endpoint["region"] == region)
            });
            text(&ours.unwrap()["url"]).trim_end_matches('/').to_owned()
        };
        let get = async |url: String| -> Value {
            let call = Call::get(url).secret_header("x-auth-token", &token).unwrap();
            let answer = client.send(call).await.unwrap();
            assert!(answer.is_success(), "{} from {}", answer.status(), answer.url());
            answer.json().unwrap()
        };
        let compute = endpoint("compute");
        let network = endpoint("network");
        let network = network.trim_end_matches("/v2.0");
        let listed = get(format!("{compute}/servers/detail?limit=1000")).await;
        let servers = listed["servers"].as_array().unwrap().iter().map(|server| {
            let networks = server["addresses"].as_object().into_iter().flat_map(|networks| networks.values());
            let floating = networks
                .flat_map(|addresses| addresses.as_array().cloned().unwrap_or_default())
                .filter(|address| address["OS-EXT-IPS:type"] == "floating")
                .map(|address| text(&address["addr"]));
            Server {
                id: text(&server["id"]),
                name: text(&server["name"]),
                status: text(&server["status"]),
                mark: text(&server["metadata"]["cloudmesh_mark"]),
                floating: floating.collect(),
            }
        });
        let servers = servers.collect();
        let listed = get(format!("{network}/v2.0/floatingips")).await;
        let addresses = listed["floatingips"].as_array().unwrap().iter().map(|address| Address {
            address: text(&address["floating_ip_address"]),
            attached: address["port_id"].is_string(),
        });
        let addresses = addresses.collect();
        let listed = get(format!("{compute}/os-keypairs")).await;
        let keys = listed["keypairs"].as_array().unwrap().iter().map(|key| text(&key["keypair"]["name"]));
        Self { servers, addresses, keys: keys.collect() }
    }

    /// Asserts that there are exactly `count` servers that run, each with its own mark and, if it is `public`,
    /// its own floating address; that no other address is there; that no key is there but `keys`.
    #[track_caller]
    pub(crate) fn holds(&self, count: usize, public: bool, keys: &[&str], case: &str) {
        assert_eq!(self.servers.len(), count, "servers of {case}: {self:#?}");
        let marks: BTreeSet<_> = self.servers.iter().map(|server| &server.mark).collect();
        assert_eq!(marks.len(), count, "a mark is there twice, {case}: {self:#?}");
        let names: BTreeSet<_> = self.servers.iter().map(|server| &server.name).collect();
        assert_eq!(names.len(), count, "a name is there twice, {case}: {self:#?}");
        assert!(self.servers.iter().all(|server| server.mark.starts_with("cm-")), "{case}: {self:#?}");
        assert!(self.servers.iter().all(|server| server.status == "ACTIVE"), "{case}: {self:#?}");
        assert_eq!(self.addresses.len(), if public { count } else { 0 }, "addresses of {case}: {self:#?}");
        assert!(self.addresses.iter().all(|address| address.attached), "an orphan in {case}: {self:#?}");
        if public {
            let led: BTreeSet<_> = self.servers.iter().flat_map(|server| &server.floating).collect();
            let all: BTreeSet<_> = self.addresses.iter().map(|address| &address.address).collect();
            assert_eq!(led, all, "{case}: {self:#?}");
            assert!(self.servers.iter().all(|server| server.floating.len() == 1), "{case}: {self:#?}");
        }
        assert_eq!(self.keys, keys, "keys of {case}");
    }

    /// Asserts that what `home` has kept is what the cloud has, before it is asked again and after.
    #[track_caller]
    pub(crate) fn is_what_is_kept(&self, home: &Home, cloud: &str, case: &str) {
        for refresh in [false, true] {
            let at = format!("--cloud={cloud}");
            let mut words = vec!["vm", "list", "-o", "json", at.as_str()];
            words.extend(refresh.then_some("--refresh"));
            let list = home.run(&words).ok();
            assert_eq!(list.json()["complete"], true, "{case}: {list}");
            let kept: BTreeSet<_> = list
                .items()
                .iter()
                .map(|item| {
                    assert_eq!(item["status"], "active", "{case}: {list}");
                    let mut addresses: Vec<String> =
                        item["addresses"].as_array().into_iter().flatten().map(text).collect();
                    addresses.sort();
                    (text(&item["native_id"]), text(&item["name"]), addresses)
                })
                .collect();
            assert_eq!(kept.len(), self.servers.len(), "{case}: {list}");
            for server in &self.servers {
                let found = kept.iter().find(|(id, name, _)| *id == server.id && *name == server.name);
                let (_, _, addresses) =
                    found.unwrap_or_else(|| panic!("{server:?} is not in {list}, {case}"));
                for floating in &server.floating {
                    assert!(addresses.contains(floating), "{floating} is not in {list}, {case}");
                }
            }
        }
    }
}
