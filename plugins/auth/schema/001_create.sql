-- expand
CREATE TABLE auth.users (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    uid        bigint GENERATED ALWAYS AS IDENTITY (MAXVALUE 4294967295) UNIQUE,
    email      text NOT NULL,
    name       text NOT NULL,
    role       text NOT NULL DEFAULT 'attendee'
               CHECK (role IN ('admin', 'moderator', 'speaker', 'attendee')),
    creator    text NOT NULL DEFAULT 'none'
               CHECK (creator IN ('none', 'pending', 'approved', 'rejected')),
    password   text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_email ON auth.users (lower(email));

-- A login. A token is worth as much as its row here: ended or expired, it opens nothing.
CREATE TABLE auth.sessions (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id    uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE,
    device     text NOT NULL,
    address    text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz
);
CREATE INDEX sessions_user ON auth.sessions (user_id);

-- What other plugins may read.
CREATE VIEW auth.users_public AS SELECT id, uid, name, role FROM auth.users;
