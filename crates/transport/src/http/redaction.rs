//! URLs as logs and errors show them: no log-in, no value of a query parameter that may be secret.

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
