-- What the units beyond the included ones cost: a charge scheme in major units of the currency, and the least
-- and the most it comes to in a usage period.
ALTER TABLE meter_charge
    ADD COLUMN currency char(3),
    ADD COLUMN scheme jsonb,
    ADD COLUMN minimum_minor bigint CHECK (minimum_minor > 0),
    ADD COLUMN maximum_minor bigint CHECK (maximum_minor > 0);
UPDATE meter_charge c SET
    currency = (SELECT min(p.currency) FROM price p WHERE p.plan_version_id = c.plan_version_id),
    scheme = jsonb_build_object('scheme', 'per_unit', 'amount', overage_amount::text, 'per', overage_per::text)
WHERE overage_amount IS NOT NULL;
ALTER TABLE meter_charge
    DROP COLUMN overage_amount,
    DROP COLUMN overage_per,
    ADD CHECK ((scheme IS NULL) = (currency IS NULL)),
    ADD CHECK (scheme IS NOT NULL OR (minimum_minor IS NULL AND maximum_minor IS NULL)),
    ADD CHECK (minimum_minor <= maximum_minor);

-- What usage lacks of an agreed minimum is a line beside the meter's own.
ALTER TABLE invoice_line DROP CONSTRAINT invoice_line_kind_check;
ALTER TABLE invoice_line ADD CONSTRAINT invoice_line_kind_check
    CHECK (kind IN ('base', 'usage', 'true_up', 'proration_credit', 'proration_charge'));
DROP INDEX invoice_line_once;
CREATE UNIQUE INDEX invoice_line_once ON invoice_line (subscription_item_id, charge, service_start, kind)
    WHERE kind IN ('base', 'usage', 'true_up') AND NOT voided;

-- A private plan may be for one customer.
ALTER TABLE plan
    ADD COLUMN customer_id uuid REFERENCES customer,
    ADD CHECK (customer_id IS NULL OR NOT public);

-- When a scheduled version takes the active one's place; null: at once.
ALTER TABLE plan_version
    ADD COLUMN effective_at timestamptz,
    ADD CHECK (status <> 'scheduled' OR effective_at IS NOT NULL);
CREATE UNIQUE INDEX plan_version_one_scheduled ON plan_version (plan_id) WHERE status = 'scheduled';

-- A version is put together as a draft; once published it is archived some day and never changes.
CREATE FUNCTION keep_plan_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'plan versions are never deleted' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF (OLD.status, NEW.status) NOT IN (('draft', 'draft'), ('draft', 'scheduled'), ('draft', 'active'),
            ('draft', 'archived'), ('scheduled', 'active'), ('scheduled', 'archived'), ('active', 'archived')) THEN
        RAISE EXCEPTION 'a plan version cannot go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.status <> 'draft' AND to_jsonb(OLD) - 'status' <> to_jsonb(NEW) - 'status' THEN
        RAISE EXCEPTION 'a published plan version never changes' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER plan_version_kept BEFORE UPDATE OR DELETE ON plan_version
    FOR EACH ROW EXECUTE FUNCTION keep_plan_version();

CREATE FUNCTION keep_version_terms() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    versions uuid[];
BEGIN
    IF TG_OP <> 'INSERT' THEN versions := versions || OLD.plan_version_id; END IF;
    IF TG_OP <> 'DELETE' THEN versions := versions || NEW.plan_version_id; END IF;
    IF EXISTS (SELECT FROM plan_version WHERE id = ANY(versions) AND status <> 'draft') THEN
        RAISE EXCEPTION 'a published plan version never changes' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER price_kept BEFORE INSERT OR UPDATE OR DELETE ON price
    FOR EACH ROW EXECUTE FUNCTION keep_version_terms();
CREATE TRIGGER meter_charge_kept BEFORE INSERT OR UPDATE OR DELETE ON meter_charge
    FOR EACH ROW EXECUTE FUNCTION keep_version_terms();
CREATE TRIGGER plan_feature_kept BEFORE INSERT OR UPDATE OR DELETE ON plan_feature
    FOR EACH ROW EXECUTE FUNCTION keep_version_terms();
