-- expand
ALTER TABLE auth.users
    ADD COLUMN bio               text NOT NULL DEFAULT '',
    ADD COLUMN avatar_url        text NOT NULL DEFAULT '',
    ADD COLUMN email_verified_at timestamptz,
    ADD COLUMN disabled_at       timestamptz;

-- A page of the list is a range of one of these, whatever the number of accounts. The order of a
-- search is that of the bytes, which no locale changes.
CREATE INDEX users_search_email ON auth.users ((lower(email) COLLATE "C"), uid);
CREATE INDEX users_search_name ON auth.users ((lower(name) COLLATE "C"), uid);
CREATE INDEX users_role ON auth.users (role, uid);
CREATE INDEX users_creator ON auth.users (creator, uid);

ALTER TABLE auth.sessions ADD COLUMN last_seen_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX sessions_open ON auth.sessions (user_id, created_at) WHERE ended_at IS NULL;
CREATE INDEX sessions_over ON auth.sessions ((coalesce(ended_at, expires_at)));

-- Who asked to become a creator, and what was decided. auth.users.creator is the state now.
CREATE TABLE auth.creator_requests (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    n           bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    user_id     uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE,
    status      text NOT NULL DEFAULT 'pending'
                CHECK (status IN ('pending', 'approved', 'rejected')),
    message     text NOT NULL,
    note        text NOT NULL DEFAULT '',
    reviewer_id uuid REFERENCES auth.users ON DELETE SET NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    reviewed_at timestamptz
);
CREATE UNIQUE INDEX creator_requests_pending ON auth.creator_requests (user_id)
    WHERE status = 'pending';
CREATE INDEX creator_requests_user ON auth.creator_requests (user_id, n);
CREATE INDEX creator_requests_status ON auth.creator_requests (status, n);
CREATE INDEX creator_requests_reviewer ON auth.creator_requests (reviewer_id);

CREATE TABLE auth.follows (
    follower_id uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE,
    followee_id uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE,
    n           bigint GENERATED ALWAYS AS IDENTITY,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (follower_id, followee_id),
    CHECK (follower_id <> followee_id)
);
CREATE INDEX follows_followee ON auth.follows (followee_id, n);
CREATE INDEX follows_follower ON auth.follows (follower_id, n);

CREATE TABLE auth.follow_counts (
    user_id   uuid PRIMARY KEY REFERENCES auth.users ON DELETE CASCADE,
    followers bigint NOT NULL DEFAULT 0,
    following bigint NOT NULL DEFAULT 0
);

-- Counts follow the rows by themselves, also where a row goes with its account. The order of the
-- rows is what keeps two who count the same accounts from waiting for each other.
CREATE FUNCTION auth.follows_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO auth.follow_counts AS c (user_id, followers, following)
    SELECT side.user_id, sum(side.followers) * sign, sum(side.following) * sign
      FROM (SELECT followee_id AS user_id, 1 AS followers, 0 AS following FROM changed
            UNION ALL
            SELECT follower_id, 0, 1 FROM changed) side
      JOIN auth.users u ON u.id = side.user_id
      CROSS JOIN (SELECT CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END) AS s (sign)
     GROUP BY side.user_id, sign
     ORDER BY side.user_id
        ON CONFLICT (user_id) DO UPDATE
       SET followers = c.followers + excluded.followers,
           following = c.following + excluded.following;
    RETURN NULL;
END $$;
CREATE TRIGGER follows_counted_new AFTER INSERT ON auth.follows
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION auth.follows_counted();
CREATE TRIGGER follows_counted_old AFTER DELETE ON auth.follows
    REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION auth.follows_counted();

CREATE TABLE auth.blocks (
    blocker_id uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE,
    blocked_id uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE,
    n          bigint GENERATED ALWAYS AS IDENTITY,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (blocker_id, blocked_id),
    CHECK (blocker_id <> blocked_id)
);
CREATE INDEX blocks_blocker ON auth.blocks (blocker_id, n);
CREATE INDEX blocks_blocked ON auth.blocks (blocked_id);

-- Keys for machines. A key has 256 random bits, so a plain hash of it is enough.
CREATE TABLE auth.api_keys (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id      uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE,
    name         text NOT NULL,
    hash         bytea NOT NULL UNIQUE,
    scopes       integer NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    last_used_at timestamptz
);
CREATE INDEX api_keys_user ON auth.api_keys (user_id, created_at);

CREATE TABLE auth.invitations (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    n          bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    hash       bytea NOT NULL UNIQUE,
    role       text NOT NULL CHECK (role IN ('admin', 'moderator', 'speaker', 'attendee')),
    email      text,
    uses       integer NOT NULL DEFAULT 0,
    uses_max   integer NOT NULL CHECK (uses_max > 0),
    created_by uuid REFERENCES auth.users ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    CHECK (uses BETWEEN 0 AND uses_max)
);
CREATE INDEX invitations_created_by ON auth.invitations (created_by);
CREATE INDEX invitations_expires ON auth.invitations (expires_at);

-- Failed tries by account and address, by account, and by address; the keys are hashes.
CREATE TABLE auth.tries (
    key      text PRIMARY KEY,
    failures integer NOT NULL,
    last_at  timestamptz NOT NULL,
    next_at  timestamptz NOT NULL
);
CREATE INDEX tries_last ON auth.tries (last_at);

-- What other plugins may read.
CREATE OR REPLACE VIEW auth.users_public AS
    SELECT id, uid, name, role, creator = 'approved' AS is_creator, avatar_url,
           disabled_at IS NOT NULL AS is_disabled
      FROM auth.users;
CREATE VIEW auth.follows_public AS SELECT follower_id, followee_id, created_at FROM auth.follows;
CREATE VIEW auth.blocks_public AS SELECT blocker_id, blocked_id, created_at FROM auth.blocks;
