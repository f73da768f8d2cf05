-- SQLite has one process at a time, so nobody has to be known. The number keeps both databases in step.
SELECT 1;
