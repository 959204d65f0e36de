-- How often the customer's usage periods began anew, and how often they had when the counter was last left for another
-- one: whoever read of the customer before that must not count into it any more.
ALTER TABLE customer ADD COLUMN usage_restarts integer NOT NULL DEFAULT 0;
ALTER TABLE usage_counter ADD COLUMN restarts integer NOT NULL DEFAULT 0;
