//! One call from its arrival to its end: the log, the faults of its cloud, the service, what follows from it.

use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use serde_json::json;

use crate::answer::Answer;
use crate::call_log::{CallOutcome, CallRecord};
use crate::clock::lock;
use crate::dispatch::{self, route};
use crate::faults::{DeadMode, Fate};
use crate::http::{Connection, Dropped};
use crate::kill;
use crate::request::Request;
use crate::simulator::{Cloud, Shared};
use crate::stop_client::{StopClient, StopMoment};

/// Answers a call, or drops its connection.
pub(crate) async fn answer(
    shared: &Arc<Shared>,
    connection: &Arc<Connection>,
    mut request: Request,
) -> Result<Answer, Dropped> {
    if !is_for_loopback(&request) {
        return Ok(Answer::json(
            421,
            &json!({"error": "the simulator is reached by a loopback address only"}),
        ));
    }
    if request.parts.first().is_some_and(|part| part == "_sim") {
        return Ok(crate::control::answer(shared, &request));
    }
    let Some(found) = route(&request.parts) else { return Ok(not_here(shared)) };
    let Some(cloud) = shared.clouds.get(found.cloud).cloned() else { return Ok(not_here(shared)) };
    let service = found.service.to_owned();
    let region = found.region.or(cloud.options.regions.first().map(String::as_str)).map(str::to_owned);
    if needs_key(&request, &service) {
        request.generated_key = crate::ssh::generate_key().await;
    }
    let now = shared.clock.now();
    let number = lock(&cloud.log).arrived(CallRecord {
        number: 0,
        at: now,
        service: service.clone(),
        method: request.method.to_string(),
        path: request.target.clone(),
        change: request.is_change(),
        outcome: CallOutcome::Pending,
    });
    let verdict = lock(&cloud.faults).judge(&request, &service, region.as_deref(), now);
    let end = |outcome| lock(&cloud.log).ended(number, outcome);
    let latency = verdict.latency + cloud.options.latency;
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    match verdict.fate {
        Fate::Answer => {
            let answer = perform(shared, &cloud, &request);
            end(CallOutcome::Answered(answer.status.as_u16()));
            Ok(answer)
        }
        Fate::Dead(mode) => {
            end(CallOutcome::Dead);
            if mode == DeadMode::Silent {
                std::future::pending::<()>().await;
            }
            Err(Dropped)
        }
        Fate::Fail(status) => {
            end(CallOutcome::Answered(status));
            Ok(failure(&service, &request, status))
        }
        Fate::Throttled(retry_after) => {
            end(CallOutcome::Answered(429));
            Ok(failure(&service, &request, 429).with("retry-after", &retry_after.to_string()))
        }
        Fate::DropBefore => {
            end(CallOutcome::Dropped);
            Err(Dropped)
        }
        Fate::Lose(late) => {
            lose(shared, &cloud, request, number, late);
            Err(Dropped)
        }
        Fate::Stop(order, index) => stop(shared, &cloud, connection, &request, number, &order, index).await,
    }
}

/// Whether the Host header names this computer. A web page that was led here under a name of its own has another one.
fn is_for_loopback(request: &Request) -> bool {
    let Some(host) = request.header("host") else { return true };
    let address = host.parse::<std::net::SocketAddr>().map(|address| address.ip()).or_else(|_| host.parse());
    match address {
        Ok(address) => address.is_loopback(),
        Err(_) => host.split(':').next().is_some_and(|name| name.eq_ignore_ascii_case("localhost")),
    }
}

fn not_here(shared: &Shared) -> Answer {
    let clouds: Vec<&String> = shared.clouds.keys().collect();
    Answer::json(
        404,
        &json!({"error": {"code": 404, "title": "Not Found",
        "message": "Nothing is served here. A cloud's Keystone is at /CLOUD/identity/v3.", "clouds": clouds}}),
    )
}

/// Whether a key must be made before the call is dealt with, since that takes longer than a lock may be held.
fn needs_key(request: &Request, service: &str) -> bool {
    request.method == Method::POST
        && service == "compute"
        && request.parts.last().is_some_and(|part| part == "os-keypairs")
        && crate::nova::microversion::asked(request).is_ok_and(|minor| minor < 92)
        && request
            .json()
            .is_some_and(|body| body["keypair"].is_object() && body["keypair"]["public_key"].is_null())
}

fn perform(shared: &Shared, cloud: &Cloud, request: &Request) -> Answer {
    let Some(found) = route(&request.parts) else { return Answer::empty(404) };
    let answer = {
        let mut state = lock(&cloud.state);
        dispatch::answer(&mut state, request, &found, &cloud.root, shared.clock.now())
    };
    shared.follow(cloud);
    answer
}

fn lose(shared: &Arc<Shared>, cloud: &Arc<Cloud>, request: Request, number: u64, late: Duration) {
    if late.is_zero() {
        let answer = perform(shared, cloud, &request);
        lock(&cloud.log).ended(number, CallOutcome::Lost(answer.status.as_u16()));
        return;
    }
    let (shared, cloud) = (Arc::clone(shared), Arc::clone(cloud));
    tokio::spawn(async move {
        tokio::time::sleep(late).await;
        let answer = perform(&shared, &cloud, &request);
        lock(&cloud.log).ended(number, CallOutcome::Lost(answer.status.as_u16()));
    });
}

/// Carries out an order to stop the client. When nobody can be stopped, the call goes the way it would have gone with a
/// dropped connection, and the report says why.
async fn stop(
    shared: &Arc<Shared>,
    cloud: &Arc<Cloud>,
    connection: &Arc<Connection>,
    request: &Request,
    number: u64,
    order: &StopClient,
    index: usize,
) -> Result<Answer, Dropped> {
    let found = kill::find(&order.target, connection.theirs, connection.ours);
    let end = |outcome| lock(&cloud.log).ended(number, outcome);
    match order.moment {
        StopMoment::BeforeEffect => {
            end(CallOutcome::StoppedBeforeEffect);
            kill_now(cloud, index, found).await;
            Err(Dropped)
        }
        StopMoment::AfterEffect => {
            let answer = perform(shared, cloud, request);
            end(CallOutcome::StoppedAfterEffect(answer.status.as_u16()));
            kill_now(cloud, index, found).await;
            Err(Dropped)
        }
        StopMoment::AfterAnswer => {
            let answer = perform(shared, cloud, request);
            end(CallOutcome::StoppedAfterAnswer(answer.status.as_u16()));
            let cloud = Arc::clone(cloud);
            connection.after_answer(move || {
                kill_and_report(&cloud, index, found);
            });
            Ok(answer)
        }
    }
}

async fn kill_now(cloud: &Cloud, index: usize, found: Result<u32, String>) {
    if let Some(pid) = kill_and_report(cloud, index, found) {
        kill::wait_until_dead(pid).await;
    }
}

/// Kills under the lock that the report is read under: whoever sees the process gone sees the report too.
fn kill_and_report(cloud: &Cloud, index: usize, found: Result<u32, String>) -> Option<u32> {
    let mut faults = lock(&cloud.faults);
    let outcome = found.and_then(kill::kill);
    let stopped = outcome.as_ref().ok().copied();
    if let Some(armed) = faults.armed.get_mut(index) {
        armed.ended(outcome);
    }
    stopped
}

/// An error that the cloud would not give by itself. A 500 and a 429 come from the service, the others from a proxy
/// before it.
fn failure(service: &str, request: &Request, status: u16) -> Answer {
    let title = match status {
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Error",
    };
    if !matches!(status, 429 | 500) {
        let page = format!(
            "<html><body><h1>{status} {title}</h1>\nThe simulator was told to fail.\n</body></html>\n"
        );
        return Answer::text(status, "text/html", page);
    }
    let message =
        if status == 429 { "This request was rate-limited." } else { "The simulator was told to fail." };
    match service {
        "identity" => crate::keystone::error(status, title, message),
        "network" => crate::neutron::error(status, title, message),
        "image" => crate::glance::error(request, status, title, message),
        _ => crate::nova::fault(status, message),
    }
}
