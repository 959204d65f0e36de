//! Looking at values: what of them crossed a step since the last look.

use billing::alert::{Rule, RuleKind, look};
use billing::id::{AlertId, CustomerId};
use chrono::TimeDelta;
use store::alert::threshold::Thresholds;
use store::alert::watch::Watches;
use store::alert::{Left, NewAlert};

use super::reading::{self, Value};
use super::threshold::own_steps;
use super::words::{severity, words};
use crate::id::mint;
use crate::{Billing, Result};

/// Customers in one transaction.
const BATCH: usize = 100;
/// Buckets of older hours are not swept each minute: only what is reported late changes them.
const SWEPT_HOURS: TimeDelta = TimeDelta::hours(3);
/// Of those with open alerts so many are looked at again each minute: a limit may have been raised, a period ended.
const ROTATED: i64 = 500;

impl Billing {
    /// Notes whose usage came in. It is looked at within a second, by this process.
    pub(crate) fn touch(&self, customers: impl IntoIterator<Item = CustomerId>) {
        self.parts.touched.add(customers);
    }

    /// Looks at whoever's usage came in since the last time.
    pub async fn evaluate_alerts(&self) -> Result<u64> {
        let customers = self.parts.touched.take();
        let opened = self.look_at_values(&customers).await;
        if opened.is_err() {
            self.touch(customers);
        }
        opened
    }

    /// Looks at whatever a crash may have kept from being looked at, at those whose terms changed, and again at those with
    /// open alerts. How far it came is written once they were looked at: a sweep that is cut off is made again.
    pub async fn sweep_alerts(&self) -> Result<u64> {
        let mut conn = store::acquire(self.pool()).await?;
        let swept = store::alert::watch::sweep(&mut conn, self.now() - SWEPT_HOURS).await?;
        let mut customers = swept.customers;
        customers.extend(store::alert::watch::rotate(&mut conn, ROTATED).await?);
        drop(conn);
        customers.sort_unstable();
        customers.dedup();
        let opened = self.look_at_values(&customers).await?;
        let mut conn = store::acquire(self.pool()).await?;
        store::alert::watch::set_swept(&mut conn, swept.until).await?;
        Ok(opened)
    }

    async fn look_at_values(&self, customers: &[CustomerId]) -> Result<u64> {
        let mut opened = 0;
        for batch in customers.chunks(BATCH) {
            match self.look_at_some(batch).await {
                Ok(count) => opened += count,
                Err(error) if error.is_transient() => return Err(error),
                // One that cannot be read must not keep the others from being told.
                Err(_) => opened += self.look_at_each(batch).await?,
            }
        }
        Ok(opened)
    }

    async fn look_at_each(&self, customers: &[CustomerId]) -> Result<u64> {
        let mut opened = 0;
        for customer in customers {
            match self.look_at_some(&[*customer]).await {
                Ok(count) => opened += count,
                Err(error) if error.is_transient() => return Err(error),
                Err(error) => {
                    tracing::warn!(%customer, %error, "The alerts of `{customer}` cannot be looked at: {error}");
                }
            }
        }
        Ok(opened)
    }

    async fn look_at_some(&self, customers: &[CustomerId]) -> Result<u64> {
        let mut tx = store::begin(self.pool()).await?;
        let mut known = store::alert::watch::lock(&mut tx, customers).await?;
        let rules = self.rules(&mut tx).await?;
        let own = store::alert::threshold::of(&mut tx, customers).await?;
        let mut values = reading::read(&mut tx, customers, (self.config().tax, self.now())).await?;
        let (mut new, mut left, mut changed) = (Vec::new(), Vec::new(), Vec::new());
        for customer in customers {
            let Some(before) = known.remove(customer) else {
                continue;
            };
            let values = values.remove(customer).unwrap_or_default();
            let found = self.compare(*customer, (&before, &values), (&rules, &own))?;
            if found.watches != before {
                changed.push((*customer, found.watches));
            }
            new.extend(found.new);
            left.extend(found.left);
        }
        store::alert::watch::save(&mut tx, &changed).await?;
        let resolved = store::alert::resolve_left(&mut tx, &left, self.now()).await?;
        let opened = self.raise(&mut tx, new, resolved).await?;
        store::commit(tx).await?;
        Ok(opened)
    }

    fn compare(
        &self,
        customer: CustomerId,
        (before, values): (&Watches, &[Value]),
        (rules, own): (&[Rule], &Thresholds),
    ) -> Result<Found> {
        let mut found = Found {
            watches: before.clone(),
            new: Vec::new(),
            left: Vec::new(),
        };
        let mut seen = Vec::with_capacity(values.len());
        for value in values {
            let key = key(value.rule, &value.scope);
            let rule = rules.iter().find(|rule| rule.kind == value.rule && rule.enabled);
            let levels = own.get(&(customer, value.scope.clone()));
            let levels = levels.filter(|_| value.rule == RuleKind::Usage);
            let steps = match (levels, rule) {
                (Some(levels), _) => own_steps(levels, self.config().usage_thresholds)?,
                (None, Some(rule)) => rule.steps.clone(),
                (None, None) => {
                    // Nothing is open of a rule that is off. What it told stays known: on again, it does not say so once more.
                    let up = before.get(&key).into_iter().flat_map(|watch| watch.end().1);
                    found
                        .left
                        .extend(up.filter_map(|crossed| left(customer, &key, crossed)));
                    seen.push(key);
                    continue;
                }
            };
            let look = look(before.get(&key), &steps, &value.reading)?;
            for (crossed, step) in look.opened {
                let (title, message) = words(&value.about, step);
                found.new.push(NewAlert {
                    id: mint(AlertId::from_uuid),
                    rule: value.rule,
                    customer: Some(customer),
                    scope: value.scope.clone(),
                    crossed,
                    severity: severity(&value.about, step),
                    title,
                    message,
                    at: self.now(),
                });
            }
            let left = |crossed| left(customer, &key, crossed);
            found.left.extend(look.resolved.into_iter().filter_map(left));
            found.watches.insert(key.clone(), look.watch);
            seen.push(key);
        }
        for (key, watch) in before.iter().filter(|(key, _)| !seen.contains(key)) {
            let (ended, crossed) = watch.end();
            let left = |crossed| left(customer, key, crossed);
            found.left.extend(crossed.into_iter().filter_map(left));
            found.watches.insert(key.clone(), ended);
        }
        Ok(found)
    }
}

struct Found {
    watches: Watches,
    new: Vec<NewAlert>,
    left: Vec<Left>,
}

fn key(rule: RuleKind, scope: &str) -> String {
    format!("{}/{scope}", rule.as_str())
}

fn left(customer: CustomerId, key: &str, crossed: billing::alert::Crossed) -> Option<Left> {
    let (rule, scope) = key.split_once('/')?;
    Some(Left {
        rule: RuleKind::parse(rule)?,
        customer,
        scope: scope.to_owned(),
        crossed,
    })
}
