//! The database the settings ask for, and the use cases over it.

use anyhow::{Context, Result, bail};
use service::billing::tax::TaxDefaults;
use service::{Billing, OutgoingConfig, ServiceConfig};

use crate::config::{BaseUrl, Config};
use crate::data_dir::DataDir;
use crate::embedded_postgres::EmbeddedPostgres;
use crate::os_user::OsUser;
use crate::secrets::Secrets;

/// What to do about another instance that runs on the same data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    Never,
    IfRunning,
}

/// Reachable, not yet connected to. Dropping it stops a Postgres of our own.
#[derive(Debug)]
pub struct Database {
    settings: ServiceConfig,
    /// None where DATABASE_URL names one.
    pub postgres: Option<EmbeddedPostgres>,
    /// Where it and the secrets lie; none where the settings leave nothing to keep.
    pub data_dir: Option<DataDir>,
    pub secrets: Secrets,
}

impl Database {
    /// Blocks for as long as Postgres needs to start.
    pub fn open(config: &Config, join: Join) -> Result<Self> {
        let given_key = config.encryption_key_bytes().map_err(anyhow::Error::msg)?;
        let needs_postgres = config.database_url.is_none();
        let user = if needs_postgres {
            OsUser::in_place_of_root()?
        } else {
            None
        };
        let data_dir = if needs_postgres || given_key.is_none() {
            Some(DataDir::open(config.data_dir.as_deref(), user.as_ref())?)
        } else {
            None
        };
        let secrets = match (given_key, &data_dir) {
            (Some(key), _) => Secrets::given(key),
            (None, Some(data)) => Secrets::kept_in(data.path())?,
            (None, None) => bail!("there is neither an ENCRYPTION_KEY nor a data folder to keep one in"),
        };
        let postgres = match (&config.database_url, &data_dir) {
            (None, Some(data)) => Some(match join {
                Join::Never => EmbeddedPostgres::start(data, user)?,
                Join::IfRunning => EmbeddedPostgres::start_or_join(data, user)?,
            }),
            _ => None,
        };
        let url = postgres
            .as_ref()
            .map(EmbeddedPostgres::url)
            .or(config.database_url.as_ref());
        let settings = ServiceConfig {
            database_url: url.cloned().context("there is no database to use")?,
            base_url: base_url(config, data_dir.as_ref(), join).as_str().to_owned(),
            currency: config.billing_currency,
            tax: TaxDefaults {
                rate: config.billing_tax_rate,
                rounding: config.billing_tax_rounding.into(),
            },
            gross_margin: config.billing_gross_margin,
            quote_key: secrets.quote_key()?,
            usage_tracking: config.usage_tracking_enabled,
            usage_thresholds: config.usage_alert_thresholds,
            dunning_end: config.billing_dunning_end,
            outgoing: OutgoingConfig {
                targets: config.webhook_targets,
                smtp: config.smtp().map_err(anyhow::Error::msg)?,
                ..OutgoingConfig::new(secrets.sealing_key()?)
            },
        };
        Ok(Self {
            settings,
            postgres,
            data_dir,
            secrets,
        })
    }

    /// The server is reached here: commands on the same folder say so too.
    pub fn keep_base_url(&self, base_url: &BaseUrl) {
        if let Some(data) = &self.data_dir {
            data.keep_base_url(base_url);
        }
    }

    /// Connects and brings the database up to date.
    pub async fn connect(&self) -> Result<Billing> {
        let whose = if self.postgres.is_some() {
            "the program's own database"
        } else {
            "the database at DATABASE_URL"
        };
        let billing = Billing::connect(self.settings.clone())
            .await
            .with_context(|| format!("{whose} cannot be used: check its address and that it is running"))?;
        let outdated = || format!("{whose} cannot be brought up to date");
        billing.migrate().await.with_context(outdated)?;
        billing.ensure_catalog().await.with_context(outdated)?;
        billing.prepare_partitions().await.with_context(outdated)?;
        Ok(billing)
    }
}

/// Of a command that was not told: where the server is reached that ran on this folder.
fn base_url(config: &Config, data_dir: Option<&DataDir>, join: Join) -> BaseUrl {
    let kept = data_dir
        .filter(|_| join == Join::IfRunning && config.base_url.is_none())
        .and_then(DataDir::base_url);
    kept.unwrap_or_else(|| config.base_url())
}
