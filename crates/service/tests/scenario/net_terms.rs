//! On net terms invoices are sent and paid within so many days; who does not pay in time is past due.

use chrono::{DateTime, Utc};
use service::billing::id::{CustomerId, InvoiceId, MemberId, StaffId};
use service::billing::invoice::InvoiceStatus::{Open, Paid};
use service::billing::invoice::PaymentTerms;
use service::billing::period::Interval::Month;
use service::billing::subscription::{Status, Subscription};
use service::{Actor, Error, InvoiceSummary, MemberRole, StaffRole, StartCheckout};
use sqlx::PgPool;
use uuid::Uuid;

use crate::play::{Play, VISA, bill, movement, play, utc};

impl Play {
    pub async fn agree(&self, net_days: i64) {
        let terms = match net_days {
            0 => PaymentTerms::Immediate,
            days => PaymentTerms::net(days).unwrap(),
        };
        let agreed = self
            .billing
            .set_payment_terms(&Actor::System, self.customer(), terms);
        agreed.await.unwrap();
    }

    /// Buys without a page; says what is to be paid when.
    pub async fn order(&self, plan: &str) -> InvoiceSummary {
        let price = self.price(plan, Month).await;
        let start = StartCheckout {
            price,
            trial: false,
            code: None,
        };
        let url = self.billing.start_checkout(&self.actor, start).await.unwrap();
        let bought = self.invoices().await.pop().unwrap();
        assert!(
            url.ends_with(&format!("/invoices/{}", bought.summary.id)),
            "{url}"
        );
        assert_eq!((bought.summary.status, bought.attempts.len()), (Open, 0));
        bought.summary
    }

    /// Pays an invoice on the portal's page.
    pub async fn pay(&self, invoice: InvoiceId) {
        let url = self.billing.start_payment(&self.actor, invoice).await.unwrap();
        let page = url.rsplit('/').next().unwrap();
        self.submit(page, VISA).await;
        self.billing.checkout_result(&self.actor, page).await.unwrap();
    }

    pub async fn subscription(&self) -> Subscription {
        let overview = self.billing.overview(&self.actor).await.unwrap();
        overview.subscription.unwrap()
    }

    /// Where it stands, and when that gets worse by itself.
    pub async fn standing(&self) -> (Status, Option<DateTime<Utc>>) {
        let query = "SELECT min(d.began_at) FROM dunning d JOIN invoice i ON i.id = d.invoice_id
            WHERE i.status = 'open' AND NOT EXISTS (SELECT FROM dunning_step s WHERE s.invoice_id = i.id)";
        let waits = sqlx::query_scalar(query).fetch_one(&self.pool).await.unwrap();
        (self.subscription().await.status, waits)
    }

    /// What was written to customers of overdue invoices, oldest first.
    pub async fn reminders(&self) -> Vec<String> {
        let query =
            "SELECT subject FROM mail WHERE subject LIKE '%overdue' OR subject LIKE '%not paid' ORDER BY id";
        sqlx::query_scalar(query).fetch_all(&self.pool).await.unwrap()
    }

    pub async fn count(&self, action: &str) -> i64 {
        let query = "SELECT count(*) FROM audit_entry WHERE action = $1";
        let count = sqlx::query_scalar(query).bind(action);
        count.fetch_one(&self.pool).await.unwrap()
    }
}

pub async fn net(pool: PgPool, now: &str, days: i64) -> Play {
    let play = play(pool, now).await;
    play.agree(days).await;
    play
}

pub fn suspended(since: &str) -> Status {
    Status::Suspended { since: utc(since) }
}

pub fn past_due(since: &str) -> Status {
    Status::PastDue { since: utc(since) }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_renewal_is_sent_and_paid_in_time(pool: PgPool) {
    let play = net(pool, "2026-01-31T12:00:00Z", 30).await;
    let first = play.order("starter").await;
    assert_eq!(first.due_at, utc("2026-03-02T12:00:00Z"));
    assert_eq!(first.overdue_at, utc("2026-03-03T00:00:00Z"));
    assert_eq!(play.standing().await, (Status::Active, Some(first.overdue_at)));
    play.live_until("2026-02-10T12:00:00Z").await;
    play.pay(first.id).await;
    assert_eq!(play.standing().await, (Status::Active, None));

    // Paying by card leaves one on file, which is not charged for all that.
    play.live_until("2026-02-28T11:00:00Z").await;
    let shown = play
        .billing
        .overview(&play.actor)
        .await
        .unwrap()
        .upcoming
        .unwrap();
    play.live_until("2026-02-28T12:00:00Z").await;
    let renewal = play.invoices().await.pop().unwrap();
    assert_eq!(
        (renewal.lines.as_slice(), renewal.attempts.len()),
        (shown.draft.lines(), 0)
    );
    let due_at = utc("2026-03-30T12:00:00Z");
    assert_eq!(
        (renewal.summary.issued_at, renewal.summary.due_at),
        (shown.at, due_at)
    );
    let overdue_at = utc("2026-03-31T00:00:00Z");
    assert_eq!(play.standing().await, (Status::Active, Some(overdue_at)));
    // The whole of its last day is in time.
    play.live_until("2026-03-30T23:59:59Z").await;
    play.pay(renewal.summary.id).await;
    play.live_until("2026-03-31T12:00:00Z").await;
    let bills = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "renewal", Paid, 21_492),
        bill("INV-000003", "renewal", Open, 21_492),
    ];
    assert_eq!(play.bills().await, bills);
    assert_eq!(play.standing().await.0, Status::Active);
    assert_eq!(play.reminders().await, Vec::<String>::new());
    assert_eq!(play.movements().await, [movement("new", 19_900)]);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_overdue_invoice_is_paid_after_all(pool: PgPool) {
    let play = net(pool, "2026-04-01T00:00:00Z", 10).await;
    let first = play.order("starter").await;
    play.live_until("2026-04-11T23:59:59Z").await;
    assert_eq!(play.standing().await, (Status::Active, Some(first.overdue_at)));
    assert_eq!(
        play.billing
            .overview(&play.actor)
            .await
            .unwrap()
            .owed
            .map(|o| o.count),
        None
    );
    play.live_until("2026-04-12T09:00:00Z").await;
    assert_eq!(play.standing().await, (past_due("2026-04-12T00:00:00Z"), None));
    assert_eq!(play.reminders().await, ["Invoice INV-000001 is overdue"]);
    let owed = play.billing.overview(&play.actor).await.unwrap().owed.unwrap();
    assert_eq!(
        (owed.count, owed.total.minor(), owed.on_card.minor()),
        (1, 21_492, 0)
    );

    // It is billed as ever meanwhile; what is not due yet does not keep it past due.
    play.live_until("2026-05-05T00:00:00Z").await;
    let second = play.invoices().await.pop().unwrap().summary;
    assert_eq!(second.due_at, utc("2026-05-11T00:00:00Z"));
    assert_eq!(play.standing().await.0, suspended("2026-04-26T10:00:00Z"));
    play.pay(first.id).await;
    assert_eq!(play.standing().await, (Status::Active, Some(second.overdue_at)));

    play.live_until("2026-05-12T00:00:00Z").await;
    assert_eq!(play.standing().await, (past_due("2026-05-12T00:00:00Z"), None));
    play.pay(second.id).await;
    assert_eq!(play.standing().await, (Status::Active, None));
    assert_eq!(play.count("subscription.past_due").await, 2);
    assert_eq!(play.count("subscription.recovered").await, 2);
    assert_eq!(play.movements().await, [movement("new", 19_900)]);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn all_that_is_overdue_has_to_be_paid(pool: PgPool) {
    let play = net(pool, "2026-04-01T00:00:00Z", 10).await;
    let first = play.order("starter").await;
    play.live_until("2026-05-12T00:00:00Z").await;
    let second = play.invoices().await.pop().unwrap().summary;
    assert_eq!(
        (second.status, second.due_at),
        (Open, utc("2026-05-11T00:00:00Z"))
    );
    let owed = play.billing.overview(&play.actor).await.unwrap().owed.unwrap();
    assert_eq!((owed.count, owed.oldest.id), (2, first.id));
    play.pay(second.id).await;
    assert_eq!(play.standing().await.0, suspended("2026-04-26T10:00:00Z"));
    play.pay(first.id).await;
    assert_eq!(play.standing().await, (Status::Active, None));
    assert_eq!(play.count("subscription.past_due").await, 1);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_becomes_overdue_where_a_period_ends_once(pool: PgPool) {
    let play = net(pool, "2026-04-01T00:00:00Z", 29).await;
    let first = play.order("starter").await;
    // The first invoice becomes overdue as the second is made, and four workers come to it.
    let at = utc("2026-05-01T00:00:00Z");
    assert_eq!(first.overdue_at, at);
    play.clock.advance_to(at);
    let runs: Vec<_> = (0..8)
        .map(|_| {
            let billing = play.billing.clone();
            tokio::spawn(async move { billing.run_due().await })
        })
        .collect();
    let mut processed = 0;
    for run in runs {
        let report = run.await.unwrap().unwrap();
        assert_eq!(report.parked, 0);
        processed += report.processed;
    }
    assert_eq!(processed, 2);
    let second = play.invoices().await.pop().unwrap().summary;
    assert_eq!(
        play.standing().await,
        (past_due("2026-05-01T00:00:00Z"), Some(second.overdue_at))
    );
    assert_eq!(play.count("subscription.past_due").await, 1);
    assert_eq!(play.reminders().await, ["Invoice INV-000001 is overdue"]);
    play.pay(first.id).await;
    assert_eq!(play.standing().await, (Status::Active, Some(second.overdue_at)));
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_became_overdue_in_an_outage_counts_although_another_was_paid(pool: PgPool) {
    let play = net(pool, "2026-04-01T00:00:00Z", 10).await;
    let first = play.order("starter").await;
    play.live_until("2026-04-03T00:00:00Z").await;
    play.change("professional", Month).await;
    play.clock.advance_to(utc("2026-04-20T00:00:00Z"));
    play.pay(first.id).await;
    assert_eq!(
        play.standing().await,
        (Status::Active, Some(utc("2026-04-14T00:00:00Z")))
    );
    play.billing.run_due().await.unwrap();
    assert_eq!(play.standing().await, (past_due("2026-04-14T00:00:00Z"), None));
    // Told once, as is told after three days.
    assert_eq!(play.reminders().await, ["Invoice INV-000002 is still not paid"]);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_card_declined_before_it_is_due_changes_nothing(pool: PgPool) {
    let play = net(pool, "2026-04-01T00:00:00Z", 10).await;
    let first = play.order("starter").await;
    let url = play.billing.start_payment(&play.actor, first.id).await.unwrap();
    let page = url.rsplit('/').next().unwrap();
    let answer = play.submit(page, "4000000000000002").await;
    play.billing.checkout_result(&play.actor, page).await.unwrap();
    assert_eq!(
        play.standing().await,
        (Status::Active, Some(first.overdue_at)),
        "{answer:?}"
    );
    // The page's time is over, and so is that of the invoice.
    play.live_until("2026-04-12T00:00:00Z").await;
    play.billing.sweep_attempts().await.unwrap();
    assert_eq!(play.standing().await, (past_due("2026-04-12T00:00:00Z"), None));
    play.pay(first.id).await;
    assert_eq!(play.standing().await, (Status::Active, None));
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn terms_are_for_those_who_decide_about_money(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let (customer, id) = (play.customer(), Uuid::from_u128(9));
    let terms = PaymentTerms::net(30).unwrap();
    let set = async |actor: &Actor, customer| {
        let set = play.billing.set_payment_terms(actor, customer, terms).await;
        set.map_err(|error| error.code())
    };
    let staff = |role| Actor::Staff {
        id: StaffId::from_uuid(id),
        role,
    };
    let owner = Actor::Member {
        id: MemberId::from_uuid(id),
        customer,
        role: MemberRole::Owner,
    };
    for role in [StaffRole::Support, StaffRole::Developer, StaffRole::ReadOnly] {
        assert_eq!(set(&staff(role), customer).await, Err("forbidden"));
    }
    assert_eq!(set(&owner, customer).await, Err("forbidden"));
    assert_eq!(set(&Actor::Anonymous, customer).await, Err("unauthenticated"));
    let nobody = CustomerId::from_uuid(id);
    assert_eq!(set(&staff(StaffRole::Finance), nobody).await, Err("not_found"));
    assert_eq!(
        play.billing.customer(&play.actor).await.unwrap().terms,
        PaymentTerms::Immediate
    );

    assert_eq!(set(&staff(StaffRole::Finance), customer).await, Ok(()));
    // Once more changes nothing, and says so.
    assert_eq!(set(&staff(StaffRole::Admin), customer).await, Ok(()));
    assert_eq!(play.count("customer.terms_changed").await, 1);
    assert_eq!(play.billing.customer(&play.actor).await.unwrap().terms, terms);
    let refused = PaymentTerms::net(181).map_err(|error| error.field());
    assert_eq!(refused, Err("net_days"));
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn another_customer_pays_no_invoice_of_hers(pool: PgPool) {
    let play = net(pool, "2026-04-01T00:00:00Z", 30).await;
    let first = play.order("starter").await;
    let principal = crate::support::sign_up("eve@evil.example");
    let principal = play.billing.sign_up(principal).await.unwrap();
    let eve = play.billing.actor(principal).await.unwrap();
    let stolen = play.billing.start_payment(&eve, first.id).await;
    assert!(matches!(stolen, Err(Error::NotFound("invoice"))), "{stolen:?}");
    // Her terms are hers alone.
    assert_eq!(
        play.billing.customer(&eve).await.unwrap().terms,
        PaymentTerms::Immediate
    );
    play.ties().await;
}
