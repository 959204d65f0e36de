//! Usage from the event to the total, on Postgres.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod explore;
mod ingest;
mod meters;
mod periods;
mod random;
mod refusals;
mod report;
mod reversal;
mod roll_up;
mod selection;
#[path = "../support/mod.rs"]
mod support;
mod together;
