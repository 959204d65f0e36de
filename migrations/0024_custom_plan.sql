-- A price agreed for one subscription stands beside the list prices of the same version, and never changes either.
ALTER TABLE price
    ADD COLUMN subscription_id uuid REFERENCES subscription;
ALTER TABLE price DROP CONSTRAINT price_plan_version_id_interval_currency_key;
CREATE UNIQUE INDEX price_list_once ON price (plan_version_id, interval, currency) WHERE subscription_id IS NULL;
CREATE INDEX price_agreed ON price (subscription_id) WHERE subscription_id IS NOT NULL;

-- What an item costs from the next billing period on.
ALTER TABLE subscription_item
    ADD COLUMN next_price_id uuid REFERENCES price;

-- Of a version in use only an agreed price may come; none changes or goes.
DROP TRIGGER price_kept ON price;
CREATE TRIGGER price_kept BEFORE UPDATE OR DELETE ON price
    FOR EACH ROW EXECUTE FUNCTION keep_version_terms();
CREATE TRIGGER price_kept_of_list BEFORE INSERT ON price
    FOR EACH ROW WHEN (NEW.subscription_id IS NULL) EXECUTE FUNCTION keep_version_terms();

-- What an operator is about to make of the catalog: the text as it was typed, read again whenever it is looked at.
CREATE TABLE catalog_draft (
    staff_id uuid PRIMARY KEY REFERENCES staff,
    text text NOT NULL CHECK (octet_length(text) <= 262144),
    saved_at timestamptz NOT NULL
);
