-- A pause may end by itself.
ALTER TABLE subscription ADD COLUMN resume_at timestamptz
    CHECK (resume_at IS NULL OR (status = 'paused' AND resume_at > status_at));

-- Service that stops, and service that goes on, are billed too.
ALTER TABLE invoice DROP CONSTRAINT invoice_reason_check;
ALTER TABLE invoice ADD CONSTRAINT invoice_reason_check
    CHECK (reason IN ('purchase', 'renewal', 'upgrade', 'pause', 'resume', 'cancel'));
