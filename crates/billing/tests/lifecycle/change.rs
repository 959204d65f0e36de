//! What a customer changes, and what staff agrees about its prices: decided, and paid or not.

use billing::catalog::Price;
use billing::id::{InvoiceId, SubscriptionItemId};
use billing::invoice::Assembly;
use billing::subscription::{
    AddOnInput, AddOnTarget, ChangeError, ChangeInput, ChangeTarget, PendingChange, PlanChange, UpgradeBill,
    agree_price, await_add_on, await_payment, change_add_on, complete_add_on, complete_upgrade,
    drop_agreed_price, drop_upgrade, plan_change, undo_add_on,
};
use uuid::Uuid;

use crate::life::Life;

impl<'a> Life<'a> {
    /// What a step agrees about: the item, its list price and what may be agreed instead.
    fn priced(&self, nth: usize) -> (SubscriptionItemId, Price, Price) {
        let items = &self.subscription.items;
        let item = &items[nth % items.len()];
        let plan = self.plans.iter().find(|plan| plan.id == item.plan).unwrap();
        let mut same = plan
            .prices
            .iter()
            .filter(|price| price.pays_for_the_same(&item.price));
        (item.id, *same.next().unwrap(), *same.next().unwrap())
    }

    pub fn agree_price(&mut self, nth: usize) {
        let (item, _, agreed) = self.priced(nth);
        if let Ok(change) = agree_price(&self.subscription, item, agreed) {
            assert_eq!(
                agree_price(&change.after, item, agreed),
                Err(ChangeError::SamePrice)
            );
            self.subscription = change.after;
        }
    }

    pub fn drop_price(&mut self, nth: usize) {
        let (item, list, _) = self.priced(nth);
        if let Ok(change) = drop_agreed_price(&self.subscription, item, list) {
            let again = drop_agreed_price(&change.after, item, list);
            assert_eq!(again, Err(ChangeError::NothingAgreed));
            self.subscription = change.after;
        }
    }

    pub fn target(&self, plan: usize, interval: usize, quantity: u32) -> ChangeTarget<'a> {
        let plan = &self.plans[plan];
        ChangeTarget {
            plan,
            price: &plan.prices[interval],
            quantity,
            zone: self.zone,
        }
    }

    pub fn change(&mut self, target: ChangeTarget<'a>, paid: bool) {
        let (terms, billed) = (self.terms(), self.creditable());
        let input = ChangeInput {
            terms: &terms,
            target,
            billed: &billed,
            usage: &[],
            at: self.now,
        };
        match plan_change(&self.subscription, input) {
            Ok(PlanChange::Upgrade {
                lines,
                discounts,
                after,
                ..
            }) => {
                let invoice = InvoiceId::from_uuid(Uuid::from_u128(1));
                let waits = await_payment(&self.subscription, target, invoice, self.now);
                assert_eq!(complete_upgrade(&waits, &terms, target, self.now).unwrap(), after);
                let dropped = drop_upgrade(waits);
                assert_eq!(dropped, self.subscription, "as if nothing had been asked");
                if paid {
                    let assembly = Assembly {
                        discounts: &discounts,
                        taxation: self.taxation.clone(),
                    };
                    let bill = UpgradeBill::of(&self.subscription, lines, input, &assembly).unwrap();
                    self.note(bill.credit_note.map(|n| n.lines().to_vec()).unwrap_or_default());
                    self.subscription = after;
                    self.collect(bill.invoice);
                }
            }
            Ok(PlanChange::AtPeriodEnd { after, .. } | PlanChange::InTrial { after }) => {
                self.subscription = after;
            }
            Err(_) => {}
        }
    }

    pub fn change_add_on(&mut self, add_on: usize, quantity: u32, paid: bool) {
        let add_on = &self.plans[3 + add_on];
        let carried = self.subscription.add_ons().find(|item| item.plan == add_on.id);
        let own = self.subscription.plan_item().unwrap().price;
        let on_sale = add_on.price_for(own.interval, own.amount.currency());
        let Some(price) = carried.map(|item| item.price).or(on_sale.copied()) else {
            return;
        };
        self.items += 1;
        let target = AddOnTarget {
            add_on,
            price: &price,
            quantity,
            item: SubscriptionItemId::from_uuid(Uuid::from_u128(self.items)),
        };
        let terms = self.terms();
        let input = AddOnInput {
            terms: &terms,
            scheduled: self.scheduled(),
            target,
            zone: self.zone,
            at: self.now,
        };
        match change_add_on(&self.subscription, input) {
            Ok(PlanChange::Upgrade {
                lines,
                discounts,
                after,
                ..
            }) => {
                let invoice = InvoiceId::from_uuid(Uuid::from_u128(1));
                let waits = await_add_on(&self.subscription, target, invoice, self.now).unwrap();
                let Some(PendingChange::AwaitingPayment {
                    add_on: Some(change), ..
                }) = waits.pending_change
                else {
                    panic!("{waits:?}")
                };
                assert_eq!(complete_add_on(waits.clone(), change, price, self.now), after);
                assert_eq!(
                    drop_upgrade(waits),
                    self.subscription,
                    "as if nothing had been asked"
                );
                if paid {
                    self.subscription = after;
                    self.invoice(lines, &discounts);
                }
            }
            Ok(PlanChange::AtPeriodEnd { after, .. }) => {
                let undone = undo_add_on(&after, &terms, None, add_on.id).unwrap();
                assert!(undo_add_on(&undone, &terms, None, add_on.id).is_err());
                self.subscription = after;
            }
            Ok(PlanChange::InTrial { after }) => self.subscription = after,
            Err(_) => {}
        }
    }

    pub fn undo_add_on(&mut self, add_on: usize) {
        let add_on = self.plans[3 + add_on].id;
        let undone = undo_add_on(&self.subscription, &self.terms(), self.scheduled(), add_on);
        self.subscription = undone.unwrap_or_else(|_| self.subscription.clone());
    }
}
