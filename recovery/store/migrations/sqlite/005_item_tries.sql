-- An item that gets no answer goes behind the others.
ALTER TABLE items ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;     -- in a row, without an answer
ALTER TABLE items ADD COLUMN sent  BOOLEAN NOT NULL DEFAULT FALSE; -- the call that restores it may have been made
DROP INDEX items_left;
CREATE INDEX items_left ON items (request_id, tries, n) WHERE chosen AND result = '';
