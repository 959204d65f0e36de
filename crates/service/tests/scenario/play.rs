//! What customers, their cards and time do in a story.

use chrono::{DateTime, Utc};
use gateway::sandbox::{CardInput, SubmitOutcome};
use service::billing::id::{CustomerId, PriceId};
use service::billing::invoice::InvoiceStatus;
use service::billing::money::Currency;
use service::billing::payment::dunning::DunningEnd;
use service::billing::period::Interval;
use service::billing::subscription::StatusName;
use service::billing::tax::TaxRate;
use service::clock::ManualClock;
use service::{
    Actor, Billing, ChangeOutcome, CreditNoteDetail, EventInput, EventOutcome, InvoiceDetail, ServiceConfig,
    StartCheckout, StopKind, StopPreview,
};
use sqlx::{AssertSqlSafe, PgPool};

use crate::support::sign_up;

pub const VISA: &str = "4242424242424242";
pub const DECLINES_LATER: &str = "4000000000000341";
pub const DECLINES_TWICE: &str = "4000000000000325";
pub const EXPIRES_LATER: &str = "4000000000000366";
pub const ASKS: &str = "4000002500003155";
pub const TIMES_OUT: &str = "4000000000000119";

/// The one a fresh deployment starts with.
pub const CATALOG: &str = include_str!("../../src/catalog/plans.toml");

pub struct Play {
    pub billing: Billing,
    pub clock: std::sync::Arc<ManualClock>,
    pub actor: Actor,
    pub pool: PgPool,
}

/// A customer in UTC on a fresh system with an 8 % tax rate, at `now`.
pub async fn play(pool: PgPool, now: &str) -> Play {
    play_to(pool, now, DunningEnd::Cancel).await
}

/// The same where dunning ends so.
pub async fn play_to(pool: PgPool, now: &str, dunning_end: DunningEnd) -> Play {
    let clock = ManualClock::at(utc(now));
    let config = ServiceConfig {
        dunning_end,
        ..config()
    };
    let billing = Billing::over(pool.clone(), clock.clone(), config);
    billing.migrate().await.unwrap();
    billing.ensure_catalog().await.unwrap();
    let principal = billing.sign_up(sign_up("ada@lumen.example")).await.unwrap();
    let actor = billing.actor(principal).await.unwrap();
    Play {
        billing,
        clock,
        actor,
        pool,
    }
}

pub fn config() -> ServiceConfig {
    ServiceConfig {
        tax: TaxRate::new("0.08".parse().unwrap()).unwrap().into(),
        ..ServiceConfig::usual("", "http://localhost:3000", [7; 32])
    }
}

pub fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

impl Play {
    pub async fn price(&self, plan: &str, interval: Interval) -> PriceId {
        let plans = self.billing.public_plans().await.unwrap();
        let plan = plans.iter().find(|candidate| candidate.key == plan).unwrap();
        plan.price_for(interval, Currency::USD).unwrap().id
    }

    /// Sends the customer to the hosted page and says under which reference.
    pub async fn checkout(&self, plan: &str, interval: Interval, trial: bool) -> String {
        let price = self.price(plan, interval).await;
        let url = self
            .billing
            .start_checkout(
                &self.actor,
                StartCheckout {
                    price,
                    trial,
                    code: None,
                },
            )
            .await
            .unwrap();
        url.rsplit('/').next().unwrap().to_owned()
    }

    pub async fn submit(&self, session_ref: &str, number: &str) -> SubmitOutcome {
        let card = CardInput {
            number: number.to_owned(),
            exp_month: 12,
            exp_year: 2040,
            cvc: "123".to_owned(),
        };
        self.billing
            .sandbox()
            .submit_card(session_ref, card, self.billing.now())
            .await
            .unwrap()
    }

    pub async fn buy(&self, plan: &str, interval: Interval, card: &str) {
        let session_ref = self.checkout(plan, interval, false).await;
        assert!(matches!(
            self.submit(&session_ref, card).await,
            SubmitOutcome::Redirect { .. }
        ));
        self.billing
            .checkout_result(&self.actor, &session_ref)
            .await
            .unwrap();
    }

    /// Changes plan as a customer does: preview, then confirm.
    pub async fn change(&self, plan: &str, interval: Interval) -> ChangeOutcome {
        let price = self.price(plan, interval).await;
        let preview = self.billing.preview_change(&self.actor, price).await.unwrap();
        self.billing
            .confirm_change(&self.actor, &preview.token)
            .await
            .unwrap()
    }

    /// Stops as a customer does: what was shown is what is done.
    pub async fn stop(&self, kind: StopKind) -> StopPreview {
        let preview = self.billing.preview_stop(&self.actor, kind).await.unwrap();
        let done = self
            .billing
            .confirm_stop(&self.actor, &preview.token, None)
            .await
            .unwrap();
        assert_eq!(done, kind);
        let shown = preview.credit_note.as_ref().map(|note| note.lines().to_vec());
        let issued = self.last_credit_note().await;
        if let Some(shown) = shown {
            let lines: Vec<_> = issued.unwrap().lines.into_iter().map(|(line, ..)| line).collect();
            assert_eq!(lines, shown);
        }
        if !preview.draft.lines().is_empty() {
            let invoice = self.invoices().await.pop().unwrap();
            assert_eq!(invoice.lines, preview.draft.lines());
            assert_eq!(invoice.summary.credit_applied, preview.draft.credit_applied());
        }
        preview
    }

    pub async fn pause(&self) -> StopPreview {
        self.stop(StopKind::Pause { resume_at: None }).await
    }

    /// Goes on as a customer does; says what was collected.
    pub async fn resume(&self) -> i64 {
        let preview = self.billing.preview_resume(&self.actor).await.unwrap();
        let outcome = self
            .billing
            .confirm_resume(&self.actor, &preview.token)
            .await
            .unwrap();
        assert!(matches!(outcome, ChangeOutcome::Applied { .. }), "{outcome:?}");
        let invoice = self.invoices().await.pop().unwrap();
        assert_eq!(invoice.lines, preview.draft.lines());
        assert_eq!(invoice.summary.credit_applied, preview.draft.credit_applied());
        assert_eq!(
            invoice.summary.paid,
            preview.draft.amount_due().unwrap(),
            "what was shown is what is paid"
        );
        invoice.summary.paid.minor()
    }

    /// The credit balance.
    pub async fn credit(&self) -> i64 {
        self.billing.credit(&self.actor).await.unwrap().balance.minor()
    }

    pub async fn last_credit_note(&self) -> Option<CreditNoteDetail> {
        let notes = self.billing.credit(&self.actor).await.unwrap().notes;
        let id = notes.first()?.id;
        Some(self.billing.credit_note(&self.actor, id).await.unwrap())
    }

    /// Number, net, tax of each credit note, oldest first.
    pub async fn credit_notes(&self) -> Vec<(String, i64, i64)> {
        let notes = self.billing.credit(&self.actor).await.unwrap().notes;
        let notes = notes.into_iter().rev();
        notes
            .map(|n| (n.number.to_string(), n.net.minor(), n.tax.minor()))
            .collect()
    }

    pub fn customer(&self) -> CustomerId {
        let Actor::Member { customer, .. } = self.actor else {
            panic!("the customer is a member")
        };
        customer
    }

    /// Starts and service end of each line of the last invoice, by day, with its net amount.
    pub async fn last_lines(&self) -> Vec<(String, String, i64)> {
        let last = self.invoices().await.pop().unwrap();
        let lines = last.lines.iter().map(|line| &line.draft);
        lines
            .map(|line| {
                let day = |at: DateTime<Utc>| at.date_naive().to_string();
                (
                    day(line.period.start()),
                    day(line.period.end()),
                    line.amount.minor(),
                )
            })
            .collect()
    }

    pub async fn live_until(&self, to: &str) {
        self.billing.move_clock(&Actor::System, utc(to)).await.unwrap();
    }

    /// The host reports usage; it is taken.
    pub async fn use_meter(&self, id: &str, meter: &str, value: i64, at: DateTime<Utc>) {
        let event = self.event(id, meter, value, at);
        let report = self.billing.ingest(&Actor::System, vec![event]).await.unwrap();
        assert_eq!(report.outcomes, [EventOutcome::Accepted]);
    }

    pub fn event(&self, id: &str, meter: &str, value: i64, at: DateTime<Utc>) -> EventInput {
        EventInput {
            customer: self.customer(),
            event_id: id.to_owned(),
            source: "host".to_owned(),
            event_type: meter.to_owned(),
            occurred_at: Some(at),
            value: value.into(),
            data: serde_json::json!({}),
            body_hash: [0; 32],
            reverses: None,
            backfill: false,
            bytes: 0,
        }
    }

    /// Oldest first.
    pub async fn invoices(&self) -> Vec<InvoiceDetail> {
        let mut invoices = Vec::new();
        for summary in self
            .billing
            .invoices(&self.actor)
            .await
            .unwrap()
            .into_iter()
            .rev()
        {
            invoices.push(self.billing.invoice(&self.actor, summary.id).await.unwrap());
        }
        invoices
    }

    /// Number, reason, status and total of each invoice, oldest first.
    pub async fn bills(&self) -> Vec<(String, String, InvoiceStatus, i64)> {
        let invoices = self.invoices().await.into_iter().map(|detail| detail.summary);
        invoices
            .map(|i| (i.number.to_string(), i.reason, i.status, i.total.minor()))
            .collect()
    }

    pub async fn status(&self) -> (Option<String>, Option<StatusName>) {
        let overview = self.billing.overview(&self.actor).await.unwrap();
        (
            overview.plan.map(|plan| plan.key),
            overview.subscription.map(|s| s.status.name()),
        )
    }

    /// Kind and signed amount of each movement, in order.
    pub async fn movements(&self) -> Vec<(String, i64)> {
        let query = "SELECT kind, amount_minor FROM revenue_movement ORDER BY id";
        sqlx::query_as(query).fetch_all(&self.pool).await.unwrap()
    }

    /// What was written to customers: when, and the subject; oldest first.
    pub async fn mails(&self) -> Vec<(String, String)> {
        let query =
            "SELECT to_char(created_at AT TIME ZONE 'UTC', 'MM-DD HH24:MI'), subject FROM mail ORDER BY id";
        sqlx::query_as(query).fetch_all(&self.pool).await.unwrap()
    }

    /// What happened to the subscription: when, and what; oldest first.
    pub async fn history(&self) -> Vec<(String, String)> {
        let query = "SELECT to_char(at AT TIME ZONE 'UTC', 'MM-DD HH24:MI'), action FROM audit_entry
            WHERE subject LIKE 'sub\\_%' ORDER BY id";
        sqlx::query_as(query).fetch_all(&self.pool).await.unwrap()
    }

    /// When each invoice was tried on which card, and what came of it.
    pub async fn tries(&self, number: usize) -> Vec<(String, &'static str)> {
        let invoice = self.invoices().await.swap_remove(number - 1);
        let tries = invoice.attempts.into_iter();
        tries
            .map(|attempt| {
                let at = attempt.created_at.format("%m-%d %H:%M").to_string();
                (at, attempt.status.as_str())
            })
            .collect()
    }

    /// Leaves another card, as from the portal, and waits for what is tried on it.
    pub async fn add_card(&self, number: &str) {
        let url = self.billing.start_add_card(&self.actor).await.unwrap();
        let session_ref = url.rsplit('/').next().unwrap();
        self.submit(session_ref, number).await;
        self.billing
            .checkout_result(&self.actor, session_ref)
            .await
            .unwrap();
        self.billing.drain_queue().await.unwrap();
    }

    /// From here on what is written over rows of the table is refused where `when` says so, as a crash right before
    /// writing it leaves it.
    pub async fn crash_at(&self, table: &str, when: &str) {
        let crash = format!(
            "CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'gone'; END $$;
             CREATE TRIGGER crash BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION crash()"
        );
        sqlx::raw_sql(AssertSqlSafe(crash))
            .execute(&self.pool)
            .await
            .unwrap();
    }

    /// After the crash.
    pub async fn start_again(&self) {
        sqlx::query("DROP FUNCTION crash() CASCADE")
            .execute(&self.pool)
            .await
            .unwrap();
    }

    /// Jobs that failed are tried again by and by; here now.
    pub async fn retry_jobs(&self) {
        sqlx::query("UPDATE graphile_worker._private_jobs SET run_at = now()")
            .execute(&self.pool)
            .await
            .unwrap();
        self.billing.drain_queue().await.unwrap();
    }

    /// Every story ends here: nothing left in the queue, and everything ties.
    pub async fn ties(&self) {
        let left: i64 = sqlx::query_scalar("SELECT count(*) FROM graphile_worker.jobs")
            .fetch_one(&self.pool)
            .await
            .unwrap();
        assert_eq!(left, 0, "jobs are left over");
        assert_eq!(self.billing.verify().await.unwrap().findings, []);
    }
}

/// What happened at an instant, as lists of it show it.
pub fn dated<'a>(rows: &[(&'a str, &'a str)]) -> Vec<(String, String)> {
    rows.iter()
        .map(|(at, what)| ((*at).to_owned(), (*what).to_owned()))
        .collect()
}

/// What `bills` shows of one invoice.
pub fn bill(
    number: &str,
    reason: &str,
    status: InvoiceStatus,
    total: i64,
) -> (String, String, InvoiceStatus, i64) {
    (number.to_owned(), reason.to_owned(), status, total)
}

pub fn movement(kind: &str, amount: i64) -> (String, i64) {
    (kind.to_owned(), amount)
}
