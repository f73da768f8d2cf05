-- Times are milliseconds since 1970, UTC.

CREATE TABLE requests (
    id         INTEGER PRIMARY KEY AUTOINCREMENT, -- R-142; never given twice
    key        TEXT    NOT NULL UNIQUE CHECK (key <> ''),
    uuid       TEXT    NOT NULL UNIQUE,
    state      TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    requester  TEXT    NOT NULL,
    open       BOOLEAN NOT NULL,
    active     BOOLEAN NOT NULL, -- open, or with clicks to decide: it has a job
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    next_at    INTEGER,
    body       TEXT    NOT NULL  -- the request as JSON
);
CREATE INDEX requests_requester ON requests (requester, id);
CREATE INDEX requests_requester_open ON requests (requester, id) WHERE open;
CREATE INDEX requests_open ON requests (id) WHERE open;
CREATE INDEX requests_active ON requests (id) WHERE active;
CREATE INDEX requests_state ON requests (state, id);

CREATE TABLE reviews (
    request_id  INTEGER NOT NULL REFERENCES requests (id),
    team_id     TEXT    NOT NULL,
    user_id     TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    verdict     TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    fingerprint TEXT    NOT NULL, -- of the plan that was decided on
    stands      BOOLEAN NOT NULL, -- false once the plan or the approver's rights changed
    PRIMARY KEY (request_id, team_id, user_id, at)
);

CREATE TABLE events (
    request_id INTEGER NOT NULL REFERENCES requests (id),
    seq        INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    body       TEXT    NOT NULL, -- the event as JSON; these bytes are hashed
    prev_hash  TEXT    NOT NULL,
    hash       TEXT    NOT NULL,
    PRIMARY KEY (request_id, seq)
);
CREATE TRIGGER events_no_update BEFORE UPDATE ON events
BEGIN
    SELECT RAISE(ABORT, 'the audit trail cannot be changed');
END;
CREATE TRIGGER events_no_delete BEFORE DELETE ON events
BEGIN
    SELECT RAISE(ABORT, 'the audit trail cannot be deleted');
END;

CREATE TABLE messages (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    request_id     INTEGER NOT NULL REFERENCES requests (id),
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
CREATE UNIQUE INDEX messages_posted ON messages (posted_channel, ts) WHERE ts <> '' AND ephemeral = '';
CREATE INDEX messages_behind ON messages (id) WHERE shown_version < version;
