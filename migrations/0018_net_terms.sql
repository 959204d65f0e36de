-- Net terms: invoices are sent and paid within so many days. Null: each is charged at once.
ALTER TABLE customer ADD COLUMN net_days int CHECK (net_days BETWEEN 1 AND 180);

-- When the earliest of its unpaid invoices that were sent becomes overdue.
ALTER TABLE subscription ADD COLUMN overdue_at timestamptz;

-- An invoice may become overdue at the very instant at which a period ends: two boundaries, each processed once.
ALTER TABLE billing_claim ADD COLUMN kind text NOT NULL DEFAULT 'period' CHECK (kind IN ('period', 'overdue'));
ALTER TABLE billing_claim DROP CONSTRAINT billing_claim_pkey, ADD PRIMARY KEY (subscription_id, boundary_at, kind);
