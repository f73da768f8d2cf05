-- Of which faults of the installation the approvers were told: each once, until it has not been met for two days or is over.
CREATE TABLE faults (
    code   TEXT   NOT NULL,
    args   TEXT   NOT NULL, -- as JSON
    met_at BIGINT NOT NULL, -- last, in milliseconds; to a minute
    PRIMARY KEY (code, args)
);
