//! The commands. Whatever goes wrong ends in one plain sentence on stderr and an exit code that is not zero.

mod api_key;
mod coupon;
mod credit;
mod customer;
mod invoice;
mod price;
mod subscription;
mod tax;

use std::fmt::Display;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use billing::money::{Currency, Money, parse_major};
use chrono::NaiveDate;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use rust_decimal::Decimal;
use service::{Actor, Billing, DemoWorld, NewStaff, StaffRole, VerifyReport};
use tokio::runtime::Runtime;

use self::api_key::ApiKeyArgs;
use self::coupon::CouponVerb;
use self::credit::CreditVerb;
use self::customer::CustomerVerb;
use self::invoice::InvoiceVerb;
use self::subscription::SubscriptionVerb;
use self::tax::TaxVerb;
use crate::config::{Config, without_empty_variables};
use crate::database::{Database, Join};
use crate::serve::{self, ServeArgs};
use crate::{seed, telemetry};

/// A wrong setting, as opposed to a failure: the convention of command lines.
const WRONG_USAGE: u8 = 2;

#[derive(Debug, Parser)]
#[command(
    name = "server",
    version,
    about = "CosmosBuilder Billing: subscription billing in one program"
)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Verb>,
    #[command(flatten)]
    config: Config,
}

#[derive(Debug, Clone, Subcommand)]
enum Verb {
    /// Serve pages and the API, and do the background work (the default).
    Serve(ServeArgs),
    /// Do the background work alone.
    Worker,
    /// Bring the database up to date and end.
    Migrate,
    /// Fill an empty database with demo data and end.
    Seed {
        /// The last day of the demo's history; unset: today.
        #[arg(long, value_name = "YYYY-MM-DD")]
        today: Option<NaiveDate>,
        /// full: sixty customers over eighteen months; small: twelve over six.
        #[arg(long, default_value = "full", value_parser = world)]
        world: DemoWorld,
    },
    /// Make an API key, print it this once, and end; or list, rotate and revoke keys.
    ApiKey(ApiKeyArgs),
    /// Print the document that describes the REST API, as OpenAPI 3.1, and end.
    Openapi,
    /// Make an operator's login and end; the password is one line of standard input.
    Staff {
        #[arg(long)]
        email: String,
        #[arg(long)]
        name: String,
        /// admin, finance, support, developer or read_only.
        #[arg(long, default_value = "admin", value_parser = role)]
        role: StaffRole,
    },
    /// Compare the catalog with a file, or make it what the file says.
    Catalog {
        #[command(subcommand)]
        verb: CatalogVerb,
    },
    /// Bill something once, or take an invoice back or off the books.
    Invoice {
        #[command(subcommand)]
        verb: InvoiceVerb,
    },
    /// Make coupons and the promotion codes that give them.
    Coupon {
        #[command(subcommand)]
        verb: CouponVerb,
    },
    /// Grant customers credit, and see what they have.
    Credit {
        #[command(subcommand)]
        verb: CreditVerb,
    },
    /// Decide what tax is charged where, and how a customer is taxed.
    Tax {
        #[command(subcommand)]
        verb: TaxVerb,
    },
    /// See what a customer is subscribed to, and sell it standalone plans beside its plan.
    Subscription {
        #[command(subcommand)]
        verb: SubscriptionVerb,
    },
    /// Decide what is agreed with one customer.
    Customer {
        #[command(subcommand)]
        verb: CustomerVerb,
    },
    /// Recompute everything that must tie, name what does not, and end; 1 if anything was found.
    Verify,
}

#[derive(Debug, Clone, Subcommand)]
enum CatalogVerb {
    /// Print the catalog as it stands, as the file that would change nothing, and end.
    Export,
    /// Print what applying the file would change and end.
    Diff {
        #[arg(long)]
        file: PathBuf,
    },
    /// Publish what differs, in one transaction, print what changed, and end.
    Apply {
        #[arg(long)]
        file: PathBuf,
        /// Print what would change and write nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Move a plan's subscribers to the version on sale at their next renewal, print who pays more and who pays
    /// less, and end.
    Migrate {
        #[arg(long, value_name = "KEY")]
        plan: String,
        /// Print what would happen and write nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

pub fn main() -> ExitCode {
    let command = without_empty_variables(Cli::command(), |name| std::env::var_os(name));
    let cli = match command
        .try_get_matches()
        .and_then(|mut found| Cli::from_arg_matches_mut(&mut found))
    {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    if let Err(sentence) = cli.config.check() {
        complain(sentence);
        return ExitCode::from(WRONG_USAGE);
    }
    match telemetry::start(&cli.config).and_then(|()| run(cli)) {
        Ok(code) => code,
        Err(error) => {
            complain(format_args!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode> {
    let runtime = Runtime::new().context("the runtime cannot be started")?;
    let (verb, config) = (
        cli.command.unwrap_or(Verb::Serve(ServeArgs::default())),
        cli.config,
    );
    match verb {
        Verb::Serve(args) => return serve::serve(&runtime, &config, &args),
        Verb::Worker => return serve::work(&runtime, &config),
        Verb::Openapi => return openapi(),
        Verb::Migrate
        | Verb::Seed { .. }
        | Verb::ApiKey(_)
        | Verb::Staff { .. }
        | Verb::Catalog { .. }
        | Verb::Invoice { .. }
        | Verb::Coupon { .. }
        | Verb::Credit { .. }
        | Verb::Tax { .. }
        | Verb::Subscription { .. }
        | Verb::Customer { .. }
        | Verb::Verify => {}
    }
    let database = Database::open(&config, Join::IfRunning)?;
    runtime.block_on(async {
        let billing = database.connect().await?;
        match verb {
            Verb::Seed { today, world } => seed::fill(&billing, world, today).await?,
            Verb::ApiKey(args) => api_key::run(&billing, args).await?,
            Verb::Staff { email, name, role } => make_staff(&billing, email, name, role).await?,
            Verb::Catalog { verb } => catalog(&billing, verb).await?,
            Verb::Invoice { verb } => invoice::run(&billing, verb).await?,
            Verb::Coupon { verb } => coupon::run(&billing, verb).await?,
            Verb::Subscription { verb } => subscription::run(&billing, verb).await?,
            Verb::Customer { verb } => customer::run(&billing, verb).await?,
            Verb::Credit { verb } => credit::run(&billing, verb).await?,
            Verb::Tax { verb } => tax::run(&billing, verb).await?,
            Verb::Verify => return verify(&billing).await,
            Verb::Serve(_) | Verb::Worker | Verb::Migrate | Verb::Openapi => {}
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn openapi() -> Result<ExitCode> {
    let document = crate::api::v1::document().context("the API cannot be described")?;
    let text = serde_json::to_string_pretty(&document).context("the API cannot be described")?;
    writeln!(io::stdout(), "{text}")?;
    Ok(ExitCode::SUCCESS)
}

async fn make_staff(billing: &Billing, email: String, name: String, role: StaffRole) -> Result<()> {
    let password = io::stdin()
        .lines()
        .next()
        .transpose()
        .context("standard input cannot be read")?;
    let password = password.context("give the password as a line of standard input")?;
    let new = NewStaff {
        email,
        name,
        password: password.into(),
        role,
    };
    let id = billing.create_staff(&Actor::System, new).await?;
    writeln!(io::stdout(), "{id}")?;
    Ok(())
}

/// As people write it: no exponents, nothing between the digits.
fn number(text: &str) -> std::result::Result<Decimal, String> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let number = parse_major(digits).map(|number| if negative { -number } else { number });
    number.ok_or_else(|| "give a number in digits, with a point where there are decimals".to_owned())
}

/// An amount that has more decimals than its currency is a slip, and never rounded.
fn exact(price: Decimal, currency: Currency) -> Result<Money> {
    let amount = Money::exact_major(price, currency);
    amount.with_context(|| {
        format!(
            "{price} is too large, or has more decimals than {}",
            currency.as_str()
        )
    })
}

fn role(text: &str) -> std::result::Result<StaffRole, String> {
    StaffRole::parse(text).ok_or_else(|| "one of admin, finance, support, developer, read_only".to_owned())
}

fn world(text: &str) -> std::result::Result<DemoWorld, String> {
    DemoWorld::parse(text).ok_or_else(|| "one of full, small".to_owned())
}

async fn catalog(billing: &Billing, verb: CatalogVerb) -> Result<()> {
    let (file, writes) = match verb {
        CatalogVerb::Export => {
            let file = billing.export_catalog(&Actor::System).await?;
            return Ok(write!(io::stdout(), "{file}")?);
        }
        CatalogVerb::Migrate { plan, dry_run } => return migrate(billing, &plan, dry_run).await,
        CatalogVerb::Diff { file } => (file, false),
        CatalogVerb::Apply { file, dry_run } => (file, !dry_run),
    };
    let text =
        std::fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    let changes = if writes {
        billing.apply_catalog(&Actor::System, &text).await?
    } else {
        billing.diff_catalog(&Actor::System, &text).await?
    };
    let mut out = io::stdout().lock();
    for line in &changes {
        writeln!(out, "{line}")?;
    }
    if changes.is_empty() {
        writeln!(out, "nothing to change")?;
    }
    Ok(())
}

async fn migrate(billing: &Billing, plan: &str, dry_run: bool) -> Result<()> {
    let report = if dry_run {
        billing.preview_migration(&Actor::System, plan).await?
    } else {
        billing.migrate_subscribers(&Actor::System, plan).await?
    };
    let mut out = io::stdout().lock();
    for moved in &report.moves {
        writeln!(
            out,
            "{} {}: {} -> {} from {}, MRR {:+}",
            moved.customer,
            moved.name,
            amount(moved.from),
            amount(moved.to),
            moved.at.format("%Y-%m-%d"),
            moved.mrr_delta.major(),
        )?;
    }
    for (customer, reason) in &report.stays {
        writeln!(out, "{customer}: stays, {reason}")?;
    }
    writeln!(
        out,
        "plan {} version {}: {} move, {} pay more, {} pay less, {} stay",
        report.plan,
        report.version,
        report.moves.len(),
        report.losers(),
        report.winners(),
        report.stays.len()
    )?;
    Ok(())
}

fn amount(money: Money) -> String {
    format!("{} {}", money.major(), money.currency().as_str())
}

async fn verify(billing: &Billing) -> Result<ExitCode> {
    let report = billing.verify().await.context("the check could not be made")?;
    print_report(&report)?;
    Ok(if report.findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn print_report(report: &VerifyReport) -> Result<()> {
    let mut out = io::stdout().lock();
    for (check, rows) in &report.checked {
        writeln!(out, "{check}: {rows}")?;
    }
    for finding in &report.findings {
        writeln!(out, "WRONG {}: {}", finding.check, finding.detail)?;
    }
    writeln!(
        out,
        "{} checks, {} findings",
        report.checked.len(),
        report.findings.len()
    )?;
    Ok(())
}

/// Help is printed as it is; of a complaint the first paragraph says it all.
fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Nothing can be done about a closed stdout.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let rendered = error.render().to_string();
    let paragraph = rendered.split("\n\n").next().unwrap_or_default();
    let sentence: Vec<&str> = paragraph.split_whitespace().collect();
    complain(sentence.join(" ").trim_start_matches("error: "));
    ExitCode::from(WRONG_USAGE)
}

fn complain(sentence: impl Display) {
    // Nothing can be done about a closed stderr.
    let _ = writeln!(io::stderr(), "error: {sentence}");
}
