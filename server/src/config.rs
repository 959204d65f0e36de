//! Everything the program can be told: a flag or an environment variable each, all of them optional.

mod base_url;
mod proxies;
mod thresholds;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use billing::entitlement::Thresholds;
use billing::money::Currency;
use billing::payment::dunning::DunningEnd;
use billing::revenue::GrossMargin;
use billing::tax::{TaxRate, TaxRounding};
use clap::builder::Resettable;
use clap::{Args, Command};
use rust_decimal::Decimal;
use secrecy::{ExposeSecret, SecretString};
use service::{SmtpConfig, Targets};
use tracing_subscriber::EnvFilter;
use url::Url;

use crate::api::rate_limit::Quotas;
use crate::auth::token::{KeySource, PublicAlgorithm, TokenKeys, Tokens};
pub use base_url::BaseUrl;
pub use proxies::TrustedProxies;

/// Shorter secrets can be guessed.
const MIN_SECRET: usize = 32;
const KEY_BYTES: usize = 32;

/// Where the build leaves the browser files.
const SITE: &str = "target/site";

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Settings")]
pub struct Config {
    /// Postgres, as postgres://user:password@host:5432/database. Unset: the program runs its own
    /// cluster in the data folder.
    #[arg(long, env = "DATABASE_URL", global = true, hide_env_values = true)]
    pub database_url: Option<SecretString>,

    /// Where the program keeps its own Postgres and the secrets it made. Unset: `.data` here.
    #[arg(long, env = "DATA_DIR", global = true)]
    pub data_dir: Option<PathBuf>,

    /// The address to listen on.
    #[arg(long, env = "ADDRESS", global = true, default_value = "127.0.0.1:3000", value_parser = address)]
    pub address: SocketAddr,

    /// Where browsers reach us. Unset: http:// and the address, or what a server on the data folder had last.
    #[arg(long, env = "BASE_URL", global = true, value_parser = BaseUrl::from_str)]
    pub base_url: Option<BaseUrl>,

    /// Proxies in front of us, whose X-Forwarded-For says where a request comes from: addresses or networks
    /// with commas between. Unset: none is believed.
    #[arg(long, env = "TRUSTED_PROXIES", global = true, value_parser = TrustedProxies::from_str)]
    pub trusted_proxies: Option<TrustedProxies>,

    /// The folder with the built browser files.
    #[arg(long, env = "SITE_ROOT", global = true, default_value = SITE, value_parser = site_root)]
    pub site_root: PathBuf,

    /// What to log, as in `info,server=debug`.
    #[arg(long, env = "LOG", global = true, default_value = "info", value_parser = log_filter)]
    pub log: String,

    /// How to log: `text` for people, `json` for collectors.
    #[arg(long, env = "LOG_FORMAT", global = true, default_value = "text")]
    pub log_format: LogFormat,

    /// Reserved for card payments through Stripe, which are not available yet.
    #[arg(long, env = "STRIPE_SECRET_KEY", global = true, hide_env_values = true)]
    pub stripe_secret_key: Option<SecretString>,

    /// Kept for hosts that embed Stripe's own elements; unused by the program itself.
    #[arg(long, env = "STRIPE_PUBLISHABLE_KEY", global = true)]
    pub stripe_publishable_key: Option<String>,

    /// Reserved for Stripe's webhooks, which are not available yet.
    #[arg(long, env = "STRIPE_WEBHOOK_SECRET", global = true, hide_env_values = true)]
    pub stripe_webhook_secret: Option<SecretString>,

    /// The currency of new customers, as an ISO 4217 code.
    #[arg(long, env = "BILLING_CURRENCY", global = true, default_value = "USD", value_parser = currency)]
    pub billing_currency: Currency,

    /// The tax where nothing else is known of a customer's region, as a fraction: 0.08 is eight percent.
    #[arg(long, env = "BILLING_TAX_RATE", global = true, default_value = "0.08", value_parser = tax_rate)]
    pub billing_tax_rate: TaxRate,

    /// Where taxes are rounded: `per-line`, or `per-invoice` on the sum of all lines.
    #[arg(long, env = "BILLING_TAX_ROUNDING", global = true, default_value = "per-line")]
    pub billing_tax_rounding: RoundTaxes,

    /// The part of revenue that is left after what serving it costs, as a fraction: LTV counts no more. 0.8 is
    /// eighty percent.
    #[arg(long, env = "BILLING_GROSS_MARGIN", global = true, default_value = "1", value_parser = GrossMargin::from_str)]
    pub billing_gross_margin: GrossMargin,

    /// What happens 30 days after a payment failed for good: `cancel` ends the subscription, `unpaid` stops it until
    /// its debt is paid, `keep` leaves it suspended.
    #[arg(long, env = "BILLING_DUNNING_END", global = true, default_value = "cancel", value_parser = dunning_end)]
    pub billing_dunning_end: DunningEnd,

    /// The plan suggested first.
    #[arg(long, env = "DEFAULT_PLAN", global = true, default_value = "starter", value_parser = plan)]
    pub default_plan: String,

    /// Whether usage events are stored. `false`: they are accepted and forgotten, and limits allow.
    #[arg(
        long,
        env = "USAGE_TRACKING_ENABLED",
        global = true,
        default_value = "true",
        action = clap::ArgAction::Set,
        value_parser = clap::builder::BoolishValueParser::new(),
    )]
    pub usage_tracking_enabled: bool,

    /// How many usage events a client library sends at once.
    #[arg(
        long,
        env = "USAGE_BATCH_SIZE",
        global = true,
        default_value = "100",
        value_parser = clap::value_parser!(u32).range(1..=10_000),
    )]
    pub usage_batch_size: u32,

    /// At which fractions of a limit a customer is alerted.
    #[arg(
        long,
        env = "USAGE_ALERT_THRESHOLDS",
        global = true,
        default_value = r#"{"warning":0.8,"critical":0.9}"#,
        value_parser = thresholds::parse,
    )]
    pub usage_alert_thresholds: Thresholds,

    /// The server that sends mail, as smtps://user:password@host or smtp://host:25; `?tls=required` for STARTTLS.
    /// Unset: mail is kept and shown in the app alone.
    #[arg(long, env = "SMTP_URL", global = true, hide_env_values = true)]
    pub smtp_url: Option<SecretString>,

    /// In whose name mail is sent, as in `Billing <billing@example.com>`.
    #[arg(long, env = "MAIL_FROM", global = true)]
    pub mail_from: Option<String>,

    /// Which addresses webhooks may go to: `public` is https on the public internet, `any` is everything, for
    /// development.
    #[arg(long, env = "WEBHOOK_TARGETS", global = true, default_value = "public", value_parser = Targets::from_str)]
    pub webhook_targets: Targets,

    /// How many requests a second one API key or token may send, five times as many in a burst; each server process
    /// counts for itself.
    #[arg(long, env = "API_RATE_LIMIT", global = true, default_value = "100", value_parser = rate())]
    pub api_rate_limit: u32,

    /// The same for usage events and limits, which a host asks for with each request of its own.
    #[arg(long, env = "API_RATE_LIMIT_METERING", global = true, default_value = "20000", value_parser = rate())]
    pub api_rate_limit_metering: u32,

    /// How many requests a second without a known key may come from one address.
    #[arg(long, env = "API_RATE_LIMIT_ADDRESS", global = true, default_value = "10", value_parser = rate())]
    pub api_rate_limit_address: u32,

    /// Signs the tokens the host platform sends, with HS256; 32 characters or more.
    #[arg(long, env = "JWT_SECRET_KEY", global = true, hide_env_values = true)]
    pub jwt_secret_key: Option<SecretString>,

    /// Instead of a shared secret: the host platform's public keys as a JSON Web Key Set, a file or an https address.
    #[arg(long, env = "JWT_JWKS", global = true, value_parser = KeySource::from_str)]
    pub jwt_jwks: Option<KeySource>,

    /// The one algorithm of tokens that are signed with those keys.
    #[arg(long, env = "JWT_ALGORITHM", global = true, default_value = "RS256")]
    pub jwt_algorithm: PublicAlgorithm,

    /// Whom tokens must be for: what they say as `aud`.
    #[arg(
        long,
        env = "JWT_AUDIENCE",
        global = true,
        default_value = "cosmosbuilder-billing"
    )]
    pub jwt_audience: String,

    /// Whoever shows it as a bearer token sees /metrics; 32 characters or more. Unset: they are shown on the
    /// server's own machine alone.
    #[arg(long, env = "METRICS_TOKEN", global = true, hide_env_values = true)]
    pub metrics_token: Option<SecretString>,

    /// Encrypts and signs what the program stores and hands out: 32 bytes in base64. Unset: made once and
    /// kept in the data folder. Servers that share a database must share it.
    #[arg(long, env = "ENCRYPTION_KEY", global = true, hide_env_values = true)]
    pub encryption_key: Option<SecretString>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum RoundTaxes {
    PerLine,
    PerInvoice,
}

impl From<RoundTaxes> for TaxRounding {
    fn from(round: RoundTaxes) -> Self {
        match round {
            RoundTaxes::PerLine => Self::PerLine,
            RoundTaxes::PerInvoice => Self::PerInvoice,
        }
    }
}

impl Config {
    /// What one value alone cannot tell, and what must not be echoed: secrets are never repeated.
    pub fn check(&self) -> Result<(), String> {
        if self.stripe_secret_key.is_some() {
            return Err(
                "STRIPE_SECRET_KEY is set, but card payments through Stripe are not available yet: \
                        unset it to run with the sandbox"
                    .to_owned(),
            );
        }
        if let Some(url) = &self.database_url {
            check_database_url(url.expose_secret())?;
        }
        for (name, secret) in [
            ("JWT_SECRET_KEY", &self.jwt_secret_key),
            ("METRICS_TOKEN", &self.metrics_token),
        ] {
            if let Some(secret) = secret
                && secret.expose_secret().len() < MIN_SECRET
            {
                return Err(format!(
                    "{name} is too short: give it {MIN_SECRET} characters or more"
                ));
            }
        }
        if self.jwt_secret_key.is_some() && self.jwt_jwks.is_some() {
            return Err(
                "JWT_SECRET_KEY and JWT_JWKS are both set: tokens are signed with one or the other".into(),
            );
        }
        self.smtp()?;
        self.encryption_key_bytes().map(drop)
    }

    /// None where the host platform signs no tokens.
    pub fn tokens(&self) -> Option<Tokens> {
        let keys = match (&self.jwt_secret_key, &self.jwt_jwks) {
            (Some(secret), _) => TokenKeys::shared(secret),
            (None, Some(source)) => TokenKeys::public(source.clone(), self.jwt_algorithm),
            (None, None) => return None,
        };
        Some(Tokens::new(keys, &self.jwt_audience))
    }

    /// The mail server, where one is named.
    pub fn smtp(&self) -> Result<Option<SmtpConfig>, String> {
        let (Some(url), from) = (&self.smtp_url, &self.mail_from) else {
            return Ok(None);
        };
        let from = from
            .clone()
            .ok_or("SMTP_URL is set, but MAIL_FROM is not: say in whose name mail is sent")?;
        let smtp = SmtpConfig {
            url: url.clone(),
            from,
        };
        match smtp.check() {
            Ok(()) => Ok(Some(smtp)),
            Err("MAIL_FROM") => {
                Err("MAIL_FROM is no address: write it as Billing <billing@example.com>".to_owned())
            }
            Err(_) => Err(
                "SMTP_URL is not the address of a mail server: write it as smtps://user:password@host"
                    .to_owned(),
            ),
        }
    }

    pub fn encryption_key_bytes(&self) -> Result<Option<[u8; KEY_BYTES]>, String> {
        let Some(key) = &self.encryption_key else {
            return Ok(None);
        };
        let bytes = BASE64_STANDARD.decode(key.expose_secret().trim()).ok();
        match bytes.and_then(|bytes| bytes.try_into().ok()) {
            Some(bytes) => Ok(Some(bytes)),
            None => Err(
                "ENCRYPTION_KEY is not 32 bytes in base64: make one with `openssl rand -base64 32`".into(),
            ),
        }
    }

    pub fn quotas(&self) -> Quotas {
        Quotas {
            key: self.api_rate_limit,
            metering: self.api_rate_limit_metering,
            address: self.api_rate_limit_address,
        }
    }

    /// Where browsers reach us; an address that means "everywhere" is reached on this machine.
    pub fn base_url(&self) -> BaseUrl {
        self.base_url
            .clone()
            .unwrap_or_else(|| BaseUrl::of_address(self.address))
    }
}

/// An empty variable means the same as none: that is how many tools write "unset".
pub fn without_empty_variables(command: Command, variable: impl Fn(&str) -> Option<OsString>) -> Command {
    command.mut_args(|arg| {
        let name = arg.get_env().and_then(|name| name.to_str()).map(str::to_owned);
        match name.and_then(|name| variable(&name)) {
            Some(value) if value.is_empty() => arg.env(Resettable::Reset),
            _ => arg,
        }
    })
}

fn check_database_url(text: &str) -> Result<(), String> {
    let url = Url::parse(text).ok();
    match url.as_ref().map(Url::scheme) {
        Some("postgres" | "postgresql") => Ok(()),
        _ => Err(
            "DATABASE_URL is not the address of a Postgres database: write it as \
                  postgres://user:password@host:5432/database, or unset it to use the program's own"
                .to_owned(),
        ),
    }
}

/// One that is named must be there; without the usual one, pages work without styles and scripts.
fn site_root(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if text == SITE || path.is_dir() {
        return Ok(path);
    }
    Err("there is no such folder: name the one with the built browser files".to_owned())
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "give an IP address and a port, as in 127.0.0.1:3000".to_owned())
}

fn log_filter(text: &str) -> Result<String, String> {
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("give levels as in info or info,server=debug".to_owned()),
    }
}

fn currency(text: &str) -> Result<Currency, String> {
    text.parse()
        .map_err(|_| "give a three-letter ISO 4217 code, as in USD".to_owned())
}

fn dunning_end(text: &str) -> Result<DunningEnd, String> {
    DunningEnd::parse(text).ok_or_else(|| "give cancel, unpaid or keep".to_owned())
}

/// Far more than any machine answers.
fn rate() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=10_000_000)
}

fn tax_rate(text: &str) -> Result<TaxRate, String> {
    let rate = Decimal::from_str_exact(text)
        .ok()
        .and_then(|fraction| TaxRate::new(fraction).ok());
    rate.ok_or_else(|| "give a fraction between 0 and 1, as in 0.08 for eight percent".to_owned())
}

fn plan(text: &str) -> Result<String, String> {
    let named = !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if named {
        Ok(text.to_owned())
    } else {
        Err("give the key of a plan, as in starter".to_owned())
    }
}
