//! How long add-ons were carried in the present usage period: what they include of it goes by that.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Subscription;
#[cfg(feature = "zones")]
use super::{ItemKind, Status};
use crate::id::PriceId;

/// An add-on that became more or fewer, came or went within the present usage period. One of which there is none
/// of these was carried as it is now since the period began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddOnTime {
    /// An add-on goes over to the price of another interval only where a usage period begins; where it is agreed that
    /// it costs something else, this goes over with it.
    pub price: PriceId,
    /// From here on there are as many as the item says; none where no item carries it any more.
    pub until: DateTime<Utc>,
    /// Seconds it was carried before, times how many.
    pub unit_seconds: i64,
}

impl Subscription {
    /// Seconds of the present usage period that an add-on was carried up to an instant, times how many.
    pub fn unit_seconds(&self, price: PriceId, at: DateTime<Utc>) -> i64 {
        let start = self.usage_period.start();
        let earlier = self.add_on_time.iter().find(|time| time.price == price);
        let (from, earlier) = earlier.map_or((start, 0), |time| (time.until.max(start), time.unit_seconds));
        let carried = self.add_ons().find(|item| item.price.id == price);
        let quantity = carried.map_or(0, |item| i64::from(item.quantity));
        // Seconds begin on the clock's, as those of periods do.
        let since = (at.timestamp() - from.timestamp()).max(0);
        earlier.saturating_add(since.saturating_mul(quantity))
    }

    /// The prices of add-ons that went within the present usage period.
    pub fn gone_add_ons(&self) -> impl Iterator<Item = PriceId> {
        let gone = |price: &PriceId| self.add_ons().all(|item| item.price.id != *price);
        self.add_on_time.iter().map(|time| time.price).filter(gone)
    }

    /// Agreed prices take the place of what items cost before. What was counted of an add-on goes over with it.
    #[cfg(feature = "zones")]
    pub(super) fn settle_prices(&mut self, at: DateTime<Utc>) {
        let items = self.items.iter();
        let priced: Vec<_> = items
            .filter_map(|item| Some((item.id, item.kind, item.price.id, item.next_price?)))
            .collect();
        for (id, kind, before, next) in priced {
            if kind == ItemKind::AddOn {
                self.count_add_on(before, at);
            }
            let of_next = self.add_on_time.iter().filter(|time| time.price == next.id);
            let earlier: i64 = of_next.map(|time| time.unit_seconds).sum();
            self.add_on_time.retain(|time| time.price != next.id);
            for time in self.add_on_time.iter_mut().filter(|time| time.price == before) {
                time.price = next.id;
                time.unit_seconds = time.unit_seconds.saturating_add(earlier);
            }
            for item in self.items.iter_mut().filter(|item| item.id == id) {
                item.price = next;
                item.next_price = None;
            }
        }
    }

    /// Counts an add-on up to an instant at which its number is about to change. A trial's use is not billed.
    #[cfg(feature = "zones")]
    pub(super) fn count_add_on(&mut self, price: PriceId, at: DateTime<Utc>) {
        if let Status::Trialing { .. } = self.status {
            return;
        }
        let unit_seconds = self.unit_seconds(price, at);
        self.add_on_time.retain(|time| time.price != price);
        if at > self.usage_period.start() {
            self.add_on_time.push(AddOnTime {
                price,
                until: at,
                unit_seconds,
            });
        }
    }
}
