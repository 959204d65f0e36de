//! The document that describes the API: made from its handlers, with what holds for all of them added here.

use axum::http::StatusCode;
use serde::de::Error as _;
use serde_json::{Map, Value, json};
use utoipa::PartialSchema;
use utoipa::openapi::OpenApi;

/// What the paths begin with, where they are served.
pub const BASE: &str = "/v1";
const ABOUT: &str = "Subscription billing over REST. Amounts are whole numbers of a currency's smallest unit, \
    instants are RFC 3339 in UTC, ids say what kind of thing they name. Errors are problem documents with a stable \
    `code`. Lists come newest first, a page at a time. A POST with an `Idempotency-Key` is carried out once, however \
    often it is sent within a day.";

/// The tags, in the order they are read in.
const TAGS: [(&str, &str); 13] = [
    ("Customers", "Who pays."),
    ("Plans", "What is sold."),
    (
        "Subscriptions",
        "What customers are subscribed to, and how that changes.",
    ),
    (
        "Invoices",
        "Demands for payment, paid and unpaid, and the one that comes next.",
    ),
    ("Credit notes", "What was given back of invoices."),
    ("Promotion codes", "What a code would take off."),
    (
        "Payment methods",
        "The cards a customer keeps with the payment provider.",
    ),
    ("Portal sessions", "Links that sign somebody in to the portal."),
    ("Usage events", "What is counted."),
    ("Limits", "Whether more may be used, and units held for calls."),
    ("Entitlements", "What a customer may do."),
    (
        "Webhooks",
        "Where events are sent, what became of each, and the events to be fetched.",
    ),
    ("Alerts", "What is told before it is too late."),
];

/// Which problems any request may meet, and those of certain requests.
const ALWAYS: [u16; 4] = [401, 403, 429, 503];
const OF_A_RECORD: [u16; 1] = [404];
/// Query parameters that name one.
const RECORDS: [&str; 3] = ["customer", "invoice", "subscription"];
const OF_A_QUERY: [u16; 1] = [400];
const OF_A_BODY: [u16; 5] = [400, 408, 413, 415, 422];
const OF_A_CHANGE: [u16; 2] = [404, 409];
const OF_AN_EDIT: [u16; 2] = [400, 412];
/// What reads nothing but makes a bill on the way cannot always make one.
const OF_A_BILL: [u16; 2] = [409, 422];

/// What the handlers do not say of themselves.
pub fn describe(document: &OpenApi) -> serde_json::Result<Value> {
    let mut document = serde_json::to_value(document)?;
    document["info"] = json!({ "title": "CosmosBuilder Billing", "version": "1", "description": ABOUT });
    document["servers"] = json!([{ "url": BASE }]);
    document["paths"] = below_base(&mut document["paths"])?;
    document["components"]["securitySchemes"] = json!({ "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, or a token that the host platform signed.",
    }});
    document["components"]["schemas"]["Problem"] = serde_json::to_value(sdk::problem::Problem::schema())?;
    document["components"]["responses"] = ALWAYS
        .iter()
        .chain(&OF_A_RECORD)
        .chain(&OF_A_BODY)
        .chain(&OF_A_CHANGE)
        .chain(&OF_AN_EDIT)
        .map(|status| (name(*status), problem(*status)))
        .collect::<Map<_, _>>()
        .into();
    for (path, item) in members(&mut document["paths"]) {
        for (method, operation) in members(item) {
            complete(path, method, operation);
        }
    }
    document["tags"] = used_tags(&document);
    Ok(document)
}

/// The paths as they are read with the server's address before them.
fn below_base(paths: &mut Value) -> serde_json::Result<Value> {
    let paths = members(paths).map(|(path, item)| match path.strip_prefix(BASE) {
        Some(below) => Ok((below.to_owned(), item.take())),
        None => Err(serde_json::Error::custom(format_args!(
            "{path} is not below {BASE}"
        ))),
    });
    Ok(Value::Object(paths.collect::<Result<_, _>>()?))
}

fn members(value: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    value.as_object_mut().into_iter().flatten()
}

fn complete(path: &str, method: &str, operation: &mut Value) {
    let metering = ["/events", "/usage/"]
        .iter()
        .any(|metered| path.starts_with(metered));
    let changes = !matches!(method, "get" | "head");
    let parameters = operation["parameters"].as_array();
    let queried: Vec<&str> = parameters
        .into_iter()
        .flatten()
        .filter(|parameter| parameter["in"] == "query")
        .filter_map(|parameter| parameter["name"].as_str())
        .collect();
    let takes_query = !queried.is_empty();
    let names_a_record = path.contains('{') || queried.iter().any(|name| RECORDS.contains(name));
    let mut statuses = ALWAYS.to_vec();
    if names_a_record {
        statuses.extend(OF_A_RECORD);
    }
    if takes_query {
        statuses.extend(OF_A_QUERY);
    }
    if operation.get("requestBody").is_some() {
        statuses.extend(OF_A_BODY);
    }
    if changes {
        statuses.extend(OF_A_CHANGE);
    }
    if path.ends_with("/upcoming_invoice") {
        statuses.extend(OF_A_BILL);
    }
    let named = method == "post" && !metering;
    if named {
        statuses.extend(OF_A_BODY);
        parameter(operation, idempotency_key());
    }
    let compared = ["/change", "/undo_change", "/cancel", "/keep", "/pause", "/resume"];
    let of_a_subscription =
        path.starts_with("/subscriptions/{id}") && compared.iter().any(|end| path.ends_with(end));
    if matches!(method, "patch" | "put") || (method == "post" && of_a_subscription) {
        statuses.extend(OF_AN_EDIT);
        parameter(operation, if_match());
    }
    if let Some(responses) = operation["responses"].as_object_mut() {
        for status in statuses {
            let reference = json!({ "$ref": format!("#/components/responses/{}", name(status)) });
            responses.entry(status.to_string()).or_insert(reference);
        }
        for (status, response) in responses {
            if status.starts_with('2') {
                tell_rate(response);
                if named {
                    response["headers"]["Idempotent-Replayed"] = text_header(
                        "`true` where the request was carried out before and is only answered again.",
                    );
                }
            }
        }
    }
    operation["security"] = json!([{ "key": [] }]);
}

fn parameter(operation: &mut Value, parameter: Value) {
    match operation["parameters"].as_array_mut() {
        Some(all) => all.push(parameter),
        None => operation["parameters"] = json!([parameter]),
    }
}

fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Your name for this request: sent again within a day, it is answered as it was.",
        "required": false,
        "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" },
    })
}

fn if_match() -> Value {
    json!({
        "name": "If-Match",
        "in": "header",
        "description": "The ETag of what you saw: if it is different by now, nothing is changed.",
        "required": false,
        "schema": { "type": "string", "pattern": "^\"[!#-~]*\"$" },
    })
}

fn tell_rate(response: &mut Value) {
    response["headers"]["RateLimit-Policy"] =
        text_header("How many requests a burst may have, and over how many seconds.");
    response["headers"]["RateLimit"] =
        text_header("How many are left, and in how many seconds all are again.");
}

fn text_header(about: &str) -> Value {
    json!({ "description": about, "schema": { "type": "string" } })
}

fn name(status: u16) -> String {
    let words = words(status);
    words.split([' ', '-']).collect()
}

fn words(status: u16) -> &'static str {
    let status = StatusCode::from_u16(status).ok();
    status
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Error")
}

fn problem(status: u16) -> Value {
    let mut response = json!({
        "description": about(status),
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    });
    if matches!(status, 409 | 429 | 503) {
        response["headers"]["Retry-After"] = json!({
            "description": "In how many seconds asking again makes sense; where it does.",
            "schema": { "type": "integer", "minimum": 1 },
        });
    }
    if matches!(status, 401) {
        response["headers"]["WWW-Authenticate"] = text_header("Bearer");
    }
    response
}

fn about(status: u16) -> &'static str {
    match status {
        400 => "The request cannot be read.",
        401 => "No key, or none that is good for anything.",
        403 => "The key may not do this.",
        404 => "There is no such thing, or it is not the key's to see.",
        408 => "The body came too slowly.",
        409 => "As things stand, this cannot be done.",
        412 => "It changed since you saw it.",
        413 => "The body is too large.",
        415 => "The body is of another type than wanted.",
        422 => "The request can be read and makes no sense.",
        429 => "Too many requests.",
        503 => "Not available for a moment.",
        other => words(other),
    }
}

fn used_tags(document: &Value) -> Value {
    let paths = document["paths"].as_object().into_iter().flatten();
    let operations = paths.flat_map(|(_, item)| item.as_object().into_iter().flatten());
    let used: Vec<&Value> = operations
        .flat_map(|(_, operation)| operation["tags"].as_array().into_iter().flatten())
        .collect();
    let tags = TAGS
        .iter()
        .filter(|(name, _)| used.iter().any(|tag| *tag == name));
    tags.map(|(name, about)| json!({ "name": name, "description": about }))
        .collect()
}
