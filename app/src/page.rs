//! How a page comes about: who asks, what to load, what to show, and what to show when that fails.

use std::future::Future;

use http::StatusCode;
use http::request::Parts;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_meta::Title;
use leptos_router::params::ParamsMap;
use service::{Actor, Billing};

use crate::context::{self, Deployment};
use crate::error::AppError;
use crate::layout::{Area, Frame, PUBLIC, frame};
use crate::safe_path::escape;
use crate::text::en::{self, common as t};
use crate::ui::{EmptyState, LinkButton};

/// One request for a page.
pub struct Visit {
    pub billing: Billing,
    pub deployment: Deployment,
    pub actor: Actor,
    /// Path and query.
    pub address: String,
    query: ParamsMap,
    params: ParamsMap,
}

impl Visit {
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.get_str(name)
    }

    /// A part of the path, such as the `:id` of an invoice's page.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.get_str(name)
    }

    pub fn path(&self) -> &str {
        self.address.split('?').next().unwrap_or("/")
    }
}

/// What a page shows once it is loaded.
pub struct Page {
    pub title: String,
    pub body: AnyView,
    /// Whose page it is, shown beside sign-out.
    pub who: Option<String>,
    /// Another area than the page's own, where that depends on who asks.
    within: Option<&'static Area>,
    error_detail: Option<&'static str>,
}

impl Page {
    pub fn new(title: impl Into<String>, body: impl IntoView) -> Self {
        Self {
            title: title.into(),
            body: body.into_any(),
            who: None,
            within: None,
            error_detail: None,
        }
    }

    pub fn of(self, who: impl Into<String>) -> Self {
        Self {
            who: Some(who.into()),
            ..self
        }
    }

    /// Says more about the error in the address than its code does.
    pub fn explaining(self, detail: &'static str) -> Self {
        Self {
            error_detail: Some(detail),
            ..self
        }
    }

    pub fn within(self, area: &'static Area) -> Self {
        Self {
            within: Some(area),
            ..self
        }
    }
}

/// A page of an area. Who may not see it goes to sign-in or gets an error page with the fitting status.
pub fn page<Load, Loading>(area: &'static Area, load: Load) -> impl IntoView
where
    Load: FnOnce(Visit) -> Loading + Send + 'static,
    Loading: Future<Output = Result<Page, AppError>> + Send + 'static,
{
    let request = Request::from_context();
    Suspend::new(async move {
        let address = request.address.clone();
        match Box::pin(request.load(area, load)).await {
            Ok(view) => view,
            Err(AppError::Unauthenticated) => {
                leptos_axum::redirect(&format!("/sign-in?next={}", escape(&address)));
                ().into_any()
            }
            Err(error) => {
                let signed_in = context::actor()
                    .await
                    .is_ok_and(|actor| actor != Actor::Anonymous);
                error_page(area, error, &address, signed_in)
            }
        }
    })
}

/// What only stands in the context before the first wait.
struct Request {
    address: String,
    query: ParamsMap,
    params: ParamsMap,
}

impl Request {
    fn from_context() -> Self {
        let uri = use_context::<Parts>().map(|parts| parts.uri);
        let address = uri
            .as_ref()
            .and_then(|uri| uri.path_and_query())
            .map_or("/", |path| path.as_str())
            .to_owned();
        let query = uri
            .as_ref()
            .and_then(|uri| uri.query())
            .map(parse_query)
            .unwrap_or_default();
        // There are none where no route matched.
        let params = use_context::<ArcMemo<ParamsMap>>().map(|params| params.get_untracked());
        Self {
            address,
            query,
            params: params.unwrap_or_default(),
        }
    }

    async fn load<Load, Loading>(self, area: &'static Area, load: Load) -> Result<AnyView, AppError>
    where
        Load: FnOnce(Visit) -> Loading,
        Loading: Future<Output = Result<Page, AppError>>,
    {
        let (billing, actor) = context::caller().await?;
        let deployment = context::deployment()?;
        let visit = Visit {
            billing: billing.clone(),
            deployment: deployment.clone(),
            actor: actor.clone(),
            address: self.address.clone(),
            query: self.query.clone(),
            params: self.params,
        };
        let page = Box::pin(load(visit)).await?;
        let seeding = billing.seed_progress().await.unwrap_or(None);
        let clock = context::clock_shift(&billing).map(|_| billing.now());
        let merchant = deployment.merchant;
        let around = Frame {
            area: page.within.unwrap_or(area),
            path: &self.address,
            signed_in: actor != Actor::Anonymous,
            who: page.who,
            deployment: Some(deployment),
            seeding,
            clock,
            error: self.query.get_str("error").and_then(AppError::parse),
            error_detail: page.error_detail,
            notice: self.query.get_str("done").and_then(en::notice),
            back: match actor {
                Actor::Member { .. } => context::return_url().await,
                _ => None,
            },
        };
        let title = format!("{} – {merchant}", page.title);
        Ok(view! { <Title text=in_head(&title)/> {frame(around, page.body)} }.into_any())
    }
}

/// Titles are written into the page as they are: names in them are other people's.
fn in_head(title: &str) -> String {
    html_escape::encode_text(title).into_owned()
}

pub fn parse_query(query: &str) -> ParamsMap {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let unescape = |text: &str| leptos_router::location::Url::unescape(&text.replace('+', " "));
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (unescape(name), unescape(value)))
        .collect()
}

/// Plain words, what to do, and the name under which the logs know the request.
fn error_page(area: &'static Area, error: AppError, path: &str, signed_in: bool) -> AnyView {
    set_status(error);
    let words = en::error(error);
    let request_id = use_context::<Parts>().and_then(|parts| {
        parts
            .headers
            .get("x-request-id")
            .and_then(|id| id.to_str().ok())
            .map(str::to_owned)
    });
    let around = Frame {
        area,
        path,
        signed_in,
        who: None,
        deployment: context::deployment().ok(),
        seeding: None,
        clock: None,
        error: None,
        error_detail: None,
        notice: None,
        back: None,
    };
    // The home of an area that is closed to who asks would refuse again.
    let closed = error == AppError::Forbidden || area.home.is_empty();
    let home = if closed { "/" } else { area.home };
    let body = view! {
        <div class="panel">
            <h1 class="sr-only">{words.title}</h1>
            <EmptyState icon=icondata::LuCircleAlert title=words.title hint=words.advice>
                <LinkButton href=home label=t::BACK/>
            </EmptyState>
            {request_id.map(|id| view! {
                <p class="label-sm text-center pb-4">{en::errors::REQUEST_ID}" "<code>{id}</code></p>
            })}
        </div>
    };
    view! { <Title text=in_head(words.title)/> {frame(around, body.into_any())} }.into_any()
}

/// For addresses that lead nowhere.
#[component]
pub fn NotFound() -> impl IntoView {
    page(&PUBLIC, |_| async { Err(AppError::NotFound) })
}

fn set_status(error: AppError) {
    let status = StatusCode::from_u16(error.status()).ok();
    if let (Some(options), Some(status)) = (use_context::<ResponseOptions>(), status) {
        options.set_status(status);
    }
}
