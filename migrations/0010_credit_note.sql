-- Credit notes are numbered like invoices, in a series of their own.
INSERT INTO invoice_series (series) VALUES ('CN');

-- The line that a proration credit gives back from: what is credited never exceeds what was billed.
ALTER TABLE invoice_line ADD COLUMN credits_line_id uuid REFERENCES invoice_line;
ALTER TABLE invoice_line DISABLE TRIGGER invoice_line_immutable;
UPDATE invoice_line c SET credits_line_id = (
    SELECT l.id FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id
    WHERE l.subscription_item_id = c.subscription_item_id AND l.kind IN ('base', 'proration_charge')
      AND l.service_end = c.service_end AND NOT l.voided
      AND i.number < (SELECT ci.number FROM invoice ci WHERE ci.id = c.invoice_id)
    ORDER BY i.number DESC, l.position DESC LIMIT 1)
WHERE c.kind = 'proration_credit';
ALTER TABLE invoice_line ENABLE TRIGGER invoice_line_immutable;
ALTER TABLE invoice_line ADD CHECK (credits_line_id IS NULL OR kind = 'proration_credit');
CREATE INDEX invoice_line_credits ON invoice_line (credits_line_id) WHERE credits_line_id IS NOT NULL;
CREATE INDEX invoice_line_served ON invoice_line (subscription_item_id, service_end)
    WHERE kind IN ('base', 'proration_charge') AND NOT voided;

-- Reduces finalized invoices. Amounts are positive.
CREATE TABLE credit_note (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer,
    subscription_id uuid NOT NULL REFERENCES subscription,
    series text NOT NULL REFERENCES invoice_series,
    number bigint NOT NULL CHECK (number > 0),
    reason text NOT NULL CHECK (reason IN ('pause', 'cancel', 'change')),
    currency char(3) NOT NULL,
    net_minor bigint NOT NULL CHECK (net_minor >= 0),
    tax_minor bigint NOT NULL CHECK (tax_minor >= 0),
    total_minor bigint NOT NULL CHECK (total_minor > 0),
    issued_at timestamptz NOT NULL,
    -- The customer as it was.
    customer_name text NOT NULL,
    customer_email text NOT NULL,
    UNIQUE (series, number),
    CHECK (net_minor + tax_minor = total_minor)
);
CREATE INDEX credit_note_customer ON credit_note (customer_id, issued_at DESC);

CREATE TABLE credit_note_line (
    id uuid PRIMARY KEY,
    credit_note_id uuid NOT NULL REFERENCES credit_note,
    position int NOT NULL,
    invoice_line_id uuid NOT NULL REFERENCES invoice_line,
    description text NOT NULL,
    -- The time given back.
    service_start timestamptz NOT NULL,
    service_end timestamptz NOT NULL,
    net_minor bigint NOT NULL CHECK (net_minor > 0),
    -- As billed.
    tax_rate numeric NOT NULL CHECK (tax_rate BETWEEN 0 AND 1),
    tax_minor bigint NOT NULL CHECK (tax_minor >= 0),
    explain jsonb NOT NULL,
    UNIQUE (credit_note_id, position),
    CHECK (service_start < service_end)
);
CREATE INDEX credit_note_line_invoice ON credit_note_line (invoice_line_id);

CREATE TRIGGER credit_note_immutable BEFORE UPDATE OR DELETE ON credit_note
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER credit_note_line_immutable BEFORE UPDATE OR DELETE ON credit_note_line
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

ALTER TABLE ledger_posting ADD COLUMN credit_note_id uuid REFERENCES credit_note;
CREATE UNIQUE INDEX ledger_posting_credited_once ON ledger_posting (credit_note_id)
    WHERE kind = 'credit_note_issued';
