-- expand
CREATE TABLE template.cheers (
    id uuid PRIMARY KEY,
    room_id uuid NOT NULL,
    user_id uuid NOT NULL,
    word text NOT NULL
);
