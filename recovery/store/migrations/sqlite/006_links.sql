-- Which Entra account a Slack person is. Of a person's links the one with the highest seq counts; none is ever changed, so
-- that the table is its own audit trail, and they go with the person's erasure alone. Several people may have one account: they are
-- one person.

CREATE TABLE links (
    team_id    TEXT    NOT NULL,
    user_id    TEXT    NOT NULL,
    seq        INTEGER NOT NULL, -- 1, 2, 3… of the person
    object_id  TEXT    NOT NULL CHECK (object_id <> ''),
    linked_at  INTEGER NOT NULL,
    by_team_id TEXT    NOT NULL, -- who had it made; empty for Mailback itself
    by_user_id TEXT    NOT NULL,
    why        TEXT    NOT NULL,
    request_id INTEGER REFERENCES requests (id), -- that needed it
    PRIMARY KEY (team_id, user_id, seq)
);
CREATE INDEX links_object ON links (object_id);
CREATE TRIGGER links_no_update BEFORE UPDATE ON links
BEGIN
    SELECT RAISE(ABORT, 'the audit trail cannot be changed');
END;
