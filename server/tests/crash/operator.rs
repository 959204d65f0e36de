//! An operator who moves the test clock, and moves it again when a crash cut the move short.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use rand::RngExt;
use sqlx::PgPool;
use tokio::time::sleep;

use crate::http::{Browser, Lost};
use crate::stage::Stage;

pub const EMAIL: &str = "operator@crash.example";
pub const PASSWORD: &str = "correct horse battery";
const PAGE: &str = "/admin/system";
/// The page asks again by itself as long as the clock moves.
const MOVING: &str = "http-equiv=\"refresh\"";
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// A move of a month takes a second or two.
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Operator {
    stage: Arc<Stage>,
    browser: Browser,
}

impl Operator {
    pub fn new(stage: Arc<Stage>) -> Self {
        let browser = Browser::new(stage.address);
        Self { stage, browser }
    }

    pub async fn work(mut self) -> Self {
        let mut chance = self.stage.chance(2_000);
        while !self.stage.is_over() {
            // Customers get something done in between: what they are shown is good for fifteen minutes.
            sleep(Duration::from_millis(chance.random_range(500..3_500))).await;
            let by = TimeDelta::minutes(chance.random_range(60..40 * 24 * 60));
            self.move_clock(business_now(&self.stage.pool).await + by).await;
        }
        self
    }

    /// Until the clock stands there and everything due by then is done.
    pub async fn move_clock(&mut self, to: DateTime<Utc>) {
        self.stage.clock_moves.store(true, Ordering::SeqCst);
        let begun = Instant::now();
        while self.try_to_move(to).await == Err(Lost) {
            assert!(begun.elapsed() < PATIENCE, "the clock does not arrive at {to}");
            self.stage.answers().await;
        }
        self.stage.clock_moves.store(false, Ordering::SeqCst);
        self.stage.journal().clock_moves += 1;
    }

    async fn try_to_move(&mut self, to: DateTime<Utc>) -> Result<(), Lost> {
        self.begin_to_move(to).await?;
        while self
            .stage
            .look(&mut self.browser, PAGE)
            .await?
            .body
            .contains(MOVING)
        {
            sleep(LOOK_AGAIN).await;
        }
        // A move that stopped short is begun again.
        let arrived = business_now(&self.stage.pool).await >= to - TimeDelta::seconds(1);
        if arrived { Ok(()) } else { Err(Lost) }
    }

    /// Does not wait for what happens on the way.
    pub async fn begin_to_move(&mut self, to: DateTime<Utc>) -> Result<(), Lost> {
        let to = to.format("%Y-%m-%dT%H:%M:%S").to_string();
        if self
            .stage
            .look(&mut self.browser, PAGE)
            .await?
            .led_to("next")
            .is_some()
        {
            self.sign_in().await?;
        }
        let moved = self
            .stage
            .send(&mut self.browser, PAGE, "/fn/move-clock", &[("to", &to)])
            .await?;
        match moved.led_to("error").as_deref() {
            // It stands there already: the answer to the try before was lost.
            None | Some("clock_refused") => Ok(()),
            Some(error) => panic!("the clock was not moved: {error}"),
        }
    }

    /// Gives back all of an invoice, that so much was paid for with a card, as the admin page does.
    pub async fn refund(&mut self, number: &str, paid_minor: i64) -> Result<(), Lost> {
        if self
            .stage
            .look(&mut self.browser, PAGE)
            .await?
            .led_to("next")
            .is_some()
        {
            self.sign_in().await?;
        }
        // Offset, refund, credit, and what was given back before.
        let shown = format!("0 {paid_minor} 0 0");
        let fields = [
            ("form[number]", number),
            ("form[wanted]", "rest"),
            ("form[to]", "card"),
            ("form[shown]", &shown),
            ("form[key]", "once"),
            ("form[reason]", "duplicated_charge"),
            ("form[memo]", ""),
        ];
        let answer = self
            .stage
            .send(
                &mut self.browser,
                "/admin/invoices",
                "/fn/issue-credit-note",
                &fields,
            )
            .await?;
        assert_eq!(answer.led_to("error"), None, "nothing is given back");
        Ok(())
    }

    async fn sign_in(&mut self) -> Result<(), Lost> {
        let fields = [("email", EMAIL), ("password", PASSWORD), ("next", "")];
        let answer = self
            .stage
            .send(&mut self.browser, "/sign-in", "/fn/sign-in", &fields)
            .await?;
        assert_eq!(answer.led_to("error"), None, "the operator cannot sign in");
        Ok(())
    }
}

pub async fn business_now(pool: &PgPool) -> DateTime<Utc> {
    let now = "SELECT clock_timestamp() + shift_us * interval '1 microsecond' FROM clock";
    sqlx::query_scalar(now).fetch_one(pool).await.unwrap()
}
