-- By which schema's version the cards of open requests were last drawn: those that an older Mailback made may lack what this one's clicks need.
CREATE TABLE drawn (schema_version BIGINT NOT NULL);
INSERT INTO drawn (schema_version) VALUES (0);
