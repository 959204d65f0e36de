//! What must tie of credit: notes, grants, what was taken of them, and the ledger.

use super::Check;

pub(super) const CHECKS: &[Check] = &[
    (
        "credit notes are the sums of their lines",
        "SELECT count(*) FROM credit_note",
        "SELECT n.series || '-' || n.number FROM credit_note n
         JOIN LATERAL (SELECT coalesce(sum(net_minor), 0) AS net, coalesce(sum(tax_minor), 0) AS tax
                       FROM credit_note_line WHERE credit_note_id = n.id) l ON true
         WHERE l.net <> n.net_minor OR l.tax <> n.tax_minor OR n.net_minor + n.tax_minor <> n.total_minor",
    ),
    (
        "credit notes are booked as what they do",
        "SELECT count(*) FROM credit_note",
        "SELECT n.series || '-' || n.number FROM credit_note n
         LEFT JOIN (SELECT p.credit_note_id,
                           -sum(e.amount_minor) FILTER (WHERE e.account IN ('receivable', 'bad_debt')) AS off,
                           -sum(e.amount_minor) FILTER (WHERE e.account = 'refunds') AS refund,
                           -sum(e.amount_minor) FILTER (WHERE e.account = 'customer_credit') AS credit,
                           sum(e.amount_minor) FILTER (WHERE e.account = 'tax_payable') AS tax,
                           sum(e.amount_minor) FILTER (WHERE e.account = 'deferred_revenue') AS net
                    FROM ledger_entry e JOIN ledger_posting p ON p.id = e.posting_id
                    WHERE p.kind = 'credit_note_issued' GROUP BY 1) l ON l.credit_note_id = n.id
         WHERE (coalesce(l.off, 0), coalesce(l.refund, 0), coalesce(l.credit, 0), coalesce(l.tax, 0), coalesce(l.net, 0))
            <> (n.offset_minor, n.refund_minor, n.credit_minor, n.tax_minor, n.net_minor)",
    ),
    (
        "what notes took off invoices is what they say",
        "SELECT count(*) FROM invoice WHERE offset_minor > 0",
        "SELECT i.series || '-' || i.number FROM invoice i
         LEFT JOIN (SELECT invoice_id, sum(amount_minor) AS off FROM credit_note_offset GROUP BY 1) o ON o.invoice_id = i.id
         WHERE coalesce(o.off, 0) <> i.offset_minor
         UNION ALL
         SELECT n.series || '-' || n.number FROM credit_note n
         LEFT JOIN (SELECT credit_note_id, sum(amount_minor) AS off FROM credit_note_offset GROUP BY 1) o
            ON o.credit_note_id = n.id
         WHERE coalesce(o.off, 0) <> n.offset_minor
         UNION ALL
         SELECT n.series || '-' || n.number || ' lowers an invoice that it gives nothing back of' FROM credit_note n
         JOIN credit_note_offset o ON o.credit_note_id = n.id
         WHERE NOT EXISTS (SELECT FROM credit_note_line c JOIN invoice_line l ON l.id = c.invoice_line_id
                           WHERE c.credit_note_id = n.id AND l.invoice_id = o.invoice_id)",
    ),
    (
        "notes by hand give back of one invoice of their customer, and no more than it asked for",
        "SELECT count(*) FROM credit_note WHERE invoice_id IS NOT NULL",
        "SELECT n.series || '-' || n.number || ' gives back of another invoice' FROM credit_note n
         JOIN invoice i ON i.id = n.invoice_id
         WHERE i.customer_id <> n.customer_id OR i.currency <> n.currency OR i.status = 'void' OR i.reason = 'top_up'
            OR EXISTS (SELECT FROM credit_note_line c JOIN invoice_line l ON l.id = c.invoice_line_id
                       WHERE c.credit_note_id = n.id
                         AND (l.invoice_id <> n.invoice_id OR l.kind = 'proration_credit' OR c.amount_minor IS NULL))
         UNION ALL
         SELECT i.series || '-' || i.number || ' was given back beyond its total' FROM invoice i
         JOIN (SELECT invoice_id, sum(total_minor) AS total FROM credit_note GROUP BY 1) n ON n.invoice_id = i.id
         WHERE n.total > i.total_minor",
    ),
    (
        "credit applied to invoices is booked",
        "SELECT count(*) FROM invoice WHERE credit_applied_minor > 0",
        "SELECT i.series || '-' || i.number FROM invoice i
         LEFT JOIN (SELECT p.invoice_id, sum(e.amount_minor) AS credit FROM ledger_entry e
                    JOIN ledger_posting p ON p.id = e.posting_id
                    WHERE e.account = 'customer_credit' AND p.kind <> 'credit_granted' GROUP BY 1) l
            ON l.invoice_id = i.id
         WHERE coalesce(l.credit, 0) <> i.credit_applied_minor",
    ),
    (
        "no credit balance is overdrawn",
        "SELECT count(*) FROM (SELECT DISTINCT customer_id, currency FROM ledger_entry
         WHERE account = 'customer_credit') b",
        "SELECT customer_id::text || ' is overdrawn by ' || sum(amount_minor) FROM ledger_entry
         WHERE account = 'customer_credit' GROUP BY customer_id, currency HAVING sum(amount_minor) > 0",
    ),
    (
        "credit balances are what is left of grants",
        "SELECT count(*) FROM credit_grant",
        "SELECT coalesce(l.customer_id, g.customer_id)::text FROM
            (SELECT customer_id, currency, -sum(amount_minor) AS balance FROM ledger_entry
             WHERE account = 'customer_credit' GROUP BY 1, 2) l
         FULL JOIN (SELECT customer_id, currency, sum(left_minor) AS balance FROM credit_grant GROUP BY 1, 2) g
            USING (customer_id, currency)
         WHERE coalesce(l.balance, 0) <> coalesce(g.balance, 0)",
    ),
    (
        "what is left of grants is what their uses leave",
        "SELECT count(*) FROM credit_use",
        "SELECT g.id::text FROM credit_grant g
         LEFT JOIN (SELECT grant_id, sum(amount_minor) AS used FROM credit_use GROUP BY 1) u ON u.grant_id = g.id
         WHERE g.amount_minor - coalesce(u.used, 0) <> g.left_minor",
    ),
    (
        "invoices took their credit from grants of their customers",
        "SELECT count(*) FROM invoice WHERE credit_applied_minor > 0",
        "SELECT i.series || '-' || i.number FROM invoice i
         LEFT JOIN (SELECT u.invoice_id, sum(u.amount_minor) AS used,
                           bool_or(g.customer_id <> i.customer_id OR g.currency <> i.currency) AS foreign_to
                    FROM credit_use u JOIN credit_grant g ON g.id = u.grant_id JOIN invoice i ON i.id = u.invoice_id
                    GROUP BY 1) u ON u.invoice_id = i.id
         WHERE coalesce(u.used, 0) <> i.credit_applied_minor OR u.foreign_to",
    ),
    (
        "no grant pays once it expired",
        "SELECT count(*) FROM credit_grant WHERE expires_at IS NOT NULL",
        "SELECT g.id::text FROM credit_grant g JOIN credit_use u ON u.grant_id = g.id
         WHERE u.invoice_id IS NOT NULL AND u.amount_minor > 0 AND u.used_at >= g.expires_at
         UNION ALL
         SELECT g.id::text || ' expired early' FROM credit_grant g JOIN credit_use u ON u.grant_id = g.id
         WHERE u.invoice_id IS NULL AND (g.expires_at IS NULL OR u.used_at < g.expires_at)",
    ),
    (
        "what is carried is what invoices passed on and did not bring",
        "SELECT count(*) FROM invoice WHERE carried_minor <> 0",
        "SELECT c.id::text FROM customer c
         LEFT JOIN (SELECT customer_id, sum(amount_minor) AS waits FROM ledger_entry WHERE account = 'carried'
                    GROUP BY 1) l ON l.customer_id = c.id
         LEFT JOIN (SELECT customer_id, -sum(carried_minor) AS waits FROM invoice GROUP BY 1) i ON i.customer_id = c.id
         WHERE coalesce(l.waits, 0) <> coalesce(i.waits, 0) OR l.waits < 0",
    ),
    (
        "credit that expires is looked at by then",
        "SELECT count(*) FROM credit_grant WHERE expires_at IS NOT NULL AND left_minor > 0",
        "SELECT g.id::text FROM credit_grant g JOIN customer c ON c.id = g.customer_id
         WHERE g.left_minor > 0 AND g.expires_at IS NOT NULL AND (c.due_at <= g.expires_at) IS NOT TRUE",
    ),
    (
        "every grant is booked",
        "SELECT count(*) FROM credit_grant",
        "SELECT n.series || '-' || n.number || ' has no grant of its amount' FROM credit_note n
         LEFT JOIN credit_grant g ON g.credit_note_id = n.id AND g.customer_id = n.customer_id
         WHERE coalesce(g.amount_minor, 0) <> n.credit_minor
         UNION ALL
         SELECT g.id::text || ' is booked otherwise' FROM credit_grant g
         LEFT JOIN (SELECT p.grant_id, p.invoice_id, -sum(e.amount_minor) AS granted FROM ledger_entry e
                    JOIN ledger_posting p ON p.id = e.posting_id
                    WHERE p.kind = 'credit_granted' AND e.account = 'customer_credit' GROUP BY 1, 2) l ON l.grant_id = g.id
         WHERE g.credit_note_id IS NULL AND g.refund_id IS NULL
            AND (l.granted IS DISTINCT FROM g.amount_minor OR l.invoice_id IS DISTINCT FROM g.invoice_id)",
    ),
    (
        "promotions cost what was granted and did not expire",
        "SELECT count(*) FROM credit_grant WHERE kind = 'promotional'",
        "SELECT coalesce(l.customer_id, g.customer_id)::text FROM
            (SELECT customer_id, currency, sum(amount_minor) AS cost FROM ledger_entry
             WHERE account = 'promotional_credit' GROUP BY 1, 2) l
         FULL JOIN (SELECT g.customer_id, g.currency, sum(g.amount_minor - coalesce(u.expired, 0)) AS cost
                    FROM credit_grant g
                    LEFT JOIN (SELECT grant_id, sum(amount_minor) AS expired FROM credit_use
                               WHERE invoice_id IS NULL GROUP BY 1) u ON u.grant_id = g.id
                    WHERE g.kind = 'promotional' GROUP BY 1, 2) g USING (customer_id, currency)
         WHERE coalesce(l.cost, 0) <> coalesce(g.cost, 0)",
    ),
    (
        "what is granted for top-ups was paid",
        "SELECT count(*) FROM invoice WHERE reason = 'top_up'",
        "SELECT i.series || '-' || i.number FROM invoice i LEFT JOIN credit_grant g ON g.invoice_id = i.id
         LEFT JOIN invoice_line l ON l.invoice_id = i.id AND l.kind = 'top_up'
         WHERE (i.reason = 'top_up') <> (l.id IS NOT NULL) OR (i.reason <> 'top_up' AND g.id IS NOT NULL)
            OR (i.reason = 'top_up' AND (i.credit_applied_minor <> 0 OR i.carried_minor <> 0 OR i.tax_minor <> 0
                OR coalesce(g.amount_minor, 0) <> i.paid_minor))",
    ),
    (
        "top-ups that are open are what their account holds",
        "SELECT count(*) FROM invoice WHERE reason = 'top_up' AND status = 'open'",
        "SELECT c.id::text FROM customer c
         LEFT JOIN (SELECT customer_id, -sum(amount_minor) AS held FROM ledger_entry WHERE account = 'top_up'
                    GROUP BY 1) l ON l.customer_id = c.id
         LEFT JOIN (SELECT customer_id, sum(total_minor) AS open FROM invoice
                    WHERE reason = 'top_up' AND status NOT IN ('paid', 'void') GROUP BY 1) i ON i.customer_id = c.id
         WHERE coalesce(l.held, 0) <> coalesce(i.open, 0)",
    ),
];
