-- A refund that went out may come back: banks refuse money days later. Then it is the customer's credit after all.
CREATE OR REPLACE FUNCTION keep_refund() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moves text[] := ARRAY['status', 'sent_at', 'gateway_ref', 'failure_code', 'settled_at'];
BEGIN
    IF TG_OP = 'DELETE' OR to_jsonb(OLD) - moves <> to_jsonb(NEW) - moves
        OR (OLD.status <> 'pending' AND (OLD.status, NEW.status) <> ('succeeded', 'failed')) THEN
        RAISE EXCEPTION 'a refund only moves on' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

-- Each thing that becomes of a refund is booked once.
ALTER TABLE ledger_posting DROP CONSTRAINT ledger_posting_refund_id_key;
CREATE UNIQUE INDEX ledger_posting_refunded_once ON ledger_posting (refund_id, kind) WHERE refund_id IS NOT NULL;
