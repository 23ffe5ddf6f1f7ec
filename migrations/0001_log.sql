-- The log: every change, every item it wrote, and the chain over them.
--
-- Rows of `change` and `item` are only ever inserted, at the end: revisions
-- rise. `newest` points from each key to its newest item, and each item to the
-- one before it, so that the history of a key is a list and no index over the
-- whole history has to be kept up at random places. `newest` and `previous` can
-- be computed from the rest.

-- One row. A newer release has to keep `oldest_reader` and `release` readable
-- under these names, because an older one reads them to say why it refuses.
CREATE TABLE meta (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	-- Identity of this life of the store, 16 hexadecimal digits. Empty in a
	-- fresh database and in a backup: the first opening fills it.
	epoch TEXT NOT NULL,
	-- The oldest schema version whose release may open this database.
	oldest_reader INTEGER NOT NULL,
	-- The release that wrote the schema.
	release TEXT NOT NULL,
	created_at INTEGER NOT NULL
) STRICT;

INSERT INTO meta VALUES (1, '', 1, '', 0);

CREATE TABLE change (
	revision INTEGER PRIMARY KEY CHECK (revision > 0),
	environment TEXT NOT NULL,
	at INTEGER NOT NULL, -- milliseconds since 1970 UTC, never falling
	actor TEXT NOT NULL,
	comment TEXT NOT NULL,
	hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE INDEX change_by_environment ON change (environment);

CREATE TABLE item (
	revision INTEGER NOT NULL REFERENCES change (revision),
	kind INTEGER NOT NULL, -- 0 environment, 1 segment, 2 toggle, 3 token
	key TEXT NOT NULL,
	previous INTEGER NOT NULL, -- revision of the item before; 0: none
	definition TEXT, -- NULL: removed
	PRIMARY KEY (revision, kind, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE newest (
	environment TEXT NOT NULL,
	kind INTEGER NOT NULL,
	key TEXT NOT NULL,
	revision INTEGER NOT NULL,
	PRIMARY KEY (environment, kind, key)
) STRICT, WITHOUT ROWID;

-- What became of requests that carried an Idempotency-Key. Not part of the
-- log: only the newest are kept.
CREATE TABLE request (
	id INTEGER PRIMARY KEY,
	environment TEXT NOT NULL,
	key TEXT NOT NULL,
	fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
	revision INTEGER NOT NULL,
	verdict INTEGER NOT NULL,
	UNIQUE (environment, key)
) STRICT;
