-- What of a credit note lowers what is due of which invoice. Notes by themselves lower the invoices whose time they give
-- back, as notes by hand do.
CREATE TABLE credit_note_offset (
    credit_note_id uuid REFERENCES credit_note,
    invoice_id uuid REFERENCES invoice,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    PRIMARY KEY (credit_note_id, invoice_id)
);
CREATE INDEX credit_note_offset_invoice ON credit_note_offset (invoice_id);
INSERT INTO credit_note_offset SELECT id, invoice_id, offset_minor FROM credit_note WHERE offset_minor > 0;
CREATE TRIGGER credit_note_offset_immutable BEFORE UPDATE OR DELETE ON credit_note_offset
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

ALTER TABLE credit_note DROP CONSTRAINT credit_note_by_itself_check,
    ADD CONSTRAINT credit_note_by_itself_check
        CHECK (invoice_id IS NOT NULL OR (subscription_id IS NOT NULL AND memo IS NULL AND refund_minor = 0));
