-- +goose Up

-- What is remembered of a pending message besides its row: the server gave no header
-- or no body for it.
CREATE TABLE unfetched (
	message      INTEGER PRIMARY KEY REFERENCES message (id) ON DELETE CASCADE,
	claimed      INTEGER NOT NULL CHECK (claimed IN (0, 1)), -- its header, or that of a part, says that it is a TLS report
	first_failed INTEGER NOT NULL,
	-- How often it was asked for alone and did not come, while the server gave others.
	alone        INTEGER NOT NULL CHECK (alone >= 0),
	tries        INTEGER NOT NULL CHECK (tries >= 0), -- alone, counted before it is asked for
	-- Quarantined: not to be asked for before, and then last and alone. NULL: at each poll.
	next_try     INTEGER
) STRICT;
INSERT INTO unfetched (message, claimed, first_failed, alone, tries, next_try)
	SELECT id, message_id || sender <> '', recorded_at, 0, 0, NULL FROM message WHERE state = 'pending';

-- The messages from first to last that were asked for and are not recorded yet. A row
-- that is found when a folder is opened is what a process had in hand when it died. Such
-- messages are suspect: they are read one by one, and one that was in hand alone
-- when a second process died is quarantined.
CREATE TABLE in_hand (
	id           INTEGER PRIMARY KEY,
	folder       INTEGER NOT NULL REFERENCES folder (id),
	via          TEXT    NOT NULL CHECK (via IN ('poll', 'backfill')),
	uid_validity INTEGER NOT NULL,
	first        INTEGER NOT NULL,
	last         INTEGER NOT NULL CHECK (last >= first),
	suspect      INTEGER NOT NULL CHECK (suspect IN (0, 1))
) STRICT;
CREATE INDEX in_hand_folder ON in_hand (folder);
