-- Money that went back of a charge. The idempotency key is unique; charges are locked while theirs are added up.
create table sandbox.refund (
    refund_ref text primary key,
    refund uuid not null unique,
    charge_ref text not null references sandbox.charge,
    amount_minor bigint not null check (amount_minor > 0),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    first_status text not null check (first_status in ('pending', 'succeeded', 'failed')),
    status text not null check (status in ('pending', 'succeeded', 'failed')),
    failure_code text,
    created_at timestamptz not null default clock_timestamp(),
    check ((status = 'failed') = (failure_code is not null))
);
create index refund_charge on sandbox.refund (charge_ref);
