//! What every answer says about itself, cookies and policies to the letter.

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::http::Answer;
use crate::site::Site;

const NOTHING_RUNS: &str = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";

fn assert_common(answer: &Answer, what: &str) {
    let of_windows = [
        "referrer-policy",
        "permissions-policy",
        "cross-origin-opener-policy",
    ];
    let expected = match what == "/v1/events" {
        // An answer to a program is shown in no window.
        true => [None; 3],
        false => [
            Some("same-origin"),
            Some("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
            Some("same-origin"),
        ],
    };
    assert_eq!(of_windows.map(|name| answer.header(name)), expected, "{what}");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{what}");
    assert_eq!(
        answer.header("cross-origin-resource-policy"),
        Some("same-origin"),
        "{what}"
    );
    assert_eq!(answer.header("x-request-id").map(str::len), Some(32), "{what}");
    assert_eq!(answer.header("set-cookie"), None, "{what}");
    let policy = answer.header("content-security-policy").unwrap();
    assert!(
        !policy.contains("'unsafe-inline'") && !policy.contains("'unsafe-eval'"),
        "{what}: {policy}"
    );
}

fn page_policy(site: &Site, nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self' {}; \
         base-uri 'none'; frame-ancestors 'none'",
        site.base_url.as_str()
    )
}

#[sqlx::test(migrations = false)]
async fn every_kind_of_answer_carries_them(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    for path in [
        "/",
        "/sign-in",
        "/no/such/page",
        "/livez",
        "/readyz",
        "/v1/events",
        "/v1/docs",
        "/robots.txt",
        "/pkg/portal.0123.js",
    ] {
        let answer = site.get(path).await;
        assert_common(&answer, path);
        assert_eq!(answer.header("strict-transport-security"), None, "{path}");
    }
    let refused = site
        .send("POST", "/sign-in", &[("Origin", "https://evil.example")], b"")
        .await;
    assert_eq!(refused.status, 403);
    assert_common(&refused, "a refused form");
    assert_eq!(refused.header("content-security-policy"), Some(NOTHING_RUNS));
}

#[sqlx::test(migrations = false)]
async fn a_page_runs_only_scripts_with_its_own_nonce(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let mut seen = Vec::new();
    for (path, status) in [("/sign-in", 200), ("/sign-in", 200), ("/no/such/page", 404)] {
        let page = site.get(path).await;
        assert_eq!(
            (page.status, page.header("cache-control")),
            (status, Some("no-store")),
            "{path}"
        );
        let policy = page.header("content-security-policy").unwrap();
        let nonce = policy
            .split("'nonce-")
            .nth(1)
            .unwrap()
            .split('\'')
            .next()
            .unwrap();
        assert_eq!(policy, page_policy(&site, nonce), "{path}");
        for script in page.body.split("<script").skip(1) {
            let tag = script.split('>').next().unwrap();
            assert!(
                tag.contains(&format!("nonce=\"{nonce}\"")),
                "<script{tag}> has no nonce"
            );
        }
        assert!(!page.body.contains(" style=\""), "an inline style on {path}");
        seen.push(nonce.to_owned());
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 3, "a nonce was used twice");
}

#[sqlx::test(migrations = false)]
async fn over_tls_browsers_are_told_to_stay_there(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start_at(&database, Some("https://billing.example.com")).await;
    for path in ["/sign-in", "/livez", "/v1/events", "/pkg/portal.0123.js"] {
        let answer = site.get(path).await;
        assert_eq!(
            answer.header("strict-transport-security"),
            Some("max-age=31536000; includeSubDomains"),
            "{path}"
        );
    }
}

#[sqlx::test(migrations = false)]
async fn hashed_files_may_be_kept_for_ever_and_come_compressed(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let script = site.get("/pkg/portal.0123.js").await;
    assert_eq!(
        (script.status, script.body.as_str()),
        (200, "console.log(\"hello\");\n")
    );
    assert_eq!(
        script.header("cache-control"),
        Some("public, max-age=31536000, immutable")
    );
    assert_eq!(script.header("content-type"), Some("text/javascript"));
    let small = site
        .send(
            "GET",
            "/pkg/portal.0123.js",
            &[("Accept-Encoding", "gzip, br")],
            b"",
        )
        .await;
    assert_eq!(small.header("content-encoding"), Some("gzip"));
    let gone = site.get("/pkg/portal.9999.js").await;
    assert_eq!(
        (gone.status, gone.header("cache-control")),
        (404, Some("no-store"))
    );
    assert_eq!(site.get("/pkg/../../site.rs").await.status, 404);
    let robots = site.get("/robots.txt").await;
    assert_eq!((robots.status, robots.body.as_str()), (200, "User-agent: *\n"));
}

#[sqlx::test(migrations = false)]
async fn a_request_keeps_a_harmless_id_and_loses_a_strange_one(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let given = site
        .send("GET", "/livez", &[("X-Request-Id", "proxy_7-a")], b"")
        .await;
    assert_eq!(given.header("x-request-id"), Some("proxy_7-a"));
    let long = "a".repeat(65);
    for strange in ["a b", "<script>", long.as_str()] {
        let answer = site
            .send("GET", "/livez", &[("X-Request-Id", strange)], b"")
            .await;
        assert_eq!(answer.header("x-request-id").map(str::len), Some(32), "{strange}");
    }
}

#[sqlx::test(migrations = false)]
async fn the_other_name_of_this_machine_leads_to_the_right_one(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let host = format!("localhost:{}", site.address.port());
    let moved = site.send("GET", "/plan?a=1", &[("Host", &host)], b"").await;
    let location = format!("{}/plan?a=1", site.base_url.as_str());
    assert_eq!(
        (moved.status, moved.header("location")),
        (307, Some(location.as_str()))
    );
    assert_eq!(
        site.send("GET", "/livez", &[("Host", &host)], b"").await.status,
        200
    );
}

/// Sent once, on signing in, and good for nothing but requests.
#[sqlx::test(migrations = false)]
async fn the_session_cookie_is_closed_to_scripts_and_other_sites(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    for (base_url, cookie) in [
        (None, "cosmos=; HttpOnly; SameSite=Lax; Path=/"),
        (
            Some("https://billing.example.com"),
            "__Host-cosmos=; HttpOnly; SameSite=Lax; Secure; Path=/",
        ),
    ] {
        let site = Site::start_at(&database, base_url).await;
        if base_url.is_none() {
            site.customer("lumen").await;
        }
        let headers = [
            ("Origin", site.base_url.as_str()),
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Accept", "text/html"),
        ];
        let wrong = b"email=ada@lumen.example&password=wrong";
        let failed = site.send("POST", "/fn/sign-in", &headers, wrong).await;
        let typed = failed.header("set-cookie").unwrap();
        assert!(typed.starts_with("typed=email=ada%40lumen.example; "), "{typed}");
        let right = b"email=ada@lumen.example&password=correct+horse+battery";
        let answer = site.send("POST", "/fn/sign-in", &headers, right).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let sent = answer.header("set-cookie").unwrap();
        let (name, rest) = sent.split_once('=').unwrap();
        let (id, attributes) = rest.split_once("; ").unwrap();
        assert_eq!(format!("{name}=; {attributes}"), cookie);
        // 128 bits in base64url.
        assert_eq!(id.len(), 22, "{id}");
        let session = format!("{name}={id}");
        let page = site.send("GET", "/", &[("Cookie", &session)], b"").await;
        assert_eq!(page.header("set-cookie"), None, "a cookie on every page");
    }
}
