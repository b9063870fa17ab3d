//! Glance v2: listing and showing images.
//! Facts: Image API v2 reference, "Images". Glance words its errors as web pages unless JSON is asked for, and its
//! links to next pages are paths without a host.

use hyper::Method;
use serde_json::{Value, json};

use crate::answer::{Answer, Outcome};
use crate::dispatch::Call;
use crate::paging::{effective_limit, next_query, page};
use crate::request::Request;
use crate::state::CloudState;

const DEFAULT_LIMIT: usize = 25;
const GREATEST_LIMIT: usize = 1000;

/// An error in Glance's form.
pub(crate) fn error(request: &Request, status: u16, title: &str, message: &str) -> Answer {
    let accept = request.header("accept").unwrap_or("*/*");
    let asks_json = accept.contains("json") && !accept.contains("html");
    if asks_json {
        let message = format!("{message}<br /><br />\n\n\n");
        return Answer::json(
            status,
            &json!({"message": message, "code": format!("{status} {title}"), "title": title}),
        );
    }
    let page = format!(
        "<html>\n <head>\n  <title>{status} {title}</title>\n </head>\n <body>\n  <h1>{status} {title}</h1>\n  \
         {message}<br /><br />\n\n\n\n </body>\n</html>"
    );
    Answer::text(status, "text/html; charset=UTF-8", page)
}

pub(crate) fn answer(state: &mut CloudState, call: &Call<'_>) -> Outcome {
    let region = &state.regions[call.region];
    match (&call.request.method, call.path.as_slice()) {
        (&Method::GET, ["v2", "images"]) => list(&region.images, state.settings.page_size, call),
        (&Method::GET, ["v2", "images", id]) => visible(&region.images, call)
            .find(|image| image["id"] == *id)
            .map(|image| Answer::json(200, image))
            .ok_or_else(|| no_image(call, id)),
        (&Method::GET, ["v2", "images", id, "members"]) => {
            if !visible(&region.images, call).any(|image| image["id"] == *id) {
                return Err(no_image(call, id));
            }
            Ok(Answer::json(200, &json!({"members": [], "schema": "/v2/schemas/members"})))
        }
        (&Method::DELETE, ["v2", "images", id]) => {
            let Some(image) = visible(&region.images, call).find(|image| image["id"] == *id) else {
                return Err(no_image(call, id));
            };
            if image["owner"] != call.who.project && !call.who.admin {
                return Err(error(
                    call.request,
                    403,
                    "Forbidden",
                    "You are not authorized to complete delete_image action.",
                ));
            }
            state.regions[call.region].images.retain(|image| image["id"] != *id);
            Ok(Answer::empty(204))
        }
        _ => Err(error(call.request, 404, "Not Found", "The resource could not be found.")),
    }
}

fn no_image(call: &Call<'_>, id: &str) -> Answer {
    error(call.request, 404, "Not Found", &format!("No image found with ID {id}"))
}

fn visible<'a>(images: &'a [Value], call: &'a Call<'_>) -> impl Iterator<Item = &'a Value> {
    images.iter().filter(|image| {
        image["visibility"] == "public" || image["owner"] == call.who.project || call.who.admin
    })
}

fn list(images: &[Value], page_size: Option<usize>, call: &Call<'_>) -> Outcome {
    let request = call.request;
    let bad = |message: &str| error(request, 400, "Bad Request", message);
    let asked = match request.parameter("limit") {
        None => None,
        Some(text) => Some(text.parse::<usize>().map_err(|_| bad("limit param must be an integer"))?),
    };
    let allowed = page_size.unwrap_or(GREATEST_LIMIT);
    let limit = effective_limit(Some(asked.unwrap_or(DEFAULT_LIMIT)), Some(allowed));
    let mut rows: Vec<&Value> = visible(images, call).filter(|image| passes(image, request)).collect();
    sort(&mut rows, request).map_err(|message| bad(&message))?;
    let marker = request.parameter("marker");
    let page = page(rows, marker, limit, |image| image["id"].as_str().unwrap_or_default())
        .ok_or_else(|| no_image(call, marker.unwrap_or_default()))?;
    let rest: Vec<_> = request.query.iter().filter(|(key, _)| key != "marker").collect();
    let first = if rest.is_empty() {
        "/v2/images".to_owned()
    } else {
        let query: Vec<String> =
            rest.iter().map(|(key, value)| format!("{key}={}", crate::request::encode(value))).collect();
        format!("/v2/images?{}", query.join("&"))
    };
    let mut body = json!({"images": page.rows, "first": first, "schema": "/v2/schemas/images"});
    if let (true, Some(last)) = (page.full, page.rows.last()) {
        let marker = last["id"].as_str().unwrap_or_default();
        body["next"] = json!(format!("/v2/images?{}", next_query(request, marker)));
    }
    Ok(Answer::json(200, &body))
}

/// Whether an image passes the filters of a query. `in:a,b` asks for one of several values.
fn passes(image: &Value, request: &Request) -> bool {
    request.query.iter().all(|(key, value)| match key.as_str() {
        "limit" | "marker" | "sort" | "sort_key" | "sort_dir" | "member_status" => true,
        "os_hidden" => value.eq_ignore_ascii_case("true") == image["os_hidden"].as_bool().unwrap_or(false),
        "visibility" if value == "all" => true,
        "size_min" => value.parse::<i64>().is_ok_and(|least| image["size"].as_i64().unwrap_or(0) >= least),
        "size_max" => value.parse::<i64>().is_ok_and(|most| image["size"].as_i64().unwrap_or(0) <= most),
        "tag" => image["tags"].as_array().is_some_and(|tags| tags.iter().any(|tag| tag == value)),
        key => {
            let shown = match &image[key] {
                Value::String(text) => text.clone(),
                Value::Null => return false,
                other => other.to_string(),
            };
            match value.strip_prefix("in:") {
                Some(several) => several.split(',').any(|one| one.trim_matches('"') == shown),
                None => shown.eq_ignore_ascii_case(value) && (key != "name" || shown == *value),
            }
        }
    })
}

fn sort(rows: &mut [&Value], request: &Request) -> Result<(), String> {
    let mut keys: Vec<(String, bool)> = Vec::new();
    if let Some(sort) = request.parameter("sort") {
        for part in sort.split(',') {
            let (key, direction) = part.split_once(':').unwrap_or((part, "desc"));
            keys.push((key.to_owned(), direction == "asc"));
        }
    } else {
        let ascending = request.parameter("sort_dir") == Some("asc");
        keys.extend(request.parameters("sort_key").map(|key| (key.to_owned(), ascending)));
        if keys.is_empty() {
            keys.push(("created_at".to_owned(), ascending));
        }
    }
    const SORTABLE: [&str; 9] = [
        "name",
        "status",
        "container_format",
        "disk_format",
        "size",
        "id",
        "created_at",
        "updated_at",
        "os_hidden",
    ];
    if let Some((key, _)) = keys.iter().find(|(key, _)| !SORTABLE.contains(&key.as_str())) {
        return Err(format!(
            "Invalid sort key: {key}. It must be one of the following: {}.",
            SORTABLE.join(", ")
        ));
    }
    rows.sort_by(|one, other| {
        for (key, ascending) in &keys {
            let order = match (&one[key], &other[key]) {
                (Value::Number(one), Value::Number(other)) => one.as_i64().cmp(&other.as_i64()),
                (one, other) => one.to_string().cmp(&other.to_string()),
            };
            if order.is_ne() {
                return if *ascending { order } else { order.reverse() };
            }
        }
        other["id"].as_str().cmp(&one["id"].as_str())
    });
    Ok(())
}
