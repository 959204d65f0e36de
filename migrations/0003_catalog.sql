CREATE TABLE meter (
    id uuid PRIMARY KEY,
    key text NOT NULL UNIQUE CHECK (key ~ '^[a-z][a-z0-9_]{0,62}$'),
    name text NOT NULL,
    unit text NOT NULL,
    aggregation text NOT NULL
        CHECK (aggregation IN ('count', 'sum', 'min', 'max', 'latest', 'unique', 'time_weighted')),
    reset text NOT NULL CHECK (reset IN ('usage_period', 'never')),
    position int NOT NULL
);

CREATE TABLE plan (
    id uuid PRIMARY KEY,
    key text NOT NULL UNIQUE CHECK (key ~ '^[a-z][a-z0-9_]{0,62}$'),
    name text NOT NULL,
    summary text NOT NULL,
    rank int NOT NULL,
    public boolean NOT NULL DEFAULT true
);

-- A version in use never changes: a new one is published beside it.
CREATE TABLE plan_version (
    id uuid PRIMARY KEY,
    plan_id uuid NOT NULL REFERENCES plan,
    number int NOT NULL CHECK (number > 0),
    status text NOT NULL CHECK (status IN ('draft', 'scheduled', 'active', 'archived')),
    trial_days int NOT NULL DEFAULT 0 CHECK (trial_days BETWEEN 0 AND 730),
    UNIQUE (plan_id, number)
);
CREATE UNIQUE INDEX plan_version_one_active ON plan_version (plan_id) WHERE status = 'active';
CREATE UNIQUE INDEX plan_version_one_draft ON plan_version (plan_id) WHERE status = 'draft';

CREATE TABLE price (
    id uuid PRIMARY KEY,
    plan_version_id uuid NOT NULL REFERENCES plan_version,
    interval text NOT NULL CHECK (interval IN ('week', 'month', 'quarter', 'half_year', 'year')),
    amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
    currency char(3) NOT NULL,
    UNIQUE (plan_version_id, interval, currency)
);

-- What a plan includes of a meter (null: unlimited) and what the rest costs.
CREATE TABLE meter_charge (
    plan_version_id uuid NOT NULL REFERENCES plan_version,
    meter_id uuid NOT NULL REFERENCES meter,
    included numeric CHECK (included >= 0),
    enforcement text NOT NULL CHECK (enforcement IN ('hard', 'overage')),
    overage_amount numeric CHECK (overage_amount >= 0),
    overage_per numeric CHECK (overage_per > 0),
    PRIMARY KEY (plan_version_id, meter_id),
    CHECK ((overage_amount IS NULL) = (overage_per IS NULL))
);

CREATE TABLE plan_feature (
    plan_version_id uuid NOT NULL REFERENCES plan_version,
    key text NOT NULL,
    name text NOT NULL,
    value text NOT NULL,
    position int NOT NULL,
    PRIMARY KEY (plan_version_id, key)
);
