//! Files as people have them.

use proptest::prelude::*;

use super::*;

struct Home {
    folder: tempfile::TempDir,
    surroundings: Surroundings,
}

fn home(files: &[(&str, &str)]) -> Home {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let work = folder.path().join("work");
    std::fs::create_dir_all(&work).unwrap();
    let surroundings = Surroundings {
        variables: BTreeMap::new(),
        user_home: Some(folder.path().join("home")),
        working_folder: work,
    };
    Home { folder, surroundings }
}

fn setting<'a>(place: &'a PlaceDescription, name: &str) -> &'a str {
    place.settings.get(name).map_or("", String::as_str)
}

const CLOUDS: &str = "
shared: &shared
  auth_url: https://kilo.example.org:5000/v3
  project_name: p
defaults: &defaults
  region_name: RegionOne
  interface: internal
clouds:
  kilo:
    <<: *defaults
    auth:
      <<: *shared
      username: albert
      password: 007
    interface: public
    verify: false
  lima:
    profile: vendor
    auth: {username: albert, application-credential-secret: yes}
    regions:
      - name: west
        values: {networks: [{name: x}]}
      - east
    some_future_key: {a: [1, 2]}
  empty:
";

#[test]
fn anchors_merge_keys_and_plain_texts_are_honoured() {
    let home = home(&[("work/clouds.yaml", CLOUDS)]);
    let places = places(&home.surroundings).unwrap();
    let names: Vec<&str> = places.iter().map(|place| place.name.as_str()).collect();
    assert_eq!(names, ["empty", "kilo", "lima"]);
    let kilo = &places[1];
    assert_eq!(setting(kilo, "OS_AUTH_URL"), "https://kilo.example.org:5000/v3");
    assert_eq!(setting(kilo, "OS_PROJECT_NAME"), "p");
    assert_eq!(setting(kilo, "OS_REGION_NAME"), "RegionOne");
    assert_eq!(setting(kilo, "OS_INTERFACE"), "public");
    assert_eq!(setting(kilo, "OS_INSECURE"), "true");
    assert_eq!(kilo.secrets["OS_PASSWORD"].expose(), "007");
    assert!(!kilo.settings.contains_key("OS_PASSWORD"));
    assert_eq!(setting(&places[2], "OS_REGION_NAME"), "west");
    assert_eq!(places[2].secrets["OS_APPLICATION_CREDENTIAL_SECRET"].expose(), "yes");
}

#[test]
fn secrets_and_profiles_are_laid_together() {
    let home = home(&[
        ("home/.config/openstack/clouds.yaml", CLOUDS),
        ("home/.config/openstack/secure.yaml", "clouds: {kilo: {auth: {password: geheim}}, mike: {}}"),
        (
            "work/clouds-public.yaml",
            "public-clouds: {vendor: {auth: {auth_url: 'https://v', username: nobody}, region_name: far}}",
        ),
    ]);
    let places = places(&home.surroundings).unwrap();
    assert_eq!(places[1].secrets["OS_PASSWORD"].expose(), "geheim");
    assert_eq!(setting(&places[1], "OS_USERNAME"), "albert");
    assert!(places[1].source.ends_with("home/.config/openstack/clouds.yaml"));
    assert_eq!(setting(&places[2], "OS_AUTH_URL"), "https://v");
    assert_eq!(setting(&places[2], "OS_USERNAME"), "albert");
    assert_eq!(setting(&places[2], "OS_REGION_NAME"), "far");
    assert!(!format!("{places:?}").contains("geheim"));
}

#[test]
fn the_nearest_file_counts_alone() {
    let mut home = home(&[
        ("home/.config/openstack/clouds.yaml", "clouds: {far: {}}"),
        ("work/clouds.yml", "clouds: {near: {}}"),
        ("named.yaml", "clouds: {named: {}}"),
    ]);
    let name = |home: &Home| places(&home.surroundings).unwrap()[0].name.clone();
    assert_eq!(name(&home), "near");
    let named = home.folder.path().join("named.yaml").display().to_string();
    home.surroundings.variables.insert("OS_CLIENT_CONFIG_FILE".to_owned(), named);
    assert_eq!(name(&home), "named");
}

#[test]
fn an_error_names_file_line_and_column_and_no_secret() {
    for text in [
        "clouds:\n  kilo:\n    auth: {password: geheim\n",
        "clouds:\n  kilo:\n    auth:\n      password: [geheim]\n",
        "clouds:\n  kilo:\n    auth: geheim\n",
        "clouds: geheim\n",
        "clouds:\n  kilo:\n    auth: {password: *geheim}\n",
        "clouds:\n  kilo:\n    auth: {password: geheim, password: geheim}\n",
    ] {
        let home = home(&[("work/clouds.yaml", text)]);
        let error = places(&home.surroundings).unwrap_err();
        let shown = format!("{error:?} {error} {:?}", error.hint_text());
        assert!(shown.contains("clouds.yaml cannot be understood at line "), "{shown}");
        assert!(!shown.contains("geheim"), "{shown}");
    }
}

#[test]
fn no_file_and_an_empty_file_describe_no_cloud() {
    assert!(places(&home(&[]).surroundings).unwrap().is_empty());
    assert!(places(&home(&[("work/clouds.yaml", "\n# nothing yet\n")]).surroundings).unwrap().is_empty());
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "(clouds:|\\n|  |[-a-z:{}\\[\\]&*<!'\"]|\\PC){0,60}") {
        let _ = parse(&text, Path::new("clouds.yaml"));
    }

    #[test]
    fn whatever_lies_over_wins_key_by_key(
        below in prop::collection::btree_map("[a-d]", prop::option::of("[xyz]"), 0..4),
        over in prop::collection::btree_map("[a-d]", prop::option::of("[xyz]"), 0..4),
    ) {
        let mut entry = CloudEntry { auth: below.clone(), ..CloudEntry::default() };
        entry.overlay(CloudEntry { auth: over.clone(), ..CloudEntry::default() });
        for (key, value) in &entry.auth {
            prop_assert_eq!(value, over.get(key).or(below.get(key)).unwrap());
        }
        prop_assert!(below.keys().chain(over.keys()).all(|key| entry.auth.contains_key(key)));
    }
}
