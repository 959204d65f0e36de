-- From which parts of what is included of a meter on a customer wants to be told, in place of the rule's own.
CREATE TABLE usage_threshold (
    customer_id uuid NOT NULL REFERENCES customer,
    meter_id uuid NOT NULL REFERENCES meter,
    at numeric NOT NULL CHECK (at > 0 AND at <= 10),
    set_at timestamptz NOT NULL,
    set_by text NOT NULL,
    PRIMARY KEY (customer_id, meter_id, at)
);
