-- A database that came out of a backup lives on beside what its clients have seen
-- of the life before: the same revision may mean two things. A cursor names the
-- epoch and cannot be mistaken; a bare revision can.
--
-- `began_at` is the newest revision when this life began; 0: nothing was there,
-- or an older release began it, which did not say.
ALTER TABLE meta ADD COLUMN began_at INTEGER NOT NULL DEFAULT 0;
