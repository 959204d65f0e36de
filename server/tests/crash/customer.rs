//! A customer who buys, changes and pays with plain forms, and after a crash does again what a person would:
//! sends the form once more, or looks anew and goes on from what there is.

use std::sync::Arc;
use std::time::Duration;

use billing::id::{InvoiceId, PriceId};
use billing::money::Currency;
use billing::period::Interval;
use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use sqlx::types::Uuid;
use tokio::time::sleep;

use crate::http::{Answer, Browser, Lost};
use crate::journal::Count;
use crate::stage::Stage;

const PASSWORD: &str = "correct horse battery";
const GOOD_CARD: &str = "4242424242424242";
/// Pays; wants approval; is refused at renewals; loses the answer to a charge that succeeds.
const CARDS: [&str; 4] = [
    GOOD_CARD,
    "4000002500003155",
    "4000000000000341",
    "4000000000000119",
];
/// Refused on the page itself.
const EMPTY_CARD: &str = "4000000000009995";
/// Half a minute and more: what a dead worker had begun runs again within that.
const TRIES_TO_SETTLE: u32 = 200;

/// Sent to confirm a change; what it comes to depends on the price.
pub const CONFIRMED: &str = "confirmed";
/// At once: within a trial, or as an upgrade. Which one depends on whether the trial ended meanwhile.
pub const APPLIED: &str = "applied";
pub const UPGRADED: &str = "subscription.upgraded";
pub const CHANGE_SCHEDULED: &str = "subscription.change_scheduled";
pub const CHANGED: &str = "subscription.changed";
pub const CHANGE_UNDONE: &str = "subscription.change_undone";
pub const CANCEL_SCHEDULED: &str = "subscription.cancel_scheduled";
pub const CANCEL_UNDONE: &str = "subscription.cancel_undone";

pub struct Customer {
    stage: Arc<Stage>,
    browser: Browser,
    chance: StdRng,
    email: String,
    card: &'static str,
}

/// How things stand for the customer.
#[derive(sqlx::FromRow)]
struct Standing {
    status: Option<String>,
    price: Option<Uuid>,
    pending: Option<String>,
    cancels: bool,
}

impl Customer {
    pub fn new(stage: Arc<Stage>, number: usize) -> Self {
        let chance = stage.chance(u64::try_from(number).unwrap());
        let browser = Browser::new(stage.address);
        let email = format!("customer{number}@crash.example");
        Self {
            stage,
            browser,
            chance,
            email,
            card: CARDS[number % CARDS.len()],
        }
    }

    pub async fn live(mut self) -> Self {
        while !self.stage.is_over() {
            if self.step().await == Err(Lost) {
                self.stage.answers().await;
            }
            let pause = self.chance.random_range(10..150);
            sleep(Duration::from_millis(pause)).await;
        }
        self
    }

    /// Signs up and buys, nothing crashing.
    pub async fn subscribe(&mut self) {
        loop {
            match self.standing().await.map(|standing| standing.status) {
                None => self.sign_up().await,
                Some(Some(status)) if status == "active" => return,
                Some(_) => self.buy().await,
            }
            .expect("the program is running");
        }
    }

    async fn step(&mut self) -> Result<(), Lost> {
        let Some(standing) = self.standing().await else {
            return self.sign_up().await;
        };
        if self.look("/overview").await?.led_to("next").is_some() {
            // The answer to signing up was lost, and the session with it.
            return self.sign_in().await;
        }
        match standing.status.as_deref() {
            None | Some("incomplete" | "paused") => self.buy().await,
            Some("past_due") => self.pay_what_is_open().await,
            Some(_) => self.change_something(&standing).await,
        }
    }

    async fn change_something(&mut self, standing: &Standing) -> Result<(), Lost> {
        match self.chance.random_range(0..10) {
            0..=3 => self.change_plan(standing).await,
            4..=5 if standing.pending.as_deref() == Some("at_period_end") => {
                self.click("/plan", "/fn/undo-change", CHANGE_UNDONE).await
            }
            4..=6 if standing.cancels => self.click("/plan", "/fn/undo-cancel", CANCEL_UNDONE).await,
            6 => self.click("/plan/cancel", "/fn/cancel", CANCEL_SCHEDULED).await,
            7 => self.add_card().await,
            8 => self.pay_what_is_open().await,
            _ => self.look_about().await,
        }
    }

    async fn look_about(&mut self) -> Result<(), Lost> {
        for path in ["/plan", "/invoices", "/pricing"] {
            let answer = self.look(path).await?;
            // The subscription may have ended since this customer last asked: then there is a plan to choose.
            let ended = path == "/plan" && answer.location.as_deref() == Some("/pricing");
            let gone = ended && self.has_ended().await;
            assert!(answer.status == 200 || gone, "{path}: {answer:?}");
        }
        Ok(())
    }

    async fn sign_up(&mut self) -> Result<(), Lost> {
        let email = self.email.clone();
        let fields = [
            ("company", "Crash Test"),
            ("name", "Dummy"),
            ("email", &email),
            ("password", PASSWORD),
            ("time_zone", "Europe/Berlin"),
            ("next", ""),
        ];
        let answer = self.insist("/sign-up", "/fn/sign-up", &fields).await?;
        match answer.led_to("error").as_deref() {
            None => self.stage.journal().sign_ups.push(email),
            Some("email_taken") => self.sign_in().await?,
            Some(error) => panic!("signing up ended in {error}"),
        }
        Ok(())
    }

    async fn sign_in(&mut self) -> Result<(), Lost> {
        let email = self.email.clone();
        let fields = [("email", email.as_str()), ("password", PASSWORD), ("next", "")];
        let answer = self.insist("/sign-in", "/fn/sign-in", &fields).await?;
        assert_eq!(answer.led_to("error"), None, "{email} cannot sign in");
        Ok(())
    }

    async fn buy(&mut self) -> Result<(), Lost> {
        let price = self.any_price();
        let trial = self.chance.random_bool(0.3);
        let mut fields = vec![("price", price.as_str())];
        if trial {
            fields.push(("trial", "true"));
        }
        let answer = self.insist("/pricing", "/fn/start-checkout", &fields).await?;
        match answer.location.as_deref() {
            Some(page) if page.starts_with("/sandbox/") && self.chance.random_bool(0.9) => {
                let card = self.card;
                self.pay(page, card).await
            }
            // Wandered off; or refused, because the purchase before came through after all.
            _ => Ok(()),
        }
    }

    async fn add_card(&mut self) -> Result<(), Lost> {
        let answer = self.insist("/overview", "/fn/add-card", &[]).await?;
        match answer.location.as_deref() {
            Some(page) if page.starts_with("/sandbox/") => {
                let card = self.card;
                self.pay(page, card).await
            }
            _ => Ok(()),
        }
    }

    async fn change_plan(&mut self, standing: &Standing) -> Result<(), Lost> {
        let price = self.any_price();
        if standing
            .price
            .is_some_and(|now| PriceId::from_uuid(now).to_string() == price)
        {
            return Ok(());
        }
        let preview = format!("/plan/change?price={price}");
        let Some(token) = self.look(&preview).await?.hidden_field("token") else {
            return Ok(());
        };
        let answer = self
            .insist_on(CONFIRMED, &preview, "/fn/confirm-change", &[("token", &token)])
            .await?;
        let location = answer.location.clone().unwrap_or_default();
        let done = match answer.led_to("done").as_deref() {
            Some("change_applied") => APPLIED,
            Some("change_scheduled") => CHANGE_SCHEDULED,
            _ if location.starts_with("/sandbox/authenticate/") => return self.authenticate(&location).await,
            _ => return Ok(()),
        };
        self.count(done, |count| count.acknowledged += 1);
        Ok(())
    }

    async fn pay_what_is_open(&mut self) -> Result<(), Lost> {
        let open: Vec<Uuid> = sqlx::query_scalar(
            "SELECT i.id FROM invoice i JOIN customer c ON c.id = i.customer_id
             WHERE c.email = $1 AND i.status = 'open' ORDER BY number",
        )
        .bind(&self.email)
        .fetch_all(&self.stage.pool)
        .await
        .unwrap();
        for invoice in open {
            let invoice = InvoiceId::from_uuid(invoice).to_string();
            let from = format!("/invoices/{invoice}");
            let answer = self
                .insist(&from, "/fn/pay-invoice", &[("invoice", &invoice)])
                .await?;
            let page = answer.location.unwrap_or_default();
            if page.starts_with("/sandbox/checkout/") {
                self.pay(&page, GOOD_CARD).await?;
            } else if page.starts_with("/sandbox/authenticate/") {
                self.authenticate(&page).await?;
            }
        }
        Ok(())
    }

    /// Fills in the hosted page, and mostly comes back.
    async fn pay(&mut self, page: &str, card: &str) -> Result<(), Lost> {
        if self.chance.random_bool(0.1) {
            self.send_card(page, EMPTY_CARD).await?;
        }
        let answer = self.send_card(page, card).await?;
        let location = answer.and_then(|answer| answer.location).unwrap_or_default();
        if location.starts_with("/sandbox/authenticate/") {
            return self.authenticate(&location).await;
        }
        self.come_back(&location).await
    }

    /// None where the page takes no card any more.
    async fn send_card(&mut self, page: &str, card: &str) -> Result<Option<Answer>, Lost> {
        let Some(session) = self.look(page).await?.hidden_field("session") else {
            return Ok(None);
        };
        // Valid for as long as the clock may move.
        let fields = [
            ("session", session.as_str()),
            ("number", card),
            ("expiry", "12/70"),
            ("cvc", "123"),
        ];
        self.insist(page, "/fn/sandbox-pay", &fields).await.map(Some)
    }

    async fn authenticate(&mut self, page: &str) -> Result<(), Lost> {
        let Some(charge) = self.look(page).await?.hidden_field("charge") else {
            return Ok(());
        };
        let answer = if self.chance.random_bool(0.8) {
            "approve"
        } else {
            "decline"
        };
        let fields = [("charge", charge.as_str()), ("answer", answer)];
        let answer = self.insist(page, "/fn/sandbox-authenticate", &fields).await?;
        self.come_back(&answer.location.unwrap_or_default()).await
    }

    async fn come_back(&mut self, location: &str) -> Result<(), Lost> {
        let Some((_, page)) = location.split_once("/checkout/success?session_id=") else {
            return Ok(());
        };
        if self.chance.random_bool(0.85) {
            let answer = self.look(location).await?;
            assert_eq!(answer.status, 200, "{location}");
            self.stage.journal().paid.push(page.to_owned());
        }
        Ok(())
    }

    async fn click(&mut self, from: &str, path: &str, action: &'static str) -> Result<(), Lost> {
        let answer = self.insist_on(action, from, path, &[]).await?;
        if answer.led_to("done").is_some() {
            self.count(action, |count| count.acknowledged += 1);
        }
        Ok(())
    }

    /// Pays everything that is owed. Nothing crashes any more: whoever cannot is stuck.
    pub async fn settle(&mut self) {
        for _ in 0..TRIES_TO_SETTLE {
            let owes: bool = sqlx::query_scalar(
                "SELECT EXISTS (SELECT FROM invoice i JOIN customer c ON c.id = i.customer_id
                 WHERE c.email = $1 AND i.status = 'open')",
            )
            .bind(&self.email)
            .fetch_one(&self.stage.pool)
            .await
            .unwrap();
            if !owes {
                return;
            }
            self.pay_what_is_open().await.expect("the program is running");
            sleep(Duration::from_millis(200)).await;
        }
        panic!("{} cannot pay what is owed", self.email);
    }

    fn any_price(&mut self) -> String {
        let interval = if self.chance.random_bool(0.9) {
            Interval::Month
        } else {
            Interval::Year
        };
        let plan = self
            .stage
            .plans
            .choose(&mut self.chance)
            .expect("there are plans on sale");
        let price = plan
            .price_for(interval, Currency::USD)
            .expect("a plan has a price for each");
        price.id.to_string()
    }

    async fn standing(&self) -> Option<Standing> {
        sqlx::query_as(
            "SELECT s.status, i.price_id AS price, s.pending_change ->> 'kind' AS pending,
                s.cancel_at IS NOT NULL AS cancels
             FROM customer c
             LEFT JOIN subscription s ON s.customer_id = c.id AND s.status <> 'canceled'
             LEFT JOIN subscription_item i ON i.subscription_id = s.id AND i.kind = 'plan'
             WHERE c.email = $1",
        )
        .bind(&self.email)
        .fetch_optional(&self.stage.pool)
        .await
        .unwrap()
    }

    async fn has_ended(&self) -> bool {
        let status = self.standing().await.and_then(|standing| standing.status);
        matches!(status.as_deref(), None | Some("incomplete" | "paused"))
    }

    async fn look(&mut self, path: &str) -> Result<Answer, Lost> {
        self.stage.look(&mut self.browser, path).await
    }

    async fn insist(&mut self, from: &str, path: &str, fields: &[(&str, &str)]) -> Result<Answer, Lost> {
        loop {
            if let Ok(answer) = self.stage.send(&mut self.browser, from, path, fields).await {
                return Ok(answer);
            }
            self.stage.answers().await;
            if self.chance.random_bool(0.4) {
                return Err(Lost);
            }
        }
    }

    async fn insist_on(
        &mut self,
        action: &'static str,
        from: &str,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Result<Answer, Lost> {
        loop {
            self.count(action, |count| count.sent += 1);
            if let Ok(answer) = self.stage.send(&mut self.browser, from, path, fields).await {
                return Ok(answer);
            }
            self.stage.answers().await;
            if self.chance.random_bool(0.4) {
                return Err(Lost);
            }
        }
    }

    fn count(&self, action: &'static str, add: impl FnOnce(&mut Count)) {
        add(self
            .stage
            .journal()
            .actions
            .entry((self.email.clone(), action))
            .or_default());
    }
}
