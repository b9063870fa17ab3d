//! Which microversion a call asks for. Facts: Compute API guide, "Microversions".

use crate::answer::Answer;
use crate::nova::fault;
use crate::request::Request;

/// The newest microversion spoken, 2.96.
pub(crate) const NEWEST: u32 = 96;

pub(crate) fn newest() -> String {
    format!("2.{NEWEST}")
}

/// The minor number asked for; 1 where none is named.
pub(crate) fn asked(request: &Request) -> Result<u32, Answer> {
    let modern = request.headers.get_all("openstack-api-version").iter().find_map(|value| {
        value
            .to_str()
            .ok()?
            .split(',')
            .find_map(|each| each.trim().strip_prefix("compute ").map(str::to_owned))
    });
    let Some(text) = modern.or_else(|| request.header("x-openstack-nova-api-version").map(str::to_owned))
    else {
        return Ok(1);
    };
    let text = text.trim();
    if text == "latest" {
        return Ok(NEWEST);
    }
    let numbers = text.split_once('.').and_then(|(major, minor)| {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        (digits(major) && digits(minor) && !(minor.len() > 1 && minor.starts_with('0')))
            .then(|| Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?)))
            .flatten()
    });
    match numbers {
        None => Err(fault(
            400,
            &format!("API Version String '{text}' is of invalid format. It must be of format Major.Minor."),
        )),
        Some((2, minor)) if (1..=NEWEST).contains(&minor) => Ok(minor),
        Some(_) => Err(fault(
            406,
            &format!(
                "Version {text} is not supported by the API. Minimum is 2.1 and maximum is {}.",
                newest()
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::{HeaderMap, Method, body::Bytes};

    fn asked_by(name: &'static str, value: &str) -> Result<u32, u16> {
        let headers = HeaderMap::from_iter([(
            hyper::header::HeaderName::from_static(name),
            hyper::header::HeaderValue::from_str(value).unwrap(),
        )]);
        let request = Request::new(Method::GET, &"/".parse().unwrap(), headers, Bytes::new());
        asked(&request).map_err(|answer| answer.status.as_u16())
    }

    #[test]
    fn both_headers_are_read_and_unknown_versions_refused() {
        assert_eq!(asked_by("openstack-api-version", "compute 2.47"), Ok(47));
        assert_eq!(asked_by("x-openstack-nova-api-version", "2.9"), Ok(9));
        assert_eq!(asked_by("openstack-api-version", "compute latest"), Ok(NEWEST));
        assert_eq!(asked_by("openstack-api-version", "volume 3.1"), Ok(1));
        assert_eq!(asked_by("openstack-api-version", "compute 2.9999"), Err(406));
        assert_eq!(asked_by("openstack-api-version", "compute 3.0"), Err(406));
        assert_eq!(asked_by("openstack-api-version", "compute two"), Err(400));
    }
}
