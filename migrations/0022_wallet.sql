-- Credit is kept in grants. What a grant is never changes; what is left of it is what its uses leave.
CREATE TABLE credit_grant (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer,
    kind text NOT NULL CHECK (kind IN ('promotional', 'paid')),
    priority int NOT NULL CHECK (priority BETWEEN 1 AND 50),
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency char(3) NOT NULL,
    -- From this instant on it pays nothing.
    expires_at timestamptz CHECK (expires_at > granted_at),
    -- Where it comes from: a credit note, a top-up that was paid, or staff with a reason.
    credit_note_id uuid UNIQUE REFERENCES credit_note,
    invoice_id uuid UNIQUE REFERENCES invoice,
    reason text,
    granted_at timestamptz NOT NULL,
    granted_by text NOT NULL,
    -- Kept by the trigger below, in the statement that writes the uses: whatever runs beside it, nothing is
    -- taken that is not there.
    left_minor bigint NOT NULL CHECK (left_minor BETWEEN 0 AND amount_minor),
    CHECK (num_nonnulls(credit_note_id, invoice_id, reason) = 1)
);
CREATE INDEX credit_grant_customer ON credit_grant (customer_id, granted_at DESC);
CREATE INDEX credit_grant_left ON credit_grant (customer_id, expires_at) WHERE left_minor > 0;

-- What invoices took of grants, what void ones gave back, and what expired.
CREATE TABLE credit_use (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    grant_id uuid NOT NULL REFERENCES credit_grant,
    -- Null: it expired.
    invoice_id uuid REFERENCES invoice,
    -- Negative: given back.
    amount_minor bigint NOT NULL CHECK (amount_minor <> 0),
    used_at timestamptz NOT NULL,
    CHECK (amount_minor > 0 OR invoice_id IS NOT NULL)
);
CREATE INDEX credit_use_grant ON credit_use (grant_id);
CREATE INDEX credit_use_invoice ON credit_use (invoice_id) WHERE invoice_id IS NOT NULL;
CREATE TRIGGER credit_use_append_only BEFORE UPDATE OR DELETE ON credit_use
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE FUNCTION use_credit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE credit_grant g SET left_minor = g.left_minor - n.amount
    FROM (SELECT grant_id, sum(amount_minor) AS amount FROM inserted GROUP BY 1) n WHERE g.id = n.grant_id;
    RETURN NULL;
END $$;
CREATE TRIGGER credit_use_taken AFTER INSERT ON credit_use
    REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION use_credit();

CREATE FUNCTION keep_credit_grant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR to_jsonb(OLD) - 'left_minor' <> to_jsonb(NEW) - 'left_minor' THEN
        RAISE EXCEPTION 'a grant is immutable' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER credit_grant_immutable BEFORE UPDATE OR DELETE ON credit_grant
    FOR EACH ROW EXECUTE FUNCTION keep_credit_grant();

-- Credit so far came from credit notes alone: each is a grant, under the note's own uuid. Invoices took it in the
-- order in which it came, so what each took of which grant is where the two running totals overlap.
INSERT INTO credit_grant (id, customer_id, kind, priority, amount_minor, currency, credit_note_id, granted_at, granted_by,
        left_minor)
    SELECT id, customer_id, 'paid', 50, total_minor, currency, id, issued_at, 'system', total_minor FROM credit_note;
INSERT INTO credit_use (grant_id, invoice_id, amount_minor, used_at)
    SELECT g.id, i.id, least(g.until, i.until) - greatest(g.since, i.since), greatest(i.issued_at, g.granted_at)
    FROM (SELECT id, customer_id, currency, granted_at, sum(amount_minor) OVER w AS until,
                 sum(amount_minor) OVER w - amount_minor AS since
          FROM credit_grant WINDOW w AS (PARTITION BY customer_id, currency ORDER BY granted_at, id)) g
    JOIN (SELECT id, customer_id, currency, issued_at, sum(credit_applied_minor) OVER w AS until,
                 sum(credit_applied_minor) OVER w - credit_applied_minor AS since
          FROM invoice WHERE credit_applied_minor > 0
          WINDOW w AS (PARTITION BY customer_id, currency ORDER BY issued_at, id)) i USING (customer_id, currency)
    WHERE least(g.until, i.until) > greatest(g.since, i.since)
    ORDER BY i.issued_at, i.id, g.since;

-- The grant that a posting brings or ends; one is granted once.
ALTER TABLE ledger_posting ADD COLUMN grant_id uuid REFERENCES credit_grant;
CREATE UNIQUE INDEX ledger_posting_granted_once ON ledger_posting (grant_id) WHERE kind = 'credit_granted';
ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_account_check, ADD CONSTRAINT ledger_entry_account_check
    CHECK (account IN ('receivable', 'cash', 'deferred_revenue', 'tax_payable', 'customer_credit', 'carried', 'top_up',
        'promotional_credit', 'refunds', 'disputes', 'bad_debt'));

-- Credit that is bought: an invoice of its own, paid on a page of its own.
ALTER TABLE invoice DROP CONSTRAINT invoice_reason_check;
ALTER TABLE invoice ADD CONSTRAINT invoice_reason_check
    CHECK (reason IN ('purchase', 'renewal', 'upgrade', 'pause', 'resume', 'cancel', 'one_off', 'top_up'));
ALTER TABLE invoice_line DROP CONSTRAINT invoice_line_kind_check;
ALTER TABLE invoice_line ADD CONSTRAINT invoice_line_kind_check
    CHECK (kind IN ('base', 'usage', 'true_up', 'late_usage', 'one_off', 'top_up', 'proration_credit',
        'proration_charge'));
ALTER TABLE invoice_line DROP CONSTRAINT invoice_line_check2;
ALTER TABLE invoice_line ADD CONSTRAINT invoice_line_item_check
    CHECK ((subscription_item_id IS NULL) = (kind IN ('one_off', 'top_up')));
ALTER TABLE checkout_session DROP CONSTRAINT checkout_session_purpose_check;
ALTER TABLE checkout_session ADD CONSTRAINT checkout_session_purpose_check
    CHECK (purpose IN ('purchase', 'trial_card', 'pay_invoice', 'add_card', 'top_up'));
-- Too little to be charged waits for the next invoice. Positive: brought from earlier ones; negative: passed on.
ALTER TABLE invoice ADD COLUMN carried_minor bigint NOT NULL DEFAULT 0;
ALTER TABLE invoice DROP CONSTRAINT invoice_check1, DROP CONSTRAINT invoice_check2,
    ADD CONSTRAINT invoice_paid_check CHECK (credit_applied_minor + paid_minor <= total_minor + carried_minor),
    ADD CONSTRAINT invoice_settled_check
        CHECK (status <> 'paid' OR credit_applied_minor + paid_minor = total_minor + carried_minor),
    ADD CONSTRAINT invoice_carried_check CHECK (carried_minor >= 0 OR status = 'paid');
CREATE OR REPLACE FUNCTION keep_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moves text[] := ARRAY['status', 'paid_minor', 'credit_applied_minor', 'carried_minor', 'settled_at'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'invoices are never deleted' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF to_jsonb(OLD) - moves <> to_jsonb(NEW) - moves THEN
        RAISE EXCEPTION 'a finalized invoice is immutable' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

-- A customer tops up once at a time.
CREATE UNIQUE INDEX checkout_session_top_up ON checkout_session (customer_id) WHERE purpose = 'top_up' AND status = 'open';
