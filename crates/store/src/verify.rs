//! What must tie, recomputed by Postgres: each query returns the rows that do not.

mod credit;
mod refund;
mod stored;

use billing::money::Money;
use sqlx::PgConnection;

pub use self::stored::{StoredCredit, StoredInvoice, StoredLine, credit_lines, invoices_after};
use crate::{Result, row};

/// A check: its name, how many rows it looked at, and what it found wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    pub name: &'static str,
    pub rows: u64,
    pub wrong: Vec<String>,
}

/// Name, a count of what is looked at, and a query for one text a row that is wrong.
type Check = (&'static str, &'static str, &'static str);

const CHECKS: &[Check] = &[
    (
        "events were sent to all who listen",
        "SELECT count(*) FROM webhook_delivery",
        "SELECT 'evt_' || replace(e.id::text, '-', '') || ' to we_' || replace(w.id::text, '-', '')
         FROM webhook_endpoint w CROSS JOIN webhook_cursor c
         JOIN outbox_event e ON (e.xid, e.id) > (w.since_xid, w.since_id) AND (e.xid, e.id) <= (c.xid, c.event_id)
         WHERE w.enabled AND e.kind <> 'webhook_endpoint.test' AND e.recorded_at > now() - interval '80 days'
           AND (cardinality(w.kinds) = 0 OR e.kind = ANY(w.kinds) OR split_part(e.kind, '.', 1) || '.*' = ANY(w.kinds))
           AND NOT EXISTS (SELECT FROM webhook_delivery d WHERE d.event_id = e.id AND d.endpoint_id = w.id)",
    ),
    (
        "events are sent within ten minutes where anybody listens",
        "SELECT count(*) FROM outbox_event",
        "SELECT 'evt_' || replace(e.id::text, '-', '') FROM outbox_event e CROSS JOIN webhook_cursor c
         WHERE (e.xid, e.id) > (c.xid, c.event_id) AND e.recorded_at < now() - interval '10 minutes'
           AND e.kind <> 'webhook_endpoint.test' AND EXISTS (SELECT FROM webhook_endpoint WHERE enabled)",
    ),
    (
        "deliveries are settled as their last try says",
        "SELECT count(*) FROM webhook_delivery WHERE settled_at IS NOT NULL",
        "SELECT 'wd_' || replace(d.id::text, '-', '') FROM webhook_delivery d
         LEFT JOIN webhook_attempt a ON a.delivery_id = d.id AND a.number = d.attempts
         WHERE (d.state = 'success' AND (a.status IS NULL OR a.status NOT BETWEEN 200 AND 299))
            OR (d.attempts > 0 AND a.number IS NULL)",
    ),
    (
        "postings balance",
        "SELECT count(*) FROM ledger_posting",
        "SELECT posting_id::text || ' is off by ' || sum(amount_minor) FROM ledger_entry
         GROUP BY posting_id, currency HAVING sum(amount_minor) <> 0",
    ),
    (
        "invoice totals are the sums of their lines",
        "SELECT count(*) FROM invoice",
        "SELECT i.series || '-' || i.number FROM invoice i
         JOIN LATERAL (SELECT coalesce(sum(net_minor), 0) AS net, coalesce(sum(discount_minor), 0) AS discount,
                              coalesce(sum(tax_minor), 0) AS tax
                       FROM invoice_line WHERE invoice_id = i.id) l ON true
         WHERE (l.net, l.discount, l.tax) <> (i.net_minor, i.discount_minor, i.tax_minor) OR i.net_minor + i.tax_minor <> i.total_minor",
    ),
    (
        "taxes are what each line bears",
        "SELECT count(*) FROM invoice_line WHERE tax_minor <> 0",
        "SELECT l.id::text FROM (SELECT id, taxes, tax_minor FROM invoice_line
            UNION ALL SELECT id, taxes, tax_minor FROM credit_note_line) l
         JOIN LATERAL (SELECT coalesce(sum((t -> 'amount' ->> 'amount')::bigint), 0) AS tax
                       FROM jsonb_array_elements(l.taxes) t) t ON true
         WHERE t.tax <> l.tax_minor",
    ),
    (
        "nothing charged is taxed where no tax is owed",
        "SELECT count(*) FROM invoice WHERE tax_treatment <> 'taxed'",
        "SELECT i.series || '-' || i.number FROM invoice i JOIN invoice_line l ON l.invoice_id = i.id
         WHERE i.tax_treatment <> 'taxed' AND l.credits_line_id IS NULL AND l.taxes <> '[]'
         UNION ALL
         SELECT series || '-' || number || ' names no tax id' FROM invoice
         WHERE tax_treatment = 'reverse_charge' AND customer_tax_id IS NULL",
    ),
    (
        "discounts are what each coupon takes off",
        "SELECT count(*) FROM invoice_line WHERE discount_minor > 0",
        "SELECT l.id::text FROM invoice_line l
         JOIN LATERAL (SELECT coalesce(sum((d -> 'amount' ->> 'amount')::bigint), 0) AS off
                       FROM jsonb_array_elements(l.discounts) d) t ON true
         WHERE t.off <> l.discount_minor",
    ),
    (
        "discounts are taken off prices and usage alone",
        "SELECT count(*) FROM invoice_line WHERE kind IN ('one_off', 'top_up', 'proration_credit', 'late_usage')",
        "SELECT id::text FROM invoice_line
         WHERE kind IN ('one_off', 'top_up', 'proration_credit', 'late_usage') AND discount_minor <> 0",
    ),
    (
        "coupons that subscriptions carry were redeemed for them",
        "SELECT count(*) FROM redemption WHERE given_back_at IS NULL",
        "SELECT s.id::text || ' carries ' || (d ->> 'id') FROM subscription s
         CROSS JOIN LATERAL jsonb_array_elements(s.discounts) d
         LEFT JOIN redemption r ON r.subscription_id = s.id AND r.given_back_at IS NULL
            AND 'red_' || replace(r.id::text, '-', '') = d ->> 'id'
         WHERE s.status <> 'canceled' AND r.id IS NULL",
    ),
    (
        "coupons discount no more periods than they are for",
        "SELECT count(*) FROM redemption",
        "SELECT 'red_' || replace(r.id::text, '-', '') FROM redemption r JOIN coupon c ON c.id = r.coupon_id
         JOIN (SELECT d ->> 'redemption' AS redemption, count(DISTINCT l.service_start) AS periods
               FROM invoice_line l CROSS JOIN LATERAL jsonb_array_elements(l.discounts) d
               WHERE l.kind = 'base' AND NOT l.voided AND l.discount_minor > 0 GROUP BY 1) b
            ON b.redemption = 'red_' || replace(r.id::text, '-', '')
         WHERE b.periods > CASE WHEN c.duration = '\"once\"' THEN 1 ELSE (c.duration ->> 'periods')::int END",
    ),
    (
        "codes count what was redeemed with them",
        "SELECT count(*) FROM promotion_code",
        "SELECT p.code FROM promotion_code p
         LEFT JOIN (SELECT promotion_code_id, count(*) AS n FROM redemption WHERE given_back_at IS NULL GROUP BY 1) r
            ON r.promotion_code_id = p.id
         WHERE coalesce(r.n, 0) <> p.redeemed",
    ),
    (
        "receivables are what open invoices ask for",
        "SELECT count(*) FROM customer",
        "SELECT c.id::text FROM customer c
         LEFT JOIN (SELECT customer_id, sum(amount_minor) AS owed FROM ledger_entry WHERE account = 'receivable'
                    GROUP BY 1) l ON l.customer_id = c.id
         LEFT JOIN (SELECT customer_id, sum(total_minor + carried_minor - credit_applied_minor - offset_minor - paid_minor) AS open FROM invoice
                    WHERE status = 'open' GROUP BY 1) i ON i.customer_id = c.id
         WHERE coalesce(l.owed, 0) <> coalesce(i.open, 0)",
    ),
    (
        "bad debt is what written-off invoices ask for",
        "SELECT count(*) FROM customer",
        "SELECT c.id::text FROM customer c
         LEFT JOIN (SELECT customer_id, sum(amount_minor) AS lost FROM ledger_entry WHERE account = 'bad_debt'
                    GROUP BY 1) l ON l.customer_id = c.id
         LEFT JOIN (SELECT customer_id, sum(total_minor + carried_minor - credit_applied_minor - offset_minor - paid_minor) AS lost FROM invoice
                    WHERE status = 'uncollectible' GROUP BY 1) i ON i.customer_id = c.id
         WHERE coalesce(l.lost, 0) <> coalesce(i.lost, 0)",
    ),
    (
        "usage periods came to what their lines billed",
        "SELECT count(*) FROM billed_usage",
        "WITH billed AS (
             SELECT b.subscription_id, b.usage_start, b.usage_end, m ->> 'meter' AS charge,
                    (m -> 'billed' ->> 'amount')::bigint AS net
             FROM billed_usage b CROSS JOIN LATERAL jsonb_array_elements(b.meters) m
         ), lines AS (
             SELECT i.subscription_id, l.service_start, l.service_end, l.charge,
                    sum(l.net_minor + l.discount_minor
                        + CASE n.tax_behavior WHEN 'inclusive' THEN l.tax_minor ELSE 0 END) AS net
             FROM invoice_line l JOIN subscription_item i ON i.id = l.subscription_item_id
             JOIN invoice n ON n.id = l.invoice_id
             WHERE l.kind IN ('usage', 'true_up', 'late_usage') GROUP BY 1, 2, 3, 4
         )
         SELECT b.subscription_id::text || ' from ' || b.usage_start || ': ' || b.charge FROM billed b
         LEFT JOIN lines l ON (l.subscription_id, l.service_start, l.service_end, l.charge)
             = (b.subscription_id, b.usage_start, b.usage_end, b.charge)
         WHERE b.net <> coalesce(l.net, 0)",
    ),
    (
        "one-off items are on one invoice",
        "SELECT count(*) FROM one_off",
        "SELECT i.series || '-' || i.number FROM invoice i
         LEFT JOIN (SELECT invoice_id, count(*) AS n, sum(price_minor * quantity) AS net FROM one_off GROUP BY 1) o
            ON o.invoice_id = i.id
         LEFT JOIN (SELECT l.invoice_id, count(*) AS n,
                        sum(l.net_minor + CASE n.tax_behavior WHEN 'inclusive' THEN l.tax_minor ELSE 0 END) AS net
                    FROM invoice_line l JOIN invoice n ON n.id = l.invoice_id WHERE l.kind = 'one_off' GROUP BY 1) l
            ON l.invoice_id = i.id
         WHERE coalesce(o.n, 0) <> coalesce(l.n, 0) OR coalesce(o.net, 0) <> coalesce(l.net, 0)",
    ),
    (
        "tax owed is the tax of invoices that stand less that of credit notes",
        "SELECT count(*) FROM invoice",
        "SELECT coalesce(l.currency, i.currency) FROM
            (SELECT currency, -sum(amount_minor) AS tax FROM ledger_entry WHERE account = 'tax_payable' GROUP BY 1) l
         FULL JOIN (SELECT currency, sum(tax_minor) AS tax FROM (
            SELECT currency, tax_minor FROM invoice WHERE status <> 'void'
            UNION ALL SELECT currency, -tax_minor FROM credit_note) t GROUP BY 1) i
            ON i.currency = l.currency
         WHERE coalesce(l.tax, 0) <> coalesce(i.tax, 0)",
    ),
    (
        "paid amounts are the cash received for them",
        "SELECT count(*) FROM invoice WHERE paid_minor > 0",
        "SELECT i.series || '-' || i.number FROM invoice i
         LEFT JOIN (SELECT p.invoice_id, sum(e.amount_minor) AS cash FROM ledger_entry e
                    JOIN ledger_posting p ON p.id = e.posting_id WHERE e.account = 'cash' GROUP BY 1) l
            ON l.invoice_id = i.id
         WHERE coalesce(l.cash, 0) <> i.paid_minor",
    ),
    (
        "succeeded attempts are booked, others are not",
        "SELECT count(*) FROM payment_attempt",
        "SELECT a.id::text FROM payment_attempt a
         LEFT JOIN (SELECT p.attempt_id, sum(e.amount_minor) AS cash FROM ledger_entry e
                    JOIN ledger_posting p ON p.id = e.posting_id WHERE e.account = 'cash' GROUP BY 1) l
            ON l.attempt_id = a.id
         WHERE coalesce(l.cash, 0) <> CASE a.status WHEN 'succeeded' THEN a.amount_minor ELSE 0 END",
    ),
    (
        "what is paid for is served",
        "SELECT count(*) FROM subscription",
        "SELECT s.id::text FROM subscription s JOIN invoice i ON i.subscription_id = s.id AND i.reason = 'purchase'
         WHERE s.cancel_reason = 'expired' AND i.paid_minor > 0",
    ),
    (
        "what was sent and is not paid is dunned from the instant it is overdue",
        "SELECT count(*) FROM invoice WHERE status = 'open' AND due_at > issued_at",
        "SELECT i.series || '-' || i.number FROM invoice i LEFT JOIN dunning d ON d.invoice_id = i.id
         WHERE i.status = 'open' AND i.due_at > i.issued_at AND (d.began_at >= i.overdue_at) IS NOT TRUE",
    ),
    (
        "subscriptions are behind with an invoice that is dunned",
        "SELECT count(*) FROM subscription WHERE status IN ('past_due', 'suspended', 'unpaid')",
        "SELECT s.id::text FROM subscription s WHERE s.status IN ('past_due', 'suspended', 'unpaid')
         AND NOT EXISTS (SELECT FROM invoice i JOIN dunning d ON d.invoice_id = i.id
                         WHERE i.customer_id = s.customer_id AND i.status = 'open'
                             AND s.id = ANY(subscriptions_of_invoice(i.id, i.subscription_id)))",
    ),
    (
        "dunning tries a card once a step, and no more often than it may",
        "SELECT count(*) FROM payment_attempt WHERE retry",
        "SELECT l.invoice_id::text FROM payment_attempt a JOIN payment_allocation l ON l.attempt_id = a.id
         WHERE a.retry GROUP BY l.invoice_id
         HAVING count(*) > (SELECT count(*) FROM dunning_step s WHERE s.invoice_id = l.invoice_id AND s.action = 'retry')
            OR bool_or(8 < (SELECT count(*) FROM payment_attempt t JOIN payment_allocation tl ON tl.attempt_id = t.id
                            WHERE tl.invoice_id = l.invoice_id AND t.payment_method_id IS NOT NULL
                              AND t.created_at <= a.created_at AND t.created_at > a.created_at - interval '60 days'))",
    ),
    (
        "what could not be collected is dunned",
        "SELECT count(*) FROM invoice WHERE status = 'open' AND due_at = issued_at",
        "SELECT i.series || '-' || i.number FROM invoice i LEFT JOIN subscription s ON s.id = i.subscription_id
         WHERE i.status = 'open' AND i.due_at = i.issued_at AND i.reason <> 'top_up'
           AND s.status IS DISTINCT FROM 'incomplete'
           AND s.pending_change ->> 'invoice' IS DISTINCT FROM 'inv_' || replace(i.id::text, '-', '')
           AND NOT EXISTS (SELECT FROM payment_allocation l WHERE l.invoice_id = i.id AND NOT l.settled)
           AND NOT EXISTS (SELECT FROM dunning d WHERE d.invoice_id = i.id)",
    ),
    (
        "no line is credited beyond what it billed",
        "SELECT (SELECT count(*) FROM invoice_line WHERE kind = 'proration_credit' AND NOT voided)
              + (SELECT count(*) FROM credit_note_line)",
        "SELECT l.id::text FROM invoice_line l JOIN (
            SELECT line, sum(net) AS net, sum(tax) AS tax, bool_or(foreign_to) AS foreign_to FROM (
                SELECT c.credits_line_id AS line, -c.net_minor AS net, -c.tax_minor AS tax,
                       i.customer_id <> bi.customer_id AS foreign_to
                FROM invoice_line c JOIN invoice i ON i.id = c.invoice_id
                JOIN invoice_line b ON b.id = c.credits_line_id JOIN invoice bi ON bi.id = b.invoice_id
                WHERE c.kind = 'proration_credit' AND NOT c.voided
                UNION ALL
                SELECT c.invoice_line_id, c.net_minor, c.tax_minor, n.customer_id <> bi.customer_id
                FROM credit_note_line c JOIN credit_note n ON n.id = c.credit_note_id
                JOIN invoice_line b ON b.id = c.invoice_line_id JOIN invoice bi ON bi.id = b.invoice_id
            ) given_back GROUP BY line) c ON c.line = l.id
         WHERE c.net > l.net_minor OR c.tax > l.tax_minor OR c.foreign_to OR l.voided
         UNION ALL
         SELECT id::text || ' credits no line' FROM invoice_line
         WHERE kind = 'proration_credit' AND credits_line_id IS NULL",
    ),
    (
        "numbers of invoices and credit notes have no gaps",
        "SELECT (SELECT count(*) FROM invoice) + (SELECT count(*) FROM credit_note)",
        "SELECT s.series FROM invoice_series s
         LEFT JOIN (SELECT series, count(*) AS n, max(number) AS last FROM (
            SELECT series, number FROM invoice UNION ALL SELECT series, number FROM credit_note) d GROUP BY 1) i
            USING (series)
         WHERE coalesce(i.n, 0) <> s.last_number OR coalesce(i.last, 0) <> s.last_number",
    ),
    (
        "items of a subscription hold together",
        "SELECT count(*) FROM subscription_item",
        "SELECT i.id::text || ' is not paid as its plan is' FROM subscription_item i JOIN price p ON p.id = i.price_id
         JOIN subscription_item own ON own.subscription_id = i.subscription_id AND own.kind = 'plan'
         JOIN price q ON q.id = own.price_id
         WHERE i.kind = 'add_on' AND i.ended_at IS NULL AND (p.interval, p.currency) <> (q.interval, q.currency)
         UNION ALL
         SELECT i.id::text || ' is of another kind than what it is for' FROM subscription_item i
         JOIN price p ON p.id = i.price_id JOIN plan_version v ON v.id = p.plan_version_id JOIN plan ON plan.id = v.plan_id
         WHERE (i.kind = 'add_on') <> (plan.kind = 'add_on') OR i.plan_id <> plan.id
         UNION ALL
         SELECT s.id::text || ' is beside a plan or on one, unlike what it carries' FROM subscription s
         JOIN subscription_item i ON i.subscription_id = s.id JOIN plan ON plan.id = i.plan_id
         WHERE CASE WHEN s.standalone_plan_id IS NULL THEN plan.kind = 'standalone'
            ELSE i.kind <> 'plan' OR plan.kind <> 'standalone' OR i.plan_id <> s.standalone_plan_id END",
    ),
    (
        "agreed prices are paid by the subscription they were agreed for",
        "SELECT count(*) FROM price WHERE subscription_id IS NOT NULL",
        "SELECT i.id::text FROM subscription_item i JOIN price p ON p.id IN (i.price_id, i.next_price_id)
         WHERE p.subscription_id <> i.subscription_id",
    ),
    (
        "prices to come differ in nothing but the amount",
        "SELECT count(*) FROM subscription_item WHERE next_price_id IS NOT NULL",
        "SELECT i.id::text FROM subscription_item i JOIN price p ON p.id = i.price_id
         JOIN price n ON n.id = i.next_price_id
         WHERE (p.plan_version_id, p.interval, p.currency) <> (n.plan_version_id, n.interval, n.currency)
            OR (p.subscription_id IS NULL AND n.subscription_id IS NULL)",
    ),
    (
        "items that went are billed no more",
        "SELECT count(*) FROM subscription_item WHERE ended_at IS NOT NULL",
        "SELECT i.id::text FROM subscription_item i
         JOIN invoice_line l ON l.subscription_item_id = i.id AND NOT l.voided
         JOIN subscription s ON s.id = i.subscription_id
         WHERE l.kind IN ('base', 'proration_charge') AND l.service_start >= i.ended_at
           AND coalesce(s.pending_change -> 'add_on' ->> 'item', '') <> 'si_' || replace(i.id::text, '-', '')",
    ),
    (
        "each movement leads to the MRR it names",
        "SELECT count(*) FROM revenue_movement",
        "SELECT id::text FROM (SELECT id, mrr_minor, sum(amount_minor)
            OVER (PARTITION BY customer_id, currency ORDER BY id) AS running FROM revenue_movement) m
         WHERE running <> mrr_minor",
    ),
    (
        "each movement is of the kind its amounts say",
        "SELECT count(*) FROM revenue_movement",
        "SELECT id::text FROM revenue_movement
         WHERE NOT CASE kind
            WHEN 'new' THEN amount_minor > 0 AND mrr_minor = amount_minor
            WHEN 'reactivation' THEN amount_minor > 0 AND mrr_minor = amount_minor
            WHEN 'expansion' THEN amount_minor > 0 AND mrr_minor > amount_minor
            WHEN 'contraction' THEN amount_minor < 0 AND mrr_minor > 0
            ELSE amount_minor < 0 AND mrr_minor = 0 END",
    ),
    (
        // Levels as they were recorded against sums of movements, month by month in UTC, as the figures count.
        "MRR at a month's start and its movements make its end",
        "SELECT count(DISTINCT (currency, date_trunc('month', occurred_at, 'UTC'))) FROM revenue_movement",
        "WITH month_end AS (
             SELECT DISTINCT ON (customer_id, currency, month) customer_id, currency, month, mrr_minor
             FROM (SELECT *, date_trunc('month', occurred_at, 'UTC') AS month FROM revenue_movement) m
             ORDER BY customer_id, currency, month, occurred_at DESC, id DESC
         ), levels AS (
             SELECT currency, month, sum(rise) AS rise FROM (
                 SELECT currency, month, mrr_minor - coalesce(lag(mrr_minor) OVER w, 0) AS rise FROM month_end
                 WINDOW w AS (PARTITION BY customer_id, currency ORDER BY month)) r
             GROUP BY currency, month
         ), moved AS (
             SELECT currency, date_trunc('month', occurred_at, 'UTC') AS month, sum(amount_minor) AS sum
             FROM revenue_movement GROUP BY 1, 2
         )
         SELECT to_char(month AT TIME ZONE 'UTC', 'YYYY-MM') || ' in ' || currency
         FROM levels JOIN moved USING (currency, month) WHERE rise <> sum",
    ),
    (
        "every event has its key",
        "SELECT count(*) FROM usage_event_key",
        "SELECT k.event_id FROM usage_event_key k FULL JOIN usage_event e USING (customer_id, event_id)
         WHERE k.body_hash IS NULL OR e.occurred_at IS NULL LIMIT 20",
    ),
    (
        "hourly buckets add up to the events",
        "SELECT count(*) FROM usage_event",
        "SELECT coalesce(b.customer_id, e.customer_id)::text FROM
            (SELECT customer_id, meter_id, hour, event_count, sum FROM usage_bucket) b
         FULL JOIN (SELECT customer_id, meter_id, date_trunc('hour', occurred_at, 'UTC') AS hour,
                           sum(weight) AS event_count, sum(value) AS sum FROM usage_event
                    WHERE meter_id IS NOT NULL GROUP BY 1, 2, 3) e
            USING (customer_id, meter_id, hour)
         WHERE b.event_count IS DISTINCT FROM e.event_count OR b.sum IS DISTINCT FROM e.sum LIMIT 20",
    ),
    (
        "counters add up to the events",
        "SELECT count(*) FROM usage_counter",
        "SELECT coalesce(c.customer_id, e.customer_id)::text FROM
            (SELECT customer_id, meter_id, sum(used) AS used FROM usage_counter
             JOIN meter m ON m.id = meter_id AND m.aggregation IN ('sum', 'time_weighted') GROUP BY 1, 2) c
         FULL JOIN (SELECT customer_id, meter_id, sum(value) AS used FROM usage_event
             JOIN meter m ON m.id = meter_id AND m.aggregation IN ('sum', 'time_weighted') GROUP BY 1, 2) e
            USING (customer_id, meter_id)
         WHERE coalesce(c.used, 0) <> coalesce(e.used, 0) LIMIT 20",
    ),
    (
        "counters of events add up to them",
        "SELECT count(*) FROM usage_counter JOIN meter m ON m.id = meter_id AND m.aggregation = 'count'",
        "SELECT coalesce(c.customer_id, e.customer_id)::text FROM
            (SELECT customer_id, meter_id, sum(used) AS used FROM usage_counter
             JOIN meter m ON m.id = meter_id AND m.aggregation = 'count' GROUP BY 1, 2) c
         FULL JOIN (SELECT customer_id, meter_id, sum(weight) AS used FROM usage_event
             JOIN meter m ON m.id = meter_id AND m.aggregation = 'count' GROUP BY 1, 2) e
            USING (customer_id, meter_id)
         WHERE coalesce(c.used, 0) <> coalesce(e.used, 0) LIMIT 20",
    ),
    (
        "counters of present periods hold what happened in them",
        "SELECT count(*) FROM usage_counter c JOIN subscription s
             ON s.customer_id = c.customer_id AND s.usage_start = c.period_start
         WHERE s.status <> 'canceled' AND s.standalone_plan_id IS NULL",
        "WITH present AS (
             SELECT s.customer_id, m.id AS meter_id, m.aggregation, s.usage_start, s.usage_end
             FROM subscription s JOIN meter m ON m.reset = 'usage_period' AND m.aggregation IN ('sum', 'count')
             WHERE s.status <> 'canceled' AND s.standalone_plan_id IS NULL
         ), counted AS (
             SELECT c.customer_id, c.meter_id, c.used FROM usage_counter c JOIN present p
                 ON (p.customer_id, p.meter_id, p.usage_start) = (c.customer_id, c.meter_id, c.period_start)
         ), happened AS (
             SELECT customer_id, meter_id, sum(CASE p.aggregation WHEN 'count' THEN e.weight ELSE e.value END) AS used
             FROM usage_event e JOIN present p USING (customer_id, meter_id)
             WHERE e.occurred_at >= p.usage_start AND e.occurred_at < p.usage_end GROUP BY 1, 2
         )
         SELECT customer_id::text FROM counted c FULL JOIN happened h USING (customer_id, meter_id)
         WHERE coalesce(c.used, 0) <> coalesce(h.used, 0) LIMIT 20",
    ),
    (
        "counters of different values count them",
        "SELECT count(*) FROM usage_counter_value",
        "SELECT coalesce(c.customer_id, v.customer_id)::text FROM
            (SELECT customer_id, meter_id, period_start, used FROM usage_counter
             JOIN meter m ON m.id = meter_id AND m.aggregation = 'unique') c
         FULL JOIN (SELECT customer_id, meter_id, period_start, count(*) AS used FROM usage_counter_value
             GROUP BY 1, 2, 3) v USING (customer_id, meter_id, period_start)
         WHERE c.used IS DISTINCT FROM v.used LIMIT 20",
    ),
    (
        "hours hold the values of their events",
        "SELECT count(*) FROM usage_value",
        "SELECT coalesce(v.customer_id, e.customer_id)::text FROM usage_value v
         FULL JOIN (SELECT DISTINCT customer_id, meter_id, date_trunc('hour', occurred_at, 'UTC') AS hour,
                           data ->> m.property AS value
                    FROM usage_event JOIN meter m ON m.id = meter_id AND m.aggregation = 'unique') e
            USING (customer_id, meter_id, hour, value)
         WHERE v.customer_id IS NULL OR e.customer_id IS NULL LIMIT 20",
    ),
    (
        "counters hold what is reserved of them",
        "SELECT count(*) FROM usage_reservation",
        "SELECT coalesce(c.customer_id, r.customer_id)::text FROM
            (SELECT customer_id, meter_id, period_start, reserved FROM usage_counter WHERE reserved <> 0) c
         FULL JOIN (SELECT customer_id, meter_id, period_start, sum(quantity) AS held FROM usage_reservation
             WHERE state = 'held' GROUP BY 1, 2, 3) r
            USING (customer_id, meter_id, period_start)
         WHERE c.reserved IS DISTINCT FROM r.held LIMIT 20",
    ),
    (
        "committed reservations are events",
        "SELECT count(*) FROM usage_reservation WHERE state = 'committed'",
        "SELECT r.customer_id::text || ' ' || r.id FROM usage_reservation r
         WHERE r.state = 'committed' AND NOT EXISTS (SELECT FROM usage_event e
             WHERE e.occurred_at = r.reserved_at AND e.customer_id = r.customer_id AND e.event_id = r.id
                 AND e.meter_id = r.meter_id AND e.value = r.committed) LIMIT 20",
    ),
    (
        "the audit chain holds",
        "SELECT count(*) FROM audit_seal",
        "SELECT 'position ' || position FROM (
            SELECT s.position, s.hash, lag(s.hash) OVER w AS before, row_number() OVER w AS expected, e.entry
            FROM audit_seal s JOIN (SELECT a.id, audit_text(a) AS entry FROM audit_entry a) e ON e.id = s.entry_id
            WINDOW w AS (ORDER BY s.position)) c
         WHERE hash <> sha256(coalesce(before, ''::bytea) || convert_to(entry, 'UTF8')) OR position <> expected",
    ),
];

/// Runs every check that SQL alone can make.
pub async fn run(conn: &mut PgConnection) -> Result<Vec<Checked>> {
    let mut checked = Vec::new();
    for (name, rows, wrong) in CHECKS.iter().chain(credit::CHECKS).chain(refund::CHECKS) {
        let rows: i64 = sqlx::query_scalar(*rows).fetch_one(&mut *conn).await?;
        let wrong: Vec<Option<String>> = sqlx::query_scalar(*wrong).fetch_all(&mut *conn).await?;
        let wrong = wrong.into_iter().map(Option::unwrap_or_default).collect();
        checked.push(Checked {
            name,
            rows: u64::try_from(rows).unwrap_or(0),
            wrong,
        });
    }
    Ok(checked)
}

/// Customers and the MRR their movements add up to.
pub async fn mrr_by_customer(conn: &mut PgConnection) -> Result<Vec<(billing::id::CustomerId, Money)>> {
    let rows = sqlx::query!(
        r#"SELECT c.id, c.currency, coalesce(sum(m.amount_minor), 0)::bigint AS "minor!"
           FROM customer c LEFT JOIN revenue_movement m ON m.customer_id = c.id AND m.currency = c.currency
           GROUP BY c.id, c.currency ORDER BY c.id"#
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|r| {
            Ok((
                billing::id::CustomerId::from_uuid(r.id),
                row::money("revenue_movement", r.minor, &r.currency)?,
            ))
        })
        .collect()
}
