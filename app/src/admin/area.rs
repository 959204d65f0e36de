//! The operators' part of the site.

use service::{Actor, Principal};

use crate::error::AppError;
use crate::layout::{Area, NavItem};
use crate::page::Visit;
use crate::text::en::{admin as t, admin_catalog, admin_invoices, admin_usage, alerts, webhooks};

pub static ADMIN: Area = Area {
    home: "/admin",
    name: Some(t::ADMIN),
    nav: &[
        NavItem {
            href: "/admin",
            label: t::OVERVIEW,
        },
        NavItem {
            href: "/admin/catalog",
            label: admin_catalog::NAV,
        },
        NavItem {
            href: "/admin/coupons",
            label: t::COUPONS,
        },
        NavItem {
            href: "/admin/invoices",
            label: admin_invoices::NAV,
        },
        NavItem {
            href: "/admin/usage",
            label: admin_usage::TITLE,
        },
        NavItem {
            href: "/admin/alerts",
            label: alerts::NAV,
        },
        NavItem {
            href: "/admin/webhooks",
            label: webhooks::NAV,
        },
        NavItem {
            href: "/admin/system",
            label: t::SYSTEM,
        },
        NavItem {
            href: "/admin/mail",
            label: t::MAIL,
        },
    ],
    wide: true,
    accounts: true,
};

/// The operator's name. Whoever is none gets an error instead of a page.
pub async fn operator(visit: &Visit) -> Result<String, AppError> {
    visit.actor.reads_admin()?;
    let Actor::Staff { id, .. } = &visit.actor else {
        return Err(AppError::Forbidden);
    };
    let login = visit.billing.login_name(Principal::Staff(*id)).await?;
    Ok(login.map(|login| login.name).unwrap_or_default())
}
