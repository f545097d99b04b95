-- +goose Up

-- How many messages of a folder are recorded, how many are rejected, and how many a
-- digest names (those with news). To count them takes a row each, and every poll
-- and every status would.
ALTER TABLE folder ADD COLUMN recorded INTEGER NOT NULL DEFAULT 0;
ALTER TABLE folder ADD COLUMN rejected INTEGER NOT NULL DEFAULT 0;
ALTER TABLE folder ADD COLUMN named    INTEGER NOT NULL DEFAULT 0;
UPDATE folder SET
	recorded = (SELECT count(*) FROM message WHERE message.folder = folder.id AND state = 'recorded'),
	rejected = (SELECT count(*) FROM message WHERE message.folder = folder.id AND state = 'rejected'),
	named    = (SELECT count(*) FROM message WHERE message.folder = folder.id AND news IS NOT NULL);

-- Triggers keep the counts, so that no statement on message can leave one wrong. A
-- migration that makes the message table anew must make them anew, too.
-- +goose StatementBegin
CREATE TRIGGER message_counted AFTER INSERT ON message
WHEN NEW.state IN ('recorded', 'rejected') OR NEW.news IS NOT NULL BEGIN
	UPDATE folder SET recorded = recorded + (NEW.state = 'recorded'), rejected = rejected + (NEW.state = 'rejected'),
		named = named + (NEW.news IS NOT NULL) WHERE id = NEW.folder;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER message_recounted AFTER UPDATE OF state, news ON message
WHEN NEW.state <> OLD.state OR (NEW.news IS NULL) <> (OLD.news IS NULL) BEGIN
	UPDATE folder SET recorded = recorded + (NEW.state = 'recorded') - (OLD.state = 'recorded'),
		rejected = rejected + (NEW.state = 'rejected') - (OLD.state = 'rejected'),
		named = named + (NEW.news IS NOT NULL) - (OLD.news IS NOT NULL) WHERE id = NEW.folder;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER message_uncounted AFTER DELETE ON message
WHEN OLD.state IN ('recorded', 'rejected') OR OLD.news IS NOT NULL BEGIN
	UPDATE folder SET recorded = recorded - (OLD.state = 'recorded'), rejected = rejected - (OLD.state = 'rejected'),
		named = named - (OLD.news IS NOT NULL) WHERE id = OLD.folder;
END;
-- +goose StatementEnd

-- The newest of a folder that a digest names.
CREATE INDEX message_named ON message (folder, news) WHERE news IS NOT NULL;

-- A server by whose clock this machine's is wrong; empty where none is known.
CREATE TABLE clock (
	id          INTEGER PRIMARY KEY CHECK (id = 1), -- one row
	host        TEXT    NOT NULL,
	ahead       INTEGER NOT NULL, -- seconds; negative: this machine's clock is behind
	compared_at INTEGER NOT NULL  -- by this machine's clock
) STRICT;
