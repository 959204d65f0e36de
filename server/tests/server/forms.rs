//! What a plain form keeps and says when it failed, and the cookies it leaves.

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::http::Answer;
use crate::site::Site;

pub async fn post(site: &Site, page: &str, action: &str, cookie: &str, form: &str) -> Answer {
    let referer = format!("{}{page}", site.base_url.as_str());
    let headers = [
        ("Origin", site.base_url.as_str()),
        ("Referer", referer.as_str()),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Accept", "text/html"),
        ("Cookie", cookie),
    ];
    site.send("POST", action, &headers, form.as_bytes()).await
}

pub fn input<'a>(page: &'a Answer, id: &str) -> &'a str {
    let start = page.body.find(&format!("<input id=\"{id}\"")).unwrap();
    let tag = &page.body[start..];
    &tag[..tag.find('>').unwrap()]
}

/// What a page's first form that makes something is told apart by.
pub fn mark(page: &Answer) -> &str {
    let field = "name=\"mark\" value=\"";
    let start = page.body.find(field).unwrap() + field.len();
    let value = &page.body[start..];
    &value[..value.find('"').unwrap()]
}

const SIGN_UP: &str =
    "company=M%C3%BCller+%26+Co&name=Ada+%22A%22&email=ada%40mueller.example&time_zone=UTC&next=";

#[sqlx::test(migrations = false)]
async fn what_was_typed_is_still_there_after_an_error(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let form = format!("{SIGN_UP}&password=short");
    let failed = post(&site, "/sign-up?next=/plan", "/fn/sign-up", "", &form).await;
    let back = failed.header("location").unwrap();
    assert_eq!(back, "/sign-up?next=/plan&error=invalid_password");
    let cookie = failed.header("set-cookie").unwrap();
    let typed = "typed=company=M%C3%BCller%20%26%20Co&name=Ada%20%22A%22&email=ada%40mueller.example";
    assert_eq!(
        cookie,
        format!("{typed}; Path=/; SameSite=Lax; Max-Age=300; HttpOnly")
    );

    let page = site.send("GET", back, &[("Cookie", typed)], b"").await;
    for (id, value) in [
        ("company", "value=\"Müller &amp; Co\""),
        ("name", "value=\"Ada &quot;A&quot;\""),
        ("email", "value=\"ada@mueller.example\""),
    ] {
        assert!(input(&page, id).contains(value), "{}", input(&page, id));
    }
    let password = input(&page, "password");
    assert!(!password.contains(" value="), "{password}");
    assert!(
        password.contains("aria-describedby=\"password-hint password-error\""),
        "{password}"
    );
    assert!(
        password.contains("minlength=\"8\"") && password.contains("maxlength=\"128\""),
        "{password}"
    );
    let fresh = site.send("GET", "/sign-up", &[("Cookie", typed)], b"").await;
    assert!(!fresh.body.contains("mueller"), "{}", fresh.body);

    let form = format!("{SIGN_UP}&password=long+enough");
    let done = post(&site, "/sign-up", "/fn/sign-up", typed, &form).await;
    assert_eq!(done.header("location"), Some("/overview"));
    let forgotten = "typed=; Path=/; SameSite=Lax; Max-Age=0; HttpOnly";
    let cookies = done.headers.iter().filter(|(name, _)| name == "set-cookie");
    assert!(cookies.map(|(_, value)| value).any(|value| value == forgotten));
}

#[sqlx::test(migrations = false)]
async fn over_tls_every_cookie_stays_there(_: PgPoolOptions, database: PgConnectOptions) {
    for (base_url, secure) in [(None, ""), (Some("https://billing.example.com"), "; Secure")] {
        let site = Site::start_at(&database, base_url).await;
        let theme = post(&site, "/pricing", "/fn/set-theme", "", "theme=dark").await;
        let expected = format!("theme=dark; Path=/; SameSite=Lax; Max-Age=31536000{secure}");
        assert_eq!(theme.header("set-cookie"), Some(expected.as_str()));
        let wrong = "email=ada@lumen.example&password=wrong";
        let failed = post(&site, "/sign-in", "/fn/sign-in", "", wrong).await;
        let expected =
            format!("typed=email=ada%40lumen.example; Path=/; SameSite=Lax; Max-Age=300; HttpOnly{secure}");
        assert_eq!(failed.header("set-cookie"), Some(expected.as_str()));
        let page = site.send(
            "GET",
            "/sign-in?error=wrong_credentials",
            &[("Cookie", "typed=email=ada%40lumen.example")],
            b"",
        );
        let page = page.await;
        assert!(input(&page, "email").contains("value=\"ada@lumen.example\""));
        assert!(input(&page, "password").contains("aria-describedby=\"password-error\""));
    }
}

#[sqlx::test(migrations = false)]
async fn text_with_a_nul_is_no_input_and_a_long_path_leads_nowhere(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let site = Site::start(&database).await;
    let long = format!("/{}", "x".repeat(300));
    for path in [
        "/checkout/success?session_id=%00",
        "/sandbox/checkout/cs_%00",
        "/a%00",
        &long,
    ] {
        let answer = site.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.body.contains("<h1"), "{path}: {}", answer.body);
    }
    assert_eq!(site.get(&format!("/pkg{long}")).await.status, 404);
    for (action, form) in [
        ("/fn/sign-in", "email=a%00b&password=correct+horse"),
        ("/fn/checkout-decided", "session=%00"),
        ("/fn/sandbox-authenticate", "charge=%00&answer=approve"),
    ] {
        let headers = [
            ("Origin", site.base_url.as_str()),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        let answer = site.send("POST", action, &headers, form.as_bytes()).await;
        assert_eq!(answer.status, 422, "{action}");
        let answer = post(&site, "/pricing", action, "", form).await;
        assert_eq!(
            answer.header("location"),
            Some("/pricing?error=invalid"),
            "{action}"
        );
    }
}
