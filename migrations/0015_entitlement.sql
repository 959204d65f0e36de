-- An add-on is sold like a plan, beside those whose keys it names; beside all where it names none.
ALTER TABLE plan
    ADD COLUMN kind text NOT NULL DEFAULT 'plan' CHECK (kind IN ('plan', 'add_on')),
    ADD COLUMN goes_with text[],
    ADD CHECK (goes_with IS NULL OR kind = 'add_on');

-- What plans grant that do not name the feature; null: nothing.
CREATE TABLE feature (
    key text PRIMARY KEY CHECK (key ~ '^[a-z][a-z0-9_]{0,62}$'),
    name text NOT NULL,
    default_value text,
    position int NOT NULL
);
INSERT INTO feature (key, name, position)
SELECT key, name, row_number() OVER (ORDER BY position, key) - 1
FROM (SELECT DISTINCT ON (f.key) f.key, f.name, f.position
      FROM plan_feature f JOIN plan_version v ON v.id = f.plan_version_id
      WHERE v.status <> 'archived' ORDER BY f.key, f.position) known;

-- How many of an add-on there are from the next billing period on (none at 0), and when one went: invoice lines
-- refer to it for ever. One that is asked for and not paid yet is not carried either, since the instant it was asked
-- for: the line that charges for it refers to it.
ALTER TABLE subscription_item
    ADD COLUMN next_quantity int,
    ADD COLUMN ended_at timestamptz,
    ADD CHECK (next_quantity IS NULL OR (kind = 'add_on' AND next_quantity BETWEEN 0 AND quantity - 1)),
    ADD CHECK (ended_at IS NULL OR (kind = 'add_on' AND next_quantity IS NULL));
CREATE UNIQUE INDEX subscription_item_one_add_on ON subscription_item (subscription_id, plan_id)
    WHERE kind = 'add_on' AND ended_at IS NULL;

-- What was agreed with one customer, in place of what plan and add-ons give: of a meter the included quantity
-- (null: unlimited), of a feature its value.
CREATE TABLE entitlement_override (
    subscription_id uuid NOT NULL REFERENCES subscription,
    kind text NOT NULL CHECK (kind IN ('meter', 'feature')),
    key text NOT NULL,
    included numeric CHECK (included >= 0),
    value text,
    reason text NOT NULL CHECK (reason <> ''),
    set_by text NOT NULL,
    set_at timestamptz NOT NULL,
    PRIMARY KEY (subscription_id, kind, key),
    CHECK ((kind = 'feature') = (value IS NOT NULL)),
    CHECK (kind = 'meter' OR included IS NULL)
);
