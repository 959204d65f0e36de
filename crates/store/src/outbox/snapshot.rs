//! An object as others see it: ids with their prefix, amounts with their currency, instants in UTC.
//!
//! It is taken when an event is told, so it is never older than the event; the event's sequence says which of two is.

use std::collections::HashMap;

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// Of an invoice with more lines the first are shown, with the count of all.
const MAX_LINES: i64 = 100;

/// The objects of these ids, as `inv_...`. What is gone, or shown to nobody, is left out.
pub async fn of(conn: &mut PgConnection, subjects: &[&str]) -> Result<HashMap<String, Value>> {
    let mut by_prefix: HashMap<&str, Vec<Uuid>> = HashMap::new();
    for subject in subjects {
        if let Some((prefix, hex)) = subject.split_once('_')
            && let Ok(id) = Uuid::try_parse(hex)
        {
            by_prefix.entry(prefix).or_default().push(id);
        }
    }
    let mut found = HashMap::new();
    for (prefix, ids) in by_prefix {
        let objects = match prefix {
            "cus" => customers(conn, &ids).await?,
            "sub" => subscriptions(conn, &ids).await?,
            "inv" => invoices(conn, &ids).await?,
            "pay" => payments(conn, &ids).await?,
            "cn" => credit_notes(conn, &ids).await?,
            "cg" => credit_grants(conn, &ids).await?,
            "one" => one_offs(conn, &ids).await?,
            "we" => webhook_endpoints(conn, &ids).await?,
            "alt" => alerts(conn, &ids).await?,
            _ => Vec::new(),
        };
        let named = |object: Value| Some((object.get("id")?.as_str()?.to_owned(), object));
        found.extend(objects.into_iter().filter_map(named));
    }
    Ok(found)
}

async fn customers(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Value>> {
    let rows = sqlx::query_scalar!(
        r#"SELECT jsonb_build_object('object', 'customer', 'id', wire_id('cus', id), 'name', name, 'email', email,
               'currency', currency, 'time_zone', time_zone, 'net_days', net_days, 'tax_region', tax_region,
               'tax_id', tax_id, 'tax_exempt', tax_exempt, 'dunning_end', dunning_end,
               'parked', parked_reason IS NOT NULL, 'created_at', wire_time(created_at)) AS "object!"
           FROM customer WHERE id = ANY($1)"#,
        ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

async fn subscriptions(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Value>> {
    let rows = sqlx::query_scalar!(
        r#"SELECT jsonb_build_object('object', 'subscription', 'id', wire_id('sub', s.id),
               'customer', wire_id('cus', s.customer_id), 'status', s.status, 'status_at', wire_time(s.status_at),
               'cancel_reason', s.cancel_reason, 'version', s.version, 'billing_time', s.billing_time,
               'anchor', wire_time(s.anchor),
               'billing_period', jsonb_build_object('start', wire_time(s.billing_start), 'end', wire_time(s.billing_end)),
               'usage_period', jsonb_build_object('start', wire_time(s.usage_start), 'end', wire_time(s.usage_end)),
               'cancel_at', wire_time(s.cancel_at), 'ends_at', wire_time(s.ends_at),
               'resume_at', wire_time(s.resume_at), 'change_pending', s.pending_change IS NOT NULL,
               'follows', wire_id('sub', s.follows_id), 'created_at', wire_time(s.created_at),
               'items', coalesce((
                   SELECT jsonb_agg(jsonb_build_object('id', wire_id('si', i.id), 'kind', i.kind, 'plan', p.key,
                       'price', wire_id('price', i.price_id), 'quantity', i.quantity) ORDER BY i.kind DESC, i.id)
                   FROM subscription_item i JOIN plan p ON p.id = i.plan_id
                   WHERE i.subscription_id = s.id AND i.ended_at IS NULL), '[]')) AS "object!"
           FROM subscription s WHERE s.id = ANY($1)"#,
        ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

async fn invoices(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Value>> {
    let rows = sqlx::query_scalar!(
        r#"SELECT jsonb_build_object('object', 'invoice', 'id', wire_id('inv', i.id),
               'customer', wire_id('cus', i.customer_id), 'subscription', wire_id('sub', i.subscription_id),
               'number', i.series || '-' || lpad(i.number::text, greatest(6, length(i.number::text)), '0'), 'status', i.status,
               'reason', i.reason,
               'net', wire_money(i.net_minor, i.currency), 'discount', wire_money(i.discount_minor, i.currency),
               'tax', wire_money(i.tax_minor, i.currency), 'total', wire_money(i.total_minor, i.currency),
               'carried', wire_money(i.carried_minor, i.currency),
               'credit_applied', wire_money(i.credit_applied_minor, i.currency),
               'credited', wire_money(i.offset_minor, i.currency), 'paid', wire_money(i.paid_minor, i.currency),
               'amount_due', wire_money(CASE WHEN i.status IN ('open', 'uncollectible') THEN i.total_minor
                   + i.carried_minor - i.credit_applied_minor - i.offset_minor - i.paid_minor ELSE 0 END, i.currency),
               'issued_at', wire_time(i.issued_at), 'due_at', wire_time(i.due_at),
               'settled_at', wire_time(i.settled_at),
               'line_count', (SELECT count(*) FROM invoice_line WHERE invoice_id = i.id),
               'lines', coalesce((
                   SELECT jsonb_agg(jsonb_build_object('id', wire_id('il', l.id), 'kind', l.kind,
                       'description', l.description, 'quantity', l.quantity::text,
                       'period', jsonb_build_object('start', wire_time(l.service_start), 'end', wire_time(l.service_end)),
                       'net', wire_money(l.net_minor, i.currency), 'discount', wire_money(l.discount_minor, i.currency),
                       'tax', wire_money(l.tax_minor, i.currency)) ORDER BY l.position)
                   FROM (SELECT * FROM invoice_line WHERE invoice_id = i.id ORDER BY position LIMIT $2) l), '[]'))
               AS "object!"
           FROM invoice i WHERE i.id = ANY($1)"#,
        ids,
        MAX_LINES,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

async fn payments(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Value>> {
    let rows = sqlx::query_scalar!(
        r#"SELECT jsonb_build_object('object', 'payment', 'id', wire_id('pay', a.id),
               'customer', wire_id('cus', a.customer_id), 'amount', wire_money(a.amount_minor, a.currency),
               'status', a.status, 'decline_code', a.decline_code, 'created_at', wire_time(a.created_at),
               'settled_at', wire_time(a.settled_at),
               'invoices', coalesce((
                   SELECT jsonb_agg(jsonb_build_object('invoice', wire_id('inv', l.invoice_id),
                       'amount', wire_money(l.amount_minor, a.currency)) ORDER BY l.invoice_id)
                   FROM payment_allocation l WHERE l.attempt_id = a.id), '[]')) AS "object!"
           FROM payment_attempt a WHERE a.id = ANY($1)"#,
        ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

async fn credit_notes(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Value>> {
    let rows = sqlx::query_scalar!(
        r#"SELECT jsonb_build_object('object', 'credit_note', 'id', wire_id('cn', id),
               'customer', wire_id('cus', customer_id), 'subscription', wire_id('sub', subscription_id),
               'invoice', wire_id('inv', invoice_id),
               'number', series || '-' || lpad(number::text, greatest(6, length(number::text)), '0'), 'reason', reason,
               'net', wire_money(net_minor, currency), 'tax', wire_money(tax_minor, currency),
               'total', wire_money(total_minor, currency), 'offset', wire_money(offset_minor, currency),
               'refund', wire_money(refund_minor, currency), 'credit', wire_money(credit_minor, currency),
               'issued_at', wire_time(issued_at)) AS "object!"
           FROM credit_note WHERE id = ANY($1)"#,
        ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

async fn credit_grants(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Value>> {
    let rows = sqlx::query_scalar!(
        r#"SELECT jsonb_build_object('object', 'credit_grant', 'id', wire_id('cg', id),
               'customer', wire_id('cus', customer_id), 'kind', kind, 'priority', priority,
               'amount', wire_money(amount_minor, currency), 'left', wire_money(left_minor, currency),
               'expires_at', wire_time(expires_at), 'granted_at', wire_time(granted_at)) AS "object!"
           FROM credit_grant WHERE id = ANY($1)"#,
        ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

async fn one_offs(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Value>> {
    let rows = sqlx::query_scalar!(
        r#"SELECT jsonb_build_object('object', 'one_off', 'id', wire_id('one', id),
               'customer', wire_id('cus', customer_id), 'description', description, 'quantity', quantity,
               'price', wire_money(price_minor, currency), 'invoice', wire_id('inv', invoice_id),
               'added_at', wire_time(added_at)) AS "object!"
           FROM one_off WHERE id = ANY($1)"#,
        ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

async fn webhook_endpoints(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Value>> {
    let rows = sqlx::query_scalar!(
        r#"SELECT jsonb_build_object('object', 'webhook_endpoint', 'id', wire_id('we', id), 'url', url,
               'description', description, 'enabled', enabled, 'kinds', to_jsonb(kinds)) AS "object!"
           FROM webhook_endpoint WHERE id = ANY($1)"#,
        ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

async fn alerts(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Value>> {
    let rows = sqlx::query_scalar!(
        r#"SELECT jsonb_build_object('object', 'alert', 'id', wire_id('alt', id), 'rule', rule, 'type', scope,
               'customer', wire_id('cus', customer_id), 'severity', severity, 'title', title, 'message', message,
               'state', state, 'snoozed_until', wire_time(snoozed_until), 'opened_at', wire_time(opened_at),
               'acknowledged_at', wire_time(acknowledged_at), 'resolved_at', wire_time(resolved_at)) AS "object!"
           FROM alert WHERE id = ANY($1)"#,
        ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}
