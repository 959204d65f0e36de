//! Files that people download. Their addresses are those of the pages that lead to them; the session says who asks.

mod usage;

use app::error::AppError;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use billing::id::CouponId;
use futures::{Stream, TryStreamExt};
use service::{Actor, Billing, CodeRow, Error, ErrorKind, PRINCIPAL_KEY, Principal};
use tower_sessions::Session;

use crate::middleware::plain_page::plain_page;
use crate::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/admin/coupons/{coupon}/codes.csv", get(codes))
        .merge(usage::routes())
}

/// All codes of a coupon, for a mailing.
async fn codes(State(billing): State<Billing>, session: Session, Path(coupon): Path<String>) -> Response {
    match load(&billing, &session, &coupon).await {
        Ok(rows) => csv("codes.csv", codes_file(&rows)),
        Err(error) => match coupon.parse::<CouponId>() {
            Ok(coupon) => refused(&error, &format!("/admin/coupons/{coupon}")),
            Err(_) => refused(&error, "/admin/coupons"),
        },
    }
}

async fn load(billing: &Billing, session: &Session, coupon: &str) -> Result<Vec<CodeRow>, Error> {
    let actor = actor(billing, session).await?;
    actor.decides_about_money()?;
    let coupon: CouponId = coupon.parse().map_err(|_| Error::NotFound("coupon"))?;
    billing.codes_of(&actor, coupon).await
}

async fn actor(billing: &Billing, session: &Session) -> Result<Actor, Error> {
    let principal = session.get::<Principal>(PRINCIPAL_KEY).await;
    let principal = principal.map_err(|_| Error::Internal("the session store"))?;
    match principal {
        Some(principal) => billing.actor(principal).await,
        None => Ok(Actor::Anonymous),
    }
}

fn codes_file(rows: &[CodeRow]) -> String {
    let mut file = String::from("code,state,redeemed,max_redemptions,campaign,expires_at\r\n");
    for row in rows {
        let state = if row.is_active { "active" } else { "retired" };
        let most = row.limits.max_redemptions.map(|most| most.to_string());
        let expires = row.limits.expires_at.map(|end| end.to_rfc3339());
        let fields = [
            row.code.to_string(),
            state.to_owned(),
            row.redeemed.to_string(),
            most.unwrap_or_default(),
            text(row.campaign.as_deref().unwrap_or_default()),
            expires.unwrap_or_default(),
        ];
        line(&mut file, &fields);
    }
    file
}

fn line(file: &mut String, fields: &[String]) {
    file.push_str(&fields.join(","));
    file.push_str("\r\n");
}

/// The file's name is ours.
fn csv(name: &'static str, file: String) -> Response {
    csv_of(name, Body::from(file))
}

/// The same of a file too large to be held.
fn csv_stream(
    name: &'static str,
    parts: impl Stream<Item = Result<String, Error>> + Send + 'static,
) -> Response {
    let parts = parts.inspect_err(|error| {
        tracing::error!(error = ?error, code = error.code(), "A download broke off: {error}");
    });
    csv_of(name, Body::from_stream(parts))
}

fn csv_of(name: &'static str, file: Body) -> Response {
    let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) else {
        return page(AppError::Internal);
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (CONTENT_DISPOSITION, disposition),
        // What is in it is for whoever asked, and codes are worth money to whoever has them.
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, file).into_response()
}

/// A name as a field: quoted, and never a formula to the program that opens the file.
fn text(name: &str) -> String {
    let guard = if name.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        "'"
    } else {
        ""
    };
    format!("\"{guard}{}\"", name.replace('"', "\"\""))
}

/// Whoever is not signed in comes back to the page that the file belongs to.
fn refused(error: &Error, of_page: &str) -> Response {
    match error.kind() {
        ErrorKind::Unauthenticated => Redirect::to(&format!("/sign-in?next={of_page}")).into_response(),
        ErrorKind::Forbidden => page(AppError::Forbidden),
        ErrorKind::NotFound => page(AppError::NotFound),
        ErrorKind::Invalid => page(AppError::Invalid),
        _ => {
            tracing::error!(error = ?error, code = error.code(), "A download failed: {error}");
            page(AppError::StorageUnavailable)
        }
    }
}

fn page(error: AppError) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let said = match error {
        AppError::Forbidden => "Your role does not allow this.",
        AppError::NotFound => "There is no such file.",
        AppError::Invalid => "The address asks for something that cannot be.",
        _ => "The file could not be made: try again in a moment.",
    };
    plain_page(status, said)
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn a_name_is_text_to_whatever_opens_the_file() {
        assert_eq!(text("Spring"), "\"Spring\"");
        assert_eq!(text("Spring, \"early\""), "\"Spring, \"\"early\"\"\"");
        assert_eq!(text("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!(text("-1"), "\"'-1\"");
    }
}
