//! What staff agrees with one customer about the price of its plan or an add-on, from the next renewal on.

use billing::catalog::Price;
use billing::coupon::Percent;
use billing::id::{CustomerId, PriceId};
use billing::money::{Currency, Money};
use billing::subscription::{ChangeError, PriceChange, Subscription, agree_price, drop_agreed_price};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::json;
use store::customer::CustomerRecord;
use store::{CustomerScope, Tx};

use crate::entitlement::Carried;
use crate::id::mint;
use crate::record::{Note, Save, note, save};
use crate::{Actor, Billing, Error, Result};

const MAX_TEXT: usize = 500;
/// In minor units: more is a slip of the finger, and bills stay far from overflowing.
const MAX_MINOR: i64 = 1_000_000_000_000;

/// What is agreed instead of the list price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewPrice {
    /// In major units of the subscription's currency.
    Amount(Decimal),
    /// So much less than the list price of today: later list prices do not change it.
    PercentOff(Percent),
}

#[derive(Debug, Clone)]
pub struct AgreePrice {
    pub customer: CustomerId,
    /// The key of an add-on it carries; none: of the plan.
    pub add_on: Option<String>,
    pub price: NewPrice,
    pub reason: String,
}

/// What an item costs from an instant on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgreedPrice {
    pub from: Money,
    pub to: Money,
    pub list: Money,
    /// When it is billed first; none where a pause ends when it is ended.
    pub at: Option<DateTime<Utc>>,
}

impl Billing {
    /// The item costs this from its next billing period on, or from its first where nothing was charged yet. The
    /// present plan's later versions and other plans cost what their lists say.
    pub async fn agree_price(&self, actor: &Actor, command: AgreePrice) -> Result<AgreedPrice> {
        actor.decides_about_money()?;
        let reason = command.reason.trim();
        if reason.is_empty() || reason.chars().count() > MAX_TEXT {
            return Err(Error::Invalid { field: "reason" });
        }
        let mut priced = self
            .priced_item(command.customer, command.add_on.as_deref())
            .await?;
        let amount = command.price.amount(priced.list.amount)?;
        let agreed = priced.list.agreed(mint(PriceId::from_uuid), amount);
        let change = agree_price(&priced.subscription, priced.item, agreed)?;
        if change.to == agreed {
            let subscription = priced.subscription.id;
            store::catalog::insert_agreed_price(&mut priced.tx, subscription, &agreed).await?;
        }
        let what = ("subscription.price_agreed", "price.agreed");
        self.save_price(actor, priced, (change, what, Some(reason))).await
    }

    /// The item costs what the list of its version says again, from its next billing period on.
    pub async fn drop_agreed_price(
        &self,
        actor: &Actor,
        customer: CustomerId,
        add_on: Option<&str>,
    ) -> Result<AgreedPrice> {
        actor.decides_about_money()?;
        let priced = self.priced_item(customer, add_on).await?;
        let change = drop_agreed_price(&priced.subscription, priced.item, priced.list)?;
        let what = ("subscription.price_dropped", "price.dropped");
        self.save_price(actor, priced, (change, what, None)).await
    }

    /// Under the customer's lock, with every period that is over billed.
    async fn priced_item(&self, customer: CustomerId, add_on: Option<&str>) -> Result<PricedItem> {
        let scope = CustomerScope::of(customer);
        self.catch_up(scope).await?;
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let subscription = store::subscription::live(&mut tx, scope)
            .await?
            .ok_or(Error::NoSubscription)?;
        let carried = Carried::load(&mut tx, &subscription).await?;
        let is_wanted = |id: PriceId| {
            let plan = carried.plan_of(id)?;
            let wanted = match add_on {
                Some(key) => plan.kind.is_add_on() && plan.key == key,
                None => !plan.kind.is_add_on(),
            };
            wanted.then_some(plan)
        };
        let mut items = subscription.items.iter();
        let found = items.find_map(|item| Some((item, is_wanted(item.price.id)?)));
        let (item, plan) = found.ok_or(Error::Change(ChangeError::NoSuchItem))?;
        // A version keeps its list prices for ever: what somebody pays once came from one of them.
        let list = plan
            .price_for(item.price.interval, item.price.amount.currency())
            .ok_or(Error::NotFound("price"))?;
        Ok(PricedItem {
            tx,
            customer,
            item: item.id,
            list: *list,
            subscription,
        })
    }

    async fn save_price(
        &self,
        actor: &Actor,
        priced: PricedItem,
        (change, (what, noted), reason): (PriceChange, (&'static str, &'static str), Option<&str>),
    ) -> Result<AgreedPrice> {
        let PricedItem {
            mut tx,
            customer,
            list,
            ..
        } = priced;
        let at = self.now();
        let saved = Save {
            actor,
            customer: &customer,
            after: &change.after,
            what,
            at,
        };
        save(&mut tx, saved).await?;
        let detail = json!({
            "subscription": change.after.id, "from": change.from.amount, "to": change.to.amount,
            "list": list.amount, "at": change.at, "reason": reason,
        });
        let entry = Note {
            actor,
            at,
            what: noted,
            customer: customer.id,
            subject: change.to.id.to_string(),
            detail,
        };
        note(&mut tx, &[entry]).await?;
        store::commit(tx).await?;
        Ok(AgreedPrice {
            from: change.from.amount,
            to: change.to.amount,
            list: list.amount,
            at: change.at,
        })
    }
}

/// An item whose price is decided about, and the transaction that holds its customer.
struct PricedItem {
    tx: Tx,
    customer: CustomerRecord,
    subscription: Subscription,
    item: billing::id::SubscriptionItemId,
    /// Of its version, for its interval.
    list: Price,
}

impl NewPrice {
    fn amount(self, list: Money) -> Result<Money> {
        let amount = match self {
            Self::Amount(major) => exact(major, list.currency()),
            Self::PercentOff(percent) => Some(list.minus(percent.of(list)?)?),
        };
        amount
            .filter(|amount| (0..=MAX_MINOR).contains(&amount.minor()))
            .ok_or(Error::Invalid { field: "amount" })
    }
}

/// An amount with more decimals than its currency has is a slip, and never rounded.
fn exact(major: Decimal, currency: Currency) -> Option<Money> {
    let amount = Money::round_major(major, currency).ok()?;
    (amount.major() == major).then_some(amount)
}
