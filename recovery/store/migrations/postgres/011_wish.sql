-- What a request asks for and who asks, as a hash, so that the same ask is found without reading all that its requester has open.
-- Empty where an older version wrote the row, and once it has ended.
ALTER TABLE requests ADD COLUMN wish TEXT NOT NULL DEFAULT '';
DROP INDEX requests_requester_open;
CREATE INDEX requests_wish ON requests (requester, wish) WHERE open;
