//! Usage as files: whose, all of it, and text to whatever opens it.

use billing::id::CustomerId;
use chrono::TimeDelta;
use serde_json::json;
use service::{Actor, EventInput, EventOutcome};
use sha2::{Digest, Sha256};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::forms::post;
use crate::http::Answer;
use crate::site::Site;

/// More than are read at a time.
const EVENTS: usize = 2_300;

async fn session(site: &Site, company: &str) -> String {
    let form = format!("email=ada%40{company}.example&password=correct+horse+battery");
    let answer = post(site, "/sign-in", "/fn/sign-in", "", &form).await;
    let set = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
    let pairs: Vec<_> = set.filter_map(|(_, cookie)| cookie.split(';').next()).collect();
    pairs.join("; ")
}

async fn file(site: &Site, path: &str, session: &str) -> Answer {
    site.send("GET", path, &[("Cookie", session)], b"").await
}

fn of(actor: &Actor) -> CustomerId {
    let Actor::Member { customer, .. } = actor else {
        panic!("a customer signs up as a member")
    };
    *customer
}

fn event(site: &Site, customer: CustomerId, number: usize) -> EventInput {
    let event_id = format!("=e{number:04}");
    EventInput {
        customer,
        source: "host".to_owned(),
        event_type: "api_requests".to_owned(),
        occurred_at: Some(site.billing.now() - TimeDelta::seconds(i64::try_from(number).unwrap())),
        value: 2.into(),
        data: json!({ "endpoint": "/v1/blocks" }),
        body_hash: Sha256::digest(&event_id).into(),
        event_id,
        reverses: None,
        backfill: false,
        bytes: 0,
    }
}

#[sqlx::test(migrations = false)]
async fn events_come_whole_and_to_their_customer_alone(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let ada = site.customer("lumen").await;
    site.customer("evil").await;
    let events: Vec<_> = (0..EVENTS).map(|number| event(&site, of(&ada), number)).collect();
    for some in events.chunks(500) {
        let report = site.billing.ingest(&Actor::System, some.to_vec()).await.unwrap();
        assert_eq!(report.outcomes, vec![EventOutcome::Accepted; some.len()]);
    }

    let answer = file(&site, "/usage/events.csv", &session(&site, "lumen").await).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(
        answer.header("content-disposition"),
        Some("attachment; filename=\"usage-events.csv\"")
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let mut lines = answer.body.trim_end().split("\r\n");
    let head = "event_id,meters,value,occurred_at,received_at,source,reversed_by,data";
    assert_eq!(lines.next(), Some(head));
    let ids: Vec<_> = lines
        .map(|line| line.split(',').next().unwrap().to_owned())
        .collect();
    // The newest first; an id is no formula to the program that opens the file.
    let expected: Vec<_> = (0..EVENTS).map(|number| format!("\"'=e{number:04}\"")).collect();
    assert_eq!(ids, expected);

    let evil = session(&site, "evil").await;
    let answer = file(&site, "/usage/events.csv", &evil).await;
    assert_eq!((answer.status, answer.body.trim_end()), (200, head));
    let days = file(&site, "/usage/days.csv", &evil).await;
    let head = "day,meter,unit,measure,value,so_far";
    assert_eq!((days.status, days.body.trim_end()), (200, head));
    assert_eq!(file(&site, "/admin/usage/customers.csv", &evil).await.status, 403);
    assert_eq!(
        file(&site, "/usage/events.csv?meter=nothing", &evil).await.status,
        422
    );
    for path in ["/usage/days.csv", "/usage/events.csv"] {
        let sent_away = site.get(path).await;
        assert_eq!(
            (sent_away.status, sent_away.header("location")),
            (303, Some("/sign-in?next=/usage"))
        );
    }
}
