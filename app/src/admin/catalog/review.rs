//! What publishing the draft would change, and publishing exactly that.

use leptos::prelude::*;
use service::CatalogReview;

use crate::admin::area::{ADMIN, operator};
use crate::error::AppError;
use crate::page::{Page, Visit, page};
use crate::text::en::admin_catalog as t;
use crate::ui::{
    Badge, ButtonKind, EmptyState, LinkButton, PageHeader, Panel, PostButton, SubmitButton, Tone,
};

pub const PATH: &str = "/admin/catalog/review";

#[component]
pub fn ReviewPage() -> impl IntoView {
    page(&ADMIN, load)
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let operator = operator(&visit).await?;
    let body = match visit.billing.review_catalog(&visit.actor).await? {
        CatalogReview::Problems(_) => {
            leptos_axum::redirect(super::edit::PATH);
            ().into_any()
        }
        CatalogReview::NoDraft => nothing(t::NO_DRAFT, t::NO_DRAFT_HINT),
        CatalogReview::Unchanged => nothing(t::UNCHANGED, t::UNCHANGED_HINT),
        CatalogReview::Changes { lines, token } => changes(lines, token).into_any(),
    };
    let body = view! {
        <PageHeader title=t::REVIEW_TITLE subtitle=t::REVIEW_HINT/>
        {body}
    };
    Ok(Page::new(t::REVIEW_TITLE, body).of(operator))
}

fn nothing(title: &'static str, hint: &'static str) -> AnyView {
    view! {
        <div class="panel">
            <EmptyState icon=icondata::LuFileCheck title=title hint=hint>
                <LinkButton href=super::edit::PATH label=t::EDIT kind=ButtonKind::Primary/>
                <LinkButton href="/admin/catalog" label=t::BACK/>
            </EmptyState>
        </div>
    }
    .into_any()
}

/// A change and the points that it consists of.
struct Change {
    tone: Tone,
    word: &'static str,
    what: String,
    points: Vec<String>,
}

/// Lines that stand in belong to the one before them: `+` comes, `~` changes, `-` goes.
fn grouped(lines: Vec<String>) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for line in lines {
        match (line.strip_prefix("    "), changes.last_mut()) {
            (Some(point), Some(change)) => change.points.push(point.to_owned()),
            _ => {
                let (sign, what) = line.split_once(' ').unwrap_or(("~", &line));
                let (tone, word) = match sign {
                    "+" => (Tone::Success, t::COMES),
                    "-" => (Tone::Error, t::GOES),
                    _ => (Tone::Info, t::CHANGES),
                };
                let (what, points) = (what.to_owned(), Vec::new());
                changes.push(Change {
                    tone,
                    word,
                    what,
                    points,
                });
            }
        }
    }
    changes
}

fn changes(lines: Vec<String>, token: String) -> impl IntoView {
    let changes = grouped(lines);
    let title = t::changes(changes.len());
    let items = changes.into_iter().map(|change| {
        let points = change
            .points
            .into_iter()
            .map(|point| view! { <li>{point}</li> })
            .collect_view();
        view! {
            <li class="flex flex-col gap-1 border-b border-base-300 pb-3 last:border-b-0 last:pb-0">
                <p class="flex flex-wrap items-center gap-2">
                    <Badge tone=change.tone label=change.word/> <span class="font-medium">{change.what}</span>
                </p>
                <ul class="ps-6 list-disc break-words tabular-nums">{points}</ul>
            </li>
        }
    });
    let items = items.collect_view();
    view! {
        <Panel title=title>
            <ul class="flex flex-col gap-3">{items}</ul>
        </Panel>
        <div class="panel p-4 flex flex-col gap-3">
            <p>{t::PUBLISH_EFFECT}</p>
            <div class="flex flex-wrap gap-2">
                <form method="post" action="/fn/publish-catalog">
                    <input type="hidden" name="token" value=token/>
                    <SubmitButton label=t::PUBLISH kind=ButtonKind::Primary/>
                </form>
                <LinkButton href=super::edit::PATH label=t::GO_ON/>
                <PostButton action="/fn/discard-catalog" label=t::DISCARD kind=ButtonKind::Quiet/>
            </div>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_stand_below_what_they_are_of() {
        let lines = [
            "+ meter a: sum of bs",
            "~ plan team: version 2",
            "    price a month: 1 -> 2",
            "    -> odd",
            "- plan x",
        ];
        let changes = grouped(lines.map(str::to_owned).to_vec());
        let said: Vec<_> = changes
            .iter()
            .map(|change| (change.word, change.what.as_str(), change.points.len()))
            .collect();
        assert_eq!(
            said,
            [
                (t::COMES, "meter a: sum of bs", 0),
                (t::CHANGES, "plan team: version 2", 2),
                (t::GOES, "plan x", 0)
            ]
        );
        assert!(grouped(Vec::new()).is_empty());
    }
}
