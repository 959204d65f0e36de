//! Coupons and the promotion codes that give them: made by staff, redeemed by customers.

mod redeem;
mod report;

pub use redeem::{CodeOffer, Redeemable, ValidateCode, making_way, redeemable, use_up};
pub use report::{CouponDetail, CouponReport};

use billing::coupon::{Code, CodeLimits, CodeRefused, Coupon, Discount, Duration, InvalidCode, Redemption};
use billing::id::{CampaignId, CouponId, PlanId, PromotionCodeId, RedemptionId};
use chrono::{DateTime, Utc};
use serde_json::json;
use store::PgConnection;
use store::coupon::NewCodes;

use crate::auth::Tries;
use crate::id::mint;
use crate::record::audit;
use crate::{Actor, Billing, Error, Result};

const MAX_NAME: usize = 80;
/// In one go.
const MAX_CODES: u32 = 10_000;
/// What a random code has beside its prefix: a guesser needs 2^50 of them.
const RANDOM_LENGTH: usize = 10;
/// Without letters that are taken for digits.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// A minute, of one customer.
const TRIES: usize = 10;

/// How often customers may ask for codes.
#[derive(Debug)]
pub struct CodeTries(pub(crate) Tries);

impl Default for CodeTries {
    fn default() -> Self {
        Self(Tries::at_most(TRIES))
    }
}

#[derive(Debug, Clone)]
pub struct NewCoupon {
    pub name: String,
    pub discount: Discount,
    pub duration: Duration,
    /// The keys of the plans it is for; of all where none is said.
    pub plans: Option<Vec<String>>,
}

/// Which codes to make.
#[derive(Debug, Clone)]
pub enum MakeCodes {
    One(String),
    /// Unique ones that nobody guesses: a prefix and ten random letters.
    Random {
        prefix: String,
        count: u32,
    },
}

#[derive(Debug, Clone)]
pub struct NewPromotionCodes {
    pub coupon: CouponId,
    pub campaign: Option<String>,
    pub make: MakeCodes,
    pub limits: CodeLimits,
}

impl Billing {
    pub async fn create_coupon(&self, actor: &Actor, new: NewCoupon) -> Result<CouponId> {
        actor.decides_about_money()?;
        let name = named(&new.name)?;
        takes_something(&new)?;
        let mut tx = store::begin(self.pool()).await?;
        let plans = match &new.plans {
            Some(keys) => Some(plans_of(&mut tx, keys, self.now()).await?),
            None => None,
        };
        let coupon = Coupon {
            id: mint(CouponId::from_uuid),
            name,
            discount: new.discount,
            duration: new.duration,
            plans,
        };
        let by = (self.now(), &*actor.audit_name());
        store::coupon::insert(&mut tx, &coupon, by).await?;
        let detail = json!({ "name": coupon.name, "discount": coupon.discount, "duration": coupon.duration });
        let what = ("coupon.created", &*coupon.id.to_string());
        audit(&mut tx, (actor, self.now()), what, &detail).await?;
        store::commit(tx).await?;
        Ok(coupon.id)
    }

    /// All of them, or none where one of them is taken.
    pub async fn create_codes(&self, actor: &Actor, new: NewPromotionCodes) -> Result<Vec<Code>> {
        actor.decides_about_money()?;
        let now = self.now();
        if new.limits.expires_at.is_some_and(|end| end <= now) {
            return Err(Error::Invalid { field: "expires_at" });
        }
        if new.limits.max_redemptions == Some(0) {
            return Err(Error::Invalid {
                field: "max_redemptions",
            });
        }
        let codes = made(&new.make)?;
        let codes: Vec<_> = codes
            .into_iter()
            .map(|code| (mint(PromotionCodeId::from_uuid), code))
            .collect();
        let mut tx = store::begin(self.pool()).await?;
        let campaign = match &new.campaign {
            Some(name) => {
                let named = (&*named(name)?, now);
                Some(store::coupon::campaign(&mut tx, mint(CampaignId::from_uuid), named).await?)
            }
            None => None,
        };
        let stored = NewCodes {
            coupon: new.coupon,
            campaign,
            codes: &codes,
            limits: &new.limits,
            created_at: now,
        };
        let inserted = store::coupon::insert_codes(&mut tx, stored).await;
        if !inserted.map_err(taken)? {
            return Err(Error::NotFound("coupon"));
        }
        let detail = json!({ "codes": codes.len(), "campaign": new.campaign });
        let what = ("promotion_codes.created", &*new.coupon.to_string());
        audit(&mut tx, (actor, now), what, &detail).await?;
        store::commit(tx).await?;
        Ok(codes.into_iter().map(|(_, code)| code).collect())
    }

    /// Nobody redeems it any more; what was redeemed goes on.
    pub async fn retire_code(&self, actor: &Actor, code: &str) -> Result<()> {
        actor.decides_about_money()?;
        let code: Code = code.parse()?;
        let mut tx = store::begin(self.pool()).await?;
        if !store::coupon::retire_code(&mut tx, &code).await? {
            return Err(Error::Code(CodeRefused::Unknown));
        }
        let what = ("promotion_code.retired", code.as_str());
        audit(&mut tx, (actor, self.now()), what, &json!({})).await?;
        store::commit(tx).await?;
        Ok(())
    }
}

impl From<InvalidCode> for Error {
    fn from(_: InvalidCode) -> Self {
        Self::Code(CodeRefused::Unknown)
    }
}

/// What a redeemed coupon discounts from now on.
fn redemption(coupon: &Coupon, at: DateTime<Utc>) -> Redemption {
    Redemption {
        id: mint(RedemptionId::from_uuid),
        coupon: coupon.id,
        name: coupon.name.clone(),
        discount: coupon.discount,
        duration: coupon.duration,
        plans: coupon.plans.clone(),
        redeemed_at: at,
        used: 0,
        period: None,
    }
}

fn named(name: &str) -> Result<String> {
    let name = name.trim();
    let fits = !name.is_empty() && name.chars().count() <= MAX_NAME && !name.contains('\0');
    fits.then(|| name.to_owned())
        .ok_or(Error::Invalid { field: "name" })
}

/// Something, of at least one invoice.
const fn takes_something(new: &NewCoupon) -> Result<()> {
    match (new.discount, new.duration) {
        (Discount::Amount(amount), _) if !amount.is_positive() => Err(Error::Invalid { field: "amount" }),
        (_, Duration::Periods(0) | Duration::Months(0)) => Err(Error::Invalid { field: "duration" }),
        _ => Ok(()),
    }
}

async fn plans_of(conn: &mut PgConnection, keys: &[String], now: DateTime<Utc>) -> Result<Vec<PlanId>> {
    let plans = store::catalog::plans_on_sale(conn, None, now).await?;
    let id_of = |key: &String| {
        let plan = plans.iter().find(|plan| plan.key == *key);
        plan.map(|plan| plan.id).ok_or(Error::NotFound("plan"))
    };
    keys.iter().map(id_of).collect()
}

fn made(make: &MakeCodes) -> Result<Vec<Code>> {
    let code = |text: &str| text.parse().map_err(|_| Error::Invalid { field: "code" });
    match make {
        MakeCodes::One(text) => Ok(vec![code(text)?]),
        MakeCodes::Random { count, .. } if !(1..=MAX_CODES).contains(count) => {
            Err(Error::Invalid { field: "count" })
        }
        MakeCodes::Random { prefix, count } => {
            let random = |_| code(&format!("{}{}", prefix.trim(), random_letters()));
            (0..*count).map(random).collect()
        }
    }
}

fn random_letters() -> String {
    let bytes = rand::random::<[u8; RANDOM_LENGTH]>();
    let letter = |byte: u8| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]);
    bytes.into_iter().map(letter).collect()
}

fn taken(error: store::Error) -> Error {
    if error.is_conflict_on("promotion_code_code_key") {
        return Error::CodeTaken;
    }
    error.into()
}
