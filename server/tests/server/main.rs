//! The program from outside: its commands, its own Postgres, and what it answers over HTTP.
#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something it takes for granted is not so"
)]

mod alert_pages;
mod alerts;
mod api;
mod client;
mod clock;
mod embedded_postgres;
mod events;
mod events_edges;
mod forms;
mod headers;
mod host;
mod http;
mod ingest_storm;
mod key_pages;
mod metrics;
mod net_terms;
mod operators;
mod origin;
mod preparing;
mod program;
mod promotion_codes;
#[expect(dead_code, reason = "shared with other tests")]
#[path = "../../../crates/service/tests/support/receiver.rs"]
mod receiver;
mod settings;
mod site;
mod slow_clients;
mod standalone;
mod usage;
mod usage_files;
mod webhook_pages;
mod webhooks;
