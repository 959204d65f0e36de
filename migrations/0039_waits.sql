-- What ends soon is looked for twice a minute: among those that may end, not among all.
CREATE INDEX subscription_trial ON subscription (status_at, id) WHERE status = 'trialing';
CREATE INDEX payment_method_expiry
    ON payment_method (((make_date(exp_year, exp_month, 1) + interval '1 month') AT TIME ZONE 'UTC'), id)
    WHERE is_default AND removed_at IS NULL;
CREATE INDEX alert_of_end ON alert (rule) WHERE state <> 'resolved' AND rule IN ('trial_ending', 'card_expiring');

-- Whoever waits for all events to be let go of keeps everybody else waiting behind: not for long, and later again.
ALTER FUNCTION make_usage_partition(date) SET lock_timeout = '1s';
