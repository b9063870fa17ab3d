//! Facts about a cloud: where it is, who we are there, what may be used of it.

use cloudmesh_model::Result;
use serde_json::Value;

use crate::catalogue::{self, Service};
use crate::cloud::Cloud;
use crate::settings::Method;

/// Limits of Nova: the name shown, what is used, what is allowed.
const LIMITS: [(&str, &str, &str); 4] = [
    ("servers", "totalInstancesUsed", "maxTotalInstances"),
    ("cores", "totalCoresUsed", "maxTotalCores"),
    ("memory (MiB)", "totalRAMUsed", "maxTotalRAMSize"),
    ("server groups", "totalServerGroupsUsed", "maxServerGroups"),
];

pub(crate) async fn facts(cloud: &Cloud) -> Result<Vec<(String, String)>> {
    let session = &cloud.session;
    let profile = &session.profile;
    let login = session.log_in().await?;
    let compute = session.endpoint(Service::Compute).await?;
    let mut facts = Vec::new();
    let mut fact = |name: &str, value: String| facts.push((name.to_owned(), value));
    fact("auth URL", profile.auth_url.clone());
    fact("region", region(cloud, &login.facts.endpoints));
    fact("interface", profile.interface.as_str().to_owned());
    fact("project", login.facts.project.clone());
    fact("user", login.facts.user.clone());
    let method = match profile.method {
        Method::Password { .. } => "password",
        _ => "application credential",
    };
    fact("log-in", method.to_owned());
    fact("log-in valid until", login.facts.expires.to_string());
    let image = session.endpoint(Service::Image).await.ok();
    let network = session.endpoint(Service::Network).await.ok();
    let (identity_version, compute_version, image_version, network_version, limits) = futures::join!(
        version(cloud, Some(profile.auth_url.as_str())),
        version(cloud, Some(compute_root(&compute))),
        version(cloud, image.as_deref().map(catalogue::root)),
        version(cloud, network.as_deref().map(catalogue::root)),
        session.get(Service::Compute, "/limits"),
    );
    fact("identity service", identity_version);
    fact("compute service", compute_version);
    fact("image service", image_version);
    fact("network service", network_version);
    let limits = limits?;
    let limits: Value = limits.json()?;
    let absolute = &limits["limits"]["absolute"];
    for (name, used, allowed) in LIMITS {
        if let (Some(used), Some(allowed)) = (absolute[used].as_i64(), absolute[allowed].as_i64()) {
            let of = if allowed < 0 { "any number".to_owned() } else { allowed.to_string() };
            fact(name, format!("{used} of {of}"));
        }
    }
    if let Some(allowed) = absolute["maxTotalKeypairs"].as_i64() {
        fact("key pairs", format!("at most {allowed}"));
    }
    Ok(facts)
}

fn region(cloud: &Cloud, endpoints: &[catalogue::Endpoint]) -> String {
    cloud.session.profile.region.clone().unwrap_or_else(|| {
        let compute = endpoints.iter().find(|endpoint| endpoint.service.starts_with("compute"));
        compute.map(|endpoint| endpoint.region.clone()).unwrap_or_default()
    })
}

/// Nova's own document of versions, without the project's id that old catalogues add.
fn compute_root(endpoint: &str) -> &str {
    let end = ["/v2.1", "/v2"].iter().find_map(|version| {
        let position = endpoint.rfind(&format!("{version}/"))?;
        Some(position + version.len())
    });
    &endpoint[..end.unwrap_or(endpoint.len())]
}

/// The newest version that a service says it has. Not knowing it hurts nobody.
async fn version(cloud: &Cloud, root: Option<&str>) -> String {
    let Some(root) = root else {
        return "not there".to_owned();
    };
    let Ok(answer) = cloud.session.get_plain(format!("{root}/")).await else {
        return "does not answer".to_owned();
    };
    // Services list their versions with status 300.
    let document: Value = answer.json().unwrap_or_default();
    newest(&document).unwrap_or_else(|| "does not tell its version".to_owned())
}

fn newest(document: &Value) -> Option<String> {
    let text =
        |value: &Value, name: &str| value[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let one = match &document["version"] {
        Value::Null => {
            let versions = document["versions"].as_array().or(document["versions"]["values"].as_array())?;
            versions.iter().find(|version| version["status"] == "CURRENT").or(versions.first())?
        }
        one => one,
    };
    text(one, "version").or(text(one, "id"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn versions_are_found_in_every_form() {
        assert_eq!(newest(&json!({"version": {"id": "v2.1", "version": "2.96"}})).unwrap(), "2.96");
        assert_eq!(newest(&json!({"version": {"id": "v3.14"}})).unwrap(), "v3.14");
        let list = json!({"versions": [{"id": "v2.0", "status": "SUPPORTED"}, {"id": "v2.17", "status": "CURRENT"}]});
        assert_eq!(newest(&list).unwrap(), "v2.17");
        assert_eq!(newest(&json!([])), None);
        assert_eq!(compute_root("http://h/compute/v2.1/0123"), "http://h/compute/v2.1");
        assert_eq!(compute_root("http://h:8774/v2.1"), "http://h:8774/v2.1");
    }
}
