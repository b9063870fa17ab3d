//! What logs and errors show of URLs and answers: no log-in, no value of a query parameter that may be secret, no
//! secret that a call carried.

use cloudmesh_model::Secret;
use reqwest::Url;

/// Parts of parameter names whose values are not shown.
const SECRET_PARTS: [&str; 7] = ["token", "pass", "secret", "key", "sig", "credential", "auth"];

/// `text` as it may be shown; what is no URL is shown up to its query.
#[must_use]
pub fn shown_url(text: &str) -> String {
    match Url::parse(text) {
        Ok(url) => shown(&url),
        Err(_) => text.split(['?', '#']).next().unwrap_or("").rsplit('@').next().unwrap_or("").to_owned(),
    }
}

pub(super) fn shown(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_fragment(None);
    // Fails only for URLs that cannot have a log-in.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    if url.query().is_some() {
        let pairs: Vec<(String, String)> = url
            .query_pairs()
            .map(|(name, value)| {
                let lower = name.to_ascii_lowercase();
                let secret = SECRET_PARTS.iter().any(|part| lower.contains(part));
                (name.into_owned(), if secret { "…".to_owned() } else { value.into_owned() })
            })
            .collect();
        shown.set_query(None);
        if !pairs.is_empty() {
            let text: Vec<String> = pairs
                .iter()
                .map(|(name, value)| if value.is_empty() { name.clone() } else { format!("{name}={value}") })
                .collect();
            return format!("{shown}?{}", cloudmesh_model::noun::printable(&text.join("&")));
        }
    }
    shown.to_string()
}

/// What is shorter than this is no secret, and would be found in the middle of anything.
const SHORTEST: usize = 4;

/// Puts `…` in the place of a secret, wherever it stands in `body`, as it is or as JSON writes it.
pub(super) fn strike_out(body: &mut Vec<u8>, secret: &Secret) {
    let plain = secret.expose();
    let quoted = serde_json::to_string(plain).unwrap_or_default();
    let escaped = quoted.trim_matches('"');
    for form in [plain, escaped] {
        if form.len() < SHORTEST {
            continue;
        }
        let mut from = 0;
        while let Some(found) = body[from..].windows(form.len()).position(|window| window == form.as_bytes())
        {
            let at = from + found;
            body.splice(at..at + form.len(), "…".bytes());
            from = at + "…".len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_struck_out_in_every_form_that_a_body_has_it_in() {
        let struck = |body: &str, secret: &str| {
            let mut body = body.as_bytes().to_vec();
            strike_out(&mut body, &Secret::from(secret));
            String::from_utf8(body).unwrap()
        };
        assert_eq!(struck("you sent hunter22 and hunter22", "hunter22"), "you sent … and …");
        assert_eq!(struck(r#"{"password": "a\"bcd"}"#, "a\"bcd"), r#"{"password": "…"}"#);
        assert_eq!(struck("abc", "b"), "abc");
        assert_eq!(struck("nothing of it", "hunter22"), "nothing of it");
        assert_eq!(struck("", "hunter22"), "");
    }
}
