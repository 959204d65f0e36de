-- Operators add up some weeks of all customers' days: without it all years would be read. Days are written one after the
-- other, so that small ranges of pages hold few of them.
CREATE INDEX usage_day_day ON usage_day USING brin (day) WITH (pages_per_range = 16, autosummarize = on);
