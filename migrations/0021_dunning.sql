-- From when on an unpaid invoice is overdue: of one that was sent, the day after its due day where its customer is.
ALTER TABLE invoice ADD COLUMN overdue_at timestamptz;
ALTER TABLE invoice DISABLE TRIGGER invoice_immutable;
UPDATE invoice i SET overdue_at = CASE
    WHEN i.due_at = i.issued_at THEN i.issued_at
    ELSE (date_trunc('day', i.due_at AT TIME ZONE c.time_zone) + interval '1 day') AT TIME ZONE c.time_zone END
FROM customer c WHERE c.id = i.customer_id;
ALTER TABLE invoice ENABLE TRIGGER invoice_immutable;
ALTER TABLE invoice ALTER COLUMN overdue_at SET NOT NULL, ADD CHECK (overdue_at >= due_at);

-- An invoice that was not paid, or will not be by a card: its steps count from began_at, its first failure or the
-- instant from which it is overdue. Under way as long as the invoice is open.
CREATE TABLE dunning (
    invoice_id uuid PRIMARY KEY REFERENCES invoice,
    customer_id uuid NOT NULL REFERENCES customer,
    began_at timestamptz NOT NULL
);
CREATE INDEX dunning_customer ON dunning (customer_id);

-- Each step is taken once, whoever tries and however often.
CREATE TABLE dunning_step (
    invoice_id uuid NOT NULL REFERENCES dunning,
    day int NOT NULL CHECK (day >= 0),
    action text NOT NULL CHECK (action IN ('fail', 'retry', 'remind', 'warn', 'suspend', 'end')),
    taken_at timestamptz NOT NULL,
    PRIMARY KEY (invoice_id, day, action)
);

-- When the next step of any of its invoices is due; at the latest then the billing run looks. And what dunning ends
-- with where that is agreed; null: as for everybody.
ALTER TABLE customer ADD COLUMN dunning_at timestamptz,
    ADD COLUMN dunning_end text CHECK (dunning_end IN ('cancel', 'unpaid', 'keep'));

-- Begun by dunning and not by somebody: nobody is told of its decline but by the steps.
ALTER TABLE payment_attempt ADD COLUMN retry boolean NOT NULL DEFAULT false;

-- Invoices that wait to be paid by hand, and debts of before. Their steps begin today, so that nobody loses access
-- on the day of the release. subscription.overdue_at is read no more; a later release drops it.
INSERT INTO dunning (invoice_id, customer_id, began_at)
SELECT i.id, i.customer_id, greatest(i.overdue_at, now() + shift_us * interval '1 microsecond')
FROM clock, invoice i LEFT JOIN subscription s ON s.id = i.subscription_id
WHERE i.status = 'open' AND s.status IS DISTINCT FROM 'incomplete'
    AND s.pending_change ->> 'invoice' IS DISTINCT FROM 'inv_' || replace(i.id::text, '-', '')
    -- The outcome of a charge that is under way begins it; a page may be left.
    AND NOT EXISTS (SELECT FROM payment_allocation l JOIN payment_attempt a ON a.id = l.attempt_id
                    WHERE l.invoice_id = i.id AND NOT l.settled AND a.payment_method_id IS NOT NULL);
INSERT INTO dunning_step (invoice_id, day, action, taken_at)
SELECT i.id, 0, 'fail', d.began_at FROM dunning d JOIN invoice i ON i.id = d.invoice_id WHERE i.overdue_at < d.began_at;
UPDATE customer c SET dunning_at = d.began_at, due_at = least(c.due_at, d.began_at)
FROM (SELECT customer_id, min(began_at) AS began_at FROM dunning GROUP BY 1) d WHERE d.customer_id = c.id;
