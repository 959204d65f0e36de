//! What must tie of refunds: notes, the payments they go back of, and the ledger.

use super::Check;

pub(super) const CHECKS: &[Check] = &[
    (
        "refunds are what their notes say",
        "SELECT count(*) FROM credit_note WHERE refund_minor > 0",
        "SELECT n.series || '-' || n.number FROM credit_note n
         LEFT JOIN (SELECT r.credit_note_id, sum(r.amount_minor) AS refund,
                           bool_or(r.invoice_id IS DISTINCT FROM n.invoice_id OR r.customer_id <> n.customer_id
                               OR r.currency <> n.currency) AS foreign_to
                    FROM refund r JOIN credit_note n ON n.id = r.credit_note_id GROUP BY 1) r ON r.credit_note_id = n.id
         WHERE coalesce(r.refund, 0) <> n.refund_minor OR r.foreign_to",
    ),
    (
        "no more goes back of a payment than it brought",
        "SELECT count(*) FROM refund",
        "SELECT r.attempt_id::text FROM (SELECT attempt_id, invoice_id, sum(amount_minor) AS gone FROM refund
             WHERE status <> 'failed' GROUP BY 1, 2) r
         JOIN payment_allocation l USING (attempt_id, invoice_id) JOIN payment_attempt a ON a.id = r.attempt_id
         WHERE r.gone > l.amount_minor OR a.status <> 'succeeded'
         UNION ALL
         SELECT i.series || '-' || i.number FROM invoice i
         JOIN (SELECT invoice_id, sum(amount_minor) AS gone FROM refund WHERE status <> 'failed' GROUP BY 1) r
            ON r.invoice_id = i.id
         WHERE r.gone > i.paid_minor",
    ),
    (
        "refunds are booked as what became of them",
        "SELECT count(*) FROM refund WHERE status <> 'pending'",
        "SELECT r.id::text FROM refund r
         LEFT JOIN (SELECT refund_id, string_agg(kind, ' ' ORDER BY kind) AS kinds, sum(amount) AS amount
                    FROM (SELECT p.refund_id, p.kind, sum(e.amount_minor) FILTER (WHERE e.account = 'refunds') AS amount
                          FROM ledger_posting p JOIN ledger_entry e ON e.posting_id = p.id
                          WHERE p.refund_id IS NOT NULL GROUP BY p.id) posted
                    GROUP BY 1) l ON l.refund_id = r.id
         LEFT JOIN credit_grant g ON g.refund_id = r.id AND g.customer_id = r.customer_id
         WHERE coalesce(l.kinds, 'nothing') <> ALL (CASE r.status WHEN 'pending' THEN ARRAY['nothing']
                    WHEN 'succeeded' THEN ARRAY['refund_paid'] ELSE ARRAY['refund_failed', 'refund_paid refund_returned'] END)
            OR (l.kinds IS NOT NULL AND l.amount IS DISTINCT FROM r.amount_minor)
            OR coalesce(g.amount_minor, 0) <> CASE r.status WHEN 'failed' THEN r.amount_minor ELSE 0 END",
    ),
    (
        "what is to go back is what refunds wait for",
        "SELECT count(*) FROM refund WHERE status = 'pending'",
        "SELECT coalesce(l.customer_id, r.customer_id)::text FROM
            (SELECT customer_id, currency, -sum(amount_minor) AS waits FROM ledger_entry WHERE account = 'refunds'
             GROUP BY 1, 2) l
         FULL JOIN (SELECT customer_id, currency, sum(amount_minor) AS waits FROM refund WHERE status = 'pending'
             GROUP BY 1, 2) r USING (customer_id, currency)
         WHERE coalesce(l.waits, 0) <> coalesce(r.waits, 0)",
    ),
];
