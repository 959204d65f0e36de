-- A database that was restored into another cluster meets transactions with smaller numbers than those it holds: what
-- they tell would stand before what readers of the feed have seen. Here is by how much its own numbers are ahead.
CREATE TABLE feed_offset (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    transactions bigint NOT NULL DEFAULT 0 CHECK (transactions >= 0)
);
INSERT INTO feed_offset DEFAULT VALUES;

CREATE FUNCTION feed_place(transaction xid8) RETURNS xid8 LANGUAGE sql STABLE STRICT AS $$
    SELECT (transaction::text::bigint + transactions)::text::xid8 FROM feed_offset
$$;
-- Where what is written now stands.
CREATE FUNCTION feed_here() RETURNS xid8 LANGUAGE sql STABLE AS $$
    SELECT feed_place(pg_current_xact_id())
$$;
-- Before it nothing can be committed any more.
CREATE FUNCTION feed_horizon() RETURNS xid8 LANGUAGE sql STABLE AS $$
    SELECT feed_place(pg_snapshot_xmin(pg_current_snapshot()))
$$;
ALTER TABLE outbox_event ALTER COLUMN xid SET DEFAULT feed_here();

-- Alerts that are over are kept for a while.
CREATE INDEX alert_over ON alert (resolved_at) WHERE state = 'resolved';
