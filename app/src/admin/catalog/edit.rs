//! The catalog as a text to edit, and what is wrong with it, line by line.

use leptos::prelude::*;
use service::{CatalogReview, Problem};

use crate::admin::area::{ADMIN, operator};
use crate::error::AppError;
use crate::page::{Page, Visit, page};
use crate::text::en::admin_catalog as t;
use crate::ui::{ButtonKind, LinkButton, Notice, PageHeader, PostButton, SubmitButton, Tone};

pub const PATH: &str = "/admin/catalog/edit";
/// As the use case counts them, in bytes; letters of most names are one.
const MAX_CHARS: u32 = 256 * 1024;
/// Lines shown around one that is wrong.
const AROUND: usize = 2;

#[component]
pub fn EditPage() -> impl IntoView {
    page(&ADMIN, load)
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let operator = operator(&visit).await?;
    let text = visit.billing.catalog_draft(&visit.actor).await?;
    let review = visit.billing.review_catalog(&visit.actor).await?;
    let is_draft = !matches!(review, CatalogReview::NoDraft);
    let problems = match review {
        CatalogReview::Problems(problems) => problems,
        _ => Vec::new(),
    };
    let discard = is_draft.then(|| view! { <PostButton action="/fn/discard-catalog" label=t::DISCARD/> });
    let body = view! {
        <PageHeader title=t::EDIT_TITLE subtitle=t::EDIT_HINT>{discard}</PageHeader>
        {(!problems.is_empty()).then(|| told(&problems, &text))}
        {form(text, !problems.is_empty())}
    };
    Ok(Page::new(t::EDIT_TITLE, body).of(operator))
}

fn form(text: String, wrong: bool) -> impl IntoView {
    // A parser of HTML drops the first line break of a text area.
    let text = format!("\n{text}");
    let class = if wrong {
        "textarea textarea-error w-full font-mono text-sm leading-5"
    } else {
        "textarea w-full font-mono text-sm leading-5"
    };
    let described = if wrong { "text-hint problems" } else { "text-hint" };
    view! {
        <form method="post" action="/fn/save-catalog" class="panel p-4 flex flex-col gap-3">
            <div class="flex flex-col gap-1">
                <label for="text" class="font-medium">{t::FILE}</label>
                <p id="text-hint" class="label-sm">{t::FILE_HINT}</p>
                <textarea
                    id="text"
                    name="text"
                    class=class
                    rows="24"
                    maxlength=MAX_CHARS
                    spellcheck="false"
                    autocapitalize="off"
                    autocomplete="off"
                    wrap="off"
                    aria-describedby=described
                    aria-invalid=wrong.then_some("true")
                    required
                >
                    {text}
                </textarea>
            </div>
            <div class="flex flex-wrap gap-2">
                <SubmitButton label=t::REVIEW kind=ButtonKind::Primary/>
                <LinkButton href="/admin/catalog" label=t::BACK kind=ButtonKind::Quiet/>
            </div>
        </form>
    }
}

fn told(problems: &[Problem], text: &str) -> impl IntoView + use<> {
    let lines: Vec<&str> = text.lines().collect();
    let items = problems
        .iter()
        .map(|problem| view! { <li class="flex flex-col gap-1">{told_of(problem, &lines)}</li> })
        .collect_view();
    view! {
        <Notice tone=Tone::Error title=t::problems(problems.len()) detail=t::PROBLEMS_HINT urgent=true/>
        <section id="problems" class="panel p-4" aria-label=t::PROBLEMS>
            <ol class="flex flex-col gap-4">{items}</ol>
        </section>
    }
}

/// What the rule says, and the lines it is about.
fn told_of(problem: &Problem, lines: &[&str]) -> impl IntoView + use<> {
    let at = problem.line.map(t::line);
    // A file that cannot be read has no fields: there the line says it all.
    let field = (at.as_ref().map(|at| at.to_lowercase()) != Some(problem.field.clone()))
        .then(|| problem.field.clone());
    let rule = problem.rule.clone();
    let excerpt = problem.line.map(|line| excerpt(lines, line));
    view! {
        <p>
            {at.map(|at| view! { <strong class="font-medium">{at}": "</strong> })}
            {field.map(|field| view! { <code class="break-words">{field}</code>" " })}
            {rule}
        </p>
        {excerpt}
    }
}

fn excerpt(lines: &[&str], line: usize) -> AnyView {
    let from = line.saturating_sub(1 + AROUND);
    let shown = lines
        .iter()
        .enumerate()
        .skip(from)
        .take(2 * AROUND + 1)
        .map(|(index, text)| {
            let numbered = format!("{:>4}  {text}\n", index + 1);
            if index + 1 == line {
                view! { <mark class="bg-error/20 text-base-content font-semibold">{numbered}</mark> }
                    .into_any()
            } else {
                numbered.into_any()
            }
        });
    let shown = shown.collect_view();
    view! {
        <pre
            class="overflow-x-auto rounded bg-base-200 px-3 py-2 font-mono text-sm"
            role="region"
            aria-label=t::lines_around(line)
            tabindex="0"
        >{shown}</pre>
    }
    .into_any()
}
