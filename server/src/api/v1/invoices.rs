//! `/v1/invoices`: demands for payment, and the one that comes next.

use axum::Json;
use axum::extract::State;
use billing::id::{CustomerId, InvoiceId, InvoiceLineId};
use billing::invoice::InvoiceStatus;
use sdk::invoices::{Invoice, InvoiceDetail, PaymentAttempt, UpcomingInvoice, VoidInvoice};
use sdk::page::{Page, Paging};
use serde::Deserialize;
use service::{AttemptRow, Billing, Error, InvoiceSummary, InvoicesOf, ListedInvoice, Owned, Scope};
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
        .routes(routes!(list))
        .routes(routes!(read))
        .routes(routes!(void))
        .routes(routes!(upcoming))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// `cus_...`: of this customer alone.
    customer: Option<String>,
    /// open, paid, void or uncollectible.
    status: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many at most, 20 where none is said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// Lists invoices.
#[utoipa::path(
    get, path = "/v1/invoices", tag = "Invoices", operation_id = "listInvoices", params(Wanted),
    responses((status = 200, description = "A page of invoices.", body = Page<Invoice>))
)]
async fn list(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    wanted: Result<Query<Wanted>, Problem>,
) -> Result<Json<Page<Invoice>>, Problem> {
    actor.reads_by_key()?;
    let Query(wanted) = wanted?;
    let customer = wanted.customer.as_deref().map(str::parse).transpose();
    let status = match wanted.status.as_deref().map(InvoiceStatus::parse) {
        Some(None) => {
            return Err(body::bad_query(
                "status is open, paid, void or uncollectible".to_owned(),
            ));
        }
        status => status.flatten(),
    };
    let of = InvoicesOf {
        customer: customer.map_err(|_| Error::NotFound("customer"))?,
        status,
    };
    let (cursor, limit) = (wanted.cursor, wanted.limit);
    let query = cursor::asked(List::Invoices, &Paging { cursor, limit })?;
    let found = billing.list_invoices(&actor, of, query).await?;
    let place = |row: &ListedInvoice| (row.summary.issued_at, row.summary.id.uuid());
    let shape = |row: ListedInvoice| shown(&row.summary, row.customer);
    Ok(Json(cursor::page(List::Invoices, found, place, shape)))
}

/// Reads an invoice with its lines and how each was computed.
#[utoipa::path(
    get, path = "/v1/invoices/{id}", tag = "Invoices", operation_id = "readInvoice",
    params(("id" = String, Path, description = "`inv_...`.")),
    responses((status = 200, description = "The invoice.", body = InvoiceDetail))
)]
async fn read(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    id: Result<Id<InvoiceId>, Problem>,
) -> Result<Json<InvoiceDetail>, Problem> {
    actor.reads_by_key()?;
    let Id(id) = id?;
    let speaking = billing
        .on_behalf_of_owner(&actor, Scope::Read, Owned::Invoice(id))
        .await?;
    Ok(Json(detail(&billing, &speaking, id).await?))
}

/// Voids an invoice that nothing was paid or given back of.
#[utoipa::path(
    post, path = "/v1/invoices/{id}/void", tag = "Invoices", operation_id = "voidInvoice",
    params(("id" = String, Path, description = "`inv_...`.")),
    request_body = VoidInvoice,
    responses((status = 200, description = "The invoice, void.", body = InvoiceDetail))
)]
async fn void(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    Makes(intent): Makes,
    id: Result<Id<InvoiceId>, Problem>,
    asked: Result<body::Json<VoidInvoice>, Problem>,
) -> Result<Json<InvoiceDetail>, Problem> {
    actor.decides_about_money()?;
    let (Id(id), body::Json(asked)) = (id?, asked?);
    let speaking = billing
        .on_behalf_of_owner(&actor, Scope::Read, Owned::Invoice(id))
        .await?;
    let customer = speaking.reads_customer()?.customer();
    billing
        .void_invoice_once(&speaking, (customer, id), &asked.reason, intent)
        .await?;
    Ok(Json(detail(&billing, &speaking, id).await?))
}

/// Shows what would be billed next, were the usage period to end now.
#[utoipa::path(
    get, path = "/v1/customers/{id}/upcoming_invoice", tag = "Invoices", operation_id = "upcomingInvoice",
    params(("id" = String, Path, description = "`cus_...`.")),
    responses((status = 200, description = "The next invoice; 404 where nothing is billed any more.", body = UpcomingInvoice))
)]
async fn upcoming(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    id: Result<Id<CustomerId>, Problem>,
) -> Result<Json<UpcomingInvoice>, Problem> {
    actor.reads_by_key()?;
    let Id(id) = id?;
    let speaking = billing.on_behalf_of(&actor, Scope::Read, id)?;
    let upcoming = billing.upcoming_invoice(&speaking).await?;
    let upcoming = upcoming.ok_or(Error::NotFound("upcoming invoice"))?;
    Ok(Json(UpcomingInvoice {
        at: upcoming.at,
        draft: shape::draft(&upcoming.draft)?,
    }))
}

async fn detail(billing: &Billing, actor: &service::Actor, id: InvoiceId) -> Result<InvoiceDetail, Error> {
    let customer = actor.reads_customer()?.customer();
    let (found, ids) = billing.invoice_with_ids(actor, id).await?;
    let lines = found.lines.iter().zip(ids.into_iter().map(Some));
    let lines = lines.map(|(line, id): (_, Option<InvoiceLineId>)| shape::line(line, id));
    Ok(InvoiceDetail {
        lines: lines.collect::<Result<_, _>>()?,
        payment_attempts: found.attempts.iter().map(attempt).collect(),
        invoice: shown(&found.summary, customer),
        customer_name: found.customer_name,
        customer_email: found.customer_email,
        customer_tax_id: found.customer_tax_id,
    })
}

fn shown(invoice: &InvoiceSummary, customer: CustomerId) -> Invoice {
    Invoice {
        id: invoice.id.to_string(),
        number: invoice.number.to_string(),
        customer: customer.to_string(),
        subscription: invoice.subscription.map(|id| id.to_string()),
        status: invoice.status.as_str().to_owned(),
        reason: invoice.reason.clone(),
        net: amount(invoice.net),
        discount: amount(invoice.discount),
        tax: amount(invoice.tax),
        total: amount(invoice.total),
        carried: amount(invoice.carried),
        credit_applied: amount(invoice.credit_applied),
        offset: amount(invoice.offset),
        paid: amount(invoice.paid),
        amount_due: amount(invoice.amount_due()),
        issued_at: invoice.issued_at,
        due_at: invoice.due_at,
        settled_at: invoice.settled_at,
    }
}

fn attempt(row: &AttemptRow) -> PaymentAttempt {
    PaymentAttempt {
        id: row.id.to_string(),
        status: row.status.as_str().to_owned(),
        amount: amount(row.amount),
        decline_code: row.decline_code.clone(),
        created_at: row.created_at,
        settled_at: row.settled_at,
    }
}
