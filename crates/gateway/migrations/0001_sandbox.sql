-- What the sandbox provider remembers. It plays a foreign system: nothing outside the schema `sandbox`
-- refers to these tables, and they refer to nothing outside it. The schema itself is created before this.

create table sandbox.customer (
    customer_ref text primary key,
    -- Our id of the customer: the provider has one customer for it, whoever asks first.
    customer uuid not null unique,
    created_at timestamptz not null default now()
);

-- A card someone typed. The number is never stored: what it will do is.
create table sandbox.method (
    method_ref text primary key,
    customer_ref text not null references sandbox.customer,
    behaviour text not null,
    brand text not null,
    last4 text not null check (last4 ~ '^[0-9]{4}$'),
    exp_month integer not null check (exp_month between 1 and 12),
    exp_year integer not null check (exp_year between 2000 and 9999),
    -- A card of a refused try is kept for the record, but only a saved one can be charged later.
    saved boolean not null default false,
    created_at timestamptz not null default now()
);

create table sandbox.checkout (
    session_ref text primary key,
    -- The idempotency key of the creation.
    checkout uuid not null unique,
    customer_ref text not null references sandbox.customer,
    email text not null,
    -- The three are null together: a page that only saves a card.
    attempt uuid unique,
    amount_minor bigint check (amount_minor > 0),
    currency text check (currency ~ '^[A-Z]{3}$'),
    lines jsonb not null,
    success_url text not null,
    cancel_url text not null,
    expires_at timestamptz not null,
    status text not null default 'open' check (status in ('open', 'completed', 'expired')),
    created_at timestamptz not null default now(),
    check (num_nulls(attempt, amount_minor, currency) in (0, 3))
);

-- One try with one card: a charge under its own key, a try on a hosted page, or, when it has no amount,
-- the verification of a card that a hosted page only saves.
create table sandbox.charge (
    charge_ref text primary key,
    session_ref text references sandbox.checkout,
    attempt uuid,
    method_ref text not null references sandbox.method,
    amount_minor bigint check (amount_minor > 0),
    currency text check (currency ~ '^[A-Z]{3}$'),
    description text,
    return_url text,
    -- What the first call was answered with, which is what a replay of its key repeats.
    first_status text not null check (first_status in ('succeeded', 'declined', 'requires_action')),
    status text not null check (status in ('succeeded', 'declined', 'requires_action', 'canceled')),
    decline_code text,
    -- Not the transaction's start: tries on one page wait for each other's end.
    created_at timestamptz not null default clock_timestamp(),
    check (num_nulls(attempt, amount_minor, currency) in (0, 3)),
    check (session_ref is not null or num_nulls(attempt, description, return_url) = 0),
    check ((status = 'declined') = (decline_code is not null))
);

-- The idempotency key of a charge made while the customer is away; the loser of a race reads the winner's row.
create unique index charge_key on sandbox.charge (attempt) where session_ref is null;
create index charge_attempt on sandbox.charge (attempt) where session_ref is not null;
-- Money moves once, whatever happens above.
create unique index charge_once on sandbox.charge (attempt) where status = 'succeeded';
create unique index charge_once_per_session on sandbox.charge (session_ref) where status = 'succeeded';
create unique index charge_pending_per_session on sandbox.charge (session_ref) where status = 'requires_action';
