//! The invoice of what is billed together, decided and not yet written.

use billing::id::{InvoiceId, OneOffId, SubscriptionId, SubscriptionItemId};
use billing::invoice::{DraftLine, DueDate, InvoiceDraft};
use billing::money::Money;
use billing::subscription::{
    BilledUsage, DueTogether, Renewal, Status, StatusName, Subscription, due_at, fall_behind,
};
use billing::tax::TaxDefaults;
use chrono::{DateTime, Utc};
use store::customer::CustomerRecord;
use store::dunning::NewDunning;
use store::payment::PaymentMethod;
use store::revenue::{NewMovement, RecordedMrr};
use store::subscription::Boundary;
use store::usage::NewBilledUsage;

use super::Loaded;
use super::load::BoundaryBill;
use crate::id::mint;
use crate::invoice::Finalize;
use crate::mail::{Addressed, Letter};
use crate::payment::{BeginAttempt, Cause, waits};
use crate::record::{NextDue, Save};
use crate::{Actor, Error, Result};

/// A customer whose time has come, with all that is live of it.
#[derive(Debug)]
pub(super) struct DueBill<'c> {
    pub customer: &'c CustomerRecord,
    pub live: Vec<Subscription>,
    pub due: DueTogether,
}

impl DueBill<'_> {
    /// What is billed now, in the order of the invoice.
    pub fn subscriptions(&self) -> Vec<&Subscription> {
        let is_due = |own: &&Subscription| self.due.subscriptions.contains(&own.id);
        self.live.iter().filter(is_due).collect()
    }
}

/// Boundaries of one customer that are billed together.
#[derive(Debug)]
pub(super) struct Billed<'a> {
    pub customer: &'a CustomerRecord,
    pub parts: Vec<Part<'a>>,
    /// Whose invoice it is first.
    made_for: SubscriptionId,
    one_offs: Vec<OneOffId>,
    invoice: InvoiceId,
    /// Without lines where nothing is billed.
    pub draft: InvoiceDraft,
    due: Money,
    /// What the invoice is charged to, where it asks for money and there is a card.
    method: Option<&'a PaymentMethod>,
    /// Whether it asks for money that there is no card for.
    no_card: bool,
    pub next_due: NextDue,
}

/// The boundary of one subscription.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub boundary: Boundary,
    pub after: Subscription,
    /// Whether usage that came late would be billed here.
    pub looked_at_late: bool,
    billed_usage: Vec<BilledUsage>,
    /// Whether the usage period ended before its time: what is on its way this moment is looked at later.
    pub cut_short: bool,
    /// How many it carries up to the boundary, or from it on.
    pub add_ons: usize,
    /// Of a pause that ends here: since when.
    paused: Option<DateTime<Utc>>,
    /// Noun and past participle: `subscription.renewed`.
    what: &'static str,
    /// When it is billed.
    at: DateTime<Utc>,
    pub movement: Option<NewMovement>,
    /// To a customer whose plan ends here.
    letter: Option<Letter<'a>>,
}

/// The decision: pure, from what was loaded alone.
pub(super) fn decide<'a>(
    bill: &DueBill<'a>,
    loaded: &'a Loaded<'_>,
    recorded: RecordedMrr,
    tax: TaxDefaults,
) -> Result<Billed<'a>> {
    let (customer, at, subscriptions) = (bill.customer, bill.due.at, bill.subscriptions());
    let BoundaryBill {
        renewals,
        draft,
        one_offs,
    } = loaded.bill(customer, (&subscriptions, at), tax)?;
    let due = draft.amount_due()?;
    let charges = due.is_positive() && !customer.terms.is_net();
    let method = loaded.method(customer.id).filter(|_| charges);
    let no_card = charges && method.is_none();
    let has_lines = |own: &&&Subscription| {
        let mut items = draft.lines().iter().filter_map(|line| line.draft.item);
        items.any(|item| own.items.iter().any(|carried| carried.id == item))
    };
    let made_for = subscriptions.iter().find(has_lines).or(subscriptions.first());
    let made_for = made_for.ok_or(Error::Internal("nothing is due"))?.id;
    let mut standing: Vec<_> = bill.live.clone();
    let (mut parts, mut recorded) = (Vec::with_capacity(renewals.len()), recorded);
    for (subscription, renewal) in subscriptions.iter().zip(renewals) {
        let stands_by_it = subscription.id == made_for || has_lines(&subscription);
        let part = Part::of((subscription, renewal), loaded, (no_card && stands_by_it, at))?;
        let beside: Vec<_> = standing.iter().filter(|own| own.id != subscription.id).collect();
        let movement = part.save(customer).movement(recorded, &beside)?;
        recorded = movement.map_or(recorded, |movement| RecordedMrr {
            mrr: movement.mrr_after,
            moved_at: Some(movement.at),
        });
        for own in standing.iter_mut().filter(|own| own.id == subscription.id) {
            own.clone_from(&part.after);
        }
        parts.push(Part { movement, ..part });
    }
    Ok(Billed {
        next_due: (customer.id, due_at(&standing, customer.zone)),
        customer,
        parts,
        made_for,
        one_offs,
        invoice: mint(InvoiceId::from_uuid),
        draft,
        due,
        method,
        no_card,
    })
}

impl<'a> Part<'a> {
    /// Its movement is decided with those beside it.
    fn of(
        (subscription, renewal): (&Subscription, Renewal),
        loaded: &'a Loaded<'_>,
        (falls_behind, at): (bool, DateTime<Utc>),
    ) -> Result<Self> {
        let mut after = renewal.after;
        if falls_behind && after.status == Status::Active {
            after = fall_behind(after, at)?;
        }
        Ok(Self {
            letter: ending(&loaded.plan(subscription)?.name, &after),
            boundary: Boundary {
                subscription: subscription.id,
                at: renewal.boundary,
            },
            paused: match subscription.status {
                Status::Paused { since, .. } => Some(since),
                _ => None,
            },
            add_ons: subscription.add_ons().count().max(after.add_ons().count()),
            what: what_happened(subscription, &after),
            after,
            looked_at_late: !subscription.standalone && subscription.status.counts_as_recurring(),
            cut_short: renewal
                .billed_usage
                .first()
                .is_some_and(|billed| billed.period.end() < subscription.usage_period.end()),
            billed_usage: renewal.billed_usage,
            at,
            movement: None,
        })
    }

    /// The items whose time stood still up to here: what was billed of it and was too little to be given back
    /// is not served, and may be billed again.
    pub fn stopped(&self) -> impl Iterator<Item = (SubscriptionItemId, DateTime<Utc>)> {
        let items = self.after.items.iter().map(|item| item.id);
        items.filter_map(|item| Some((item, self.paused?)))
    }

    pub fn billed_usage(&self) -> impl Iterator<Item = NewBilledUsage<'_>> {
        self.billed_usage.iter().map(|billed| NewBilledUsage {
            subscription: self.after.id,
            billed,
            awaited: None,
        })
    }

    fn save<'s>(&'s self, customer: &'s CustomerRecord) -> Save<'s> {
        Save {
            actor: &Actor::System,
            customer,
            after: &self.after,
            what: self.what,
            at: self.at,
        }
    }
}

impl Billed<'_> {
    /// What is billed of one of its subscriptions.
    pub fn lines_of(&self, part: &Part<'_>) -> Vec<&DraftLine> {
        let own = |line: &&DraftLine| part.after.items.iter().any(|item| Some(item.id) == line.item);
        self.draft
            .lines()
            .iter()
            .map(|line| &line.draft)
            .filter(own)
            .collect()
    }

    pub fn saves(&self) -> impl Iterator<Item = Save<'_>> {
        self.parts.iter().map(|part| part.save(self.customer))
    }

    pub fn letters(&self) -> impl Iterator<Item = Addressed<'_>> {
        self.parts.iter().filter_map(|part| {
            let letter = part.letter.clone()?;
            Some(Addressed {
                to: self.customer,
                letter,
            })
        })
    }

    pub fn finalize(&self, at: DateTime<Utc>) -> Option<Finalize<'_>> {
        let all = |what| self.parts.iter().all(|part| part.what == what);
        let reason = if all(RESUMED) {
            "resume"
        } else if all(STARTED) {
            "purchase"
        } else {
            "renewal"
        };
        (!self.draft.lines().is_empty()).then_some(Finalize {
            id: self.invoice,
            actor: &Actor::System,
            customer: self.customer,
            subscription: Some(self.made_for),
            one_offs: &self.one_offs,
            draft: &self.draft,
            reason,
            at,
        })
    }

    pub fn unpaid(&self, at: DateTime<Utc>) -> Option<NewDunning> {
        let due = DueDate::new(self.customer.terms, at, self.customer.zone);
        self.no_card.then(|| waits(self.customer, self.invoice, due))
    }

    pub fn attempt(&self, at: DateTime<Utc>) -> Option<BeginAttempt<'_>> {
        let method = self.method?;
        Some(BeginAttempt {
            customer: self.customer.id,
            invoice: self.invoice,
            amount: self.due,
            method,
            cause: Cause::First,
            at,
        })
    }
}

fn ending<'a>(plan: &'a str, after: &Subscription) -> Option<Letter<'a>> {
    match after.status {
        Status::Paused { .. } => Some(Letter::TrialPaused { plan }),
        Status::Canceled { at, .. } => Some(Letter::Canceled { plan, at }),
        _ => None,
    }
}

pub const RESUMED: &str = "subscription.resumed";
const STARTED: &str = "subscription.started";

fn what_happened(before: &Subscription, after: &Subscription) -> &'static str {
    match (before.status.name(), after.status.name()) {
        (StatusName::Pending, _) => STARTED,
        (StatusName::Trialing, StatusName::Active | StatusName::PastDue) => "trial.converted",
        (StatusName::Trialing, StatusName::Paused) => "trial.paused",
        (StatusName::Paused, StatusName::Active | StatusName::PastDue) => RESUMED,
        (_, StatusName::Canceled) => "subscription.canceled",
        _ => "subscription.renewed",
    }
}
