//! Makes coupons and codes, and retires codes.

use leptos::prelude::*;

use super::forms::{CodesForm, CouponForm};
use crate::error::AppError;

#[server(prefix = "/fn", endpoint = "create-coupon")]
pub async fn create_coupon(form: CouponForm) -> Result<(), AppError> {
    use super::forms::COUPON;
    use crate::auth::typed;
    let (billing, actor) = crate::context::caller().await?;
    actor.decides_about_money()?;
    let made = match super::typed::coupon(form.clone(), billing.config().currency) {
        Ok(coupon) => billing
            .create_coupon(&actor, coupon)
            .await
            .map_err(AppError::from),
        Err(error) => Err(error),
    };
    typed::keep_form(COUPON, &form, made.is_ok())?;
    let id = made?;
    leptos_axum::redirect(&format!("/admin/coupons/{id}?done=coupon_created"));
    Ok(())
}

#[server(prefix = "/fn", endpoint = "create-codes")]
pub async fn create_codes(form: CodesForm) -> Result<(), AppError> {
    use super::forms::CODES;
    use crate::auth::typed;
    let (billing, actor) = crate::context::caller().await?;
    actor.decides_about_money()?;
    let made = match super::typed::codes(form.clone(), billing.config().currency) {
        Ok(codes) => {
            let coupon = codes.coupon;
            let made = billing.create_codes(&actor, codes).await;
            made.map(|_| coupon).map_err(AppError::from)
        }
        Err(error) => Err(error),
    };
    typed::keep_form(CODES, &form, made.is_ok())?;
    let coupon = made?;
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
