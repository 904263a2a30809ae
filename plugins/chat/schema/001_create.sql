-- expand
-- A room in which people talk: a row for each room of another plugin whose chat was ever looked at.
-- Whatever a send is decided by raises `version`; a send is stored only by the version it knew.
CREATE TABLE chat.rooms (
    id                        uuid PRIMARY KEY,
    kind                      text NOT NULL,
    owner_id                  uuid NOT NULL,
    version                   bigint NOT NULL DEFAULT 1,
    is_enabled                boolean NOT NULL DEFAULT true,
    is_delayed                boolean NOT NULL DEFAULT false,
    is_followers_only         boolean NOT NULL DEFAULT false,
    show_joins                boolean NOT NULL DEFAULT false,
    delay_seconds             integer NOT NULL DEFAULT 4,
    followers_min_age_seconds integer NOT NULL DEFAULT 0,
    slow_mode_seconds         integer NOT NULL DEFAULT 0,
    message_max               integer NOT NULL DEFAULT 500,
    edit_window_seconds       integer NOT NULL DEFAULT 300,
    writers                   text NOT NULL DEFAULT 'everyone'
                              CHECK (writers IN ('everyone', 'speakers', 'creators', 'moderators')),
    links                     text NOT NULL DEFAULT 'allow' CHECK (links IN ('allow', 'block')),
    blocked_words             text[] NOT NULL DEFAULT '{}',
    blocked_word_action       text NOT NULL DEFAULT 'refuse'
                              CHECK (blocked_word_action IN ('refuse', 'mask')),
    -- Messages up to this one are gone, also those that are stored later.
    cleared_through           uuid,
    created_at                timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE chat.moderators (
    room_id    uuid NOT NULL REFERENCES chat.rooms ON DELETE CASCADE,
    user_id    uuid NOT NULL,
    added_by   uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (room_id, user_id)
);
CREATE INDEX moderators_user ON chat.moderators (user_id);

-- Ids are UUIDs of version 7: they sort by time, so a page is a walk along (room_id, id). There is
-- no foreign key to the room: each send would write to the room's row to lock it. What a room
-- leaves behind is taken away in bites.
CREATE TABLE chat.messages (
    id          uuid PRIMARY KEY,
    room_id     uuid NOT NULL,
    author_id   uuid,
    type        text NOT NULL
                CHECK (type IN ('comment', 'gift', 'system', 'join', 'leave')),
    text        text NOT NULL,
    client_id   text,
    reply_to    uuid,
    mentions    uuid[],
    data        jsonb,
    created_at  timestamptz NOT NULL,
    -- Chat delay: held back until then, and shown by the one who sets `is_released`.
    visible_at  timestamptz,
    is_released boolean NOT NULL DEFAULT true,
    edited_at   timestamptz,
    pinned_at   timestamptz,
    deleted_at  timestamptz,
    deleted_by  uuid
);
-- What is deleted is in an index of its own: however much it is, no page walks over it.
CREATE INDEX messages_room ON chat.messages (room_id, id) WHERE deleted_at IS NULL;
CREATE INDEX messages_deleted ON chat.messages (room_id) WHERE deleted_at IS NOT NULL;
-- What a client sends twice is stored once; also finds what an account wrote, and where.
CREATE UNIQUE INDEX messages_client ON chat.messages (author_id, room_id, client_id);
CREATE INDEX messages_held ON chat.messages (visible_at)
    WHERE NOT is_released AND deleted_at IS NULL;
CREATE INDEX messages_pinned ON chat.messages (room_id, pinned_at) WHERE pinned_at IS NOT NULL;

CREATE TABLE chat.reactions (
    message_id uuid NOT NULL REFERENCES chat.messages ON DELETE CASCADE,
    emoji      text NOT NULL,
    user_id    uuid NOT NULL,
    PRIMARY KEY (message_id, emoji, user_id)
);
CREATE INDEX reactions_user ON chat.reactions (user_id);

-- So that a page need not count.
CREATE TABLE chat.reaction_counts (
    message_id uuid NOT NULL REFERENCES chat.messages ON DELETE CASCADE,
    emoji      text NOT NULL,
    count      bigint NOT NULL CHECK (count >= 0),
    first_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (message_id, emoji)
);

-- When somebody last wrote in a room with slow mode.
CREATE TABLE chat.pace (
    room_id uuid NOT NULL,
    user_id uuid NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (room_id, user_id)
);
CREATE INDEX pace_last ON chat.pace (last_at);
CREATE INDEX pace_user ON chat.pace (user_id);

-- Who may not write: for good, or until a time.
CREATE TABLE chat.bars (
    room_id    uuid NOT NULL REFERENCES chat.rooms ON DELETE CASCADE,
    user_id    uuid NOT NULL,
    n          bigint GENERATED ALWAYS AS IDENTITY,
    until      timestamptz,
    reason     text,
    barred_by  uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (room_id, user_id)
);
CREATE INDEX bars_newest ON chat.bars (room_id, n);
CREATE INDEX bars_user ON chat.bars (user_id);
CREATE INDEX bars_until ON chat.bars (until) WHERE until IS NOT NULL;

CREATE TABLE chat.reports (
    id          uuid PRIMARY KEY,
    room_id     uuid NOT NULL REFERENCES chat.rooms ON DELETE CASCADE,
    message_id  uuid NOT NULL REFERENCES chat.messages ON DELETE CASCADE,
    reporter_id uuid NOT NULL,
    reason      text NOT NULL
                CHECK (reason IN ('spam', 'harassment', 'hate', 'sexual', 'violence', 'other')),
    note        text,
    status      text NOT NULL DEFAULT 'open'
                CHECK (status IN ('open', 'dismissed', 'deleted', 'barred')),
    resolved_by uuid,
    resolved_at timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (message_id, reporter_id)
);
CREATE INDEX reports_room ON chat.reports (room_id, id);
CREATE INDEX reports_open ON chat.reports (room_id, id) WHERE status = 'open';
CREATE INDEX reports_reporter ON chat.reports (reporter_id);

-- Rooms and accounts that are no longer, until what they left behind is taken away.
CREATE TABLE chat.gone (
    id   uuid PRIMARY KEY,
    what text NOT NULL CHECK (what IN ('room', 'user'))
);

-- What other plugins may read.
CREATE VIEW chat.messages_public AS
    SELECT m.id, m.room_id, m.author_id, m.type, m.text, m.created_at
      FROM chat.messages m
      JOIN chat.rooms r ON r.id = m.room_id
     WHERE m.deleted_at IS NULL AND m.is_released
       AND (r.cleared_through IS NULL OR m.id > r.cleared_through);
