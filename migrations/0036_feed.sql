-- A database that was restored meets transactions with smaller numbers than those it holds, or than those that were told
-- since the backup: what they write would stand before what readers of the feed have seen. Here is by how much its own
-- numbers are ahead.
CREATE TABLE feed_offset (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    transactions bigint NOT NULL DEFAULT 0 CHECK (transactions >= 0),
    -- Where it was when somebody looked last.
    cluster text
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
-- Names the cluster and how often it was brought back to an earlier moment, where that may be asked.
CREATE FUNCTION feed_cluster() RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT system_identifier FROM pg_control_system()) || '/' || (SELECT timeline_id FROM pg_control_checkpoint());
EXCEPTION WHEN insufficient_privilege THEN
    RETURN '';
END
$$;
-- Whether anything stands ahead of whatever is written next.
CREATE FUNCTION feed_is_ahead() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT xid >= feed_place(pg_snapshot_xmax(pg_current_snapshot()))
                     FROM outbox_event ORDER BY xid DESC, id DESC LIMIT 1), false)
        OR coalesce((SELECT xid > feed_place(pg_snapshot_xmax(pg_current_snapshot())) FROM webhook_cursor), false)
$$;
ALTER TABLE outbox_event ALTER COLUMN xid SET DEFAULT feed_here();

-- Alerts that are over are kept for a while.
CREATE INDEX alert_over ON alert (resolved_at) WHERE state = 'resolved';
