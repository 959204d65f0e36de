//! Remembers the theme.

use leptos::prelude::*;

use super::Theme;
use crate::error::AppError;

/// Anyone may: it is a cookie of their own.
#[server(prefix = "/fn", endpoint = "set-theme")]
pub async fn set_theme(theme: Theme) -> Result<(), AppError> {
    const A_YEAR_IN_SECONDS: u32 = 365 * 24 * 60 * 60;
    let options: leptos_axum::ResponseOptions = use_context().ok_or(AppError::Internal)?;
    let name = Theme::COOKIE;
    let cookie = format!(
        "{name}={}; Path=/; Max-Age={A_YEAR_IN_SECONDS}; SameSite=Lax",
        theme.as_str()
    );
    let cookie = http::HeaderValue::from_str(&cookie).map_err(|_| AppError::Internal)?;
    options.append_header(http::header::SET_COOKIE, cookie);
    Ok(())
}
