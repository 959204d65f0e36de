//! Credit notes that staff issues: parts of lines, the rest, what is due first, and what follows.

use service::billing::credit::{
    CreditReason, CreditRefused, GrantTerms, PaidTo, PartRefused, Wanted, WantedLine,
};
use service::billing::id::{CreditNoteId, InvoiceId, InvoiceLineId};
use service::billing::invoice::InvoiceStatus::{Paid, Uncollectible};
use service::billing::money::{Currency, Money};
use service::billing::period::Interval::Month;
use service::billing::subscription::UnusedTime;
use service::{
    Actor, AddOneOff, BillOneOff, CreditInvoice, CreditNoteDetail, Error, InvoiceDetail, IssueCreditNote,
    Result, ShownNote, StopKind,
};
use sqlx::PgPool;
use tokio::task::JoinSet;

use crate::play::{DECLINES_LATER, DECLINES_TWICE, Play, VISA, bill, dated, movement, play};
use crate::revenue::operator;
use crate::wallet::grant;

pub fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

/// So much of each line of an invoice, by its place.
pub fn parts_of(invoice: &InvoiceDetail, parts: &[(InvoiceLineId, i64)]) -> Wanted {
    let currency = invoice.summary.total.currency();
    let wanted = |(line, minor): &(InvoiceLineId, i64)| WantedLine {
        line: *line,
        amount: Some(Money::new(*minor, currency)),
    };
    Wanted::Lines(parts.iter().map(wanted).collect())
}

impl Play {
    pub async fn lines_of(&self, invoice: InvoiceId) -> Vec<InvoiceLineId> {
        let found = self
            .billing
            .creditable_invoice(&Actor::System, self.customer(), invoice)
            .await;
        found
            .unwrap()
            .standing
            .lines
            .iter()
            .map(|line| line.line)
            .collect()
    }

    pub fn asking(&self, invoice: InvoiceId, wanted: Wanted, paid_to: PaidTo, key: &str) -> IssueCreditNote {
        IssueCreditNote {
            credit: CreditInvoice {
                customer: self.customer(),
                invoice,
                wanted,
                paid_to,
            },
            reason: CreditReason::ProductUnsatisfactory,
            memo: "The chain was down for a week".to_owned(),
            key: key.to_owned(),
            shown: None,
        }
    }

    /// Issues a note as staff does: what was shown is what is issued.
    pub async fn give_back(
        &self,
        invoice: InvoiceId,
        wanted: Wanted,
        paid_to: PaidTo,
    ) -> Result<CreditNoteDetail> {
        let mut command = self.asking(invoice, wanted, paid_to, "");
        let preview = self
            .billing
            .preview_credit_note(&Actor::System, &command.credit)
            .await?;
        let shown = preview.note;
        (command.shown, command.key) = (Some(ShownNote::of(&shown)), preview.key);
        let id = self.billing.issue_credit_note(&Actor::System, command).await?;
        let note = self.billing.credit_note(&self.actor, id).await?;
        let lines: Vec<_> = note.lines.iter().map(|(line, ..)| line.clone()).collect();
        assert_eq!(
            (&lines[..], note.summary.parts),
            (shown.draft.lines(), shown.parts)
        );
        assert_eq!(
            note.refunds
                .iter()
                .map(|refund| refund.amount.minor())
                .sum::<i64>(),
            shown.parts.refund.minor()
        );
        Ok(note)
    }

    /// So much of the first line.
    pub async fn give_part(
        &self,
        invoice: InvoiceId,
        minor: i64,
        paid_to: PaidTo,
    ) -> Result<CreditNoteDetail> {
        let line = self.lines_of(invoice).await[0];
        let wanted = WantedLine {
            line,
            amount: Some(Money::new(minor, self.billing.config().currency)),
        };
        self.give_back(invoice, Wanted::Lines(vec![wanted]), paid_to)
            .await
    }

    pub async fn last_invoice(&self) -> InvoiceDetail {
        self.invoices().await.pop().unwrap()
    }

    /// Bills something once, at once, and collects it.
    pub async fn bill_once(&self, what: &str, minor: i64) -> InvoiceDetail {
        let command = AddOneOff {
            customer: self.customer(),
            description: what.to_owned(),
            quantity: 1,
            price: Money::new(minor, self.billing.config().currency),
            bill: BillOneOff::AtOnce,
        };
        self.billing.add_one_off(&Actor::System, command).await.unwrap();
        self.billing.drain_queue().await.unwrap();
        self.last_invoice().await
    }
}

/// Net, tax, then offset, refund, credit.
pub fn sums(note: &CreditNoteDetail) -> [i64; 5] {
    let s = &note.summary;
    [s.net, s.tax, s.parts.offset, s.parts.refund, s.parts.credit].map(|amount| amount.minor())
}

/// Total, offset, paid and what is due.
fn stands(invoice: &InvoiceDetail) -> [i64; 4] {
    let s = &invoice.summary;
    [s.total, s.offset, s.paid, s.amount_due()].map(|amount| amount.minor())
}

async fn status(play: &Play) -> &'static str {
    play.status().await.1.unwrap().as_str()
}

/// May is not paid, so the plan is past due.
pub async fn behind(pool: PgPool) -> Play {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, DECLINES_LATER).await;
    play.live_until("2026-05-02T00:00:00Z").await;
    assert_eq!(status(&play).await, "past_due");
    play
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_open_invoice_in_dunning_is_offset_and_settled(pool: PgPool) {
    let play = behind(pool).await;
    let renewal = play.last_invoice().await.summary.id;
    let part = play.give_part(renewal, 10_000, PaidTo::Card).await.unwrap();
    assert_eq!(sums(&part), [10_000, 800, 10_800, 0, 0]);
    assert_eq!(part.memo.as_deref(), Some("The chain was down for a week"));
    assert_eq!(stands(&play.last_invoice().await), [21_492, 10_800, 0, 10_692]);
    assert_eq!(status(&play).await, "past_due");
    play.ties().await;
    let rest = play.give_back(renewal, Wanted::Rest, PaidTo::Card).await.unwrap();
    assert_eq!(sums(&rest), [9_900, 792, 10_692, 0, 0]);
    let expected = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "renewal", Paid, 21_492),
    ];
    assert_eq!(play.bills().await, expected);
    assert_eq!(status(&play).await, "active");
    // Nobody is dunned for it any more, and a note does not change what recurs.
    play.live_until("2026-05-31T23:00:00Z").await;
    let told: Vec<_> = play
        .mails()
        .await
        .into_iter()
        .filter(|(at, _)| at.as_str() > "05-01 00:01")
        .collect();
    let expected = [
        ("05-02 00:00", "Credit note CN-000001"),
        ("05-02 00:00", "Credit note CN-000002"),
        ("05-02 00:00", "Starter is active again"),
    ];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    assert_eq!(told[..2], dated(&expected)[..2]);
    assert_eq!(play.movements().await, [movement("new", 19_900)]);
    play.ties().await;
    let again = play.give_back(renewal, Wanted::Rest, PaidTo::Card).await;
    assert!(matches!(again, Err(Error::Credit(CreditRefused::NothingLeft))));
    let void = play
        .billing
        .void_invoice(&Actor::System, play.customer(), renewal, "too late")
        .await;
    assert!(matches!(void, Err(Error::InvoiceSettled)));
}

/// Less what notes took off, and neither what was refunded nor what is settled.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn operators_see_what_is_still_owed(pool: PgPool) {
    let play = behind(pool).await;
    let open = async || {
        let overview = play.billing.admin_overview(&operator(), None).await.unwrap();
        (overview.open_invoices, overview.open_amount)
    };
    assert_eq!(open().await, (1, usd(21_492)));
    let bills = play.invoices().await;
    let [purchase, renewal] = [0, 1].map(|nth: usize| bills[nth].summary.id);
    play.give_part(renewal, 10_000, PaidTo::Card).await.unwrap();
    assert_eq!(open().await, (1, usd(10_692)));
    play.give_part(purchase, 5_000, PaidTo::Card).await.unwrap();
    play.bill_once("Training", 5_000).await;
    assert_eq!(open().await, (2, usd(16_092)));
    play.give_back(renewal, Wanted::Rest, PaidTo::Card).await.unwrap();
    assert_eq!(open().await, (1, usd(5_400)));
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_left_of_an_invoice_is_paid(pool: PgPool) {
    let play = behind(pool).await;
    let renewal = play.last_invoice().await.summary.id;
    play.give_part(renewal, 10_000, PaidTo::Credit).await.unwrap();
    let void = play
        .billing
        .void_invoice(&Actor::System, play.customer(), renewal, "wrong")
        .await;
    assert!(matches!(void, Err(Error::InvoiceGivenBack)));
    play.pay(renewal).await;
    assert_eq!(stands(&play.last_invoice().await), [21_492, 10_800, 10_692, 0]);
    assert_eq!(status(&play).await, "active");
    // What is given back now was paid.
    let note = play.give_part(renewal, 9_900, PaidTo::Credit).await.unwrap();
    assert_eq!(
        (sums(&note), play.credit().await),
        ([9_900, 792, 0, 0, 10_692], 10_692)
    );
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_retry_charges_what_is_left(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, DECLINES_TWICE).await;
    play.live_until("2026-05-01T12:00:00Z").await;
    let renewal = play.last_invoice().await.summary.id;
    play.give_part(renewal, 10_000, PaidTo::Credit).await.unwrap();
    play.live_until("2026-05-06T00:00:00Z").await;
    assert_eq!(stands(&play.last_invoice().await), [21_492, 10_800, 10_692, 0]);
    let tried = play.last_invoice().await.attempts;
    let amounts: Vec<_> = tried.iter().map(|attempt| attempt.amount.minor()).collect();
    assert_eq!(amounts, [21_492, 10_692, 10_692]);
    assert_eq!(status(&play).await, "active");
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn too_little_to_be_charged_waits_for_the_next_invoice(pool: PgPool) {
    let play = behind(pool).await;
    let renewal = play.last_invoice().await.summary.id;
    // All but 0.43 with tax.
    let note = play.give_part(renewal, 19_860, PaidTo::Credit).await.unwrap();
    assert_eq!(sums(&note), [19_860, 1_589, 21_449, 0, 0]);
    let renewal = play.last_invoice().await.summary;
    assert_eq!(
        (renewal.status, renewal.carried, renewal.amount_due()),
        (Paid, usd(-43), usd(0))
    );
    assert_eq!(status(&play).await, "active");
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_credit_paid_becomes_credit_again(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    grant(&play, GrantTerms::paid(usd(10_000))).await.unwrap();
    play.live_until("2026-05-02T00:00:00Z").await;
    let renewal = play.last_invoice().await.summary;
    assert_eq!((renewal.credit_applied, renewal.paid), (usd(10_000), usd(11_492)));
    let note = play
        .give_back(renewal.id, Wanted::Rest, PaidTo::Card)
        .await
        .unwrap();
    assert_eq!(sums(&note), [19_900, 1_592, 0, 11_492, 10_000]);
    assert_eq!(play.credit().await, 10_000);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn time_of_a_line_is_worth_what_still_stands_of_it(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    let purchase = play.last_invoice().await.summary.id;
    play.give_part(purchase, 9_950, PaidTo::Credit).await.unwrap();
    assert_eq!(play.credit().await, 10_746);
    // Half of April is half of the half that stands.
    play.live_until("2026-04-16T00:00:00Z").await;
    play.pause().await;
    assert_eq!(play.credit_notes().await[1], ("CN-000002".to_owned(), 4_975, 398));
    play.ties().await;
    // The rest is what was served.
    let beyond = play.give_part(purchase, 4_976, PaidTo::Card).await;
    let left = CreditRefused::Part(PartRefused::TooMuch(usd(4_975)));
    assert!(matches!(beyond, Err(Error::Credit(refused)) if refused == left));
    let rest = play
        .give_back(purchase, Wanted::Rest, PaidTo::Card)
        .await
        .unwrap();
    assert_eq!(sums(&rest), [4_975, 398, 0, 5_373, 0]);
    play.billing.drain_queue().await.unwrap();
    play.resume().await;
    let unused = UnusedTime::Credit;
    play.stop(StopKind::Cancel { unused }).await;
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_upgrade_gives_back_no_more_than_it_cost(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    let purchase = play.last_invoice().await.summary.id;
    play.give_part(purchase, 9_950, PaidTo::Card).await.unwrap();
    play.live_until("2026-04-16T00:00:00Z").await;
    play.change("professional", Month).await;
    let upgrade = play.last_invoice().await;
    let lines: Vec<_> = upgrade.lines.iter().map(|line| line.net.minor()).collect();
    // Half of 999.00 less half of the 99.50 that stood.
    assert_eq!(lines, [-4_975, 49_950]);
    let credit = play.give_part(upgrade.summary.id, 1, PaidTo::Credit).await;
    assert!(matches!(credit, Err(Error::Credit(CreditRefused::CreditLine))));
    let rest = play
        .give_back(upgrade.summary.id, Wanted::Rest, PaidTo::Credit)
        .await
        .unwrap();
    assert_eq!(rest.summary.total, upgrade.summary.total);
    assert_eq!(sums(&rest), [44_975, 3_598, 0, 0, 48_573]);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
    // Of the new plan's time no more is left than the old plan's brought.
    play.pause().await;
    assert_eq!(play.credit_notes().await[2], ("CN-000003".to_owned(), 4_975, 398));
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_written_off_invoice_loses_what_is_given_back(pool: PgPool) {
    let play = behind(pool).await;
    let renewal = play.last_invoice().await.summary.id;
    play.billing
        .write_off_invoice(&Actor::System, play.customer(), renewal, "nobody answers")
        .await
        .unwrap();
    let part = play.give_part(renewal, 10_000, PaidTo::Card).await.unwrap();
    assert_eq!(sums(&part), [10_000, 800, 10_800, 0, 0]);
    let written_off = play.last_invoice().await;
    assert_eq!(
        (written_off.summary.status, stands(&written_off)),
        (Uncollectible, [21_492, 10_800, 0, 10_692])
    );
    play.ties().await;
    play.give_back(renewal, Wanted::Rest, PaidTo::Card).await.unwrap();
    assert_eq!(play.last_invoice().await.summary.status, Paid);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_was_sent_is_offset_before_it_is_due(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.agree(30).await;
    let sent = play.order("starter").await.id;
    play.give_part(sent, 9_900, PaidTo::Credit).await.unwrap();
    assert_eq!(stands(&play.last_invoice().await), [21_492, 10_692, 0, 10_800]);
    play.ties().await;
    play.live_until("2026-05-02T00:00:01Z").await;
    assert_eq!(status(&play).await, "past_due");
    play.give_back(sent, Wanted::Rest, PaidTo::Credit).await.unwrap();
    assert_eq!((status(&play).await, play.credit().await), ("active", 0));
    play.ties().await;
}

async fn at_once(play: &Play, commands: impl Iterator<Item = IssueCreditNote>) -> Vec<Result<CreditNoteId>> {
    let mut tasks = JoinSet::new();
    for command in commands {
        let billing = play.billing.clone();
        tasks.spawn(async move { billing.issue_credit_note(&Actor::System, command).await });
    }
    tasks.join_all().await
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn sixteen_at_once_never_pass_the_invoice(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    let purchase = play.last_invoice().await;
    let id = purchase.summary.id;
    let line = play.lines_of(id).await[0];
    let asked = |nth: i64, minor, key: String| {
        let to = if nth % 2 == 0 {
            PaidTo::Card
        } else {
            PaidTo::Credit
        };
        play.asking(id, parts_of(&purchase, &[(line, minor)]), to, &key)
    };
    let many = at_once(&play, (0..16).map(|nth| asked(nth, 2_000, format!("note {nth}")))).await;
    let refused = |answer: &&Result<CreditNoteId>| matches!(answer, Err(Error::Credit(_)));
    assert_eq!(many.iter().filter(|answer| answer.is_ok()).count(), 9);
    assert_eq!(many.iter().filter(refused).count(), 7, "{many:?}");
    // The same name is the same note, whoever comes first.
    let same = at_once(&play, (0..16).map(|_| asked(0, 1_900, "the rest".to_owned()))).await;
    let first = *same[0].as_ref().unwrap();
    assert!(
        same.iter().all(|answer| matches!(answer, Ok(id) if *id == first)),
        "{same:?}"
    );
    let other = asked(0, 1_000, "the rest".to_owned());
    let other = play.billing.issue_credit_note(&Actor::System, other).await;
    assert!(matches!(other, Err(Error::KeyReused)));
    play.billing.drain_queue().await.unwrap();
    let notes = play.credit_notes().await;
    let (net, tax) = notes
        .iter()
        .fold((0, 0), |(net, tax), note| (net + note.1, tax + note.2));
    assert_eq!((notes.len(), net, tax), (10, 19_900, 1_592));
    play.ties().await;
}
