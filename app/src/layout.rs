//! What stands around every page: navigation, banners, and the way out.

use billing::period::Zone;
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use service::SeedProgress;

use crate::context::Deployment;
use crate::document;
use crate::error::AppError;
use crate::format;
use crate::text::en::{self, alerts, common as t, usage};
use crate::theme::island::ThemeSwitch;
use crate::ui::{Icon, Notice, Tone};

/// A part of the site with a navigation of its own.
#[derive(Debug)]
pub struct Area {
    /// Where its name in the header leads.
    pub home: &'static str,
    /// Beside the merchant's name, such as "Admin".
    pub name: Option<&'static str>,
    pub nav: &'static [NavItem],
    /// Tables and charts that need the room.
    pub wide: bool,
    /// Whether the header offers sign-in and sign-out.
    pub accounts: bool,
}

#[derive(Debug)]
pub struct NavItem {
    pub href: &'static str,
    pub label: &'static str,
}

pub static PUBLIC: Area = Area {
    home: "/",
    name: None,
    nav: &[NavItem {
        href: "/pricing",
        label: t::PRICING,
    }],
    wide: false,
    accounts: true,
};

pub static PORTAL: Area = Area {
    home: "/overview",
    name: None,
    nav: &[
        NavItem {
            href: "/overview",
            label: t::OVERVIEW,
        },
        NavItem {
            href: "/plan",
            label: t::PLAN,
        },
        NavItem {
            href: "/usage",
            label: usage::TITLE,
        },
        NavItem {
            href: "/invoices",
            label: t::INVOICES,
        },
        NavItem {
            href: "/wallet",
            label: t::WALLET,
        },
        NavItem {
            href: "/alerts",
            label: alerts::NAV,
        },
        NavItem {
            href: "/settings",
            label: t::SETTINGS,
        },
    ],
    wide: false,
    accounts: true,
};

/// The stand-in for the provider's hosted pages: not ours to leave by a menu.
pub static HOSTED: Area = Area {
    home: "",
    name: Some(t::HOSTED_PAGE),
    nav: &[],
    wide: false,
    accounts: false,
};

/// What the frame says besides the page.
pub struct Frame<'a> {
    pub area: &'static Area,
    pub path: &'a str,
    pub signed_in: bool,
    pub who: Option<String>,
    pub deployment: Option<Deployment>,
    pub seeding: Option<SeedProgress>,
    /// Where the test clock stands, if it was moved.
    pub clock: Option<DateTime<Utc>>,
    pub error: Option<AppError>,
    /// Instead of the advice that goes with the error.
    pub error_detail: Option<&'static str>,
    pub notice: Option<&'static str>,
    /// Where the host platform wants whoever came by its link to go on.
    pub back: Option<String>,
}

pub fn frame(frame: Frame<'_>, body: AnyView) -> AnyView {
    let width = if frame.area.wide { "max-w-7xl" } else { "max-w-5xl" };
    let sandbox = frame
        .deployment
        .as_ref()
        .is_some_and(|deployment| deployment.sandbox);
    let header = header(&frame, width);
    let messages = messages(&frame);
    view! {
        <a href="#main" class="btn btn-sm sr-only focus:not-sr-only focus:absolute focus:z-10">{t::SKIP_TO_CONTENT}</a>
        {header}
        <main id="main" tabindex="-1" class=format!("{width} mx-auto w-full grow px-4 py-5 flex flex-col gap-4")>
            {messages}
            {body}
        </main>
        <footer class=format!("{width} mx-auto w-full px-4 py-4 flex items-center justify-between gap-4 text-muted")>
            <span class="flex items-center gap-2">
                {sandbox.then(|| view! {
                    <Icon icon=icondata::LuFlaskConical/>
                    <span><strong class="font-medium">{t::SANDBOX}</strong>" – "{t::SANDBOX_HINT}</span>
                })}
            </span>
            <ThemeSwitch current=document::theme()/>
        </footer>
    }
    .into_any()
}

fn header(frame: &Frame<'_>, width: &'static str) -> AnyView {
    let merchant = frame
        .deployment
        .as_ref()
        .map_or("", |deployment| deployment.merchant);
    let path = frame.path.split('?').next().unwrap_or("/").to_owned();
    let items = frame
        .area
        .nav
        .iter()
        .map(|item| nav_item(item, frame.area.home, &path))
        .collect_view();
    let (area, who, signed_in) = (frame.area, frame.who.clone(), frame.signed_in);
    view! {
        <header class="bg-base-100 border-b border-base-300">
            <div class=format!("{width} mx-auto px-4 flex flex-wrap items-center gap-x-3 sm:gap-x-6 min-h-12")>
                <a
                    href=(!area.home.is_empty()).then_some(area.home)
                    class="flex items-center gap-2 py-2 font-semibold"
                >
                    <span class="text-primary"><Icon icon=icondata::LuOrbit/></span>
                    {merchant}
                    {area.name.map(|name| view! { <span class="badge badge-soft badge-sm">{name}</span> })}
                </a>
                <nav aria-label=t::MAIN_NAVIGATION class="order-last w-full sm:order-none sm:w-auto overflow-x-auto">
                    <ul class="flex gap-4">{items}</ul>
                </nav>
                <div class="ms-auto flex items-center gap-3 min-w-0">
                    {who.map(|who| view! { <span class="text-muted truncate max-w-36 sm:max-w-60">{who}</span> })}
                    {area.accounts.then(|| if signed_in { sign_out().into_any() } else { sign_in(&path).into_any() })}
                </div>
            </div>
        </header>
    }
    .into_any()
}

/// The area's home has every other page below its path: it is current by itself alone.
fn nav_item(item: &'static NavItem, home: &str, path: &str) -> impl IntoView + use<> {
    let rest = path.strip_prefix(item.href);
    let current = rest.is_some_and(|rest| rest.is_empty() || (item.href != home && rest.starts_with('/')));
    let class = if current {
        "block py-3 border-b-2 border-primary font-medium whitespace-nowrap"
    } else {
        "block py-3 border-b-2 border-transparent text-muted whitespace-nowrap hover:text-base-content"
    };
    let marker = (path == item.href)
        .then_some("page")
        .or(current.then_some("true"));
    view! { <li><a href=item.href class=class aria-current=marker>{item.label}</a></li> }
}

fn sign_out() -> impl IntoView {
    view! {
        <form method="post" action="/fn/sign-out">
            <button type="submit" class="btn btn-ghost btn-sm max-sm:btn-square" title=t::SIGN_OUT>
                <span class="max-sm:sr-only">{t::SIGN_OUT}</span>
                <span class="sm:hidden"><Icon icon=icondata::LuLogOut/></span>
            </button>
        </form>
    }
}

fn sign_in(path: &str) -> impl IntoView + use<> {
    (!path.starts_with("/sign-")).then(|| {
        view! {
            <a href="/sign-in" class="btn btn-ghost btn-sm">{t::SIGN_IN}</a>
            <a href="/sign-up" class="btn btn-primary btn-sm">{t::SIGN_UP}</a>
        }
    })
}

fn messages(frame: &Frame<'_>) -> AnyView {
    let seeding = frame.seeding.map(|progress| {
        view! { <Notice tone=Tone::Info title=t::seeding(progress.steps_done, progress.steps_total)/> }
    });
    let clock = frame.clock.map(|now| {
        let now = format::date_time(now, Zone::UTC);
        view! {
            <p class="flex items-center gap-2 text-muted"><Icon icon=icondata::LuClock/>{t::clock_ahead(&now)}</p>
        }
    });
    let error = frame.error.map(|error| {
        let words = en::error(error);
        let detail = frame.error_detail.unwrap_or(words.advice);
        view! { <Notice tone=Tone::Error title=words.title detail=detail urgent=true/> }
    });
    let notice = frame
        .notice
        .map(|notice| view! { <Notice tone=Tone::Success title=notice urgent=true/> });
    let back = frame.back.clone().map(|url| {
        let label = t::back_to(host_of(&url));
        view! {
            <p><a href=url rel="noreferrer" class="link inline-flex items-center gap-2">
                <Icon icon=icondata::LuArrowLeft/>{label}
            </a></p>
        }
    });
    view! { {back} {seeding} {clock} {error} {notice} }.into_any()
}

/// What a person knows a site by.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}
