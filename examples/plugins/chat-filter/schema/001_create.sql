-- expand
-- How many messages a room has seen since the filter is there, deleted ones included.
CREATE TABLE chat_filter.rooms (
    room_id uuid PRIMARY KEY,
    messages bigint NOT NULL,
    last_at timestamptz NOT NULL
);
