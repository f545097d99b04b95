-- +goose Up

-- What is remembered of a digest between its runs.
CREATE TABLE digest (
	name      TEXT    PRIMARY KEY,        -- the configuration's
	watermark INTEGER NOT NULL CHECK (watermark >= 0),
	last_run  INTEGER,
	last_sent INTEGER
) STRICT, WITHOUT ROWID;

-- Digests to send and sent: written before the first attempt, never changed but
-- for what became of them.
CREATE TABLE outbox (
	id           INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice, though rows are pruned
	digest       TEXT    NOT NULL,
	message_id   TEXT    NOT NULL UNIQUE,  -- what a server knows a mail by: a second one would be taken for a copy
	sender       TEXT    NOT NULL,         -- the envelope's
	data         BLOB    NOT NULL,         -- the whole message, gzip
	created_at   INTEGER NOT NULL,
	attempts     INTEGER NOT NULL CHECK (attempts >= 0),
	next_attempt INTEGER NOT NULL,
	last_error   TEXT    NOT NULL,
	CHECK (message_id <> '')
) STRICT;

CREATE INDEX outbox_created_at ON outbox (created_at); -- retention

CREATE TABLE recipient (
	mail     INTEGER NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
	position INTEGER NOT NULL CHECK (position >= 0),
	address  TEXT    NOT NULL,
	state    TEXT    NOT NULL CHECK (state IN ('waiting', 'sent', 'refused')),
	error    TEXT    NOT NULL,
	PRIMARY KEY (mail, position),
	UNIQUE (mail, address) -- an attempt's result is told by address
) STRICT, WITHOUT ROWID;

-- What is to be done is found without reading what was done.
CREATE INDEX recipient_waiting ON recipient (mail) WHERE state = 'waiting';
CREATE INDEX recipient_refused ON recipient (mail) WHERE state = 'refused';
