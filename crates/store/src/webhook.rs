//! Where events are sent, and what became of each. Everything here is real time.

pub mod attempt;
pub mod delivery;
pub mod endpoint;
pub mod publish;
pub mod replay;
pub mod secret;
