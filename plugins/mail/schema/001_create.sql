-- expand
-- A message from the moment it is queued until it is forgotten. Its text may hold a secret, so it is
-- kept only while the message waits.
CREATE TABLE mail.outbox (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    kind        text NOT NULL,
    recipient   text NOT NULL,
    subject     text NOT NULL,
    body        text,
    state       text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'dead')),
    attempts    integer NOT NULL DEFAULT 0,
    error       text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    -- When it may be tried next; while somebody tries, the time at which he is given up.
    due_at      timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz,
    finished_at timestamptz,
    CHECK ((state = 'queued') = (body IS NOT NULL)),
    CHECK ((state = 'queued') = (finished_at IS NULL))
);
CREATE INDEX outbox_due ON mail.outbox (due_at) WHERE state = 'queued';
CREATE INDEX outbox_finished ON mail.outbox (finished_at) WHERE state <> 'queued';
CREATE INDEX outbox_recipient ON mail.outbox (lower(recipient), created_at);
