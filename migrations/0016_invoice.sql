-- One-off items: what staff bills a customer beside any plan, on its next invoice or at once.
CREATE TABLE one_off (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer,
    description text NOT NULL CHECK (description <> ''),
    quantity int NOT NULL CHECK (quantity > 0),
    price_minor bigint NOT NULL CHECK (price_minor > 0),
    currency char(3) NOT NULL,
    added_at timestamptz NOT NULL,
    added_by text NOT NULL,
    -- The invoice that bills it; null while it waits for one.
    invoice_id uuid REFERENCES invoice
);
CREATE INDEX one_off_waiting ON one_off (customer_id) WHERE invoice_id IS NULL;
CREATE INDEX one_off_invoice ON one_off (invoice_id) WHERE invoice_id IS NOT NULL;

-- A one-off line belongs to no item of a subscription. Late usage is billed for the period it belongs to, as
-- often as more of it becomes known.
ALTER TABLE invoice_line
    ALTER COLUMN subscription_item_id DROP NOT NULL,
    DROP CONSTRAINT invoice_line_kind_check,
    ADD CONSTRAINT invoice_line_kind_check CHECK (kind IN ('base', 'usage', 'true_up', 'late_usage', 'one_off',
        'proration_credit', 'proration_charge')),
    ADD CHECK ((subscription_item_id IS NULL) = (kind = 'one_off'));
ALTER TABLE invoice DROP CONSTRAINT invoice_reason_check;
ALTER TABLE invoice ADD CONSTRAINT invoice_reason_check
    CHECK (reason IN ('purchase', 'renewal', 'upgrade', 'pause', 'resume', 'cancel', 'one_off'));

-- What a usage period came to when it was billed. What becomes known of it later is told apart by this.
CREATE TABLE billed_usage (
    subscription_id uuid NOT NULL REFERENCES subscription,
    usage_start timestamptz NOT NULL,
    usage_end timestamptz NOT NULL,
    -- The usage month it is a part of.
    month_start timestamptz NOT NULL,
    month_end timestamptz NOT NULL,
    -- Of the plan whose terms it was billed by.
    price_id uuid NOT NULL REFERENCES price,
    -- Of each meter what was counted, included and billed.
    meters jsonb NOT NULL,
    -- Of an upgrade that waits for its payment: without it the period goes on.
    invoice_id uuid REFERENCES invoice DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (subscription_id, usage_start),
    CHECK (usage_start < usage_end AND month_start < month_end)
);
CREATE INDEX billed_usage_invoice ON billed_usage (invoice_id) WHERE invoice_id IS NOT NULL;

-- Notes on customers with usage that was reported when its period might have been billed already: who is billed
-- next is looked at again. Written in the event's transaction, a row each, so that nobody waits for anybody.
CREATE TABLE late_usage (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer,
    noticed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX late_usage_customer ON late_usage (customer_id);

-- An invoice is written off once.
DROP INDEX ledger_posting_once;
CREATE UNIQUE INDEX ledger_posting_once ON ledger_posting (invoice_id, kind)
    WHERE kind IN ('invoice_finalized', 'invoice_voided', 'invoice_written_off', 'write_off_reversed');
