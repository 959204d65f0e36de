//! A customer types a promotion code: what it would save, and redeeming it.

use std::time::Instant;

use billing::coupon::{Candidate, Code, CodeRefused, PromotionCode, Redemption};
use billing::id::{CustomerId, PlanId, PriceId, PromotionCodeId, SubscriptionId};
use billing::invoice::InvoiceDraft;
use billing::money::Money;
use billing::subscription::{Downgrade, PendingChange, Status, Subscription, redeem};
use chrono::{DateTime, Utc};
use store::customer::CustomerRecord;
use store::{CustomerScope, PgConnection, Tx};

use super::redemption;
use crate::record::{Save, save};
use crate::{Actor, Billing, Error, Result};

/// What a code gives.
#[derive(Debug, Clone)]
pub struct CodeOffer {
    pub code: Code,
    /// The coupon's.
    pub name: String,
    /// The first invoice with it, as checkout writes it, but for credit.
    pub draft: InvoiceDraft,
}

/// A code, for whom and for what.
#[derive(Debug, Clone)]
pub struct ValidateCode {
    pub customer: CustomerId,
    pub price: PriceId,
    pub code: String,
}

/// What a code gives that may be redeemed.
#[derive(Debug, Clone)]
pub struct Redeemable {
    code: PromotionCodeId,
    pub redemption: Redemption,
}

impl Billing {
    /// What buying with the code would cost, without redeeming it.
    pub async fn check_code(&self, actor: &Actor, code: &str, price: PriceId) -> Result<CodeOffer> {
        let scope = actor.manages_billing()?;
        self.allow_code(scope)?;
        self.code_offer(scope, code, price).await
    }

    /// The same, asked by a machine for a customer. Each key has as many tries as a customer has.
    pub async fn validate_code(&self, actor: &Actor, asked: &ValidateCode) -> Result<CodeOffer> {
        let own = actor.reads_by_key()?;
        self.allow_tries(&actor.audit_name())?;
        if own.is_some_and(|own| own != asked.customer) {
            return Err(Error::NotFound("customer"));
        }
        let scope = CustomerScope::of(asked.customer);
        self.code_offer(scope, &asked.code, asked.price).await
    }

    async fn code_offer(&self, scope: CustomerScope, code: &str, price: PriceId) -> Result<CodeOffer> {
        let mut conn = store::acquire(self.pool()).await?;
        let customer = store::customer::find(&mut conn, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let makes_way = making_way(&mut conn, scope).await?;
        let (bought, redeemable) = self
            .decide_purchase(&mut conn, &customer, (price, Some(code)), makes_way)
            .await?;
        let redeemable = redeemable.ok_or(Error::Code(CodeRefused::Unknown))?;
        Ok(CodeOffer {
            code: code.parse()?,
            name: redeemable.redemption.name,
            draft: self.draft(&customer, bought.lines, &bought.discounts)?,
        })
    }

    /// Redeems a code for the plan a customer has: it discounts from the next invoice on.
    pub async fn redeem_code(&self, actor: &Actor, code: &str) -> Result<()> {
        let scope = actor.manages_billing()?;
        self.allow_code(scope)?;
        self.catch_up(scope).await?;
        let now = self.now();
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let subscription = store::subscription::live(&mut tx, scope)
            .await?
            .ok_or(Error::NoSubscription)?;
        let wanted = to_come(&mut tx, &subscription).await?;
        let redeemable = redeemable(&mut tx, &customer, (code, wanted), (None, now)).await?;
        let after = &redeem(subscription, redeemable.redemption.clone())?;
        use_up(&mut tx, scope, &redeemable, after.id).await?;
        let saved = Save {
            actor,
            customer: &customer,
            after,
            what: "coupon.redeemed",
            at: now,
        };
        save(&mut tx, saved).await?;
        store::commit(tx).await?;
        Ok(())
    }

    /// A guesser is slowed down, whether codes are right or wrong.
    pub(crate) fn allow_code(&self, scope: CustomerScope) -> Result<()> {
        self.allow_tries(&scope.customer().to_string())
    }

    fn allow_tries(&self, who: &str) -> Result<()> {
        match self.parts.code_tries.0.allow(who, Instant::now()) {
            true => Ok(()),
            false => Err(Error::TooMany),
        }
    }
}

/// What the invoices to come bill for the plan: that is what a code discounts, whatever was billed last.
async fn to_come(conn: &mut PgConnection, subscription: &Subscription) -> Result<(PlanId, Money)> {
    let scheduled = match subscription.pending_change.and_then(PendingChange::downgrade) {
        Some(Downgrade { price, .. }) => {
            let plan = store::catalog::plan_of_price(conn, price).await?;
            plan.and_then(|plan| plan.price(price).copied())
        }
        None => None,
    };
    let to_come = subscription.plan_to_come(scheduled);
    let (plan, price, quantity) = to_come.ok_or(Error::NotFound("price"))?;
    Ok((plan, price.amount.fraction(i128::from(quantity), 1)?))
}

/// The customer's subscription that another purchase takes the place of: what was redeemed for it comes back then.
pub async fn making_way(conn: &mut PgConnection, scope: CustomerScope) -> Result<Option<SubscriptionId>> {
    let live = store::subscription::live(conn, scope).await?;
    let makes_way =
        |live: &Subscription| matches!(live.status, Status::Incomplete { .. }) || live.is_paused_trial();
    Ok(live.filter(makes_way).map(|live| live.id))
}

/// What the code gives this customer for so much of a plan, if anything. A code that nobody made goes the same way
/// as one that is refused: neither the answer's words nor its time tell them apart.
pub async fn redeemable(
    conn: &mut PgConnection,
    customer: &CustomerRecord,
    (code, (plan, amount)): (&str, (PlanId, Money)),
    (makes_way, now): (Option<SubscriptionId>, DateTime<Utc>),
) -> Result<Redeemable> {
    let code: Code = code.parse()?;
    let found = store::coupon::find_code(conn, &code).await?;
    let mut found = found.unwrap_or_else(|| PromotionCode::unknown(code));
    let scope = CustomerScope::of(customer.id);
    let of = (found.coupon.id, found.id);
    let redeemed = store::coupon::redeemed(conn, scope, of, makes_way).await?;
    found.redeemed = found.redeemed.saturating_sub(redeemed.freed);
    let candidate = Candidate {
        plan,
        amount,
        ever_paid: customer.ever_paid,
        redeemed: redeemed.by_customer,
        now,
    };
    found.check(candidate)?;
    Ok(Redeemable {
        code: found.id,
        redemption: redemption(&found.coupon, now),
    })
}

/// Counts the use under the code's lock, and writes down whose it is. After the subscription is stored.
pub async fn use_up(
    tx: &mut Tx,
    scope: CustomerScope,
    redeemable: &Redeemable,
    subscription: SubscriptionId,
) -> Result<()> {
    if !store::coupon::take(tx, redeemable.code).await? {
        return Err(Error::Code(CodeRefused::UsedUp));
    }
    let used = (&redeemable.redemption, Some(redeemable.code));
    store::coupon::insert_redemption(tx, scope, used, subscription)
        .await
        .map_err(redeemed_before)
}

fn redeemed_before(error: store::Error) -> Error {
    if error.is_conflict_on("redemption_once") {
        return Error::Code(CodeRefused::Redeemed);
    }
    error.into()
}
