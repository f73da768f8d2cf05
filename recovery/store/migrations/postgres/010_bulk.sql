-- The accounts that a request for many is about, and what became of each.

CREATE TABLE bulk_rows (
    request_id  BIGINT NOT NULL REFERENCES requests (id),
    n           BIGINT NOT NULL, -- its number on the list, from 1
    account_id  TEXT    NOT NULL,
    address     TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    kind        TEXT    NOT NULL, -- the case
    deadline    BIGINT NOT NULL, -- 0: not known
    fingerprint TEXT    NOT NULL, -- of the plan that was agreed to with the list
    approvals   BIGINT NOT NULL,
    seat        TEXT    NOT NULL, -- JSON
    skip        TEXT    NOT NULL, -- why it is left out, as JSON
    child       BIGINT NOT NULL, -- the request of this account; 0: none yet
    result      TEXT    NOT NULL,
    note        TEXT    NOT NULL, -- why, as JSON
    PRIMARY KEY (request_id, n)
);

-- The request for many of which this is one account; 0: of none.
ALTER TABLE requests ADD COLUMN bulk_of BIGINT NOT NULL DEFAULT 0;
CREATE INDEX requests_bulk ON requests (bulk_of, id) WHERE bulk_of > 0;
