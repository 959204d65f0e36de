//! The document as a page to read: plain HTML of ours, no script, and one style whose hash the policy names.

use std::fmt::Write;

use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::middleware::headers::FOR_PAGES;

const STYLE: &str = include_str!("docs.css");

/// The page of a document, made once.
pub fn page(document: &Value) -> String {
    let mut page = String::from("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    page.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    page.push_str("<meta name=\"color-scheme\" content=\"light dark\">");
    let title = escape(text(&document["info"]["title"]));
    push(
        &mut page,
        format_args!("<title>{title}: API</title><style>{STYLE}</style></head><body>"),
    );
    page.push_str("<nav aria-label=\"Contents\"><ul>");
    for tag in list(&document["tags"]) {
        let name = text(&tag["name"]);
        push(
            &mut page,
            format_args!("<li><a href=\"#{}\">{}</a></li>", anchor(name), escape(name)),
        );
    }
    page.push_str("<li><a href=\"#shapes\">Shapes</a></li></ul></nav><main>");
    push(&mut page, format_args!("<h1>{title}: API</h1>"));
    paragraph(&mut page, &document["info"]["description"]);
    page.push_str(
        "<p>The same for programs: <a href=\"/v1/openapi.json\">openapi.json</a> (OpenAPI 3.1).</p>",
    );
    for tag in list(&document["tags"]) {
        section(&mut page, document, tag);
    }
    page.push_str("<h2 id=\"shapes\">Shapes</h2>");
    for (name, schema) in entries(&document["components"]["schemas"]) {
        push(
            &mut page,
            format_args!("<h3 id=\"shape-{}\">{}</h3>", anchor(name), escape(name)),
        );
        shape(&mut page, schema);
    }
    page.push_str("</main></body></html>\n");
    page
}

pub fn answer(page: String) -> Response {
    let hash = BASE64_STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
    );
    (FOR_PAGES, [(CONTENT_SECURITY_POLICY, policy)], Html(page)).into_response()
}

fn section(page: &mut String, document: &Value, tag: &Value) {
    let name = text(&tag["name"]);
    push(
        page,
        format_args!("<h2 id=\"{}\">{}</h2>", anchor(name), escape(name)),
    );
    paragraph(page, &tag["description"]);
    for (path, item) in entries(&document["paths"]) {
        for (method, operation) in entries(item) {
            if list(&operation["tags"]).any(|tag| tag == name) {
                self::operation(page, (method, path), operation);
            }
        }
    }
}

fn operation(page: &mut String, (method, path): (&str, &str), operation: &Value) {
    let base = super::openapi::BASE;
    push(
        page,
        format_args!(
            "<article><h3><code>{} {base}{}</code></h3>",
            method.to_uppercase(),
            escape(path)
        ),
    );
    paragraph(page, &operation["summary"]);
    paragraph(page, &operation["description"]);
    let parameters: Vec<&Value> = list(&operation["parameters"]).collect();
    if !parameters.is_empty() {
        page.push_str(
            "<table><thead><tr><th>parameter</th><th>in</th><th>type</th><th></th></tr></thead><tbody>",
        );
        for parameter in parameters {
            push(
                page,
                format_args!(
                    "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>",
                    escape(text(&parameter["name"])),
                    escape(text(&parameter["in"])),
                    kind(&parameter["schema"]),
                    escape(text(&parameter["description"])),
                ),
            );
        }
        page.push_str("</tbody></table>");
    }
    for (_, content) in entries(&operation["requestBody"]["content"]) {
        push(page, format_args!("<p>Body: {}</p>", kind(&content["schema"])));
    }
    page.push_str("<ul class=\"answers\">");
    for (status, response) in entries(&operation["responses"]) {
        let good = entries(&response["content"]).map(|(_, content)| kind(&content["schema"]));
        let good: Vec<String> = good.collect();
        let problem = text(&response["$ref"]).rsplit('/').next().unwrap_or_default();
        let said = if good.is_empty() {
            escape(problem)
        } else {
            good.join(" or ")
        };
        push(
            page,
            format_args!("<li><code>{}</code> {said}</li>", escape(status)),
        );
    }
    page.push_str("</ul></article>");
}

fn shape(page: &mut String, schema: &Value) {
    paragraph(page, &schema["description"]);
    let choices: Vec<String> = list(&schema["enum"])
        .map(|choice| format!("<code>{}</code>", escape(text(choice))))
        .collect();
    if !choices.is_empty() {
        push(page, format_args!("<p>One of {}.</p>", choices.join(", ")));
    }
    for choice in list(&schema["oneOf"]) {
        push(page, format_args!("<p>Or: {}</p>", kind(choice)));
        shape(page, choice);
    }
    let required: Vec<&Value> = list(&schema["required"]).collect();
    let fields: Vec<_> = entries(&schema["properties"]).collect();
    if fields.is_empty() {
        return;
    }
    page.push_str("<table><thead><tr><th>field</th><th>type</th><th></th></tr></thead><tbody>");
    for (name, field) in fields {
        let needed = if required.iter().any(|required| *required == name) {
            ""
        } else {
            " <span class=\"optional\">optional</span>"
        };
        push(
            page,
            format_args!(
                "<tr><td><code>{}</code>{needed}</td><td>{}</td><td>{}</td></tr>",
                escape(name),
                kind(field),
                escape(text(&field["description"])),
            ),
        );
    }
    page.push_str("</tbody></table>");
}

/// What a schema is, in a few words, with a link where it has a name.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return format!("<a href=\"#shape-{}\">{}</a>", anchor(name), escape(name));
    }
    let choices: Vec<String> = ["oneOf", "anyOf", "allOf"]
        .iter()
        .flat_map(|of| list(&schema[*of]))
        .map(kind)
        .collect();
    if !choices.is_empty() {
        return choices.join(" or ");
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::Array(types) => types.iter().map(text).collect(),
        one => vec![text(one)],
    };
    let format = schema["format"]
        .as_str()
        .map(|format| format!(" ({})", escape(format)));
    let of = match types.first() {
        Some(&"array") => format!(" of {}", kind(&schema["items"])),
        Some(&"object") if schema["additionalProperties"].is_object() => {
            format!(" of {}", kind(&schema["additionalProperties"]))
        }
        _ => String::new(),
    };
    let types: Vec<String> = types.into_iter().map(escape).collect();
    format!("{}{}{of}", types.join(" or "), format.unwrap_or_default())
}

fn paragraph(page: &mut String, words: &Value) {
    for paragraph in text(words).split("\n\n").filter(|words| !words.is_empty()) {
        push(page, format_args!("<p>{}</p>", escape(paragraph)));
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(name, value)| (name.as_str(), value))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn anchor(name: &str) -> String {
    let letters = name.chars().map(|c| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    });
    letters.collect()
}

fn escape(text: &str) -> String {
    html_escape::encode_double_quoted_attribute(text).into_owned()
}

fn push(page: &mut String, words: std::fmt::Arguments<'_>) {
    // Writing to a text never fails.
    let _ = page.write_fmt(words);
}
