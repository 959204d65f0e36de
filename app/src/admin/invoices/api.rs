//! Issues credit notes.

use leptos::prelude::*;

use super::forms::NoteForm;
use crate::error::AppError;

#[server(prefix = "/fn", endpoint = "issue-credit-note")]
pub async fn issue_credit_note(form: NoteForm) -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    actor.decides_about_money()?;
    let number = super::typed::number(&form.number)?;
    let (customer, invoice) = billing.find_invoice(&actor, &number).await?;
    let found = billing.creditable_invoice(&actor, customer, invoice).await?;
    let command = super::typed::note(form, &found)?;
    billing.issue_credit_note(&actor, command).await?;
    leptos_axum::redirect(&format!("/admin/invoices?number={number}&done=note_issued"));
    Ok(())
}
