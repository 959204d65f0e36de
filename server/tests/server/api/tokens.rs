//! Tokens that the host signs: for one customer or all, for a moment.

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use server::api::rate_limit::Quotas;
use server::auth::token::{KeySource, PublicAlgorithm, TokenKeys, Tokens};
use service::Actor;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::{Host, json, problem, said};
use crate::site::{Site, customer_id};

const SECRET: &str = "a secret of the host, 32 characters";
const AUDIENCE: &str = "billing";

fn part(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

fn signed(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", part(header), part(claims));
    let signature = BASE64_URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

fn hs256(claims: &Value) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    signed(&header, claims, |message| {
        ring::hmac::sign(&key, message).as_ref().to_vec()
    })
}

fn claims(customer: &str) -> Value {
    let now = service::clock::real_now().timestamp();
    json!({ "sub": "u1", "aud": AUDIENCE, "exp": now + 60, "customer": customer, "scope": "read write" })
}

async fn host(database: &PgConnectOptions, keys: TokenKeys) -> Host {
    host_with(database, keys, 1_000).await
}

/// One that lets each address guess so often a second.
async fn host_with(database: &PgConnectOptions, keys: TokenKeys, address: u32) -> Host {
    let quotas = Quotas {
        address,
        ..Quotas::default()
    };
    let tokens = Some(Tokens::new(keys, AUDIENCE));
    let site = Site::start_with(database, None, (quotas, tokens)).await;
    let key = site.api_key_of(&Actor::System, &super::ALL).await;
    Host { site, key }
}

#[sqlx::test(migrations = false)]
async fn a_token_speaks_for_its_customer(_: PgPoolOptions, database: PgConnectOptions) {
    let host = host(&database, TokenKeys::shared(&SECRET.into())).await;
    let other = host.customer("orbit").await;
    let own = customer_id(&host.site.customer("lumen").await);
    let token = hs256(&claims(&own));
    assert_eq!(
        host.get_with(&token, &format!("/v1/customers/{own}"))
            .await
            .status,
        200
    );
    let foreign = host.get_with(&token, &format!("/v1/customers/{other}")).await;
    assert_eq!(problem(&foreign), said(404, "not_found"));
    let all = hs256(&claims("*"));
    let listed = json(&host.get_with(&all, "/v1/customers").await);
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
    let mut reader = claims("*");
    reader["scope"] = json!("read");
    let body = json!({ "name": "x", "email": "x@x.example" }).to_string();
    let refused = host
        .call_with(&hs256(&reader), ("POST", "/v1/customers"), &[], &body)
        .await;
    assert_eq!(problem(&refused), said(403, "forbidden"));
    assert_eq!(
        host.call_with(&all, ("POST", "/v1/customers"), &[], &body)
            .await
            .status,
        201
    );
    // A name of one's request is one's own: another customer's token of the same user has its own.
    let headers = [("Idempotency-Key", "k")];
    let call = ("POST", "/v1/promotion_codes/validate");
    for token in [hs256(&claims(&own)), hs256(&claims(&other))] {
        let answer = host.call_with(&token, call, &headers, "{}").await;
        assert_eq!(answer.header("idempotent-replayed"), None);
    }
}

/// What only the host platform does, it does by a token for all, and nobody by one for a customer.
#[sqlx::test(migrations = false)]
async fn a_token_for_all_sets_up_webhooks_and_alerts(_: PgPoolOptions, database: PgConnectOptions) {
    let host = host(&database, TokenKeys::shared(&SECRET.into())).await;
    let own = customer_id(&host.site.customer("lumen").await);
    let endpoint = json!({ "url": "https://host.example.com/hooks" }).to_string();
    let alert = json!({ "type": "node.down", "severity": "info", "title": "Down" }).to_string();
    for (customer, created, read, changed) in [("*", 201, 200, 200), (own.as_str(), 403, 403, 403)] {
        let token = hs256(&claims(customer));
        for (path, body) in [("/v1/webhook_endpoints", &endpoint), ("/v1/alerts", &alert)] {
            let answer = host.call_with(&token, ("POST", path), &[], body).await;
            assert_eq!(answer.status, created, "{customer} {path} {}", answer.body);
        }
        for path in ["/v1/webhook_endpoints", "/v1/alert_rules", "/v1/alert_channels"] {
            assert_eq!(
                host.get_with(&token, path).await.status,
                read,
                "{customer} {path}"
            );
        }
        let rule = ("PATCH", "/v1/alert_rules/usage");
        let answer = host.call_with(&token, rule, &[], "{}").await;
        assert_eq!(answer.status, changed, "{customer} {}", answer.body);
    }
}

#[sqlx::test(migrations = false)]
async fn a_bad_token_is_refused_and_not_told_why(_: PgPoolOptions, database: PgConnectOptions) {
    let host = host(&database, TokenKeys::shared(&SECRET.into())).await;
    let now = service::clock::real_now().timestamp();
    let with = |field: &str, value: Value| {
        let mut claims = claims("*");
        claims[field] = value;
        hs256(&claims)
    };
    let without = |field: &str| {
        let mut claims = claims("*");
        claims.as_object_mut().unwrap().remove(field);
        hs256(&claims)
    };
    let good = hs256(&claims("*"));
    let other = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"another secret of 32 characters!");
    let forged = signed(&json!({ "alg": "HS256" }), &claims("*"), |message| {
        ring::hmac::sign(&other, message).as_ref().to_vec()
    });
    let unsigned = signed(&json!({ "alg": "none" }), &claims("*"), |_| Vec::new());
    let renamed = good.replacen(
        &part(&json!({ "alg": "HS256", "typ": "JWT" })),
        &part(&json!({ "alg": "RS256" })),
        1,
    );
    let (message, signature) = good.rsplit_once('.').unwrap();
    let stripped = format!("{message}.");
    let swapped = format!(
        "{}.{}.{signature}",
        part(&json!({ "alg": "HS256" })),
        part(&claims("*"))
    );
    let long = format!("{good}{}", "A".repeat(10_000));
    for (n, token) in [
        with("exp", json!(now - 60)),
        with("exp", json!(now + 7_200)),
        with("exp", json!("tomorrow")),
        with("nbf", json!(now + 300)),
        with("aud", json!("somebody else")),
        with("sub", json!("")),
        with("customer", json!("everybody")),
        with("customer", json!(null)),
        with("scope", json!("read admin")),
        without("exp"),
        without("aud"),
        without("sub"),
        without("customer"),
        without("scope"),
        forged,
        unsigned,
        renamed,
        stripped,
        swapped,
        long,
        "a.b.c".to_owned(),
        "..".to_owned(),
    ]
    .iter()
    .enumerate()
    {
        let refused = host.get_with(token, "/v1/customers").await;
        assert_eq!(problem(&refused), said(401, "unauthenticated"), "{n}");
        assert_eq!(
            json(&refused)["detail"],
            "no key or token that is good: send Authorization: Bearer, with one that has not expired",
            "{n}"
        );
    }
    assert_eq!(host.get_with(&good, "/v1/customers").await.status, 200);
    // Clocks differ a little.
    assert_eq!(
        host.get_with(&with("exp", json!(now - 10)), "/v1/customers")
            .await
            .status,
        200
    );
}

#[sqlx::test(migrations = false)]
async fn public_keys_are_found_by_their_names(_: PgPoolOptions, database: PgConnectOptions) {
    let random = SystemRandom::new();
    let pair = || {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap()
    };
    let (first, second) = (pair(), pair());
    let jwk = |name: &str, pair: &EcdsaKeyPair| {
        let point = pair.public_key().as_ref();
        let of = |range: std::ops::Range<usize>| BASE64_URL_SAFE_NO_PAD.encode(&point[range]);
        json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": name, "x": of(1..33), "y": of(33..65) })
    };
    let token = |name: Value, pair: &EcdsaKeyPair| {
        let header = json!({ "alg": "ES256", "kid": name });
        signed(&header, &claims("*"), |message| {
            pair.sign(&random, message).unwrap().as_ref().to_vec()
        })
    };
    let folder = crate::program::Folder::new();
    let file = folder.path().join("jwks.json");
    std::fs::write(&file, json!({ "keys": [jwk("a", &first)] }).to_string()).unwrap();
    let keys = TokenKeys::public(KeySource::File(file.clone()), PublicAlgorithm::Es256);
    let host = host(&database, keys).await;
    let status = async |token: &str| host.get_with(token, "/v1/customers").await.status;
    assert_eq!(status(&token(json!("a"), &first)).await, 200);
    assert_eq!(status(&token(json!("a"), &second)).await, 401);
    assert_eq!(status(&token(json!("b"), &second)).await, 401);
    assert_eq!(status(&token(json!(null), &first)).await, 401);
    assert_eq!(status(&hs256(&claims("*"))).await, 401);
    // What the host wrote there meanwhile is looked at, but not for each token that names a key nobody knows.
    std::fs::write(
        &file,
        json!({ "keys": [jwk("a", &first), jwk("b", &second)] }).to_string(),
    )
    .unwrap();
    assert_eq!(status(&token(json!("b"), &second)).await, 401);
    assert_eq!(status(&token(json!("a"), &first)).await, 200);
}

#[sqlx::test(migrations = false)]
async fn public_keys_are_read_from_an_address(_: PgPoolOptions, database: PgConnectOptions) {
    let random = SystemRandom::new();
    let document = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
    let x = BASE64_URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
    let set = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "a", "x": x }] }).to_string();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let keys = Router::new()
        .route("/jwks.json", get(async move || set))
        .route("/moved", get(async || Redirect::to("/jwks.json")));
    tokio::spawn(async move { axum::serve(listener, keys).await });
    let header = json!({ "alg": "EdDSA", "kid": "a" });
    let token = signed(&header, &claims("*"), |message| {
        pair.sign(message).as_ref().to_vec()
    });
    // Nobody is followed elsewhere.
    for (path, status) in [("jwks.json", 200), ("moved", 401), ("nothing", 401)] {
        let source: KeySource = format!("http://{address}/{path}").parse().unwrap();
        let keys = Tokens::new(TokenKeys::public(source, PublicAlgorithm::EdDsa), AUDIENCE);
        let read = keys.actor(&token, service::clock::real_now()).await;
        assert_eq!(read.is_ok(), status == 200, "{path}");
    }
    let source: KeySource = format!("http://{address}/jwks.json").parse().unwrap();
    let host = host(&database, TokenKeys::public(source, PublicAlgorithm::EdDsa)).await;
    assert_eq!(host.get_with(&token, "/v1/customers").await.status, 200);
}

/// Nobody is told that a token is bad, nor counted as guessing, where we cannot know.
#[sqlx::test(migrations = false)]
async fn keys_that_cannot_be_read_make_no_token_a_bad_one(_: PgPoolOptions, database: PgConnectOptions) {
    let folder = crate::program::Folder::new();
    let source = KeySource::File(folder.path().join("nothing.json"));
    let host = host_with(&database, TokenKeys::public(source, PublicAlgorithm::EdDsa), 1).await;
    let token = signed(&json!({ "alg": "EdDSA", "kid": "a" }), &claims("*"), |_| {
        vec![7; 64]
    });
    for n in 0..10 {
        let away = host.get_with(&token, "/v1/customers").await;
        assert_eq!(problem(&away), said(503, "token_keys_unavailable"), "{n}");
        assert_eq!(away.header("retry-after"), Some("5"));
    }
    // One signed in another way is bad whatever the keys are.
    let other = host.get_with(&hs256(&claims("*")), "/v1/customers").await;
    assert_eq!(problem(&other), said(401, "unauthenticated"));
}

/// Whoever guesses does not make us check signatures as fast as they like.
#[sqlx::test(migrations = false)]
async fn who_guessed_too_often_is_not_listened_to(_: PgPoolOptions, database: PgConnectOptions) {
    let host = host_with(&database, TokenKeys::shared(&SECRET.into()), 1).await;
    let ask = async |token: &str, from: &str| {
        let headers = [("X-Forwarded-For", from)];
        let answer = host.call_with(token, ("GET", "/v1/customers"), &headers, "");
        answer.await.status
    };
    let (known, new) = (
        hs256(&claims("*")),
        hs256(&claims("cus_00000000000000000000000000000007")),
    );
    assert_eq!(ask(&known, "198.51.100.1").await, 200);
    let bad = format!("{known}A");
    let mut statuses = Vec::new();
    for _ in 0..10 {
        statuses.push(ask(&bad, "198.51.100.1").await);
    }
    assert_eq!(statuses[..5], [401; 5]);
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    // As with keys: one that was good before is not kept waiting by others at its address, a new one is.
    assert_eq!(ask(&known, "198.51.100.1").await, 200);
    assert_eq!(ask(&new, "198.51.100.1").await, 429);
    assert_eq!(ask(&new, "198.51.100.2").await, 200);
}
