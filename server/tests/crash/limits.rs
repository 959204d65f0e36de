//! Two programs on one database, many callers, and one of the programs killed again and again: a hard limit is never
//! passed by one, what was acknowledged is counted once, and after the expiry every unit is usable again.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use billing::id::CustomerId;
use billing::invoice::PaymentTerms;
use billing::money::Currency;
use billing::period::Interval;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rust_decimal::Decimal;
use sdk::usage::{Committed, Reserved};
use secrecy::ExposeSecret;
use serde_json::json;
use service::{Actor, Billing, NewApiKey, Scope, SignUp, StartCheckout};
use sqlx::PgPool;
use tokio::time::sleep;

use crate::database::Database;
use crate::http::{Answer, Lost, exchange};
use crate::program::Program;
use crate::stage::door;

const CLIENTS: u64 = 64;
const CUSTOMERS: usize = 3;
const METER: &str = "calls";
/// A single call holds at most so many units.
const MOST_UNITS: u32 = 4;
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How much of it: more with PROOF=1.
struct Size {
    calls: usize,
    kills: u32,
}

fn size() -> Size {
    match std::env::var_os("PROOF") {
        Some(_) => Size {
            calls: 100_000,
            kills: 100,
        },
        None => Size {
            calls: 5_000,
            kills: 6,
        },
    }
}

/// What the programs said, by the reservation's id.
#[derive(Default)]
struct Said {
    held: BTreeMap<String, Decimal>,
    committed: BTreeMap<String, Decimal>,
    released: Vec<String>,
    /// Held for callers who never came back.
    abandoned: Vec<String>,
    refused: u32,
    lost: u32,
    faults: Vec<String>,
}

struct Callers {
    addresses: [SocketAddr; 2],
    key: String,
    customers: Vec<CustomerId>,
    /// Calls that are still to be made.
    left: AtomicUsize,
    said: Mutex<Said>,
}

impl Callers {
    /// The same to either program until one of them answers.
    async fn send(&self, chance: &mut StdRng, path: &str, body: &str) -> Answer {
        let headers = format!(
            "Authorization: Bearer {}\r\nContent-Type: application/json\r\n",
            self.key
        );
        loop {
            let address = self.addresses[chance.random_range(0..2)];
            let path = format!("/v1/usage/{path}");
            match exchange(address, "POST", &path, &headers, body).await {
                // Told to come again: stopping, starting, or too much at once.
                Ok(answer) if answer.status == 503 => {}
                Ok(answer) if answer.status < 500 => return answer,
                Ok(answer) => {
                    let fault = format!("{path}: {} {}", answer.status, answer.body);
                    self.said.lock().unwrap().faults.push(fault);
                }
                Err(Lost) => self.said.lock().unwrap().lost += 1,
            }
            sleep(LOOK_AGAIN).await;
        }
    }

    async fn call(&self, chance: &mut StdRng, id: &str) {
        let customer = self.customers[chance.random_range(0..CUSTOMERS)];
        let units = chance.random_range(1..=MOST_UNITS);
        let asked = json!({ "id": id, "customer": customer, "meter": METER, "quantity": units });
        let answer = self.send(chance, "reserve", &asked.to_string()).await;
        if answer.status == 429 {
            self.said.lock().unwrap().refused += 1;
            return;
        }
        assert_eq!(answer.status, 200, "{}", answer.body);
        let held: Reserved = serde_json::from_str(&answer.body).unwrap();
        assert!(held.answer.allowed, "{}", answer.body);
        self.said.lock().unwrap().held.insert(id.to_owned(), units.into());
        match chance.random_range(0..10) {
            0 | 1 => self.said.lock().unwrap().abandoned.push(id.to_owned()),
            2..=5 => self.release(chance, customer, id).await,
            _ => {
                let used = chance.random_range(1..=units);
                self.commit(chance, (customer, id), used).await;
            }
        }
    }

    async fn commit(&self, chance: &mut StdRng, (customer, id): (CustomerId, &str), used: u32) {
        let asked = json!({ "id": id, "customer": customer, "quantity": used.to_string() });
        let answer = self.send(chance, "commit", &asked.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let committed: Committed = serde_json::from_str(&answer.body).unwrap();
        assert!(
            !committed.late,
            "a call took longer than a minute: {}",
            answer.body
        );
        let mut said = self.said.lock().unwrap();
        said.committed.insert(id.to_owned(), used.into());
    }

    async fn release(&self, chance: &mut StdRng, customer: CustomerId, id: &str) {
        let asked = json!({ "id": id, "customer": customer });
        let answer = self.send(chance, "release", &asked.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        self.said.lock().unwrap().released.push(id.to_owned());
    }

    /// One after the other until all are made.
    async fn client(self: Arc<Self>, number: u64, seed: u64) {
        let mut chance = StdRng::seed_from_u64(seed ^ (number << 32));
        let take = |left: usize| left.checked_sub(1);
        while let Ok(left) = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take) {
            self.call(&mut chance, &format!("call-{left}")).await;
        }
    }
}

/// Customers on a plan with so many units, sent invoices so that they need no card.
async fn customers(billing: &Billing, limit: u32) -> Vec<CustomerId> {
    let file = format!(
        "[meter.{METER}]\nname = \"Calls\"\nunit = \"call\"\naggregation = \"sum\"\n\
         [plan.team]\nname = \"Team\"\nprices = [{{ interval = \"month\", amount = 10 }}]\n\
         [plan.team.charge.{METER}]\nincluded = {limit}\nenforcement = \"hard\"\n"
    );
    billing.apply_catalog(&Actor::System, &file).await.unwrap();
    let plans = billing.public_plans().await.unwrap();
    let team = plans.iter().find(|plan| plan.key == "team").unwrap();
    let price = team.price_for(Interval::Month, Currency::USD).unwrap().id;
    let mut customers = Vec::new();
    for n in 0..CUSTOMERS {
        let sign_up = SignUp {
            company: format!("Company {n}"),
            name: "Ada".to_owned(),
            email: format!("ada@company-{n}.example"),
            password: "correct horse battery".into(),
            time_zone: "UTC".to_owned(),
            address: None,
        };
        let principal = billing.sign_up(sign_up).await.unwrap();
        let actor = billing.actor(principal).await.unwrap();
        let Actor::Member { customer, .. } = actor else {
            panic!("{actor:?} is no member")
        };
        let terms = PaymentTerms::net(30).unwrap();
        billing
            .set_payment_terms(&Actor::System, customer, terms)
            .await
            .unwrap();
        let start = StartCheckout {
            price,
            trial: false,
            code: None,
        };
        billing.start_checkout(&actor, start).await.unwrap();
        customers.push(customer);
    }
    customers
}

async fn key(billing: &Billing) -> String {
    let new = NewApiKey {
        name: "host platform".to_owned(),
        customer: None,
        scopes: vec![Scope::EventsWrite],
        expires_at: None,
    };
    let created = billing.create_api_key(&Actor::System, new).await.unwrap();
    created.key.expose_secret().to_owned()
}

/// Units that events and reservations come to, of whoever has the most; counted from the rows, not from the counters.
async fn most(pool: &PgPool) -> Decimal {
    let query = "SELECT coalesce(max(units), 0) FROM (
        SELECT customer_id, sum(units) AS units FROM (
            SELECT customer_id, value AS units FROM usage_event
            UNION ALL SELECT customer_id, quantity FROM usage_reservation WHERE state = 'held') u
        GROUP BY customer_id) c";
    sqlx::query_scalar(query).fetch_one(pool).await.unwrap()
}

/// The time of these reservations is over.
async fn minutes_pass(pool: &PgPool, ids: &[String]) {
    sqlx::query(
        "UPDATE usage_reservation SET expires_at = expires_at - interval '2 minutes' WHERE id = ANY($1)",
    )
    .bind(ids)
    .execute(pool)
    .await
    .unwrap();
}

/// Kills one of the two, and starts it again, so often. Says how high the count was that it saw.
async fn storm(
    programs: &mut [Program; 2],
    pool: &PgPool,
    size: &Size,
    callers: &Callers,
    seed: u64,
) -> Decimal {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut highest = Decimal::ZERO;
    for kill in 1..=size.kills {
        // Spread over the calls, so that all of them come in the middle of some.
        let until = size.calls - size.calls * kill as usize / (size.kills as usize + 1);
        while callers.left.load(Ordering::SeqCst) > until {
            sleep(LOOK_AGAIN).await;
            highest = highest.max(most(pool).await);
        }
        let program = &mut programs[chance.random_range(0..2)];
        sleep(Duration::from_millis(chance.random_range(0..30))).await;
        program.kill();
        let abandoned = std::mem::take(&mut callers.said.lock().unwrap().abandoned);
        minutes_pass(pool, &abandoned).await;
        program.start().await;
    }
    highest
}

/// What was acknowledged is so, once.
async fn compare(pool: &PgPool, said: &Said) {
    let events: Vec<(String, Decimal)> = sqlx::query_as("SELECT event_id, value FROM usage_event")
        .fetch_all(pool)
        .await
        .unwrap();
    let counted: BTreeMap<_, _> = events.iter().cloned().collect();
    assert_eq!(counted.len(), events.len(), "an event is there twice");
    for (id, units) in &said.committed {
        assert_eq!(counted.get(id), Some(units), "{id} was acknowledged");
        assert!(said.held.contains_key(id));
    }
    assert_eq!(
        counted.len(),
        said.committed.len(),
        "an event that nobody committed"
    );
    for id in &said.released {
        assert!(!counted.contains_key(id), "{id} was released");
    }
}

/// Every unit that is not used can be held again, and not one more.
async fn usable_again(pool: &PgPool, callers: &Callers, limit: u32, seed: u64) {
    let mut chance = StdRng::seed_from_u64(seed);
    sqlx::query("UPDATE usage_reservation SET expires_at = expires_at - interval '2 minutes'")
        .execute(pool)
        .await
        .unwrap();
    for customer in &callers.customers {
        let used: Decimal =
            sqlx::query_scalar("SELECT coalesce(sum(value), 0) FROM usage_event WHERE customer_id = $1")
                .bind(customer.uuid())
                .fetch_one(pool)
                .await
                .unwrap();
        let rest = Decimal::from(limit) - used;
        if rest > Decimal::ZERO {
            let asked =
                json!({ "id": "rest", "customer": customer, "meter": METER, "quantity": rest.to_string() });
            let answer = callers.send(&mut chance, "reserve", &asked.to_string()).await;
            assert_eq!(answer.status, 200, "{rest} units are left: {}", answer.body);
        }
        let asked = json!({ "id": "more", "customer": customer, "meter": METER, "quantity": "0.000001" });
        let answer = callers.send(&mut chance, "reserve", &asked.to_string()).await;
        assert_eq!(answer.status, 429, "{}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_is_never_passed_by_one() {
    let size = size();
    let seed = rand::random();
    println!(
        "limits: {} calls, {} kills, seed {seed:#x}",
        size.calls, size.kills
    );
    let database = Database::create().await;
    let mut programs = ["limits-a", "limits-b"].map(|name| Program::new(database.url(), name));
    programs[0].start().await;
    programs[1].start().await;
    let billing = door(&database, &programs[0]).await;
    // A third of what is asked for and kept, so that it is reached and most of the storm goes on at the limit.
    let limit = u32::try_from(size.calls / CUSTOMERS / 3).unwrap();
    let callers = Arc::new(Callers {
        addresses: [programs[0].address, programs[1].address],
        key: key(&billing).await,
        customers: customers(&billing, limit).await,
        left: AtomicUsize::new(size.calls),
        said: Mutex::default(),
    });
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| tokio::spawn(callers.clone().client(number, seed)))
        .collect();
    let highest = storm(&mut programs, &database.pool, &size, &callers, seed).await;
    for client in clients {
        client.await.unwrap();
    }
    let highest = highest.max(most(&database.pool).await);
    assert!(highest <= limit.into(), "{highest} units of {limit}");
    {
        let said = callers.said.lock().unwrap();
        println!(
            "limits: {} held, {} committed, {} released, {} refused, {} answers lost, at most {highest} of {limit} units",
            said.held.len(),
            said.committed.len(),
            said.released.len(),
            said.refused,
            said.lost,
        );
        assert_eq!(said.faults, [""; 0]);
        assert!(said.refused > 0, "the limit was not reached");
    }
    let said = std::mem::take(&mut *callers.said.lock().unwrap());
    compare(&database.pool, &said).await;
    usable_again(&database.pool, &callers, limit, seed).await;
    billing.roll_up_usage().await.unwrap();
    for program in &mut programs {
        program.stop().await;
        assert_eq!(
            program.complaints(),
            [""; 0],
            "see {}",
            program.log_path().display()
        );
    }
    // Nothing is sealed here while they seal.
    while billing.seal_audit().await.unwrap() > 0 {}
    let (verified, report) = programs[0].verify();
    assert!(verified, "{report}");
    drop(billing);
    database.drop().await;
}
