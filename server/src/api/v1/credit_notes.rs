//! `/v1/credit_notes`: what was given back of invoices.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use billing::credit::{CreditReason, PaidTo, Wanted, WantedLine};
use billing::id::{CreditNoteId, CustomerId, InvoiceId};
use sdk::credit_notes as wire;
use sdk::page::{Page, Paging};
use serde::Deserialize;
use service::{
    Actor, Billing, CreditInvoice, CreditNoteSummary, Error, Intent, IssueCreditNote, ListedNote, NotesOf,
    Owned, Scope,
};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::shape::{self, amount};
use crate::api::body::{self, Query};
use crate::api::cursor::{self, List};
use crate::api::idempotency::Makes;
use crate::api::path::Id;
use crate::api::problem::Problem;
use crate::auth::api_key::ApiKeyActor;
use crate::state::AppState;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, issue))
        .routes(routes!(read))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// `cus_...`: of this customer alone.
    customer: Option<String>,
    /// `inv_...`: what reduces this invoice alone.
    invoice: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many at most, 20 where none is said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// Lists credit notes.
#[utoipa::path(
    get, path = "/v1/credit_notes", tag = "Credit notes", operation_id = "listCreditNotes", params(Asked),
    responses((status = 200, description = "A page of credit notes.", body = Page<wire::CreditNote>))
)]
async fn list(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    asked: Result<Query<Asked>, Problem>,
) -> Result<Json<Page<wire::CreditNote>>, Problem> {
    actor.reads_by_key()?;
    let Query(asked) = asked?;
    let customer = asked.customer.as_deref().map(str::parse).transpose();
    let invoice = asked.invoice.as_deref().map(str::parse).transpose();
    let of = NotesOf {
        customer: customer.map_err(|_| Error::NotFound("customer"))?,
        invoice: invoice.map_err(|_| Error::NotFound("invoice"))?,
    };
    let (cursor, limit) = (asked.cursor, asked.limit);
    let query = cursor::asked(List::CreditNotes, &Paging { cursor, limit })?;
    let found = billing.list_credit_notes(&actor, of, query).await?;
    let place = |row: &ListedNote| (row.summary.issued_at, row.summary.id.uuid());
    let shape = |row: ListedNote| shown(&row.summary, row.customer);
    Ok(Json(cursor::page(List::CreditNotes, found, place, shape)))
}

/// Reads a credit note with its lines.
#[utoipa::path(
    get, path = "/v1/credit_notes/{id}", tag = "Credit notes", operation_id = "readCreditNote",
    params(("id" = String, Path, description = "`cn_...`.")),
    responses((status = 200, description = "The credit note.", body = wire::CreditNoteDetail))
)]
async fn read(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    id: Result<Id<CreditNoteId>, Problem>,
) -> Result<Json<wire::CreditNoteDetail>, Problem> {
    actor.reads_by_key()?;
    let Id(id) = id?;
    let speaking = billing
        .on_behalf_of_owner(&actor, Scope::Read, Owned::CreditNote(id))
        .await?;
    Ok(Json(detail(&billing, &speaking, id).await?))
}

/// Gives back some of an invoice, or all that is left of it.
///
/// What is still due is lowered first; what was paid goes back to its card, or becomes credit.
#[utoipa::path(
    post, path = "/v1/credit_notes", tag = "Credit notes", operation_id = "issueCreditNote",
    request_body = wire::IssueCreditNote,
    responses((status = 201, description = "The credit note.", body = wire::CreditNoteDetail))
)]
async fn issue(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    Makes(intent): Makes,
    asked: Result<body::Json<wire::IssueCreditNote>, Problem>,
) -> Result<(StatusCode, Json<wire::CreditNoteDetail>), Problem> {
    actor.decides_about_money()?;
    let body::Json(asked) = asked?;
    let invoice: InvoiceId = asked.invoice.parse().map_err(|_| Error::NotFound("invoice"))?;
    let speaking = billing
        .on_behalf_of_owner(&actor, Scope::Read, Owned::Invoice(invoice))
        .await?;
    let customer = speaking.reads_customer()?.customer();
    let command = command(asked, (customer, invoice), intent)?;
    let id = billing.issue_credit_note(&speaking, command).await?;
    Ok((StatusCode::CREATED, Json(detail(&billing, &speaking, id).await?)))
}

fn command(
    asked: wire::IssueCreditNote,
    (customer, invoice): (CustomerId, InvoiceId),
    intent: Intent,
) -> Result<IssueCreditNote, Error> {
    let reason = CreditReason::BY_HAND
        .into_iter()
        .find(|reason| reason.as_str() == asked.reason);
    let line = |wanted: &wire::WantedLine| {
        Ok::<_, Error>(WantedLine {
            line: wanted.line.parse().map_err(|_| Error::NotFound("invoice line"))?,
            amount: wanted.amount.as_ref().map(shape::money).transpose()?,
        })
    };
    Ok(IssueCreditNote {
        credit: CreditInvoice {
            customer,
            invoice,
            wanted: match &asked.lines {
                None => Wanted::Rest,
                // A list of nothing is refused where it is decided.
                Some(lines) => Wanted::Lines(lines.iter().map(line).collect::<Result<_, _>>()?),
            },
            paid_to: match asked.paid_to {
                wire::PaidTo::Card => PaidTo::Card,
                wire::PaidTo::Credit => PaidTo::Credit,
            },
        },
        reason: reason.ok_or(Error::Invalid { field: "reason" })?,
        memo: asked.memo.unwrap_or_default(),
        // Carried out again for the same intent, it finds the note it issued.
        key: intent.name(),
        shown: None,
    })
}

async fn detail(billing: &Billing, actor: &Actor, id: CreditNoteId) -> Result<wire::CreditNoteDetail, Error> {
    let customer = actor.reads_customer()?.customer();
    let found = billing.credit_note(actor, id).await?;
    let line = |(line, invoice, _): &(billing::credit::CreditLine, InvoiceId, _)| wire::CreditNoteLine {
        invoice_line: line.credits.to_string(),
        invoice: invoice.to_string(),
        description: line.description.clone(),
        net: amount(line.net),
        taxes: line.taxes.iter().map(shape::tax).collect(),
    };
    Ok(wire::CreditNoteDetail {
        note: shown(&found.summary, customer),
        lines: found.lines.iter().map(line).collect(),
        memo: found.memo,
    })
}

fn shown(note: &CreditNoteSummary, customer: CustomerId) -> wire::CreditNote {
    wire::CreditNote {
        id: note.id.to_string(),
        number: note.number.to_string(),
        customer: customer.to_string(),
        invoice: note.invoice.map(|id| id.to_string()),
        reason: note.reason.as_str().to_owned(),
        net: amount(note.net),
        tax: amount(note.tax),
        total: amount(note.total),
        offset: amount(note.parts.offset),
        refund: amount(note.parts.refund),
        credit: amount(note.parts.credit),
        issued_at: note.issued_at,
    }
}
