//! What everybody in the play shares.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use billing::catalog::Plan;
use rand::SeedableRng;
use rand::rngs::StdRng;
use secrecy::ExposeSecret;
use service::{Actor, Billing, NewApiKey, NewStaff, Scope, ServiceConfig, StaffRole};
use sqlx::PgPool;
use tokio::time::sleep;

use crate::database::Database;
use crate::http::{Answer, Browser, Lost, exchange};
use crate::journal::Journal;
use crate::operator;
use crate::program::Program;

/// Error codes that blame the program, not the request.
const FAULTS: [&str; 3] = ["internal", "storage_unavailable", "gateway_unavailable"];
const LOOK_AGAIN: Duration = Duration::from_millis(30);

pub struct Stage {
    pub address: SocketAddr,
    pub pool: PgPool,
    /// On sale, cheapest first.
    pub plans: Vec<Plan>,
    pub api_key: String,
    pub clock_moves: AtomicBool,
    over: AtomicBool,
    journal: Mutex<Journal>,
    seed: u64,
}

impl Stage {
    /// An operator, a key for the host platform, and plans on sale; the program runs already. The second
    /// is our own door to the same database.
    pub async fn set(database: &Database, program: &Program, seed: u64) -> (Arc<Self>, Billing) {
        let billing = door(database, program).await;
        let stage = Self {
            address: program.address,
            pool: database.pool.clone(),
            plans: billing.public_plans().await.unwrap(),
            api_key: api_key(&billing).await,
            clock_moves: AtomicBool::new(false),
            over: AtomicBool::new(false),
            journal: Mutex::default(),
            seed,
        };
        (Arc::new(stage), billing)
    }

    /// Chance for one player, the same in every run with the same seed.
    pub fn chance(&self, player: u64) -> StdRng {
        StdRng::seed_from_u64(self.seed ^ (player << 32))
    }

    pub fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap()
    }

    /// Everybody finishes the step they are in.
    pub fn end(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    /// Until the program answers again.
    pub async fn answers(&self) {
        while exchange(self.address, "GET", "/livez", "", "").await.is_err() {
            sleep(LOOK_AGAIN).await;
        }
    }

    /// Looks at a page; it must be there.
    pub async fn look(&self, browser: &mut Browser, path: &str) -> Result<Answer, Lost> {
        let answer = browser.get(path).await;
        self.note(path, &answer);
        answer
    }

    pub async fn send(
        &self,
        browser: &mut Browser,
        from: &str,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Result<Answer, Lost> {
        let answer = browser.post(from, path, fields).await;
        self.note(path, &answer);
        answer
    }

    pub fn note(&self, path: &str, answer: &Result<Answer, Lost>) {
        let mut journal = self.journal();
        let Ok(answer) = answer else {
            journal.lost += 1;
            return;
        };
        journal.answers += 1;
        let error = answer.led_to("error");
        let failed = error.as_deref().is_some_and(|code| FAULTS.contains(&code));
        if answer.status >= 500 || failed {
            journal
                .faults
                .push(format!("{path}: {} {}", answer.status, error.unwrap_or_default()));
        }
    }
}

/// Our own door to the program's database.
pub async fn door(database: &Database, program: &Program) -> Billing {
    let base_url = format!("http://{}", program.address);
    let config = ServiceConfig::usual(database.url(), base_url, [7; 32]);
    Billing::connect(config).await.unwrap()
}

async fn api_key(billing: &Billing) -> String {
    let role = StaffRole::Admin;
    let operator = NewStaff {
        email: operator::EMAIL.to_owned(),
        name: "Operator".to_owned(),
        password: operator::PASSWORD.into(),
        role,
    };
    let id = billing.create_staff(&Actor::System, operator).await.unwrap();
    let new = NewApiKey {
        name: "host platform".to_owned(),
        customer: None,
        scopes: vec![Scope::EventsWrite],
        expires_at: None,
    };
    let created = billing
        .create_api_key(&Actor::Staff { id, role }, new)
        .await
        .unwrap();
    created.key.expose_secret().to_owned()
}
