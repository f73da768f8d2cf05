-- SQLite has one process at a time, which keeps to Slack's rates by itself. The number keeps both databases in step.
SELECT 1;
