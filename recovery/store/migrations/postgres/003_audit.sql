-- What names people stands beside the chain of events, which holds its salted hashes: it can go, and the chain still verifies.

ALTER TABLE events ADD COLUMN format BIGINT NOT NULL DEFAULT 1; -- 1: the body holds what names people, 2: its hashes

-- A prefix may go behind a checkpoint that holds its hash.
CREATE OR REPLACE FUNCTION events_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'events' THEN
        IF EXISTS (SELECT 1 FROM events c WHERE c.request_id = OLD.request_id AND c.seq > OLD.seq AND c.kind = 'checkpoint') THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'the audit trail cannot be changed: %', lower(TG_OP);
END
$$;

CREATE TABLE event_fields (
    request_id BIGINT NOT NULL,
    seq        BIGINT NOT NULL,
    name       TEXT   NOT NULL,
    salt       TEXT   NOT NULL,
    value      TEXT   NOT NULL, -- JSON
    PRIMARY KEY (request_id, seq, name),
    FOREIGN KEY (request_id, seq) REFERENCES events (request_id, seq)
);
CREATE TRIGGER event_fields_no_update BEFORE UPDATE ON event_fields
    FOR EACH ROW EXECUTE FUNCTION events_refuse();
CREATE TRIGGER event_fields_no_truncate BEFORE TRUNCATE ON event_fields
    FOR EACH STATEMENT EXECUTE FUNCTION events_refuse();

-- The newest event of a request, so that one taken off the end shows.
ALTER TABLE requests ADD COLUMN head_seq   BIGINT NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN head_hash  TEXT   NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN sealed_seq BIGINT NOT NULL DEFAULT 0; -- up to which event a seal covers it
ALTER TABLE requests ADD COLUMN erased_at  BIGINT NOT NULL DEFAULT 0; -- since when it names nobody any more
UPDATE requests SET
    head_seq = COALESCE((SELECT MAX(seq) FROM events e WHERE e.request_id = requests.id), 0),
    head_hash = COALESCE((SELECT hash FROM events e WHERE e.request_id = requests.id ORDER BY seq DESC LIMIT 1), '');
CREATE INDEX requests_unsealed ON requests (id) WHERE head_seq > sealed_seq;
CREATE INDEX requests_closed ON requests (updated_at) WHERE NOT active AND erased_at = 0;

-- A seal chains the newest hashes of all requests that have new events. It is posted in Slack, where the database cannot reach it.
CREATE TABLE seals (
    n         BIGINT PRIMARY KEY, -- 1, 2, 3…
    at        BIGINT NOT NULL,
    requests  BIGINT NOT NULL,    -- how many it covers
    body      TEXT   NOT NULL,    -- JSON with the hash over its heads; these bytes are hashed
    prev_hash TEXT   NOT NULL,
    hash      TEXT   NOT NULL
);
CREATE TABLE seal_heads (
    seal       BIGINT NOT NULL,
    request_id BIGINT NOT NULL,
    seq        BIGINT NOT NULL,
    hash       TEXT   NOT NULL,
    PRIMARY KEY (seal, request_id)
);
CREATE INDEX seal_heads_request ON seal_heads (request_id, seq);
CREATE TRIGGER seals_no_change BEFORE UPDATE OR DELETE ON seals FOR EACH ROW EXECUTE FUNCTION events_refuse();
CREATE TRIGGER seals_no_truncate BEFORE TRUNCATE ON seals FOR EACH STATEMENT EXECUTE FUNCTION events_refuse();
CREATE TRIGGER seal_heads_no_change BEFORE UPDATE OR DELETE ON seal_heads FOR EACH ROW EXECUTE FUNCTION events_refuse();
CREATE TRIGGER seal_heads_no_truncate BEFORE TRUNCATE ON seal_heads FOR EACH STATEMENT EXECUTE FUNCTION events_refuse();

-- A message may be about no request: a seal.
ALTER TABLE messages ALTER COLUMN request_id DROP NOT NULL;
