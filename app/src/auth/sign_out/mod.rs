//! Leaving: the session is forgotten on the server.

pub mod api;
