//! The items of subscriptions. One that went stays on record: invoice lines refer to it.

use std::collections::HashMap;

use billing::catalog::Price;
use billing::id::{PlanId, PlanVersionId, PriceId, SubscriptionItemId};
use billing::money::Money;
use billing::period::Interval;
use billing::subscription::{ItemKind, PendingChange, Subscription, SubscriptionItem};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Update;
use crate::catalog::price_kind;
use crate::row::{column, try_column};
use crate::{Error, Result, row};

const TABLE: &str = "subscription_item";

/// What each subscription carries now, the plan and then what came later.
pub async fn of(conn: &mut PgConnection, ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<SubscriptionItem>>> {
    let rows = sqlx::query!(
        r#"SELECT i.id, i.subscription_id, i.kind, i.plan_id, i.quantity, i.next_quantity,
                  p.id AS price_id, p.plan_version_id, p.interval, p.amount_minor, p.currency,
                  p.subscription_id IS NOT NULL AS "agreed!",
                  n.id AS "next_id?", n.amount_minor AS "next_minor?",
                  n.subscription_id IS NOT NULL AS "next_agreed!"
           FROM subscription_item i JOIN price p ON p.id = i.price_id LEFT JOIN price n ON n.id = i.next_price_id
           WHERE i.subscription_id = ANY($1) AND i.ended_at IS NULL ORDER BY i.id"#,
        ids,
    )
    .fetch_all(conn)
    .await?;
    let mut items: HashMap<Uuid, Vec<SubscriptionItem>> = HashMap::new();
    for r in rows {
        let price = Price {
            id: PriceId::from_uuid(r.price_id),
            plan_version: PlanVersionId::from_uuid(r.plan_version_id),
            interval: row::known("price", &r.interval, Interval::parse)?,
            amount: row::money("price", r.amount_minor, &r.currency)?,
            kind: price_kind(r.agreed),
        };
        // What is to come is another amount of the same version, interval and currency: verification holds us to it.
        let next_price = r.next_id.zip(r.next_minor).map(|(id, minor)| Price {
            id: PriceId::from_uuid(id),
            amount: Money::new(minor, price.amount.currency()),
            kind: price_kind(r.next_agreed),
            ..price
        });
        let item = SubscriptionItem {
            id: SubscriptionItemId::from_uuid(r.id),
            kind: row::known(TABLE, &r.kind, ItemKind::parse)?,
            plan: PlanId::from_uuid(r.plan_id),
            price,
            quantity: row::count(TABLE, r.quantity)?,
            next_quantity: r.next_quantity.map(|next| row::count(TABLE, next)).transpose()?,
            next_price,
        };
        items.entry(r.subscription_id).or_default().push(item);
    }
    Ok(items)
}

/// An item to store.
struct NewItem {
    id: Uuid,
    subscription: Uuid,
    kind: ItemKind,
    plan: Uuid,
    price: Uuid,
    quantity: i32,
    ended_at: Option<DateTime<Utc>>,
}

impl NewItem {
    fn carried(subscription: &Subscription, item: &SubscriptionItem) -> Result<Self> {
        Ok(Self {
            id: item.id.uuid(),
            subscription: subscription.id.uuid(),
            kind: item.kind,
            plan: item.plan.uuid(),
            price: item.price.id.uuid(),
            quantity: quantity(item)?,
            ended_at: None,
        })
    }

    /// What is asked for and not paid yet: the line that charges for it refers to it already.
    fn awaited(update: &Update<'_>) -> Result<Option<Self>> {
        let Some(PendingChange::AwaitingPayment {
            add_on: Some(change), ..
        }) = update.after.pending_change
        else {
            return Ok(None);
        };
        Ok(Some(Self {
            id: change.item.uuid(),
            subscription: update.after.id.uuid(),
            kind: ItemKind::AddOn,
            plan: change.plan.uuid(),
            price: change.price.uuid(),
            quantity: i32::try_from(change.quantity).map_err(|_| Error::corrupt(TABLE, change.item))?,
            ended_at: Some(update.at),
        }))
    }
}

/// The items of a new subscription.
pub async fn insert(conn: &mut PgConnection, subscription: &Subscription) -> Result<()> {
    let items = subscription.items.iter();
    let items: Vec<_> = items
        .map(|item| NewItem::carried(subscription, item))
        .collect::<Result<_>>()?;
    insert_new(conn, &items).await
}

/// Those that are there stay as they are.
async fn insert_new(conn: &mut PgConnection, items: &[NewItem]) -> Result<()> {
    sqlx::query!(
        "INSERT INTO subscription_item (id, subscription_id, kind, plan_id, price_id, quantity, ended_at)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::int[],
            $7::timestamptz[])
         ON CONFLICT (id) DO NOTHING",
        &column(items, |i| i.id),
        &column(items, |i| i.subscription),
        &column(items, |i| i.kind.as_str()) as &[&str],
        &column(items, |i| i.plan),
        &column(items, |i| i.price),
        &column(items, |i| i.quantity),
        &column(items, |i| i.ended_at) as &[Option<DateTime<Utc>>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Add-ons come and go; the plan's item stays and changes.
pub async fn update(conn: &mut PgConnection, updates: &[Update<'_>]) -> Result<()> {
    end(conn, updates).await?;
    let mut add_ons = Vec::new();
    for update in updates {
        for item in update.after.add_ons() {
            add_ons.push(NewItem::carried(update.after, item)?);
        }
        add_ons.extend(NewItem::awaited(update)?);
    }
    if !add_ons.is_empty() {
        insert_new(conn, &add_ons).await?;
    }
    change(conn, updates).await
}

/// Ends what is carried no more.
async fn end(conn: &mut PgConnection, updates: &[Update<'_>]) -> Result<()> {
    let add_ons = updates.iter().flat_map(|update| update.after.add_ons());
    let add_ons: Vec<Uuid> = add_ons.map(|item| item.id.uuid()).collect();
    sqlx::query!(
        "UPDATE subscription_item i SET ended_at = n.at, next_quantity = NULL, next_price_id = NULL
         FROM unnest($1::uuid[], $2::timestamptz[]) AS n (subscription_id, at)
         WHERE i.subscription_id = n.subscription_id AND i.kind = 'add_on' AND i.ended_at IS NULL
           AND i.id <> ALL($3)",
        &column(updates, |update| update.after.id.uuid()),
        &column(updates, |update| update.at),
        &add_ons,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Most saves leave the items as they are: those are not written again. What was awaited is carried from here on.
async fn change(conn: &mut PgConnection, updates: &[Update<'_>]) -> Result<()> {
    let items: Vec<&SubscriptionItem> = updates.iter().flat_map(|update| &update.after.items).collect();
    sqlx::query!(
        "UPDATE subscription_item i SET plan_id = n.plan_id, price_id = n.price_id, quantity = n.quantity,
            next_quantity = n.next_quantity, next_price_id = n.next_price_id, ended_at = NULL
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::int[], $6::uuid[])
            AS n (id, plan_id, price_id, quantity, next_quantity, next_price_id)
         WHERE i.id = n.id AND (i.plan_id, i.price_id, i.quantity, i.next_quantity, i.next_price_id, i.ended_at)
            IS DISTINCT FROM (n.plan_id, n.price_id, n.quantity, n.next_quantity, n.next_price_id, NULL::timestamptz)",
        &column(&items, |i| i.id.uuid()),
        &column(&items, |i| i.plan.uuid()),
        &column(&items, |i| i.price.id.uuid()),
        &try_column(&items, |i| quantity(i))?,
        &try_column(&items, |i| next_quantity(i))? as &[Option<i32>],
        &column(&items, |i| i.next_price.map(|next| next.id.uuid())) as &[Option<Uuid>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn quantity(item: &SubscriptionItem) -> Result<i32> {
    i32::try_from(item.quantity).map_err(|_| Error::corrupt(TABLE, item.id))
}

fn next_quantity(item: &SubscriptionItem) -> Result<Option<i32>> {
    let next = item.next_quantity.map(i32::try_from).transpose();
    next.map_err(|_| Error::corrupt(TABLE, item.id))
}
