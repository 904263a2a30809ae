-- expand
CREATE TABLE streams.streams (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner_id      uuid NOT NULL,
    title         text NOT NULL,
    description   text NOT NULL DEFAULT '',
    playback_id   text NOT NULL UNIQUE,
    -- The key is sealed with a master key that the database never sees, and found by its HMAC.
    key_sealed    bytea NOT NULL,
    key_hmac      bytea NOT NULL UNIQUE,
    status        text NOT NULL DEFAULT 'upcoming' CHECK (status IN ('upcoming', 'live', 'ended')),
    scheduled_for timestamptz,
    started_at    timestamptz,
    ended_at      timestamptz,
    -- While live: which publishing session holds the stream, and until when it is believed.
    session       bigint NOT NULL DEFAULT 0,
    lease_until   timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX streams_newest ON streams.streams (created_at DESC, id DESC);
CREATE INDEX streams_owner ON streams.streams (owner_id);
CREATE INDEX streams_live ON streams.streams (lease_until) WHERE status = 'live';

-- The state as anybody may see it: a stream whose lease ran out is over, whatever its row says.
CREATE VIEW streams.streams_public AS
SELECT id, owner_id, title, description, playback_id, scheduled_for, started_at, created_at,
       CASE WHEN status = 'live' AND lease_until < now() THEN 'ended' ELSE status END AS status,
       CASE WHEN status = 'live' AND lease_until < now() THEN lease_until ELSE ended_at END
           AS ended_at
FROM streams.streams;
