//! The official client beside ours on a real OpenStack: the same things, value by value. Nothing here
//! sends a packet to an address of a server.

#[cfg(test)]
mod beside {
    use std::collections::BTreeMap;
    use std::io::Write;
    use std::process::Command;
    use std::time::{Duration, Instant};

    use serde_json::Value;

    struct Cloud {
        client: String,
        config: String,
        home: tempfile::TempDir,
    }

    impl Cloud {
        /// The real cloud, if there is one here.
        fn find() -> Option<Self> {
            let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
            let found = variable("CLOUDMESH_TEST_OPENSTACK").zip(variable("CLOUDMESH_OPENSTACK_CLIENT"));
            let Some((config, client)) = found else {
                assert_ne!(variable("CI").as_deref(), Some("true"), "the real OpenStack was left out");
                let _ = writeln!(
                    std::io::stderr(),
                    "left out: no CLOUDMESH_TEST_OPENSTACK and CLOUDMESH_OPENSTACK_CLIENT"
                );
                return None;
            };
            Some(Self { client, config, home: tempfile::tempdir().unwrap() })
        }

        /// A name of this run's own: what an interrupted run left does not disturb it.
        fn name(&self, last: &str) -> String {
            format!("beside-{}-{last}", std::process::id())
        }

        fn run(&self, program: &str, words: &[&str]) -> (i32, String, String) {
            let output = Command::new(program)
                .args(words)
                .env_clear()
                .env("PATH", std::env::var("PATH").unwrap())
                .env("HOME", self.home.path())
                .env("CLOUDMESH_HOME", self.home.path().join("cloudmesh"))
                .env("XDG_RUNTIME_DIR", self.home.path())
                .env("OS_CLIENT_CONFIG_FILE", &self.config)
                .env("NO_PROXY", "127.0.0.1")
                .output()
                .unwrap();
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
        }

        #[track_caller]
        fn cm(&self, words: &[&str]) -> String {
            let (code, stdout, stderr) = self.run(env!("CARGO_BIN_EXE_cm"), words);
            assert_eq!(code, 0, "cm {words:?}: {stderr}");
            stdout
        }

        /// Rows of ours, by native id.
        #[track_caller]
        fn ours(&self, words: &[&str]) -> BTreeMap<String, Value> {
            let answer: Value = serde_json::from_str(
                &self.cm(&[words, &["--cloud=rig", "--refresh", "-o", "json"]].concat()),
            )
            .unwrap();
            assert_eq!(answer["complete"], true, "{answer}");
            let items = answer["items"].as_array().unwrap().iter();
            items.map(|row| (row["native_id"].as_str().unwrap_or_default().to_owned(), row.clone())).collect()
        }

        /// Rows of theirs, by id.
        #[track_caller]
        fn theirs(&self, words: &[&str]) -> BTreeMap<String, Value> {
            let (code, stdout, stderr) =
                self.run(&self.client, &[&["--os-cloud", "rig"], words, &["-f", "json"]].concat());
            assert_eq!(code, 0, "openstack {words:?}: {stderr}");
            let rows: Vec<Value> = serde_json::from_str(&stdout).unwrap();
            rows.into_iter().map(|row| (row["ID"].as_str().unwrap_or_default().to_owned(), row)).collect()
        }
    }

    impl Drop for Cloud {
        fn drop(&mut self) {
            // One by one: some are gone already.
            for name in ["1", "2", "3", "theirs"] {
                let name = self.name(name);
                let _ = self.run(&self.client, &["--os-cloud", "rig", "server", "delete", "--wait", &name]);
            }
            let key = self.name("key");
            let _ = self.run(env!("CARGO_BIN_EXE_cm"), &["key", "delete", &key, "--cloud=rig", "--yes"]);
        }
    }

    fn same_keys(ours: &BTreeMap<String, Value>, theirs: &BTreeMap<String, Value>) {
        assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
    }

    /// What `look` sees once it says that all is well, or after some time whatever it sees: Nova's lists need a moment
    /// until they know of a change, and those of both clients are not read at one instant.
    fn settled<T>(look: impl Fn() -> (bool, T)) -> T {
        let begun = Instant::now();
        loop {
            let (well, seen) = look();
            if well || begun.elapsed() > Duration::from_secs(20) {
                return seen;
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    #[test]
    fn on_a_real_openstack_both_clients_see_the_same() {
        let Some(cloud) = Cloud::find() else { return };
        let (all, key, prefix) = (cloud.name("[1-3]"), cloud.name("key"), cloud.name(""));
        cloud.cm(&["key", "add", &key, "--generate"]);
        let boot = [
            "vm",
            "boot",
            &all,
            "--cloud=rig",
            "--image=cirros-rig",
            "--flavor=m1.nano",
            &format!("--key={key}"),
            "--public",
        ];
        cloud.cm(&boot);
        cloud.cm(&["vm", "stop", &cloud.name("3"), "--cloud=rig"]);

        let (ours, theirs) = (cloud.ours(&["image", "list"]), cloud.theirs(&["image", "list", "--long"]));
        same_keys(&ours, &theirs);
        for (id, theirs) in &theirs {
            let ours = &ours[id];
            assert_eq!(ours["name"], theirs["Name"]);
            assert_eq!(ours["status"], theirs["Status"]);
            assert_eq!(ours["visibility"], theirs["Visibility"]);
            assert_eq!(ours["size"], theirs["Size"]);
        }

        let (ours, theirs) = (cloud.ours(&["flavor", "list"]), cloud.theirs(&["flavor", "list"]));
        same_keys(&ours, &theirs);
        for (id, theirs) in &theirs {
            let ours = &ours[id];
            assert_eq!(ours["name"], theirs["Name"]);
            assert_eq!(ours["memory"], theirs["RAM"]);
            assert_eq!(ours["disk"], theirs["Disk"]);
            assert_eq!(ours["vcpus"], theirs["VCPUs"]);
            assert_eq!(ours["public"], theirs["Is Public"]);
        }

        // Other tests make and delete servers of their own meanwhile.
        let own = |rows: BTreeMap<String, Value>, name: &str| -> BTreeMap<String, Value> {
            let own = |row: &Value| row[name].as_str().is_some_and(|name| name.starts_with(&prefix));
            rows.into_iter().filter(|(_, row)| own(row)).collect()
        };
        let (ours, theirs) = settled(|| {
            let ours = own(cloud.ours(&["vm", "list"]), "name");
            let theirs = own(cloud.theirs(&["server", "list", "--long"]), "Name");
            let same = ours.len() == 3 && ours.keys().eq(theirs.keys());
            (same, (ours, theirs))
        });
        same_keys(&ours, &theirs);
        assert_eq!(theirs.len(), 3);
        for (id, theirs) in &theirs {
            let ours = &ours[id];
            assert_eq!(ours["name"], theirs["Name"]);
            assert_eq!(ours["native_status"], theirs["Status"]);
            assert_eq!(ours["image"], theirs["Image Name"]);
            assert_eq!(
                ours["flavor"],
                theirs["Flavor Name"].as_str().or(theirs["Flavor"].as_str()).unwrap_or_default()
            );
            let networks = theirs["Networks"].as_object().unwrap();
            let mut addresses: Vec<&str> = networks
                .values()
                .flat_map(|list| list.as_array().unwrap())
                .map(|a| a.as_str().unwrap())
                .collect();
            let mut mine: Vec<&str> =
                ours["addresses"].as_array().unwrap().iter().map(|a| a.as_str().unwrap()).collect();
            addresses.sort_unstable();
            mine.sort_unstable();
            assert_eq!(mine, addresses);
            assert_eq!(addresses.len(), 2, "a fixed and a floating address");
        }

        let floating = cloud.theirs(&["floating", "ip", "list"]);
        let shown: Value = serde_json::from_str(&cloud.cm(&[
            "vm",
            "ip",
            "show",
            &all,
            "--cloud=rig",
            "--refresh",
            "-o",
            "json",
        ]))
        .unwrap();
        let public: Vec<&Value> =
            shown["items"].as_array().unwrap().iter().filter(|row| row["reach"] == "public").collect();
        assert_eq!(public.len(), 3);
        for row in public {
            assert!(floating.values().any(|theirs| theirs["Floating IP Address"] == row["address"]), "{row}");
        }

        let keys: Value =
            serde_json::from_str(&cloud.cm(&["key", "list", "--cloud=rig", "--refresh", "-o", "json"]))
                .unwrap();
        let (_, theirs, _) =
            cloud.run(&cloud.client, &["--os-cloud", "rig", "keypair", "list", "-f", "json"]);
        let theirs: Vec<Value> = serde_json::from_str(&theirs).unwrap();
        assert_eq!(keys["items"].as_array().unwrap().len(), theirs.len());
        for theirs in &theirs {
            let ours =
                keys["items"].as_array().unwrap().iter().find(|ours| ours["name"] == theirs["Name"]).unwrap();
            assert_eq!(ours["fingerprint"], theirs["Fingerprint"]);
        }

        // What one made, the other deletes.
        let make = [
            "--os-cloud",
            "rig",
            "server",
            "create",
            &cloud.name("theirs"),
            "--image",
            "cirros-rig",
            "--flavor",
            "m1.nano",
            "--network",
            "private",
            "--wait",
        ];
        let (code, _, stderr) = cloud.run(&cloud.client, &make);
        assert_eq!(code, 0, "{stderr}");
        cloud.cm(&["vm", "delete", &cloud.name("theirs"), "--cloud=rig", "--yes"]);
        let (code, _, stderr) =
            cloud.run(&cloud.client, &["--os-cloud", "rig", "server", "delete", "--wait", &cloud.name("1")]);
        assert_eq!(code, 0, "{stderr}");
        let left = settled(|| {
            let left = own(cloud.ours(&["vm", "list"]), "name");
            (left.len() == 2, left)
        });
        assert_eq!(left.len(), 2, "{left:?}");
    }
}
