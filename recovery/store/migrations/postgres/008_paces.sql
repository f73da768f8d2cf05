-- The rates of Slack, which all processes share.
CREATE TABLE paces (
    line     TEXT   PRIMARY KEY, -- a channel, or a method
    whole_at BIGINT NOT NULL     -- when the rate would be whole again, if nobody called any more
);
