-- What is taken off invoices. net_minor stays what is taxed, earned and given back from: the lines less discounts.
ALTER TABLE invoice ADD COLUMN discount_minor bigint NOT NULL DEFAULT 0 CHECK (discount_minor >= 0);
ALTER TABLE invoice_line ADD COLUMN discount_minor bigint NOT NULL DEFAULT 0 CHECK (discount_minor >= 0),
    -- Of each redeemed coupon what it takes off, in the order taken.
    ADD COLUMN discounts jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(discounts) = 'array');

-- Coupons that discount its invoices, in the order they are taken off, with how many each has discounted.
ALTER TABLE subscription ADD COLUMN discounts jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(discounts) = 'array');

CREATE TABLE coupon (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    percent numeric CHECK (percent > 0 AND percent <= 100),
    amount_minor bigint CHECK (amount_minor > 0),
    currency char(3),
    duration jsonb NOT NULL,
    -- Of these plans alone; null: of all.
    plan_ids uuid[],
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    CHECK ((percent IS NULL) <> (amount_minor IS NULL)),
    CHECK ((amount_minor IS NULL) = (currency IS NULL))
);

-- Groups codes.
CREATE TABLE campaign (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL
);

CREATE TABLE promotion_code (
    id uuid PRIMARY KEY,
    coupon_id uuid NOT NULL REFERENCES coupon,
    campaign_id uuid REFERENCES campaign,
    -- In upper case: so it is compared.
    code text NOT NULL UNIQUE CHECK (code = upper(code)),
    max_redemptions int CHECK (max_redemptions > 0),
    -- Counted under the row's lock: no two clients at once redeem the last one.
    redeemed int NOT NULL DEFAULT 0 CHECK (redeemed >= 0 AND redeemed <= max_redemptions),
    first_time boolean NOT NULL,
    minimum_minor bigint,
    minimum_currency char(3),
    expires_at timestamptz,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    CHECK ((minimum_minor IS NULL) = (minimum_currency IS NULL))
);
CREATE INDEX promotion_code_coupon ON promotion_code (coupon_id);
CREATE INDEX promotion_code_campaign ON promotion_code (campaign_id);

-- One use of a coupon. Given back where its purchase was not paid.
CREATE TABLE redemption (
    id uuid PRIMARY KEY,
    coupon_id uuid NOT NULL REFERENCES coupon,
    promotion_code_id uuid REFERENCES promotion_code,
    customer_id uuid NOT NULL REFERENCES customer,
    subscription_id uuid NOT NULL REFERENCES subscription,
    redeemed_at timestamptz NOT NULL,
    given_back_at timestamptz
);
-- A customer redeems a coupon once, also from several windows at once.
CREATE UNIQUE INDEX redemption_once ON redemption (customer_id, coupon_id) WHERE given_back_at IS NULL;
CREATE INDEX redemption_code ON redemption (promotion_code_id);
CREATE INDEX redemption_subscription ON redemption (subscription_id);
