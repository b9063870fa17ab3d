//! From a path to the service that answers it: `/CLOUD/identity`, `/CLOUD/compute`, `/CLOUD/regions/REGION/compute`, ….
//! Also the check of the token that stands before every service but Keystone (as keystonemiddleware does it).

use jiff::Timestamp;
use serde_json::json;

use crate::answer::Answer;
use crate::request::Request;
use crate::state::CloudState;

/// Who calls.
#[derive(Debug, Clone)]
pub(crate) struct Who {
    pub(crate) user: String,
    pub(crate) project: String,
    pub(crate) admin: bool,
}

/// A call on its way through one service.
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    /// The parts of the path behind the service's own root.
    pub(crate) path: Vec<&'a str>,
    pub(crate) now: Timestamp,
    /// The service's own root, without a slash at its end.
    pub(crate) root: String,
    /// The cloud's root.
    pub(crate) cloud_root: &'a str,
    pub(crate) region: usize,
    pub(crate) who: Who,
    pub(crate) request_id: String,
}

/// The names of services as they stand in a path.
const SERVICES: [&str; 5] = ["identity", "compute", "image", "network", "volume"];

/// Cloud, region (by name, if one is named), service and the rest of a path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Route<'a> {
    pub(crate) cloud: &'a str,
    pub(crate) region: Option<&'a str>,
    pub(crate) service: &'a str,
    pub(crate) path: Vec<&'a str>,
}

/// Reads a path; `None` where it leads to no service.
pub(crate) fn route(parts: &[String]) -> Option<Route<'_>> {
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let (cloud, region, service, path) = match parts.as_slice() {
        [cloud, "regions", region, service, path @ ..] => (*cloud, Some(*region), *service, path),
        [cloud, service, path @ ..] => (*cloud, None, *service, path),
        _ => return None,
    };
    SERVICES.contains(&service).then(|| Route { cloud, region, service, path: path.to_vec() })
}

/// The root of a service in a region, as the catalogue gives it.
pub(crate) fn service_root(cloud_root: &str, regions: &[&str], region: usize, service: &str) -> String {
    match regions.get(region) {
        Some(name) if region > 0 => {
            format!("{cloud_root}/regions/{}/{service}", crate::request::encode(name))
        }
        _ => format!("{cloud_root}/{service}"),
    }
}

/// Lets the right service answer. Everything happens under the caller's lock and without waiting.
pub(crate) fn answer(
    state: &mut CloudState,
    request: &Request,
    route: &Route<'_>,
    cloud_root: &str,
    now: Timestamp,
) -> Answer {
    state.settle(now);
    let region = match route.region {
        None => Some(0),
        Some(name) => state.regions.iter().position(|region| region.name == name),
    };
    let Some(region) = region else { return Answer::empty(404) };
    let regions: Vec<&str> = state.regions.iter().map(|region| region.name.as_str()).collect();
    let root = service_root(cloud_root, &regions, region, route.service);
    let request_id = format!("req-{}", state.seeded.uuid());
    let nobody = Who { user: String::new(), project: String::new(), admin: false };
    let mut call =
        Call { request, path: route.path.clone(), now, root, cloud_root, region, who: nobody, request_id };
    let outcome = if route.service == "identity" {
        crate::keystone::answer(state, &call)
    } else if let Some(document) = crate::catalog::discovery(route.service, &call) {
        Ok(document)
    } else {
        identify(state, request, cloud_root, now).and_then(|who| {
            call.who = who;
            match route.service {
                "compute" => crate::nova::answer(state, &call),
                "image" => crate::glance::answer(state, &call),
                "network" => crate::neutron::answer(state, &call),
                _ => crate::cinder::answer(state, &call),
            }
        })
    };
    let answer = outcome.unwrap_or_else(|refusal| refusal);
    if request.is_change() && answer.status.is_success() {
        state.changed();
    }
    answer.with("x-openstack-request-id", &call.request_id)
}

fn identify(state: &CloudState, request: &Request, cloud_root: &str, now: Timestamp) -> Result<Who, Answer> {
    let token = request.header("x-auth-token").and_then(|id| state.valid_token(id, now));
    match token {
        Some(token) => match &token.project {
            Some(project) => {
                Ok(Who { user: token.user.clone(), project: project.clone(), admin: token.is_admin() })
            }
            None => Err(unauthorized(cloud_root)),
        },
        None => Err(unauthorized(cloud_root)),
    }
}

/// The answer of keystonemiddleware to a call without a valid token.
fn unauthorized(cloud_root: &str) -> Answer {
    let body = json!({"error": {
        "code": 401,
        "title": "Unauthorized",
        "message": "The request you have made requires authentication.",
    }});
    Answer::json(401, &body).with("www-authenticate", &format!("Keystone uri=\"{cloud_root}/identity\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(path: &str) -> Vec<String> {
        path.split('/').map(str::to_owned).collect()
    }

    #[test]
    fn paths_lead_to_cloud_region_and_service() {
        let path = parts("sim/compute/v2.1/servers");
        let found = route(&path).unwrap();
        assert_eq!((found.cloud, found.region, found.service), ("sim", None, "compute"));
        assert_eq!(found.path, ["v2.1", "servers"]);
        let path = parts("sim/regions/RegionTwo/network/v2.0/ports");
        let found = route(&path).unwrap();
        assert_eq!((found.region, found.service), (Some("RegionTwo"), "network"));
        assert_eq!(route(&parts("sim/nothing")), None);
        assert_eq!(route(&parts("sim")), None);
    }
}
