//! What demo customers and staff do, through the doors that people and cards use.

use billing::coupon::Percent;
use billing::id::{InvoiceId, PriceId};
use billing::invoice::PaymentTerms;
use billing::money::Money;
use billing::payment::dunning::DunningEnd;
use billing::period::Interval;
use billing::subscription::{Feedback, FeedbackReason, Term};
use chrono::{Datelike, Days, TimeDelta};
use gateway::sandbox::{Authentication, CardInput, SubmitOutcome};

use super::stage::{Member, Stage};
use super::story::{Deed, Offer, Terms};
use crate::catalog::DEFAULT;
use crate::{
    Actor, AddOneOff, AddStandalone, AgreePrice, BillOneOff, ChangeOutcome, ChangePreview, Error,
    EventOutcome, NewPrice, Result, SetUp, StartCheckout, StopKind,
};

impl Stage {
    pub async fn act(&mut self, who: usize, deed: Deed) -> Result<()> {
        let member = self.member(who).await?;
        let (actor, billing) = (&member.actor, self.billing.clone());
        match deed {
            Deed::Buy(offer) => Box::pin(self.buy(actor, offer, None)).await,
            Deed::BuyWithCode(offer, code) => Box::pin(self.buy(actor, offer, Some(code))).await,
            Deed::Redeem(code) => billing.redeem_code(actor, code).await,
            Deed::Abandon(Offer { plan, interval, .. }) => {
                self.open(actor, (plan, interval), false, None).await.map(drop)
            }
            Deed::Try { plan, card } => Box::pin(self.try_out(actor, plan, card)).await,
            Deed::Change { plan, interval } => {
                let price = self.price(actor, plan, interval).await?;
                let preview = billing.preview_change(actor, price).await?;
                Box::pin(self.confirm(actor, &preview, true)).await
            }
            Deed::ChangeInVain { plan } => {
                let price = self.price(actor, plan, Interval::Month).await?;
                let preview = billing.preview_change(actor, price).await?;
                Box::pin(self.confirm(actor, &preview, false)).await
            }
            Deed::Seats(quantity) => {
                let preview = billing.preview_quantity(actor, quantity).await?;
                Box::pin(self.confirm(actor, &preview, true)).await
            }
            Deed::AddOn { key, quantity } => Box::pin(self.add_on(actor, key, quantity)).await,
            Deed::Beside { plan, interval } => Box::pin(self.sell_beside(&member, plan, interval)).await,
            Deed::UndoChange => billing.undo_change(actor).await,
            Deed::Cancel(reason) => billing.cancel(actor, Some(feedback(reason))).await,
            Deed::UndoCancel => billing.undo_cancel(actor).await,
            Deed::CancelNow(unused) => Box::pin(self.stop(actor, StopKind::Cancel { unused })).await,
            Deed::Pause { days } => {
                let resume_at = days.map(|days| billing.now() + Days::new(days.into()));
                Box::pin(self.stop(actor, StopKind::Pause { resume_at })).await
            }
            Deed::Resume => Box::pin(self.resume(actor)).await,
            Deed::ReplaceCard(card) => Box::pin(self.replace_card(actor, card)).await,
            Deed::PayInvoice(card) => Box::pin(self.pay_invoice(actor, card)).await,
            Deed::Approve => Box::pin(self.approve(actor)).await,
            Deed::SetUp(terms) => Box::pin(self.set_up(&member, terms)).await,
            Deed::ExtendTrial { days } => self.extend_trial(&member, days).await,
            Deed::OneOff {
                description,
                price,
                at_once,
            } => Box::pin(self.bill_once(&member, description, (price, at_once))).await,
            Deed::ReportLate {
                meter,
                value,
                days_ago,
            } => Box::pin(self.report_late(&member, meter, (value, days_ago))).await,
            Deed::WriteOff => self.write_off(&member).await,
            Deed::Void => self.void(&member).await,
            Deed::DunningEnds(end) => self.dunning_ends(&member, end).await,
            Deed::Credit(deed) => Box::pin(self.act_on_credit(&member, deed)).await,
            Deed::NetTerms { days } => self.net_terms(&member, days).await,
            Deed::AgreePrice { percent_off } => self.agree_price(&member, percent_off).await,
            Deed::DropAgreedPrice => self.drop_agreed_price(&member).await,
            Deed::Locate { region, tax_id } => self.locate(&member, region, tax_id).await,
            Deed::Exempt => self.exempt(&member).await,
            Deed::Agree(terms) => Box::pin(self.agree(&member, terms)).await,
        }
    }

    async fn agree(&mut self, member: &Member, terms: &str) -> Result<()> {
        let terms = terms.replace("{customer}", &member.customer.to_string());
        self.agreements.push_str(&terms);
        let catalog = format!("{DEFAULT}{}", self.agreements);
        self.billing
            .apply_catalog(&self.operator, &catalog)
            .await
            .map(drop)
    }

    /// Where the browser goes.
    async fn open(
        &self,
        actor: &Actor,
        (plan, interval): (&str, Interval),
        trial: bool,
        code: Option<&str>,
    ) -> Result<String> {
        let price = self.price(actor, plan, interval).await?;
        let start = StartCheckout {
            price,
            trial,
            code: code.map(str::to_owned),
        };
        self.billing.start_checkout(actor, start).await
    }

    async fn buy(&self, actor: &Actor, offer: Offer, code: Option<&str>) -> Result<()> {
        let wanted = (offer.plan, offer.interval);
        let url = self.open(actor, wanted, false, code).await?;
        // What credit pays for whole asks for no card.
        if url.contains("/invoices/") {
            return Ok(());
        }
        self.pay(actor, &url, offer.card).await
    }

    async fn try_out(&self, actor: &Actor, plan: &str, card: Option<&str>) -> Result<()> {
        let url = self.open(actor, (plan, Interval::Month), true, None).await?;
        match card {
            Some(card) => self.pay(actor, &url, card).await,
            None => Ok(()),
        }
    }

    async fn confirm(&self, actor: &Actor, preview: &ChangePreview, is_paid: bool) -> Result<()> {
        let outcome = self.billing.confirm_change(actor, &preview.token).await?;
        if is_done(&outcome) != is_paid {
            return Err(Error::Internal("a demo customer's change came out otherwise"));
        }
        Ok(())
    }

    async fn add_on(&self, actor: &Actor, key: &str, quantity: u32) -> Result<()> {
        let offers = self.billing.add_ons(actor).await?;
        let offer = offers.iter().find(|offer| offer.add_on.key == key);
        let add_on = offer.ok_or(Error::NotFound("add-on"))?.add_on.id;
        let preview = self.billing.preview_add_on(actor, add_on, quantity).await?;
        let outcome = self.billing.confirm_add_on(actor, &preview.token).await?;
        if !is_done(&outcome) {
            return Err(Error::Internal("a demo customer's add-on came out otherwise"));
        }
        Ok(())
    }

    /// Pauses, or leaves at once; what was used up to then is charged.
    async fn stop(&self, actor: &Actor, kind: StopKind) -> Result<()> {
        let preview = self.billing.preview_stop(actor, kind).await?;
        self.billing.confirm_stop(actor, &preview.token, None).await?;
        self.drain().await
    }

    /// A card that does not pay for it leaves the plan past due.
    async fn resume(&self, actor: &Actor) -> Result<()> {
        let preview = self.billing.preview_resume(actor).await?;
        self.billing.confirm_resume(actor, &preview.token).await.map(drop)
    }

    async fn replace_card(&self, actor: &Actor, card: &str) -> Result<()> {
        let url = self.billing.start_add_card(actor).await?;
        self.pay(actor, &url, card).await?;
        self.drain().await
    }

    async fn pay_invoice(&self, actor: &Actor, card: &str) -> Result<()> {
        let oldest = self.oldest_open(actor).await?;
        let url = self.billing.start_payment(actor, oldest).await?;
        self.pay(actor, &url, card).await
    }

    async fn oldest_open(&self, actor: &Actor) -> Result<InvoiceId> {
        let mut conn = store::acquire(self.billing.pool()).await?;
        let open = store::invoice::open(&mut conn, actor.reads_customer()?).await?;
        let oldest = open.first().map(|invoice| invoice.id);
        oldest.ok_or(Error::NotFound("an open invoice of a demo customer"))
    }

    async fn write_off(&self, member: &Member) -> Result<()> {
        let oldest = self.oldest_open(&member.actor).await?;
        self.billing
            .write_off_invoice(&self.operator, member.customer, oldest, "Nobody answers")
            .await
    }

    async fn void(&self, member: &Member) -> Result<()> {
        let oldest = self.oldest_open(&member.actor).await?;
        self.billing
            .void_invoice(
                &self.operator,
                member.customer,
                oldest,
                "Agreed with the customer",
            )
            .await
    }

    async fn sell_beside(&self, member: &Member, plan: &str, interval: Interval) -> Result<()> {
        let (billing, customer) = (&self.billing, member.customer);
        let plans = billing.standalone_plans(&self.operator, customer).await?;
        let plan = plans.iter().find(|candidate| candidate.key == plan);
        let price = plan.and_then(|plan| plan.price_for(interval, billing.config().currency));
        let command = AddStandalone {
            customer,
            price: price.ok_or(Error::NotFound("standalone plan"))?.id,
            quantity: 1,
            term: Term {
                starts_at: billing.now(),
                ends_at: None,
            },
        };
        billing.add_standalone(&self.operator, command).await?;
        self.drain().await
    }

    async fn bill_once(
        &self,
        member: &Member,
        description: &str,
        (price, at_once): (i64, bool),
    ) -> Result<()> {
        let command = AddOneOff {
            customer: member.customer,
            description: description.to_owned(),
            quantity: 1,
            price: Money::round_major(price.into(), self.billing.config().currency)?,
            bill: match at_once {
                true => BillOneOff::AtOnce,
                false => BillOneOff::WithNextInvoice,
            },
        };
        self.billing.add_one_off(&self.operator, command).await?;
        self.drain().await
    }

    async fn report_late(&self, member: &Member, meter: &str, (value, days_ago): (u32, u32)) -> Result<()> {
        let at = self.billing.now() - Days::new(days_ago.into());
        let event = super::usage::event(member.customer, meter, (at, value.into()), "late");
        let report = self.billing.ingest(&Actor::System, vec![event]).await?;
        match report.outcomes.as_slice() {
            [EventOutcome::Accepted] => Ok(()),
            _ => Err(Error::Internal("a demo customer's late usage was not taken")),
        }
    }

    /// Answers the bank, and comes back.
    async fn approve(&self, actor: &Actor) -> Result<()> {
        let scope = actor.reads_customer()?;
        let waiting = {
            let mut conn = store::acquire(self.billing.pool()).await?;
            store::payment::awaiting_action(&mut conn, scope).await?
        };
        let mut answered = false;
        for id in waiting {
            let attempt = {
                let mut conn = store::acquire(self.billing.pool()).await?;
                store::payment::find_attempt(&mut conn, id).await?
            };
            if let Some(url) = attempt.and_then(|attempt| attempt.action_url) {
                self.answer(&url).await?;
                answered = true;
            }
        }
        if !answered {
            return Err(Error::NotFound("a charge that a demo customer's bank asks about"));
        }
        self.billing.look_up_approvals(scope).await;
        Ok(())
    }

    async fn answer(&self, url: &str) -> Result<String> {
        let now = self.billing.now();
        let answer = Authentication::Approve;
        Ok(self
            .billing
            .sandbox()
            .authenticate(reference(url), answer, now)
            .await?)
    }

    async fn set_up(&self, member: &Member, terms: Terms) -> Result<()> {
        let now = self.billing.now();
        let command = SetUp {
            customer: member.customer,
            price: self.price(&member.actor, terms.plan, Interval::Month).await?,
            billing_time: Some(terms.billing_time),
            term: Term {
                starts_at: now + TimeDelta::days(terms.starts_in.into()),
                ends_at: terms.ends_in.map(|days| now + Days::new(days.into())),
            },
        };
        self.billing.set_up_subscription(&self.operator, command).await?;
        self.drain().await
    }

    async fn extend_trial(&self, member: &Member, days: u32) -> Result<()> {
        let ends_at = self.billing.now() + Days::new(days.into());
        self.billing
            .extend_trial(&self.operator, member.customer, ends_at)
            .await
    }

    async fn dunning_ends(&self, member: &Member, end: DunningEnd) -> Result<()> {
        self.billing
            .set_dunning_end(&self.operator, member.customer, Some(end))
            .await
    }

    async fn net_terms(&self, member: &Member, days: u16) -> Result<()> {
        let terms =
            PaymentTerms::net(days.into()).map_err(|error| Error::Invalid { field: error.field() })?;
        self.billing
            .set_payment_terms(&self.operator, member.customer, terms)
            .await
    }

    async fn agree_price(&self, member: &Member, percent_off: u32) -> Result<()> {
        let percent =
            Percent::new(percent_off.into()).map_err(|_| Error::Internal("a demo customer's percent"))?;
        let command = AgreePrice {
            customer: member.customer,
            add_on: None,
            price: NewPrice::PercentOff(percent),
            reason: "Stays for another year".to_owned(),
        };
        self.billing.agree_price(&self.operator, command).await.map(drop)
    }

    async fn drop_agreed_price(&self, member: &Member) -> Result<()> {
        let dropped = self
            .billing
            .drop_agreed_price(&self.operator, member.customer, None);
        dropped.await.map(drop)
    }

    async fn price(&self, actor: &Actor, plan: &str, interval: Interval) -> Result<PriceId> {
        let plans = self.billing.plans_for(actor).await?;
        let plan = plans
            .iter()
            .find(|candidate| candidate.key == plan)
            .ok_or(Error::NotFound("plan"))?;
        let price = plan
            .price_for(interval, self.billing.config().currency)
            .ok_or(Error::NotFound("price"))?;
        Ok(price.id)
    }

    /// Fills in the hosted page, approves what the bank asks about, and comes back, as a browser does.
    pub(super) async fn pay(&self, actor: &Actor, url: &str, card: &str) -> Result<()> {
        let session_ref = reference(url);
        let now = self.billing.now();
        let exp_year = u16::try_from(now.year() + 3).map_err(|_| Error::Internal("year"))?;
        let input = CardInput {
            number: card.to_owned(),
            exp_month: 12,
            exp_year,
            cvc: "123".to_owned(),
        };
        match self
            .billing
            .sandbox()
            .submit_card(session_ref, input, now)
            .await?
        {
            SubmitOutcome::Redirect { .. } => {}
            SubmitOutcome::Authenticate { url } => {
                self.answer(&url).await?;
            }
            _ => return Err(Error::Internal("a demo card was refused")),
        }
        self.billing.checkout_result(actor, session_ref).await?;
        Ok(())
    }
}

const fn is_done(outcome: &ChangeOutcome) -> bool {
    matches!(
        outcome,
        ChangeOutcome::Applied { .. } | ChangeOutcome::Scheduled { .. }
    )
}

fn reference(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or_default()
}

fn feedback(reason: FeedbackReason) -> Feedback {
    let comment = String::new();
    Feedback { reason, comment }
}
