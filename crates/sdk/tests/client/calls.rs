//! How often a call is made.

use sdk::client::{ClientError, Reservation};
use sdk::usage::Reserve;
use serde_json::json;

use crate::billing::{Billing, Reply, problem};

fn reserve() -> Reserve {
    Reserve {
        id: "r1".to_owned(),
        customer: "cus_1".to_owned(),
        meter: "chains".to_owned(),
        quantity: None,
    }
}

#[tokio::test]
async fn a_limit_that_is_reached_is_an_answer_and_not_asked_for_again() {
    let billing = Billing::start(|_| problem(429, "limit_reached")).await;
    let answer = billing.client().reserve(&reserve()).await.unwrap();
    let refused = Reservation::Refused {
        status: 429,
        problem: json!({ "status": 429, "code": "limit_reached" }),
    };
    assert_eq!((answer, billing.times("usage/reserve")), (refused, 1));
}

#[tokio::test]
async fn who_asks_too_fast_is_patient() {
    let billing = Billing::start(|_| problem(429, "too_many_requests")).await;
    let error = billing.client().reserve(&reserve()).await.unwrap_err();
    assert!(
        matches!(&error, ClientError::Problem { status: 429, .. }),
        "{error:?}"
    );
    assert_eq!((error.is_transient(), billing.times("usage/reserve")), (true, 4));
}

#[tokio::test]
async fn what_cannot_be_read_is_not_asked_for_again() {
    let billing = Billing::start(|_| Reply::Now(200, json!("something else"))).await;
    let error = billing.client().reserve(&reserve()).await.unwrap_err();
    assert!(matches!(&error, ClientError::Decode(_)), "{error:?}");
    assert_eq!((error.is_transient(), billing.times("usage/reserve")), (false, 1));
}
