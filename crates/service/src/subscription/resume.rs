//! Going on after a pause: a new period from this instant, paid from credit first.

use billing::catalog::Plan;
use billing::id::InvoiceId;
use billing::invoice::InvoiceDraft;
use billing::money::Money;
use billing::subscription::{ResumeInput, Resumption, Subscription, resume};
use chrono::{DateTime, Utc};
use store::customer::CustomerRecord;
use store::{CustomerScope, PgConnection};

use super::aim::Done;
use super::{Aim, ChangeOutcome};
use crate::entitlement::Carried;
use crate::id::mint;
use crate::invoice::{Finalize, finalize};
use crate::payment::{BeginAttempt, Cause, begin_attempts, is_owed};
use crate::quote::{self, Intent, Quote};
use crate::record::{Save, save};
use crate::run::RESUMED;
use crate::{Actor, Billing, Error, Result, credit};

/// What going on costs: confirming its token within the time charges exactly this.
#[derive(Debug, Clone)]
pub struct ResumePreview {
    pub token: String,
    pub expires_at: DateTime<Utc>,
    pub plan: Plan,
    pub draft: InvoiceDraft,
    /// When the next bill comes.
    pub renews_at: DateTime<Utc>,
    /// The credit balance afterwards.
    pub credit_left: Money,
}

struct Decided {
    customer: CustomerRecord,
    subscription: Subscription,
    plan: Plan,
    after: Subscription,
    draft: InvoiceDraft,
    credit_left: Money,
}

impl Decided {
    fn quote(&self, at: DateTime<Utc>) -> Result<Quote> {
        Ok(Quote {
            subscription: self.subscription.id,
            version: self.subscription.version,
            intent: Intent::Resume,
            at,
            total: self.draft.total(),
            due: self.draft.amount_due()?,
            credited: Money::zero(self.customer.currency),
            net_days: self.customer.terms.net_days(),
        })
    }
}

impl Billing {
    /// Shows what going on at this instant costs, without doing it.
    pub async fn preview_resume(&self, actor: &Actor) -> Result<ResumePreview> {
        let scope = actor.reads_customer()?;
        self.catch_up(scope).await?;
        let now = self.now();
        let mut conn = store::acquire(self.pool()).await?;
        let customer = store::customer::find(&mut conn, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let decided = self.decide_resume(&mut conn, customer, now).await?;
        Ok(ResumePreview {
            token: quote::sign(&decided.quote(now)?, &self.parts.config.quote_key)?,
            expires_at: now + quote::VALID_FOR,
            renews_at: decided.after.billing_period.end(),
            plan: decided.plan,
            draft: decided.draft,
            credit_left: decided.credit_left,
        })
    }

    /// Goes on, as of the instant the token's preview was priced for. The plan works at once; a card that is
    /// declined leaves it past due, as a renewal does. On net terms no card is charged.
    pub async fn confirm_resume(&self, actor: &Actor, token: &str) -> Result<ChangeOutcome> {
        actor.manages_billing()?;
        let quote = quote::open(token, &self.parts.config.quote_key, self.now())?;
        self.resume_asked(actor, Some(quote), Aim::default()).await
    }

    /// Goes on as of this instant, whatever that costs.
    pub async fn resume_now(&self, actor: &Actor, aim: Aim) -> Result<ChangeOutcome> {
        actor.manages_billing()?;
        if let Some(done) = self.done(aim.intent).await? {
            return self.became(done).await;
        }
        self.resume_asked(actor, None, aim).await
    }

    async fn resume_asked(&self, actor: &Actor, quote: Option<Quote>, aim: Aim) -> Result<ChangeOutcome> {
        let scope = actor.manages_billing()?;
        self.catch_up(scope).await?;
        let now = self.now();
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let at = quote.map_or(now, |quote| quote.at);
        let decided = self.decide_resume(&mut tx, customer, at).await?;
        aim.check(&decided.subscription)?;
        if let Some(quote) = quote
            && decided.quote(quote.at)? != quote
        {
            return Err(Error::QuoteStale);
        }
        let due = decided.draft.amount_due()?;
        let charges = due.is_positive() && !decided.customer.terms.is_net();
        let method = store::payment::default_method(&mut tx, scope).await?;
        if charges && method.is_none() {
            return Err(Error::NoPaymentMethod);
        }
        let (customer, id) = (&decided.customer, mint(InvoiceId::from_uuid));
        let after = &decided.after;
        let saved = Save {
            actor,
            customer,
            after,
            what: RESUMED,
            at: now,
        };
        save(&mut tx, saved).await?;
        let f = Finalize {
            id,
            actor,
            customer,
            subscription: Some(after.id),
            one_offs: &[],
            draft: &decided.draft,
            reason: "resume",
            at: now,
        };
        finalize(&mut tx, &[f], self.base_url()).await?;
        let Some(method) = method.as_ref().filter(|_| charges) else {
            let invoice = Some(id);
            aim.intent.keep(&mut tx, &Done::Now { invoice }).await?;
            store::commit(tx).await?;
            return Ok(ChangeOutcome::Applied { invoice });
        };
        let begin = BeginAttempt {
            customer: customer.id,
            invoice: id,
            amount: due,
            method,
            cause: Cause::First,
            at: now,
        };
        let attempts = begin_attempts(self, &mut tx, &[begin]).await?;
        let attempt = *attempts
            .first()
            .ok_or(Error::Internal("an attempt was not written"))?;
        let charged = Done::Charged { attempt, invoice: id };
        aim.intent.keep(&mut tx, &charged).await?;
        store::commit(tx).await?;
        self.collect_at_once(attempt, id).await
    }

    async fn decide_resume(
        &self,
        conn: &mut PgConnection,
        customer: CustomerRecord,
        at: DateTime<Utc>,
    ) -> Result<Decided> {
        let scope = CustomerScope::of(customer.id);
        let subscription = store::subscription::live(conn, scope)
            .await?
            .ok_or(Error::NoSubscription)?;
        if subscription.is_due(self.now()) {
            return Err(Error::QuoteStale);
        }
        let carried = Carried::load(conn, &subscription).await?;
        let terms = &carried.terms(&subscription)?;
        let open = store::invoice::open(conn, scope).await?;
        let input = ResumeInput {
            terms,
            zone: customer.zone,
            owes: open
                .iter()
                .any(|invoice| is_owed(&subscription, invoice) && invoice.is_overdue(at)),
            at,
        };
        let Resumption {
            mut after,
            lines,
            discounts,
        } = resume(&subscription, input)?;
        after.included_taxes = customer.taxation(self.parts.config.tax).included().to_vec();
        let mut wallet = credit::wallet(conn, scope, customer.currency).await?;
        let draft = self
            .draft(&customer, lines, &discounts)?
            .settle(&mut wallet, self.now())?;
        Ok(Decided {
            credit_left: wallet.balance(self.now())?,
            customer,
            plan: terms.plan.clone(),
            subscription,
            after,
            draft,
        })
    }
}
