//! The log: to stderr, for people or for collectors. No bodies, no addresses of people, no secrets.

use std::io::{self, IsTerminal};
use std::panic;

use anyhow::{Result, anyhow};
use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

/// What libraries have to say below this is for those who look for it by name.
const QUIET: &str = "hyper=warn,sqlx=warn,graphile_worker=warn,graphile_worker_task_details=error,\
    tower_sessions=warn,tower_sessions_core=warn";

pub fn start(config: &Config) -> Result<()> {
    let filter = EnvFilter::try_new(format!("{QUIET},{}", config.log))?;
    let colours = io::stderr().is_terminal();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(colours);
    let started = match config.log_format {
        LogFormat::Text => subscriber.with_target(false).try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| anyhow!("the log cannot be started: {error}"))?;
    // Panics go the way of everything else, with the request they happened in.
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(
            place,
            "A bug: {}",
            panic.payload_as_str().unwrap_or("it does not say which")
        );
    }));
    Ok(())
}
