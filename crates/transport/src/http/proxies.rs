//! Proxies as the environment names them. The environment itself is read at the program's start, not here.

use std::collections::BTreeMap;

use cloudmesh_model::{Error, Result};

/// Proxies for HTTP calls; none by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    http: Option<String>,
    https: Option<String>,
    except: Option<String>,
}

impl Proxies {
    /// The proxies that environment variables name: `http_proxy` (lower case only, as everywhere),
    /// `https_proxy`, `all_proxy` and `no_proxy`.
    #[must_use]
    pub fn from_variables(variables: &BTreeMap<String, String>) -> Self {
        let value = |names: &[&str]| {
            names.iter().find_map(|name| variables.get(*name)).filter(|value| !value.is_empty()).cloned()
        };
        Self {
            http: value(&["http_proxy", "all_proxy", "ALL_PROXY"]),
            https: value(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            except: value(&["no_proxy", "NO_PROXY"]),
        }
    }

    pub(super) fn apply(&self, builder: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder> {
        let except = self.except.as_deref().and_then(reqwest::NoProxy::from_string);
        // Also keeps reqwest from reading the environment by itself.
        let mut builder = builder.no_proxy();
        let bad = |name: &str| Error::bad_input(format!("the proxy in the variable {name} is not a URL"));
        if let Some(url) = &self.http {
            let proxy = reqwest::Proxy::http(url).map_err(|_| bad("http_proxy"))?;
            builder = builder.proxy(proxy.no_proxy(except.clone()));
        }
        if let Some(url) = &self.https {
            let proxy = reqwest::Proxy::https(url).map_err(|_| bad("https_proxy"))?;
            builder = builder.proxy(proxy.no_proxy(except));
        }
        Ok(builder)
    }
}
