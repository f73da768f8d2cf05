-- The recoverable items that a request is about. Nothing of their text is kept.

CREATE TABLE items (
    request_id  BIGINT  NOT NULL REFERENCES requests (id),
    n           BIGINT  NOT NULL, -- its number on the list, from 1
    entry_id    TEXT    NOT NULL,
    class       TEXT    NOT NULL,
    folder      TEXT    NOT NULL,
    source      TEXT    NOT NULL,
    modified_at BIGINT  NOT NULL,
    chosen      BOOLEAN NOT NULL,
    began_at    BIGINT  NOT NULL DEFAULT 0,
    result      TEXT    NOT NULL DEFAULT '',
    restored_to TEXT    NOT NULL DEFAULT '',
    PRIMARY KEY (request_id, n)
);
CREATE INDEX items_left ON items (request_id, n) WHERE chosen AND result = '';
