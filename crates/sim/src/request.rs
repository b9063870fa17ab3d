//! A request as the services see it: read to its end, its path cut into parts, its query decoded.

use hyper::HeaderMap;
use hyper::Method;
use hyper::body::Bytes;
use serde_json::Value;

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Path and query as sent, for the call log.
    pub(crate) target: String,
    /// The decoded parts of the path.
    pub(crate) parts: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// A key made beforehand for a key pair that the client wants generated: public, private.
    pub(crate) generated_key: Option<(String, String)>,
}

impl Request {
    pub(crate) fn new(method: Method, uri: &hyper::Uri, headers: HeaderMap, body: Bytes) -> Self {
        let parts = uri.path().split('/').filter(|part| !part.is_empty()).map(decode).collect();
        let query = uri.query().map(parse_query).unwrap_or_default();
        let target = uri.path_and_query().map_or_else(String::new, ToString::to_string);
        Self { method, target, parts, query, headers, body, generated_key: None }
    }

    /// The first value of a query parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All values of a query parameter.
    pub(crate) fn parameters<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as JSON; `None` where it is none.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Whether this call means to change something. Fetching a token does not count.
    pub(crate) fn is_change(&self) -> bool {
        let is_token = self.parts.ends_with(&["auth".to_owned(), "tokens".to_owned()]);
        !is_token && !matches!(self.method, Method::GET | Method::HEAD | Method::OPTIONS)
    }
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%')
            .then(|| bytes.get(at + 1..at + 3))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(byte) = hex {
            decoded.push(byte);
            at += 3;
        } else {
            decoded.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn parse_query(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(&key.replace('+', " ")), decode(&value.replace('+', " ")))
        })
        .collect()
}

/// Encodes one value for a query.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(byte as char);
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_decode_and_encode() {
        assert_eq!(
            parse_query("name=%5Ea%2Bb+c&tags=x&flag"),
            [("name", "^a+b c"), ("tags", "x"), ("flag", "")].map(|(k, v)| (k.to_owned(), v.to_owned()))
        );
        assert_eq!(encode("^a+b c/é"), "%5Ea%2Bb%20c%2F%C3%A9");
        assert_eq!(decode("100%"), "100%");
    }
}
