CREATE TABLE ledger_posting (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    customer_id uuid NOT NULL REFERENCES customer,
    invoice_id uuid REFERENCES invoice,
    attempt_id uuid REFERENCES payment_attempt,
    occurred_at timestamptz NOT NULL
);
CREATE INDEX ledger_posting_invoice ON ledger_posting (invoice_id);
-- An invoice is finalized once and voided once; an attempt pays an invoice once.
CREATE UNIQUE INDEX ledger_posting_once ON ledger_posting (invoice_id, kind)
    WHERE kind IN ('invoice_finalized', 'invoice_voided');
CREATE UNIQUE INDEX ledger_posting_paid_once ON ledger_posting (attempt_id, invoice_id)
    WHERE kind = 'payment_received';

-- Debits positive, credits negative.
CREATE TABLE ledger_entry (
    posting_id uuid NOT NULL REFERENCES ledger_posting,
    position int NOT NULL,
    account text NOT NULL CHECK (account IN ('receivable', 'cash', 'deferred_revenue', 'tax_payable',
        'customer_credit', 'promotional_credit', 'refunds', 'disputes', 'bad_debt')),
    customer_id uuid NOT NULL REFERENCES customer,
    amount_minor bigint NOT NULL CHECK (amount_minor <> 0),
    currency char(3) NOT NULL,
    service_start timestamptz,
    service_end timestamptz,
    PRIMARY KEY (posting_id, position),
    CHECK ((service_start IS NULL) = (service_end IS NULL))
);
CREATE INDEX ledger_entry_balance ON ledger_entry (customer_id, account, currency) INCLUDE (amount_minor);

CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_posting_append_only BEFORE UPDATE OR DELETE ON ledger_posting
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- All entries of a posting go in by one statement, and sum to zero in each currency.
CREATE FUNCTION check_postings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM inserted GROUP BY posting_id, currency HAVING sum(amount_minor) <> 0) THEN
        RAISE EXCEPTION 'a posting does not balance' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_entry_balanced AFTER INSERT ON ledger_entry
    REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION check_postings();

-- Why a customer's MRR changed. For every customer and day: start + movements = end.
CREATE TABLE revenue_movement (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer,
    subscription_id uuid NOT NULL REFERENCES subscription,
    kind text NOT NULL CHECK (kind IN ('new', 'expansion', 'contraction', 'churn', 'reactivation')),
    amount_minor bigint NOT NULL CHECK (amount_minor <> 0),
    -- The customer's MRR afterwards.
    mrr_minor bigint NOT NULL CHECK (mrr_minor >= 0),
    currency char(3) NOT NULL,
    plan_id uuid NOT NULL REFERENCES plan,
    occurred_at timestamptz NOT NULL
);
CREATE INDEX revenue_movement_time ON revenue_movement (occurred_at) INCLUDE (amount_minor, kind, currency);
CREATE INDEX revenue_movement_customer ON revenue_movement (customer_id, occurred_at);
CREATE TRIGGER revenue_movement_append_only BEFORE UPDATE OR DELETE ON revenue_movement
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
