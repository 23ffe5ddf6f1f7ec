-- When a change was, is what the wall clock said, and a clock may be set back.
-- So `at` may fall from one revision to the next; the revision is the order.
--
-- `behind` says by how many milliseconds `at` lies before that of the revision
-- before; 0: it does not. Between two such changes times rise, so a time is
-- found by going over the few of them and searching by halves. It can be
-- computed from the rest.
--
-- The release before this one never lets `at` fall: it writes 0.
ALTER TABLE change ADD COLUMN behind INTEGER NOT NULL DEFAULT 0;

CREATE INDEX change_behind ON change (revision, at) WHERE behind > 0;
