//! What a browser gets for a form that was posted to a server function, and a program for its call.
#![cfg(feature = "ssr")]
#![expect(clippy::unwrap_used, reason = "a broken fixture ends the test")]

use app::answer_server_functions;
use app::error::AppError;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{ACCEPT, LOCATION, REFERER, SET_COOKIE};
use axum::middleware::from_fn;
use axum::response::Response;
use axum::routing::post;
use leptos::server_fn::error::{FromServerFnError, SERVER_FN_ERROR_HEADER};
use tower::ServiceExt;

/// Answers as the framework does to a program.
fn failing(error: AppError) -> Response {
    let answer = Response::builder()
        .status(500)
        .header(SERVER_FN_ERROR_HEADER, "/fn/x");
    answer
        .header(SET_COOKIE, "theme=dark")
        .body(Body::from(error.ser()))
        .unwrap()
}

async fn call(answer: fn() -> Response, headers: &[(axum::http::HeaderName, &str)]) -> Response {
    let handler = move |request: Request| async move {
        let accept = request
            .headers()
            .get(ACCEPT)
            .map(|accept| accept.to_str().unwrap().to_owned());
        assert!(
            !accept.unwrap_or_default().contains("text/html"),
            "the framework would answer with an address"
        );
        answer()
    };
    let router: Router = Router::new()
        .route("/fn/x", post(handler))
        .layer(from_fn(answer_server_functions));
    let mut request = Request::post("/fn/x");
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    router
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap()
}

fn location(response: &Response) -> (u16, &str) {
    (
        response.status().as_u16(),
        response
            .headers()
            .get(LOCATION)
            .map_or("", |to| to.to_str().unwrap()),
    )
}

const FORM: (axum::http::HeaderName, &str) = (ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8");

fn from(page: &str) -> (axum::http::HeaderName, &str) {
    (REFERER, page)
}

#[tokio::test]
async fn a_failed_form_goes_back_to_its_page_with_a_code() {
    let page = from("http://127.0.0.1:3000/plan/change?price=price_1&error=old&done=old");
    let answer = call(|| failing(AppError::QuoteStale), &[FORM, page]).await;
    assert_eq!(
        location(&answer),
        (303, "/plan/change?price=price_1&error=quote_stale")
    );
    assert_eq!(answer.headers().get(SET_COOKIE).unwrap(), "theme=dark");
    assert!(!answer.headers().contains_key(SERVER_FN_ERROR_HEADER));
    assert!(to_bytes(answer.into_body(), 100).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_form_without_a_session_goes_to_sign_in_and_would_come_back() {
    let answer = call(
        || failing(AppError::Unauthenticated),
        &[FORM, from("http://127.0.0.1:3000/plan?a=1")],
    )
    .await;
    assert_eq!(location(&answer), (303, "/sign-in?next=/plan%3Fa%3D1"));
}

#[tokio::test]
async fn no_form_leads_to_another_site() {
    for page in [
        "https://evil.example//evil.example/",
        "//evil.example",
        "javascript:alert(1)",
    ] {
        let answer = call(|| failing(AppError::Invalid), &[FORM, from(page)]).await;
        assert_eq!(location(&answer), (303, "/?error=invalid"), "{page}");
    }
    let foreign = call(
        || failing(AppError::Invalid),
        &[FORM, from("https://evil.example/plan")],
    )
    .await;
    assert_eq!(location(&foreign), (303, "/plan?error=invalid"));
}

#[tokio::test]
async fn success_leads_where_the_function_says_or_back() {
    let onward = || {
        Response::builder()
            .header(LOCATION, "/plan?done=change_applied")
            .body(Body::empty())
            .unwrap()
    };
    let answer = call(onward, &[FORM, from("http://127.0.0.1:3000/plan/change")]).await;
    assert_eq!(location(&answer), (303, "/plan?done=change_applied"));
    let back = call(
        Response::default,
        &[FORM, from("http://127.0.0.1:3000/overview?error=old")],
    )
    .await;
    assert_eq!(location(&back), (303, "/overview"));
}

/// The function was not even reached: that is no success either.
#[tokio::test]
async fn what_is_refused_on_the_way_is_told_too() {
    fn answer<const STATUS: u16>() -> Response {
        Response::builder()
            .status(STATUS)
            .body(Body::from("words"))
            .unwrap()
    }
    let page = from("http://127.0.0.1:3000/plan");
    let cases = [
        (answer::<400> as fn() -> Response, "/plan?error=invalid"),
        (answer::<401>, "/sign-in?next=/plan"),
        (answer::<403>, "/plan?error=forbidden"),
        (answer::<404>, "/plan?error=not_found"),
        (answer::<429>, "/plan?error=too_many"),
        (answer::<500>, "/plan?error=internal"),
    ];
    for (refuse, expected) in cases {
        let answer = call(refuse, &[FORM, page.clone()]).await;
        assert_eq!(location(&answer), (303, expected));
        assert!(to_bytes(answer.into_body(), 100).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_program_gets_status_and_error() {
    let answer = call(|| failing(AppError::NotFound), &[(ACCEPT, "application/json")]).await;
    assert_eq!(location(&answer), (404, ""));
    let body = to_bytes(answer.into_body(), 100).await.unwrap();
    assert_eq!(AppError::de(body), AppError::NotFound);
}
