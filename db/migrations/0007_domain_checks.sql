-- +goose Up

-- What the last look at each domain found. findings and seen are JSON.
CREATE TABLE domain_check (
	domain     TEXT    NOT NULL PRIMARY KEY,
	checked_at INTEGER NOT NULL,
	mode       TEXT    NOT NULL, -- of the MTA-STS policy; '' where there is none, or it could not be read
	findings   TEXT    NOT NULL,
	seen       TEXT    NOT NULL
) STRICT;

-- What had changed from one look to the next.
CREATE TABLE domain_change (
	news       INTEGER PRIMARY KEY, -- as of messages and policies: a digest tells what lies above its watermark
	domain     TEXT    NOT NULL,
	noticed_at INTEGER NOT NULL,
	code       TEXT    NOT NULL,
	message    TEXT    NOT NULL,
	fix        TEXT    NOT NULL
) STRICT;
CREATE INDEX domain_change_noticed ON domain_change (noticed_at); -- for pruning and for days asked for
