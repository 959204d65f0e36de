-- Credit notes that staff issues about one invoice: less is owed of it, money goes back, or it becomes credit.
ALTER TABLE credit_note ALTER COLUMN subscription_id DROP NOT NULL,
    DROP CONSTRAINT credit_note_reason_check, ADD CONSTRAINT credit_note_reason_check
        CHECK (reason IN ('pause', 'cancel', 'change', 'duplicated_charge', 'product_unsatisfactory', 'order_change',
            'order_cancellation', 'fraudulent_charge', 'other')),
    -- Null: unused time that a pause, a cancellation or a change gave back by itself.
    ADD COLUMN invoice_id uuid REFERENCES invoice,
    ADD COLUMN memo text CHECK (memo <> ''),
    -- The caller's name for the note and what was asked for: the same again is the same note.
    ADD COLUMN request_key text CHECK (request_key <> ''),
    ADD COLUMN request jsonb,
    -- What it does; together they are the note.
    ADD COLUMN offset_minor bigint NOT NULL DEFAULT 0 CHECK (offset_minor >= 0),
    ADD COLUMN refund_minor bigint NOT NULL DEFAULT 0 CHECK (refund_minor >= 0),
    ADD COLUMN credit_minor bigint NOT NULL DEFAULT 0 CHECK (credit_minor >= 0);
ALTER TABLE credit_note DISABLE TRIGGER credit_note_immutable;
UPDATE credit_note SET credit_minor = total_minor;
ALTER TABLE credit_note ENABLE TRIGGER credit_note_immutable;
ALTER TABLE credit_note
    ADD CONSTRAINT credit_note_parts_check CHECK (offset_minor + refund_minor + credit_minor = total_minor),
    ADD CONSTRAINT credit_note_by_hand_check
        CHECK (num_nonnulls(invoice_id, request_key, request) IN (0, 3)
            AND (invoice_id IS NULL) = (reason IN ('pause', 'cancel', 'change'))),
    ADD CONSTRAINT credit_note_by_itself_check
        CHECK (invoice_id IS NOT NULL OR (subscription_id IS NOT NULL AND memo IS NULL AND credit_minor = total_minor));
CREATE UNIQUE INDEX credit_note_once ON credit_note (invoice_id, request_key) WHERE invoice_id IS NOT NULL;

-- Of the line's amount as its invoice shows it, before its discount; null of unused time. A part may be so small that
-- its tax alone is left of the line.
ALTER TABLE credit_note_line ADD COLUMN amount_minor bigint CHECK (amount_minor >= 0),
    DROP CONSTRAINT credit_note_line_net_minor_check,
    ADD CONSTRAINT credit_note_line_net_minor_check CHECK (net_minor >= 0),
    ADD CONSTRAINT credit_note_line_total_check CHECK (net_minor + tax_minor > 0);

-- What notes took off what is owed.
ALTER TABLE invoice ADD COLUMN offset_minor bigint NOT NULL DEFAULT 0 CHECK (offset_minor >= 0),
    DROP CONSTRAINT invoice_paid_check, DROP CONSTRAINT invoice_settled_check,
    ADD CONSTRAINT invoice_paid_check
        CHECK (credit_applied_minor + offset_minor + paid_minor <= total_minor + carried_minor),
    ADD CONSTRAINT invoice_settled_check
        CHECK (status <> 'paid' OR credit_applied_minor + offset_minor + paid_minor = total_minor + carried_minor),
    ADD CONSTRAINT invoice_void_check CHECK (status <> 'void' OR offset_minor = 0);
CREATE OR REPLACE FUNCTION keep_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moves text[] := ARRAY['status', 'paid_minor', 'credit_applied_minor', 'offset_minor', 'carried_minor', 'settled_at'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'invoices are never deleted' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF to_jsonb(OLD) - moves <> to_jsonb(NEW) - moves THEN
        RAISE EXCEPTION 'a finalized invoice is immutable' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

-- Money that goes back of a payment. Committed before the gateway is asked; its id is the gateway's key.
CREATE TABLE refund (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer,
    credit_note_id uuid NOT NULL REFERENCES credit_note,
    attempt_id uuid NOT NULL,
    invoice_id uuid NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency char(3) NOT NULL,
    status text NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
    -- Once the gateway may know of it, what became of it is looked up.
    sent_at timestamptz,
    gateway_ref text,
    failure_code text,
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    UNIQUE (credit_note_id, attempt_id),
    FOREIGN KEY (attempt_id, invoice_id) REFERENCES payment_allocation,
    CHECK ((status = 'pending') = (settled_at IS NULL)),
    CHECK ((status = 'failed') = (failure_code IS NOT NULL)),
    CHECK (status = 'pending' OR sent_at IS NOT NULL)
);
CREATE INDEX refund_pending ON refund (created_at) WHERE status = 'pending';
CREATE INDEX refund_payment ON refund (attempt_id, invoice_id);
CREATE INDEX refund_customer ON refund (customer_id);
CREATE FUNCTION keep_refund() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moves text[] := ARRAY['status', 'sent_at', 'gateway_ref', 'failure_code', 'settled_at'];
BEGIN
    IF TG_OP = 'DELETE' OR OLD.status <> 'pending' OR to_jsonb(OLD) - moves <> to_jsonb(NEW) - moves THEN
        RAISE EXCEPTION 'a refund moves once' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refund_immutable BEFORE UPDATE OR DELETE ON refund FOR EACH ROW EXECUTE FUNCTION keep_refund();

-- What could not go back is credit.
ALTER TABLE credit_grant ADD COLUMN refund_id uuid UNIQUE REFERENCES refund,
    DROP CONSTRAINT credit_grant_check2, ADD CONSTRAINT credit_grant_origin_check
        CHECK (num_nonnulls(credit_note_id, invoice_id, refund_id, reason) = 1);

-- A refund is booked once, as paid or as failed.
ALTER TABLE ledger_posting ADD COLUMN refund_id uuid UNIQUE REFERENCES refund;
