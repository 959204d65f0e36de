//! The program is killed with SIGKILL while customers buy, change, pay and send events; what it acknowledged
//! stays, what it began is finished once, and everything ties.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a step that fails fails the test"
)]
#![expect(
    clippy::print_stdout,
    reason = "a storm says what it met with and how to play it again"
)]

mod alert;
mod billing_run;
mod books;
mod customer;
mod database;
mod http;
mod journal;
mod limits;
mod meter;
mod operator;
mod program;
mod queue;
#[expect(dead_code, reason = "shared with other tests")]
#[path = "../../../crates/service/tests/support/receiver.rs"]
mod receiver;
mod seed;
mod slice;
mod stage;
mod webhook;
