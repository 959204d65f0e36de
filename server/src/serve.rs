//! `serve` and `worker`: from the settings to a running program, and orderly down again.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use app::Deployment;
use clap::Args;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::api::{Api, ApiConfig};
use crate::config::Config;
use crate::connections::{self, Patience};
use crate::database::{Database, Join};
use crate::metrics::Metrics;
use crate::preparing::Preparing;
use crate::shutdown::Shutdown;
use crate::state::{AppParts, AppState};
use crate::{router, seed, site, worker};

/// What a request under way gets to end in; service managers wait ten seconds before they kill.
const GRACE: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Default, Args)]
pub struct ServeArgs {
    /// Leave the background work to a `worker` of its own.
    #[arg(long)]
    no_worker: bool,
    /// Do not fill an empty database of our own with demo data.
    #[arg(long)]
    no_demo: bool,
}

pub fn serve(runtime: &Runtime, config: &Config, args: &ServeArgs) -> Result<ExitCode> {
    // First, so that a taken port is told before anything else is started.
    let listener = runtime.block_on(listen(config))?;
    let mut database = Database::open(config, Join::Never)?;
    let ended = runtime.block_on(serve_on(listener, config, args, &database));
    if let Some(postgres) = database.postgres.take() {
        postgres.stop();
    }
    ended
}

/// The background work alone.
pub fn work(runtime: &Runtime, config: &Config) -> Result<ExitCode> {
    let mut database = Database::open(config, Join::IfRunning)?;
    let ended = runtime.block_on(async {
        let billing = database.connect().await?;
        let shutdown = Shutdown::new();
        shutdown.on_signals()?;
        tracing::info!("Working");
        tokio::spawn(worker::follow_clock(billing.clone(), shutdown.clone()));
        worker::run(billing, Preparing::default(), shutdown).await;
        Ok(ExitCode::SUCCESS)
    });
    if let Some(postgres) = database.postgres.take() {
        postgres.stop();
    }
    ended
}

async fn listen(config: &Config) -> Result<TcpListener> {
    let address = config.address;
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            bail!(
                "{address} is taken by another program: stop that one, or choose another address with --address"
            )
        }
        Err(error) => {
            Err(error).with_context(|| format!("cannot listen on {address}: choose another with --address"))
        }
    }
}

async fn serve_on(
    listener: TcpListener,
    config: &Config,
    args: &ServeArgs,
    database: &Database,
) -> Result<ExitCode> {
    let billing = database.connect().await?;
    let shutdown = Shutdown::new();
    shutdown.on_signals()?;
    let preparing = Preparing::default();
    let own_database = database.postgres.is_some();
    let demo = seed::in_background(&billing, own_database && !args.no_demo, &preparing).await?;
    app::ui::chart::load(config.site_root.join("charts.min.js"));
    let api = Api::new(ApiConfig {
        seal_key: database.secrets.seal_key()?,
        quotas: config.quotas(),
        tokens: config.tokens(),
    })?;
    let state = AppState::from(AppParts {
        api,
        metrics: Metrics::new(config.metrics_token.as_ref()),
        deployment: Deployment {
            sandbox: true,
            demo,
            base_url: config.base_url().as_str().to_owned(),
            merchant: "CosmosBuilder",
        },
        leptos: site::leptos_options(&config.site_root),
        base_url: config.base_url(),
        billing: billing.clone(),
        preparing: preparing.clone(),
        trusted_proxies: config.trusted_proxies.clone().unwrap_or_default(),
    });
    database.keep_base_url(&state.base_url);
    say_hello(&state, database)?;
    tokio::spawn(worker::follow_clock(billing.clone(), shutdown.clone()));
    tokio::spawn(worker::follow_api_keys(billing.clone(), shutdown.clone()));
    tokio::spawn(worker::follow_entitlements(billing.clone(), shutdown.clone()));
    tokio::spawn(worker::look_at_usage(billing.clone(), shutdown.clone()));
    let work = (!args.no_worker).then(|| tokio::spawn(worker::run(billing, preparing, shutdown.clone())));
    let code = answer_requests(listener, state, database, &shutdown).await?;
    if let Some(work) = work {
        // What does not end in time is taken up by the next start.
        let _ = tokio::time::timeout(GRACE, work).await;
    }
    Ok(code)
}

/// Until a signal, or until our own Postgres is gone for good.
async fn answer_requests(
    listener: TcpListener,
    state: AppState,
    database: &Database,
    shutdown: &Shutdown,
) -> Result<ExitCode> {
    let server = connections::serve(
        listener,
        router::router(state),
        Patience::default(),
        shutdown.clone(),
    );
    let mut server = tokio::spawn(server);
    let mut code = ExitCode::SUCCESS;
    tokio::select! {
        ended = &mut server => {
            ended.context("the web server broke off")?;
            return Ok(code);
        },
        () = shutdown.requested() => tracing::info!("Stopping"),
        () = given_up(database) => {
            shutdown.request();
            code = ExitCode::FAILURE;
        },
    }
    if tokio::time::timeout(GRACE, &mut server).await.is_err() {
        server.abort();
    }
    Ok(code)
}

async fn given_up(database: &Database) {
    match &database.postgres {
        Some(postgres) => postgres.given_up().await,
        None => std::future::pending().await,
    }
}

fn say_hello(state: &AppState, database: &Database) -> Result<()> {
    let mut text = format!("CosmosBuilder Billing is at {}\n", state.base_url.as_str());
    text.push_str("Cards: the sandbox takes test cards, no money moves\n");
    match (&database.postgres, &database.data_dir) {
        (Some(_), Some(data)) => text.push_str(&format!("Data: {}\n", data.path().display())),
        _ => text.push_str("Data: the database at DATABASE_URL\n"),
    }
    if state.deployment.demo {
        text.push_str("\nSign in as\n");
        for account in service::demo_accounts() {
            text.push_str(&format!("  {:<28} {}\n", account.email, account.who));
        }
        text.push_str(&format!("with the password {}\n", service::DEMO_PASSWORD));
    }
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .context("nothing can be printed")
}
