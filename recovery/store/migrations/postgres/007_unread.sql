-- Nothing reads them.

DROP INDEX requests_state;
ALTER TABLE requests DROP COLUMN next_at;
