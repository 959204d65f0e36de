//! What a load balancer asks: is the program up, and can it serve.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;

use crate::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(ready))
}

/// The database answers and has our tables: they are brought up to date before the first request is served.
async fn ready(State(state): State<AppState>) -> (StatusCode, &'static str) {
    match state.billing.seed_progress().await {
        Ok(_) if state.preparing.has_failed() => (
            StatusCode::OK,
            "ok, without demo data: they could not be made, and the log says why\n",
        ),
        Ok(_) => (StatusCode::OK, "ok\n"),
        Err(error) => {
            tracing::warn!(error = ?error, "Not ready: {error}");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
        }
    }
}
