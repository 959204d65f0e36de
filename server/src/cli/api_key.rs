//! Keys of the host platform and of customers: made, looked at, replaced and revoked.

use std::io::{self, Write};

use anyhow::{Context, Result, bail};
use billing::id::{ApiKeyId, CustomerId};
use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use service::{Actor, ApiKeyRow, Billing, CreatedApiKey, NewApiKey, Scope};

#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ApiKeyArgs {
    #[command(subcommand)]
    verb: Option<ApiKeyVerb>,
    #[command(flatten)]
    new: NewKey,
}

#[derive(Debug, Clone, Args)]
struct NewKey {
    /// What the key is called in lists.
    #[arg(long, default_value = "host")]
    name: String,
    /// What it may do, with commas between: events_write, read, write, money; all but money where nothing is said. A
    /// customer's own key: read, write.
    #[arg(long, value_name = "SCOPES", value_delimiter = ',', value_parser = scope)]
    scopes: Vec<Scope>,
    /// Whose own key it is; the host platform's where none is said.
    #[arg(long, value_name = "cus_...")]
    customer: Option<CustomerId>,
    /// After how many days it expires; never where none is said.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=3650))]
    expires_in: Option<u16>,
}

#[derive(Debug, Clone, Subcommand)]
enum ApiKeyVerb {
    /// Print all keys, but not what they are, and end.
    List,
    /// Make a key that takes the place of another, print it this once, and end; the old one goes on for a day.
    Rotate {
        #[arg(value_name = "key_...")]
        id: ApiKeyId,
    },
    /// Let a key open nothing any more, from now on, and end.
    Revoke {
        #[arg(value_name = "key_...")]
        id: ApiKeyId,
    },
}

fn scope(text: &str) -> std::result::Result<Scope, String> {
    Scope::parse(text).ok_or_else(|| "one of events_write, read, write, money".to_owned())
}

pub async fn run(billing: &Billing, args: ApiKeyArgs) -> Result<()> {
    let system = &Actor::System;
    match args.verb {
        None => print(&create(billing, args.new).await?),
        Some(ApiKeyVerb::Rotate { id }) => print(&billing.rotate_api_key(system, id).await?),
        Some(ApiKeyVerb::Revoke { id }) => {
            billing.revoke_api_key(system, id).await?;
            Ok(writeln!(io::stdout(), "{id} opens nothing any more")?)
        }
        Some(ApiKeyVerb::List) => {
            let mut out = io::stdout().lock();
            for key in billing.api_keys(system).await? {
                writeln!(out, "{}", line(&key))?;
            }
            Ok(())
        }
    }
}

async fn create(billing: &Billing, new: NewKey) -> Result<CreatedApiKey> {
    let life = new.expires_in.map(|days| TimeDelta::days(days.into()));
    let now = service::clock::real_now();
    let expires_at: Option<DateTime<Utc>> = life
        .map(|life| {
            now.checked_add_signed(life)
                .context("the key would live for ever")
        })
        .transpose()?;
    let usual = match new.customer {
        None => &[Scope::EventsWrite, Scope::Read, Scope::Write][..],
        Some(_) => &Scope::OF_CUSTOMERS,
    };
    let beyond = |scope: &Scope| new.customer.is_some() && !Scope::OF_CUSTOMERS.contains(scope);
    if new.scopes.iter().any(beyond) {
        bail!("a customer's own key may read and write: events_write and money are the host platform's");
    }
    let scopes = match new.scopes.is_empty() {
        true => usual.to_vec(),
        false => new.scopes,
    };
    let new = NewApiKey {
        name: new.name,
        customer: new.customer,
        scopes,
        expires_at,
    };
    Ok(billing.create_api_key(&Actor::System, new).await?)
}

fn print(created: &CreatedApiKey) -> Result<()> {
    Ok(writeln!(io::stdout(), "{}", created.key.expose_secret())?)
}

fn line(key: &ApiKeyRow) -> String {
    let day = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M").to_string();
    let whose = key
        .customer
        .map_or("host".to_owned(), |customer| customer.to_string());
    let state = match (key.revoked_at, key.expires_at) {
        (Some(at), _) => format!("revoked {}", day(at)),
        (None, Some(at)) => format!("expires {}", day(at)),
        (None, None) => "in force".to_owned(),
    };
    let used = key
        .last_used_at
        .map_or("never used".to_owned(), |at| format!("used {}", day(at)));
    let (id, prefix, name, scopes) = (key.id, &key.prefix, &key.name, key.scopes.join(","));
    format!("{id} cbk_{prefix}… {whose} {scopes} {state}, {used}: {name}")
}
