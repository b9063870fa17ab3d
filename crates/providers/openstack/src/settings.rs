//! The settings of one cloud, as its description gives them, checked before anything is sent.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use cloudmesh_model::{Error, Result, Secret};
use cloudmesh_resource::{PlaceDescription, Setting, Surroundings};

/// The password's name as a setting and as a secret.
pub(crate) const PASSWORD: &str = "OS_PASSWORD";
/// The application credential's secret likewise.
pub(crate) const APPLICATION_CREDENTIAL_SECRET: &str = "OS_APPLICATION_CREDENTIAL_SECRET";

const fn plain(name: &'static str, about: &'static str) -> Setting {
    Setting { name, about, secret: false }
}

const fn secret(name: &'static str, about: &'static str) -> Setting {
    Setting { name, about, secret: true }
}

/// Every setting that the provider takes.
pub(crate) static SETTINGS: &[Setting] = &[
    plain("OS_AUTH_URL", "Address of the identity service (Keystone v3)"),
    plain("OS_AUTH_TYPE", "`password` or `v3applicationcredential`; follows from the others if left out"),
    plain("OS_USERNAME", "Name of the user"),
    plain("OS_USER_ID", "Id of the user, in place of its name"),
    secret(PASSWORD, "Password of the user"),
    plain("OS_PROJECT_NAME", "Name of the project"),
    plain("OS_PROJECT_ID", "Id of the project, in place of its name"),
    plain("OS_TENANT_NAME", "Old name of OS_PROJECT_NAME"),
    plain("OS_TENANT_ID", "Old name of OS_PROJECT_ID"),
    plain("OS_USER_DOMAIN_NAME", "Name of the user's domain"),
    plain("OS_USER_DOMAIN_ID", "Id of the user's domain; `default` if no domain is named"),
    plain("OS_PROJECT_DOMAIN_NAME", "Name of the project's domain"),
    plain("OS_PROJECT_DOMAIN_ID", "Id of the project's domain; `default` if no domain is named"),
    plain("OS_DOMAIN_NAME", "Name of the domain of user and project, where they have none of their own"),
    plain("OS_DOMAIN_ID", "Id of the domain of user and project, where they have none of their own"),
    plain("OS_DEFAULT_DOMAIN", "Id of the domain where nothing else names one"),
    plain("OS_APPLICATION_CREDENTIAL_ID", "Id of an application credential"),
    plain("OS_APPLICATION_CREDENTIAL_NAME", "Name of an application credential; needs the user as well"),
    secret(APPLICATION_CREDENTIAL_SECRET, "Secret of the application credential"),
    plain("OS_REGION_NAME", "Region; needed where the cloud has more than one"),
    plain("OS_INTERFACE", "`public`, `internal` or `admin` endpoints; `public` if left out"),
    plain("OS_ENDPOINT_TYPE", "Old name of OS_INTERFACE"),
    plain("OS_CACERT", "File with the certificate of the authority that signed the cloud's"),
    plain("OS_INSECURE", "`true` trusts any certificate: for trials only"),
    plain("settle", "Seconds for which a call whose answer was lost may still take effect; 30 if left out"),
    plain("ssh_port", "Port of ssh on the servers; 22 if left out"),
    plain("ssh_user", "Account to log in with where neither server nor image names one"),
    plain("page_size", "Things to ask for in one page of a list; the cloud's own choice if left out"),
];

/// Who logs in, by id or by name within a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    Id(String),
    Name { name: String, domain: Domain },
}

/// A domain of Keystone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Domain {
    Id(String),
    Name(String),
}

/// How we log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Password { user: Named, project: Named },
    ApplicationCredentialById(String),
    ApplicationCredentialByName { name: String, user: Named },
}

impl Method {
    /// The name of the secret that the method needs.
    pub(crate) fn secret_name(&self) -> &'static str {
        match self {
            Self::Password { .. } => PASSWORD,
            Self::ApplicationCredentialById(_) | Self::ApplicationCredentialByName { .. } => {
                APPLICATION_CREDENTIAL_SECRET
            }
        }
    }
}

/// Which of a service's endpoints we use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interface {
    Public,
    Internal,
    Admin,
}

impl Interface {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Admin => "admin",
        }
    }
}

/// A cloud's settings, understood.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pub(crate) place: String,
    /// Without a slash at its end, with `/v3`.
    pub(crate) auth_url: String,
    pub(crate) method: Method,
    pub(crate) region: Option<String>,
    pub(crate) interface: Interface,
    pub(crate) cacert: Option<PathBuf>,
    pub(crate) insecure: bool,
    pub(crate) settle: Duration,
    pub(crate) ssh_user: Option<String>,
    pub(crate) page_size: Option<usize>,
    /// Secrets that stand in the description.
    pub(crate) secrets: BTreeMap<String, Secret>,
}

/// Looks settings up by name; an empty value counts as none.
struct Values<'a>(&'a BTreeMap<String, String>);

impl Values<'_> {
    fn first(&self, names: &[&str]) -> Option<String> {
        names
            .iter()
            .filter_map(|name| self.0.get(*name))
            .map(|value| value.trim())
            .find(|value| !value.is_empty())
            .map(str::to_owned)
    }

    fn number<N: std::str::FromStr>(&self, name: &str, what: &str) -> Result<Option<N>> {
        self.first(&[name])
            .map(|text| {
                text.parse().map_err(|_| Error::bad_input(format!("{name} is `{text}`, it must be {what}")))
            })
            .transpose()
    }

    fn flag(&self, name: &str) -> Result<bool> {
        match self.first(&[name]).map(|text| text.to_ascii_lowercase()).as_deref() {
            None | Some("false" | "no" | "off" | "0") => Ok(false),
            Some("true" | "yes" | "on" | "1") => Ok(true),
            Some(_) => Err(Error::bad_input(format!("{name} must be `true` or `false`"))),
        }
    }

    fn needed(&self, names: &[&'static str], place: &str) -> Result<String> {
        self.first(names).ok_or_else(|| {
            let name = names.first().copied().unwrap_or_default();
            Error::bad_input(format!("the setting {name} of the cloud {place} is missing"))
                .hint(format!("give {name} where the cloud is described"))
        })
    }

    fn domain(&self, id: &str, name: &str) -> Domain {
        if let Some(id) = self.first(&[id]) {
            Domain::Id(id)
        } else if let Some(name) = self.first(&[name]) {
            Domain::Name(name)
        } else if let Some(id) = self.first(&["OS_DOMAIN_ID"]) {
            Domain::Id(id)
        } else if let Some(name) = self.first(&["OS_DOMAIN_NAME"]) {
            Domain::Name(name)
        } else {
            Domain::Id(self.first(&["OS_DEFAULT_DOMAIN"]).unwrap_or_else(|| "default".to_owned()))
        }
    }

    fn user(&self, place: &str) -> Result<Named> {
        match self.first(&["OS_USER_ID"]) {
            Some(id) => Ok(Named::Id(id)),
            None => Ok(Named::Name {
                name: self.needed(&["OS_USERNAME"], place)?,
                domain: self.domain("OS_USER_DOMAIN_ID", "OS_USER_DOMAIN_NAME"),
            }),
        }
    }

    fn project(&self, place: &str) -> Result<Named> {
        match self.first(&["OS_PROJECT_ID", "OS_TENANT_ID"]) {
            Some(id) => Ok(Named::Id(id)),
            None => Ok(Named::Name {
                name: self.needed(&["OS_PROJECT_NAME", "OS_TENANT_NAME"], place)?,
                domain: self.domain("OS_PROJECT_DOMAIN_ID", "OS_PROJECT_DOMAIN_NAME"),
            }),
        }
    }

    fn method(&self, place: &str) -> Result<Method> {
        let credential =
            self.first(&["OS_APPLICATION_CREDENTIAL_ID", "OS_APPLICATION_CREDENTIAL_NAME"]).is_some();
        let by_credential = match self.first(&["OS_AUTH_TYPE"]).as_deref() {
            None | Some("") => credential,
            Some("password" | "v3password") => false,
            Some("v3applicationcredential" | "v3application_credential") => true,
            Some(other) => {
                return Err(Error::bad_input(format!(
                    "OS_AUTH_TYPE of the cloud {place} is `{other}`, which is not supported"
                ))
                .hint("use `password` or `v3applicationcredential`"));
            }
        };
        if !by_credential {
            return Ok(Method::Password { user: self.user(place)?, project: self.project(place)? });
        }
        if let Some(id) = self.first(&["OS_APPLICATION_CREDENTIAL_ID"]) {
            return Ok(Method::ApplicationCredentialById(id));
        }
        Ok(Method::ApplicationCredentialByName {
            name: self.needed(&["OS_APPLICATION_CREDENTIAL_ID", "OS_APPLICATION_CREDENTIAL_NAME"], place)?,
            user: self.user(place)?,
        })
    }
}

impl Profile {
    pub(crate) fn from_description(place: PlaceDescription, surroundings: &Surroundings) -> Result<Self> {
        refuse_open_values(&place)?;
        let values = Values(&place.settings);
        let name = place.name.as_str();
        let interface = match values.first(&["OS_INTERFACE", "OS_ENDPOINT_TYPE"]).as_deref() {
            None | Some("public" | "publicURL") => Interface::Public,
            Some("internal" | "internalURL") => Interface::Internal,
            Some("admin" | "adminURL") => Interface::Admin,
            Some(other) => {
                return Err(Error::bad_input(format!(
                    "OS_INTERFACE of the cloud {name} is `{other}`, it must be public, internal or admin"
                )));
            }
        };
        values.number::<u16>("ssh_port", "a port")?;
        let page_size = values.number("page_size", "a number of things, from 1")?;
        if page_size == Some(0) {
            return Err(Error::bad_input("page_size is 0, it must be a number of things, from 1"));
        }
        Ok(Self {
            auth_url: identity_root(&values.needed(&["OS_AUTH_URL"], name)?)?,
            method: values.method(name)?,
            region: values.first(&["OS_REGION_NAME"]),
            interface,
            cacert: values.first(&["OS_CACERT"]).map(|text| path(&text, surroundings)),
            insecure: values.flag("OS_INSECURE")?,
            settle: Duration::from_secs(values.number("settle", "a number of seconds")?.unwrap_or(30)),
            ssh_user: values.first(&["ssh_user"]),
            page_size,
            place: place.name,
            secrets: place.secrets,
        })
    }
}

/// A value `TBD` is a gap that somebody meant to fill: named, and never sent.
fn refuse_open_values(place: &PlaceDescription) -> Result<()> {
    let open = |text: &str| text.trim().eq_ignore_ascii_case("tbd");
    let settings = place.settings.iter().filter(|(_, value)| open(value)).map(|(name, _)| name.as_str());
    let secrets =
        place.secrets.iter().filter(|(_, value)| open(value.expose())).map(|(name, _)| name.as_str());
    let names: Vec<&str> = settings.chain(secrets).collect();
    if names.is_empty() {
        return Ok(());
    }
    let are = if names.len() == 1 { "is" } else { "are" };
    Err(Error::bad_input(format!("{} of the cloud {} {are} still TBD", names.join(", "), place.name))
        .hint(format!("fill in the values in {}", place.source)))
}

/// The address of Keystone's version 3 for what people write as OS_AUTH_URL.
fn identity_root(text: &str) -> Result<String> {
    let trimmed = text.trim_end_matches('/');
    if !trimmed.starts_with("http://") && !trimmed.starts_with("https://") {
        return Err(Error::bad_input(
            "OS_AUTH_URL must begin with http:// or https://, for example https://cloud.example.org:5000/v3",
        ));
    }
    if trimmed.contains(['?', '#', '@']) {
        return Err(Error::bad_input("OS_AUTH_URL must be a plain address, without log-in and query"));
    }
    let root = match trimmed.rsplit_once('/') {
        Some((root, "v3" | "v2.0")) => root,
        Some((root, "tokens")) => root.trim_end_matches("/auth").trim_end_matches("/v3"),
        _ => trimmed,
    };
    Ok(format!("{root}/v3"))
}

fn path(text: &str, surroundings: &Surroundings) -> PathBuf {
    match (text.strip_prefix("~/"), &surroundings.user_home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => surroundings.working_folder.join(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description(settings: &[(&str, &str)]) -> PlaceDescription {
        PlaceDescription {
            name: "kilo".to_owned(),
            provider: "openstack".to_owned(),
            heading: String::new(),
            source: "cloudmesh.yaml".to_owned(),
            settings: settings
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            secrets: BTreeMap::new(),
            defaults: BTreeMap::new(),
        }
    }

    fn profile(settings: &[(&str, &str)]) -> Result<Profile> {
        Profile::from_description(description(settings), &Surroundings::default())
    }

    #[test]
    fn any_spelling_of_the_identity_service_leads_to_its_version_3() {
        for text in [
            "https://k:5000",
            "https://k:5000/",
            "https://k:5000/v3",
            "https://k:5000/v3/",
            "https://k:5000/v2.0",
            "https://k:5000/v3/auth/tokens",
        ] {
            assert_eq!(identity_root(text).unwrap(), "https://k:5000/v3", "{text}");
        }
        assert_eq!(identity_root("http://k/identity").unwrap(), "http://k/identity/v3");
        for text in ["k:5000", "ftp://k", "https://me:word@k/v3"] {
            assert!(!format!("{:?}", identity_root(text).unwrap_err()).contains("word"), "{text}");
        }
    }

    #[test]
    fn a_missing_setting_is_named() {
        let all = [("OS_AUTH_URL", "https://k"), ("OS_USERNAME", "albert"), ("OS_PROJECT_NAME", "p")];
        for (missing, _) in all {
            let rest: Vec<_> = all.iter().copied().filter(|(name, _)| *name != missing).collect();
            assert!(profile(&rest).unwrap_err().message().contains(missing), "{missing}");
        }
        assert!(profile(&all).is_ok());
    }

    #[test]
    fn a_gap_is_named_and_never_sent() {
        let mut place = description(&[("OS_AUTH_URL", "TBD"), ("OS_USERNAME", "tbd ")]);
        place.secrets.insert(PASSWORD.to_owned(), Secret::from("TBD"));
        let error = Profile::from_description(place, &Surroundings::default()).unwrap_err();
        assert_eq!(error.message(), "OS_AUTH_URL, OS_USERNAME, OS_PASSWORD of the cloud kilo are still TBD");
    }

    #[test]
    fn old_names_and_domains_are_understood() {
        let profile = profile(&[
            ("OS_AUTH_URL", "https://k"),
            ("OS_USERNAME", "albert"),
            ("OS_TENANT_NAME", "p"),
            ("OS_USER_DOMAIN_NAME", "People"),
            ("OS_ENDPOINT_TYPE", "internalURL"),
        ])
        .unwrap();
        assert_eq!(profile.interface, Interface::Internal);
        let Method::Password { user, project } = profile.method else { panic!("not by password") };
        assert_eq!(user, Named::Name { name: "albert".into(), domain: Domain::Name("People".into()) });
        assert_eq!(project, Named::Name { name: "p".into(), domain: Domain::Id("default".into()) });
    }

    #[test]
    fn an_application_credential_needs_no_project() {
        let by_id =
            profile(&[("OS_AUTH_URL", "https://k"), ("OS_APPLICATION_CREDENTIAL_ID", "0123")]).unwrap();
        assert_eq!(by_id.method, Method::ApplicationCredentialById("0123".into()));
        let nameless = profile(&[
            ("OS_AUTH_URL", "https://k"),
            ("OS_AUTH_TYPE", "v3applicationcredential"),
            ("OS_APPLICATION_CREDENTIAL_NAME", "mine"),
        ]);
        assert!(nameless.unwrap_err().message().contains("OS_USERNAME"));
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        for (name, value) in [
            ("settle", "soon"),
            ("page_size", "0"),
            ("ssh_port", "65536"),
            ("OS_INTERFACE", "secret"),
            ("OS_INSECURE", "perhaps"),
            ("OS_AUTH_TYPE", "v3oidcpassword"),
        ] {
            let error = profile(&[
                ("OS_AUTH_URL", "https://k"),
                ("OS_USERNAME", "albert"),
                ("OS_PROJECT_NAME", "p"),
                (name, value),
            ])
            .unwrap_err();
            assert!(error.message().contains(name), "{name}: {error}");
        }
    }
}
