-- A standalone plan is sold beside the customer's plan: its subscription has a life, an interval and periods of its own.
ALTER TABLE plan DROP CONSTRAINT plan_kind_check;
ALTER TABLE plan ADD CONSTRAINT plan_kind_check CHECK (kind IN ('plan', 'add_on', 'standalone'));

-- Null: the customer's main subscription. One of these is live, and one of each standalone plan, whoever asks at the
-- same moment.
ALTER TABLE subscription ADD COLUMN standalone_plan_id uuid REFERENCES plan;
-- It neither tries nor pauses, and nothing of it waits for a payment.
ALTER TABLE subscription ADD CHECK (standalone_plan_id IS NULL
    OR (status IN ('pending', 'active', 'past_due', 'suspended', 'canceled') AND pending_change IS NULL));
CREATE UNIQUE INDEX subscription_one_standalone ON subscription (customer_id, standalone_plan_id)
    WHERE standalone_plan_id IS NOT NULL AND status <> 'canceled';
DROP INDEX subscription_one_live;
CREATE UNIQUE INDEX subscription_one_live ON subscription (customer_id)
    WHERE standalone_plan_id IS NULL AND status <> 'canceled';

-- The subscriptions that stand or fall with an invoice: the one it was made for, and all that it has lines of.
CREATE FUNCTION subscriptions_of_invoice(invoice uuid, made_for uuid) RETURNS uuid[] LANGUAGE sql STABLE AS $$
    SELECT ARRAY(
        SELECT made_for WHERE made_for IS NOT NULL
        UNION
        SELECT s.subscription_id FROM invoice_line l JOIN subscription_item s ON s.id = l.subscription_item_id
        WHERE l.invoice_id = invoice)
$$;
