-- What coupons took off is added up from the lines they were taken off, which are few among all.
CREATE INDEX invoice_line_discounted ON invoice_line (invoice_id) WHERE discount_minor > 0;
