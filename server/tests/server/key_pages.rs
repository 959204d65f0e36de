//! The page of a customer's own keys: shown once to whoever made one, and nobody reaches another's.

use service::StaffRole;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::alert_pages::{only_looks, page, session};
use crate::forms::{input, mark, post};
use crate::http::Answer;
use crate::operators::{cookies, signed_in};
use crate::site::Site;

const PAGE: &str = "/settings/keys";

/// The whole key on a page; none where there is none.
fn key(shown: &Answer) -> Option<String> {
    let text = |at: usize| &shown.body[at..];
    let mut places = shown.body.match_indices("cbk_").map(|(at, _)| text(at));
    let word = |text: &str| -> String {
        let in_key = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        text.chars().take_while(|c| in_key(*c)).collect()
    };
    places.find_map(|text| Some(word(text)).filter(|key| key.len() == 47))
}

#[sqlx::test(migrations = false)]
async fn a_key_is_made_shown_once_rotated_and_revoked(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let ada = site.customer("lumen").await;
    site.customer("other").await;
    let (own, other) = (session(&site, "lumen").await, session(&site, "other").await);
    let form = "form[name]=Night+job&form[scopes][0]=read&form[scopes][1]=write&form[last_day]=";
    let made = post(&site, PAGE, "/fn/create-key", &own, form).await;
    let path = made.header("location").unwrap();
    assert_eq!(path, "/settings/keys?key=new");
    let handed = cookies(&made);
    let shown = page(&site, path, &format!("{own}; {handed}")).await;
    let text = key(&shown).unwrap();
    assert!(!handed.contains(&text), "the cookie is sealed");
    let forgotten = cookies(&shown);
    assert!(
        forgotten.contains("shown=") && !forgotten.contains(&handed),
        "{forgotten}"
    );
    assert_eq!(key(&page(&site, path, &own).await), None);
    let stolen = page(&site, path, &format!("{other}; {handed}")).await;
    assert_eq!(
        (stolen.status, key(&stolen)),
        (200, None),
        "it opens for its maker alone"
    );
    assert!(site.billing.api_key_actor(&text).await.is_ok());

    let id = site.billing.api_keys(&ada).await.unwrap()[0].id;
    let form = format!("key={id}");
    for action in ["/fn/rotate-key", "/fn/revoke-key"] {
        let refused = post(&site, PAGE, action, &other, &form).await;
        assert_eq!(refused.header("location"), Some("/settings/keys?error=not_found"));
    }
    let listed = page(&site, PAGE, &other).await;
    assert!(!listed.body.contains("Night job"));

    let rotated = post(&site, PAGE, "/fn/rotate-key", &own, &form).await;
    assert_eq!(rotated.header("location"), Some("/settings/keys?key=rotated"));
    let handed = format!("{own}; {}", cookies(&rotated));
    let shown = page(&site, "/settings/keys?key=rotated", &handed).await;
    let second = key(&shown).unwrap();
    for text in [&text, &second] {
        assert!(
            site.billing.api_key_actor(text).await.is_ok(),
            "both work for a day"
        );
    }
    let again = post(&site, PAGE, "/fn/rotate-key", &own, &form).await;
    assert_eq!(
        again.header("location"),
        Some("/settings/keys?error=key_replaced")
    );
    let revoked = post(&site, PAGE, "/fn/revoke-key", &own, &form).await;
    assert_eq!(
        revoked.header("location"),
        Some("/settings/keys?done=key_revoked")
    );
    assert!(site.billing.api_key_actor(&text).await.is_err());
    assert!(site.billing.api_key_actor(&second).await.is_ok());
}

/// The browser shows the second answer: the key in it must be one that works, and the only one.
#[sqlx::test(migrations = false)]
async fn a_second_click_shows_the_key_that_the_first_made(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let ada = site.customer("lumen").await;
    let own = session(&site, "lumen").await;
    let empty = page(&site, PAGE, &own).await;
    let mark = mark(&empty);
    let form = format!("form[name]=Night+job&form[scopes][0]=read&form[last_day]=&mark={mark}");
    let shown = async |action: &'static str, form: &str| {
        let made = post(&site, PAGE, action, &own, form).await;
        let path = made.header("location").unwrap();
        let shown = page(&site, path, &format!("{own}; {}", cookies(&made))).await;
        key(&shown).unwrap()
    };
    let keys = || async { site.billing.api_keys(&ada).await.unwrap() };
    let first = shown("/fn/create-key", &form).await;
    let second = shown("/fn/create-key", &form).await;
    assert_eq!(keys().await.len(), 1);
    assert!(site.billing.api_key_actor(&first).await.is_err());
    assert!(site.billing.api_key_actor(&second).await.is_ok());
    // Filled in anew, after going back, it is another.
    shown("/fn/create-key", &form.replace("Night", "Day")).await;
    assert_eq!(keys().await.len(), 2);

    let id = keys().await.last().unwrap().id;
    let form = format!("key={id}&mark={mark}");
    shown("/fn/rotate-key", &form).await;
    let again = shown("/fn/rotate-key", &form).await;
    assert_eq!(keys().await.len(), 3);
    assert!(site.billing.api_key_actor(&again).await.is_ok());
}

#[sqlx::test(migrations = false)]
async fn what_cannot_be_a_key_stands_in_its_form(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    site.customer("lumen").await;
    let own = session(&site, "lumen").await;
    for (form, code, words) in [
        (
            "form[name]=Build&form[last_day]=",
            "no_scope",
            "Tick at least one.",
        ),
        (
            "form[name]=+&form[scopes][0]=read&form[last_day]=",
            "invalid_label",
            "Enter 1 to 100 characters.",
        ),
        (
            "form[name]=Build&form[scopes][0]=read&form[last_day]=2020-01-01",
            "invalid_expiry_day",
            "Choose a day to come within ten years, or none.",
        ),
        (
            "form[name]=Build&form[scopes][0]=money&form[last_day]=",
            "invalid",
            "Something in the form cannot be right",
        ),
    ] {
        let refused = post(&site, PAGE, "/fn/create-key", &own, form).await;
        let back = refused.header("location").unwrap();
        assert_eq!(back, format!("{PAGE}?error={code}"));
        let shown = page(&site, back, &format!("{own}; {}", cookies(&refused))).await;
        assert!(shown.body.contains(words), "{words}: {}", shown.body);
        if form.contains("Build") {
            assert!(input(&shown, "form[name]").contains("value=\"Build\""));
        }
    }
}

#[sqlx::test(migrations = false)]
async fn keys_are_owners_business(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    site.customer("lumen").await;
    only_looks(&database, "lumen").await;
    let viewer = session(&site, "lumen").await;
    assert_eq!(page(&site, PAGE, &viewer).await.status, 403);
    assert!(!page(&site, "/settings", &viewer).await.body.contains(PAGE));
    let operator = signed_in(&site, StaffRole::Admin).await;
    assert_eq!(page(&site, PAGE, &operator).await.status, 403);
    let form = "form[name]=Build&form[scopes][0]=read&form[last_day]=";
    for session in [&viewer, &operator] {
        let refused = post(&site, "/settings", "/fn/create-key", session, form).await;
        assert_eq!(refused.header("location"), Some("/settings?error=forbidden"));
    }
}
