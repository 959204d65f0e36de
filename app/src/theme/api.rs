//! Remembers the theme.

use leptos::prelude::*;

use super::Theme;
use crate::error::AppError;

/// Anyone may: it is a cookie of their own.
#[server(prefix = "/fn", endpoint = "set-theme")]
pub async fn set_theme(theme: Theme) -> Result<(), AppError> {
    const A_YEAR_IN_SECONDS: u32 = 365 * 24 * 60 * 60;
    let attributes = format!("Max-Age={A_YEAR_IN_SECONDS}");
    crate::context::set_cookie(Theme::COOKIE, theme.as_str(), &attributes)
}
