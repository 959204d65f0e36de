-- Taken last in a transaction, so that numbers stay gapless and the row is locked for a moment only.
CREATE TABLE invoice_series (
    series text PRIMARY KEY,
    last_number bigint NOT NULL DEFAULT 0 CHECK (last_number >= 0)
);
INSERT INTO invoice_series (series) VALUES ('INV');

CREATE TABLE invoice (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer,
    subscription_id uuid REFERENCES subscription,
    series text NOT NULL REFERENCES invoice_series,
    number bigint NOT NULL CHECK (number > 0),
    status text NOT NULL CHECK (status IN ('open', 'paid', 'void', 'uncollectible')),
    -- Why it exists: the first purchase, a renewal, an upgrade.
    reason text NOT NULL CHECK (reason IN ('purchase', 'renewal', 'upgrade')),
    currency char(3) NOT NULL,
    net_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    total_minor bigint NOT NULL CHECK (total_minor >= 0),
    credit_applied_minor bigint NOT NULL DEFAULT 0 CHECK (credit_applied_minor >= 0),
    paid_minor bigint NOT NULL DEFAULT 0 CHECK (paid_minor >= 0),
    issued_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    settled_at timestamptz,
    -- The customer as it was: later edits never reach back.
    customer_name text NOT NULL,
    customer_email text NOT NULL,
    UNIQUE (series, number),
    CHECK (net_minor + tax_minor = total_minor),
    CHECK (credit_applied_minor + paid_minor <= total_minor),
    CHECK (status <> 'paid' OR credit_applied_minor + paid_minor = total_minor)
);
CREATE INDEX invoice_customer ON invoice (customer_id, issued_at DESC);
CREATE INDEX invoice_open ON invoice (customer_id) WHERE status = 'open';

CREATE TABLE invoice_line (
    id uuid PRIMARY KEY,
    invoice_id uuid NOT NULL REFERENCES invoice,
    position int NOT NULL,
    subscription_item_id uuid NOT NULL REFERENCES subscription_item,
    kind text NOT NULL CHECK (kind IN ('base', 'usage', 'proration_credit', 'proration_charge')),
    charge text NOT NULL,
    description text NOT NULL,
    service_start timestamptz NOT NULL,
    service_end timestamptz NOT NULL,
    quantity numeric NOT NULL,
    net_minor bigint NOT NULL,
    tax_rate numeric NOT NULL CHECK (tax_rate BETWEEN 0 AND 1),
    tax_minor bigint NOT NULL,
    explain jsonb NOT NULL,
    voided boolean NOT NULL DEFAULT false,
    UNIQUE (invoice_id, position),
    CHECK (service_start < service_end)
);
-- No two recurring lines for one item, charge and service start: the rule that no run can break.
CREATE UNIQUE INDEX invoice_line_once ON invoice_line (subscription_item_id, charge, service_start)
    WHERE kind IN ('base', 'usage') AND NOT voided;

-- A finalized invoice never changes but for what becomes of it.
CREATE FUNCTION keep_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'invoices are never deleted' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF to_jsonb(OLD) - ARRAY['status', 'paid_minor', 'credit_applied_minor', 'settled_at']
        <> to_jsonb(NEW) - ARRAY['status', 'paid_minor', 'credit_applied_minor', 'settled_at'] THEN
        RAISE EXCEPTION 'a finalized invoice is immutable' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER invoice_immutable BEFORE UPDATE OR DELETE ON invoice
    FOR EACH ROW EXECUTE FUNCTION keep_invoice();

CREATE FUNCTION keep_invoice_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR to_jsonb(OLD) - 'voided' <> to_jsonb(NEW) - 'voided' THEN
        RAISE EXCEPTION 'lines of a finalized invoice are immutable' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER invoice_line_immutable BEFORE UPDATE OR DELETE ON invoice_line
    FOR EACH ROW EXECUTE FUNCTION keep_invoice_line();
