-- Open requests are found by their mailbox, and listed by when it is purged.
ALTER TABLE requests ADD COLUMN mailbox   TEXT   NOT NULL DEFAULT '';                   -- object id or ExchangeGuid
ALTER TABLE requests ADD COLUMN purged_at BIGINT NOT NULL DEFAULT 9000000000000000000;  -- that: never
CREATE INDEX requests_mailbox ON requests (mailbox) WHERE open;
CREATE INDEX requests_purged ON requests (purged_at, id DESC) WHERE open;

-- How often people did something within a minute, counted over all processes. It need not outlive a crash of the database.
CREATE UNLOGGED TABLE uses (
    who    TEXT   NOT NULL, -- empty: everybody
    minute BIGINT NOT NULL, -- since 1970
    n      BIGINT NOT NULL,
    PRIMARY KEY (who, minute)
);
