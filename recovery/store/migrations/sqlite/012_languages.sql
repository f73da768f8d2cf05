-- In which language a person reads Mailback. It goes with the person's erasure.
CREATE TABLE languages (
    team_id  TEXT    NOT NULL,
    user_id  TEXT    NOT NULL,
    language TEXT    NOT NULL CHECK (language <> ''), -- a code, or a Slack locale
    chosen   BOOLEAN NOT NULL,                        -- by the person; else Slack told it
    PRIMARY KEY (team_id, user_id)
);
