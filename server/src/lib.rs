//! The program around the use cases: settings, its own Postgres, the web server, the REST API and the worker.
#![recursion_limit = "256"]

pub mod api;
pub mod auth;
pub mod cli;
pub mod config;
pub mod connections;
mod data_dir;
mod database;
mod downloads;
mod embedded_postgres;
mod health;
pub mod metrics;
mod middleware;
mod os_user;
mod pages;
pub mod preparing;
pub mod router;
mod secrets;
mod seed;
mod serve;
pub mod shutdown;
pub mod site;
pub mod state;
mod telemetry;
mod worker;
