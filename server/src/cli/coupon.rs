//! `server coupon`: coupons and the promotion codes that give them.

use std::io::{self, Write};

use anyhow::{Context, Result, bail};
use billing::coupon::{CodeLimits, Discount, Duration, Percent};
use billing::id::CouponId;
use billing::money::{Currency, Money};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use rust_decimal::Decimal;
use service::{Actor, Billing, MakeCodes, NewCoupon, NewPromotionCodes};

#[derive(Debug, Clone, Subcommand)]
pub enum CouponVerb {
    /// Make a coupon and print its id.
    Create(CreateArgs),
    /// Make promotion codes that give a coupon, and print them, one a line.
    Codes(CodesArgs),
    /// Let nobody redeem a code any more; what was redeemed goes on.
    Retire {
        #[arg(long)]
        code: String,
    },
}

#[derive(Debug, Clone, Args)]
pub struct CreateArgs {
    /// As invoices show it.
    #[arg(long)]
    name: String,
    /// Takes off so many percent, as in 20.
    #[arg(long, value_parser = percent, conflicts_with = "amount")]
    percent: Option<Percent>,
    /// Takes off an amount, as in 50.00.
    #[arg(long, value_parser = super::number)]
    amount: Option<Decimal>,
    #[arg(long, default_value = "USD")]
    currency: Currency,
    /// once, forever, 3-periods or 6-months.
    #[arg(long, default_value = "once", value_parser = duration)]
    duration: Duration,
    /// The key of a plan it is for, once for each; of all plans where none is named.
    #[arg(long = "plan", value_name = "KEY")]
    plans: Vec<String>,
}

#[derive(Debug, Clone, Args)]
pub struct CodesArgs {
    #[arg(long, value_name = "cou_…")]
    coupon: CouponId,
    /// One code, as customers type it; upper and lower case are the same.
    #[arg(long, conflicts_with = "count")]
    code: Option<String>,
    /// So many random codes.
    #[arg(long)]
    count: Option<u32>,
    /// What random codes begin with.
    #[arg(long, default_value = "")]
    prefix: String,
    /// Groups codes.
    #[arg(long)]
    campaign: Option<String>,
    /// How often each code may be redeemed; random ones once, unless said otherwise.
    #[arg(long)]
    max_redemptions: Option<u32>,
    /// Only for customers who never paid.
    #[arg(long)]
    first_time: bool,
    /// Only where at least so much is billed, as in 100.00.
    #[arg(long, value_parser = super::number)]
    minimum: Option<Decimal>,
    #[arg(long, default_value = "USD")]
    currency: Currency,
    /// From then on it is not taken, as in 2026-12-31T00:00:00Z.
    #[arg(long)]
    expires_at: Option<DateTime<Utc>>,
}

pub async fn run(billing: &Billing, verb: CouponVerb) -> Result<()> {
    let (actor, mut out) = (&Actor::System, io::stdout().lock());
    match verb {
        CouponVerb::Create(args) => {
            let id = billing.create_coupon(actor, args.coupon()?).await?;
            writeln!(out, "{id}")?;
        }
        CouponVerb::Codes(args) => {
            for code in billing.create_codes(actor, args.codes()?).await? {
                writeln!(out, "{code}")?;
            }
        }
        CouponVerb::Retire { code } => {
            billing.retire_code(actor, &code).await?;
            writeln!(out, "{code} is not taken any more")?;
        }
    }
    Ok(())
}

impl CreateArgs {
    fn coupon(self) -> Result<NewCoupon> {
        let discount = match (self.percent, self.amount) {
            (Some(percent), None) => Discount::Percent(percent),
            (None, Some(amount)) => Discount::Amount(positive(amount, self.currency)?),
            _ => bail!("give --percent or --amount"),
        };
        Ok(NewCoupon {
            name: self.name,
            discount,
            duration: self.duration,
            plans: (!self.plans.is_empty()).then_some(self.plans),
        })
    }
}

impl CodesArgs {
    fn codes(self) -> Result<NewPromotionCodes> {
        let (make, most) = match (self.code, self.count) {
            (Some(code), None) => (MakeCodes::One(code), self.max_redemptions),
            (None, Some(count)) => {
                let prefix = self.prefix;
                (
                    MakeCodes::Random { prefix, count },
                    self.max_redemptions.or(Some(1)),
                )
            }
            _ => bail!("give --code or --count"),
        };
        let minimum = self.minimum.map(|minimum| positive(minimum, self.currency));
        Ok(NewPromotionCodes {
            coupon: self.coupon,
            campaign: self.campaign,
            make,
            limits: CodeLimits {
                max_redemptions: most,
                first_time: self.first_time,
                minimum: minimum.transpose()?,
                expires_at: self.expires_at,
            },
        })
    }
}

fn positive(amount: Decimal, currency: Currency) -> Result<Money> {
    let amount = super::exact(amount, currency).context("the amount")?;
    anyhow::ensure!(amount.is_positive(), "the amount must be more than nothing");
    Ok(amount)
}

pub(super) fn percent(text: &str) -> std::result::Result<Percent, String> {
    Percent::new(super::number(text)?).map_err(|error| error.to_string())
}

fn duration(text: &str) -> std::result::Result<Duration, String> {
    let counted = |unit: &str| {
        text.strip_suffix(unit)?
            .parse::<u32>()
            .ok()
            .filter(|count| *count > 0)
    };
    match text {
        "once" => Ok(Duration::Once),
        "forever" => Ok(Duration::Forever),
        _ => counted("-periods")
            .map(Duration::Periods)
            .or_else(|| counted("-months").map(Duration::Months))
            .ok_or_else(|| "one of once, forever, 3-periods, 6-months".to_owned()),
    }
}
