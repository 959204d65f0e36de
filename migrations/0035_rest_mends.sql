-- What REST needs besides: requests whose work is remembered with the work, members who come by link alone, and
-- lists that find their rows.

-- What a request did, written by the transaction that did it: carried out again, it is found and not done twice.
-- By real time; kept for a day.
CREATE TABLE request_done (
    -- What `idempotency_key.makes` names.
    request uuid PRIMARY KEY,
    outcome jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX request_done_age ON request_done (created_at);

-- A unique column is one that other tables may refer to, and a change of it keeps them all waiting. A partial index
-- is none of those, and there are few with no id of the host's to leave out.
CREATE UNIQUE INDEX customer_external_id ON customer (external_id) WHERE external_id IS NOT NULL;
ALTER TABLE customer DROP CONSTRAINT customer_external_id_key;

-- Members whom a host's link made have no password and never sign in by their address, so that it is still free for
-- whoever reads its mail.
ALTER TABLE member ADD COLUMN link_only boolean NOT NULL DEFAULT false;
UPDATE member SET link_only = true WHERE password_hash = '$argon2id$v=19$m=19456,t=2,p=1$Izk4bokwt73puLVAvSt6Mw$QdT7UnK8PKDzRqqc/grFujPJY8uhqTc+BSGxLM26Ac8';
DROP INDEX member_email;
CREATE UNIQUE INDEX member_email ON member (lower(email)) WHERE NOT link_only;
