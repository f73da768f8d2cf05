-- What names people stands beside the chain of events, which holds its salted hashes: it can go, and the chain still verifies.

ALTER TABLE events ADD COLUMN format INTEGER NOT NULL DEFAULT 1; -- 1: the body holds what names people, 2: its hashes

-- A prefix may go behind a checkpoint that holds its hash.
DROP TRIGGER events_no_delete;
CREATE TRIGGER events_no_delete BEFORE DELETE ON events
WHEN NOT EXISTS (SELECT 1 FROM events c WHERE c.request_id = OLD.request_id AND c.seq > OLD.seq AND c.kind = 'checkpoint')
BEGIN
    SELECT RAISE(ABORT, 'the audit trail cannot be deleted');
END;

CREATE TABLE event_fields (
    request_id INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    name       TEXT    NOT NULL,
    salt       TEXT    NOT NULL,
    value      TEXT    NOT NULL, -- JSON
    PRIMARY KEY (request_id, seq, name),
    FOREIGN KEY (request_id, seq) REFERENCES events (request_id, seq)
) WITHOUT ROWID;
CREATE TRIGGER event_fields_no_update BEFORE UPDATE ON event_fields
BEGIN
    SELECT RAISE(ABORT, 'the audit trail cannot be changed');
END;

-- The newest event of a request, so that one taken off the end shows.
ALTER TABLE requests ADD COLUMN head_seq  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN head_hash TEXT    NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN sealed_seq INTEGER NOT NULL DEFAULT 0; -- up to which event a seal covers it
ALTER TABLE requests ADD COLUMN erased_at INTEGER NOT NULL DEFAULT 0; -- since when it names nobody any more
UPDATE requests SET
    head_seq = COALESCE((SELECT MAX(seq) FROM events e WHERE e.request_id = requests.id), 0),
    head_hash = COALESCE((SELECT hash FROM events e WHERE e.request_id = requests.id ORDER BY seq DESC LIMIT 1), '');
CREATE INDEX requests_unsealed ON requests (id) WHERE head_seq > sealed_seq;
CREATE INDEX requests_closed ON requests (updated_at) WHERE NOT active AND erased_at = 0;

-- A seal chains the newest hashes of all requests that have new events. It is posted in Slack, where the database cannot reach it.
CREATE TABLE seals (
    n         INTEGER PRIMARY KEY, -- 1, 2, 3…
    at        INTEGER NOT NULL,
    requests  INTEGER NOT NULL,    -- how many it covers
    body      TEXT    NOT NULL,    -- JSON with the hash over its heads; these bytes are hashed
    prev_hash TEXT    NOT NULL,
    hash      TEXT    NOT NULL
);
CREATE TABLE seal_heads (
    seal       INTEGER NOT NULL,
    request_id INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    hash       TEXT    NOT NULL,
    PRIMARY KEY (seal, request_id)
) WITHOUT ROWID;
CREATE INDEX seal_heads_request ON seal_heads (request_id, seq);
CREATE TRIGGER seals_no_update BEFORE UPDATE ON seals BEGIN SELECT RAISE(ABORT, 'the audit trail cannot be changed'); END;
CREATE TRIGGER seals_no_delete BEFORE DELETE ON seals BEGIN SELECT RAISE(ABORT, 'the audit trail cannot be deleted'); END;
CREATE TRIGGER seal_heads_no_update BEFORE UPDATE ON seal_heads BEGIN SELECT RAISE(ABORT, 'the audit trail cannot be changed'); END;
CREATE TRIGGER seal_heads_no_delete BEFORE DELETE ON seal_heads BEGIN SELECT RAISE(ABORT, 'the audit trail cannot be deleted'); END;

-- A message may be about no request: a seal.
CREATE TABLE messages_new (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    request_id     INTEGER REFERENCES requests (id), -- NULL: about none
    key            TEXT    NOT NULL,
    channel        TEXT    NOT NULL,            -- where to: a channel, or a user for the DM
    thread_key     TEXT    NOT NULL DEFAULT '', -- key of the message whose thread it is in
    ephemeral      TEXT    NOT NULL DEFAULT '', -- the only reader
    body           TEXT    NOT NULL,
    version        INTEGER NOT NULL,            -- grows with every new body
    shown_version  INTEGER NOT NULL DEFAULT 0,  -- the version that Slack has, or has refused
    posted_channel TEXT    NOT NULL DEFAULT '', -- where Slack put it
    ts             TEXT    NOT NULL DEFAULT '',
    live           BOOLEAN NOT NULL DEFAULT FALSE, -- shown with its buttons
    refused        TEXT    NOT NULL DEFAULT '', -- Slack's error for the newest version
    lease_until    INTEGER NOT NULL DEFAULT 0,  -- a job is delivering it until then
    UNIQUE (request_id, key)
);
INSERT INTO messages_new SELECT id, request_id, key, channel, thread_key, ephemeral, body, version, shown_version, posted_channel,
    ts, live, refused, lease_until FROM messages;
DROP TABLE messages;
ALTER TABLE messages_new RENAME TO messages;
CREATE UNIQUE INDEX messages_posted ON messages (posted_channel, ts) WHERE ts <> '' AND ephemeral = '';
CREATE INDEX messages_behind ON messages (id) WHERE shown_version < version;
