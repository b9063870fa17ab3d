//! The control API below `/_sim`, for whoever has the bearer token. Every answer is JSON.
//!
//! | call | body | does |
//! |---|---|---|
//! | `GET /_sim/status` | | clouds, regions, counts, ssh |
//! | `POST /_sim/reset` | | all clouds as they began |
//! | `POST /_sim/clouds/C/reset` | | one cloud as it began |
//! | `GET /_sim/clouds/C/credentials` | | how to log in |
//! | `GET`, `PUT`, `PATCH /_sim/clouds/C/faults` | [`FaultSettings`] | shows, replaces, changes the faults |
//! | `DELETE /_sim/clouds/C/faults` | | ends the faults and forgets all orders |
//! | `POST /_sim/clouds/C/expire-tokens` | | makes every token invalid |
//! | `GET`, `POST /_sim/clouds/C/stop-client` | [`StopClient`] | shows the orders, gives one |
//! | `POST /_sim/clouds/C/mark` | | the number of the last call |
//! | `GET /_sim/clouds/C/calls?since=N&only_changes=true` | | the log of calls |

use hyper::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::answer::{Answer, Outcome};
use crate::faults::{FaultHandle, FaultSettings};
use crate::request::Request;
use crate::simulator::Shared;
use crate::stop_client::StopClient;

pub(crate) fn answer(shared: &Shared, request: &Request) -> Answer {
    if !allowed(shared, request) {
        return refuse(401, "the control API wants the bearer token that the simulator gave its caller")
            .with("www-authenticate", "Bearer");
    }
    controlled(shared, request).unwrap_or_else(|refusal| refusal)
}

fn refuse(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({"error": message}))
}

/// Compares digests, so that the time taken says nothing about the token.
fn allowed(shared: &Shared, request: &Request) -> bool {
    let digest = |text: &str| Sha256::digest(text.as_bytes());
    request
        .header("authorization")
        .and_then(|value| value.strip_prefix("Bearer "))
        .is_some_and(|given| digest(given.trim()) == digest(&shared.control_token))
}

fn body<T: DeserializeOwned>(request: &Request) -> Result<T, Answer> {
    serde_json::from_slice(&request.body)
        .map_err(|error| refuse(400, &format!("the body will not do: {error}")))
}

fn ok(value: impl serde::Serialize) -> Outcome {
    serde_json::to_value(value)
        .map(|value| Answer::json(200, &value))
        .map_err(|error| refuse(500, &format!("the answer could not be written: {error}")))
}

fn controlled(shared: &Shared, request: &Request) -> Outcome {
    let parts: Vec<&str> = request.parts.iter().skip(1).map(String::as_str).collect();
    match (&request.method, parts.as_slice()) {
        (&Method::GET, ["status"]) => ok(shared.status()),
        (&Method::POST, ["reset"]) => {
            shared.reset(None);
            ok(shared.status())
        }
        (method, ["clouds", name, rest @ ..]) => {
            let cloud = shared
                .clouds
                .get(*name)
                .ok_or_else(|| refuse(404, &format!("there is no simulated cloud {name}")))?;
            let handle = FaultHandle { cloud: std::sync::Arc::clone(cloud) };
            match (method, rest) {
                (&Method::POST, ["reset"]) => {
                    shared.reset(Some(name));
                    ok(json!({}))
                }
                (&Method::GET, ["credentials"]) => ok(cloud.credentials()),
                _ => of_cloud(&handle, request, rest),
            }
        }
        _ => Err(refuse(404, "the control API has no such path")),
    }
}

fn of_cloud(handle: &FaultHandle, request: &Request, rest: &[&str]) -> Outcome {
    match (&request.method, rest) {
        (&Method::GET, ["faults"]) => ok(handle.get()),
        (&Method::PUT, ["faults"]) => {
            handle.set(body::<FaultSettings>(request)?);
            ok(handle.get())
        }
        (&Method::PATCH, ["faults"]) => {
            let mut settings = serde_json::to_value(handle.get()).unwrap_or_default();
            let change: Value = body(request)?;
            let (Some(settings_fields), Some(changes)) = (settings.as_object_mut(), change.as_object())
            else {
                return Err(refuse(400, "the body will not do: it is no object"));
            };
            settings_fields.extend(changes.clone());
            // A map and a list are emptied with null, like the rest.
            for key in ["dead_regions", "boot_errors"] {
                if settings_fields.get(key).is_some_and(Value::is_null) {
                    settings_fields.remove(key);
                }
            }
            let settings: FaultSettings = serde_json::from_value(settings)
                .map_err(|error| refuse(400, &format!("the body will not do: {error}")))?;
            handle.set(settings);
            ok(handle.get())
        }
        (&Method::DELETE, ["faults"]) => {
            handle.clear();
            ok(handle.get())
        }
        (&Method::POST, ["expire-tokens"]) => {
            handle.expire_tokens();
            ok(json!({}))
        }
        (&Method::POST, ["stop-client"]) => {
            handle.stop_client(body::<StopClient>(request)?);
            ok(json!({"stops": handle.stops()}))
        }
        (&Method::GET, ["stop-client"]) => ok(json!({"stops": handle.stops()})),
        (&Method::GET, ["calls"]) => {
            let since = request
                .parameter("since")
                .map_or(Ok(0), str::parse)
                .map_err(|_| refuse(400, "since is a number"))?;
            let only_changes = request.parameter("only_changes") == Some("true");
            ok(json!({"calls": handle.calls(since, only_changes), "marker": handle.mark()}))
        }
        (&Method::POST, ["mark"]) => ok(json!({"marker": handle.mark()})),
        _ => Err(refuse(404, "the control API has no such path")),
    }
}
