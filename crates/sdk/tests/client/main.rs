//! The client and the layers against a billing service that answers what a test has it answer, over loopback.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod billing;
mod calls;
mod events;
mod gate;
mod hang_up;
mod host;
mod limit;
mod reporter;
mod troubles;
