-- The horizon: how far the log has been pruned. The release before works on a
-- database that has never been pruned; the first pruning raises
-- meta.oldest_reader to 2, because that release takes a missing revision for
-- damage.

-- One row. `hash` is that of change `revision`, so the chain is walked from
-- there. Of what that change and those before it wrote, only the items are left
-- that were in force after it: their revision and their change's row stay, their
-- `previous` is 0.
--
-- A change goes item by item. (`kind`, `key`) is the newest item of change
-- `revision` + 1 that has taken the place of its predecessor; -1 and '': none.
-- What may be asked for begins one revision later, once there is one.
CREATE TABLE horizon (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	revision INTEGER NOT NULL,
	hash BLOB NOT NULL CHECK (length(hash) = 32),
	kind INTEGER NOT NULL,
	key TEXT NOT NULL,
	-- Count and sum over the items that are kept, up to (`kind`, `key`): see
	-- src/store/horizon.h.
	items INTEGER NOT NULL,
	sum BLOB NOT NULL CHECK (length(sum) = 32)
) STRICT;

INSERT INTO horizon VALUES (1, 0, zeroblob(32), -1, '', 0, zeroblob(32));

-- The newest revision of the store when the request was answered; it rises with
-- `id`. The release before leaves it 0: then `revision` stands for it.
ALTER TABLE request ADD COLUMN head INTEGER NOT NULL DEFAULT 0;
