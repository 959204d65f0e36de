//! Makes coupons and codes, and retires codes.

use leptos::prelude::*;

use super::forms::{CodesForm, CouponForm};
use crate::error::AppError;

#[server(prefix = "/fn", endpoint = "create-coupon")]
pub async fn create_coupon(form: CouponForm) -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    actor.decides_about_money()?;
    let coupon = super::typed::coupon(form, billing.config().currency)?;
    let id = billing.create_coupon(&actor, coupon).await?;
    leptos_axum::redirect(&format!("/admin/coupons/{id}?done=coupon_created"));
    Ok(())
}

#[server(prefix = "/fn", endpoint = "create-codes")]
pub async fn create_codes(form: CodesForm) -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    actor.decides_about_money()?;
    let codes = super::typed::codes(form, billing.config().currency)?;
    let coupon = codes.coupon;
    billing.create_codes(&actor, codes).await?;
    leptos_axum::redirect(&format!("/admin/coupons/{coupon}?done=codes_created"));
    Ok(())
}

/// The coupon says which page to go back to.
#[server(prefix = "/fn", endpoint = "retire-code")]
pub async fn retire_code(coupon: String, code: String) -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    actor.decides_about_money()?;
    let coupon: billing::id::CouponId = coupon.parse().map_err(|_| AppError::NotFound)?;
    billing.retire_code(&actor, &code).await?;
    leptos_axum::redirect(&format!("/admin/coupons/{coupon}?done=code_retired"));
    Ok(())
}
