-- +goose Up

-- What is kept of a message for as long as message.unknown: what a key from DNS is
-- held against, as package poller writes it, gzip; empty where message_raw still
-- has the whole message, as it was kept before. A bound is on all sizes together.
CREATE TABLE message_kept (
	message INTEGER PRIMARY KEY REFERENCES message (id) ON DELETE CASCADE,
	size    INTEGER NOT NULL CHECK (size >= 0), -- bytes of this row, and of the message's in undecided and message_raw
	data    BLOB    NOT NULL
) STRICT;
-- The sum of the sizes, without reading the data.
CREATE INDEX message_kept_size ON message_kept (message, size);

INSERT INTO message_kept (message, size, data)
	SELECT id,
		COALESCE((SELECT length(data) FROM message_raw WHERE message_raw.message = message.id), 0) +
		COALESCE((SELECT sum(length(held)) FROM undecided WHERE undecided.message = message.id), 0),
		x''
	FROM message WHERE unknown = 1;
