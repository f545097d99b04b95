-- +goose Up

-- What a report's date-range has beyond whole seconds: two reports may differ in
-- nothing else.
ALTER TABLE report ADD COLUMN starts_nanos INTEGER NOT NULL DEFAULT 0 CHECK (starts_nanos BETWEEN 0 AND 999999999);
ALTER TABLE report ADD COLUMN ends_nanos INTEGER NOT NULL DEFAULT 0 CHECK (ends_nanos BETWEEN 0 AND 999999999);

-- The few reports that were recorded before the days they are about were over
-- ((*tlsrpt.Report).Over): a digest tells of them when they are.
CREATE INDEX report_early ON report (day)
	WHERE recorded_at < max(ends_at, (day + max(1, (ends_at - starts_at + 43200) / 86400)) * 86400);

-- When a message is to be looked at again that was refused because the day it
-- reports on was too far ahead.
ALTER TABLE message ADD COLUMN again_at INTEGER;
CREATE INDEX message_again ON message (folder, again_at) WHERE again_at IS NOT NULL;
