-- expand
-- What a link in a letter opens, once. A new link takes the place of the older one of its kind. A
-- link has 256 random bits, so a plain hash of it is enough. `email` is where the letter went.
CREATE TABLE auth.links (
    user_id    uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE,
    purpose    text NOT NULL CHECK (purpose IN ('reset', 'verify', 'change')),
    email      text NOT NULL,
    hash       bytea NOT NULL UNIQUE,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, purpose)
);
CREATE INDEX links_expires ON auth.links (expires_at);
