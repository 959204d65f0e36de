-- How long add-ons were carried in the present usage period before they became as many as they are now: what they
-- include of it goes by that. One that is not listed was carried as it is for all of the period.
ALTER TABLE subscription ADD COLUMN add_on_time jsonb NOT NULL DEFAULT '[]';
