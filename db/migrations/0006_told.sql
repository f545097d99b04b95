-- +goose Up

-- How far the mails of a digest go, which may be less far than its runs: one that
-- is sent only where there is something to tell leaves runs out.
ALTER TABLE digest ADD COLUMN told    INTEGER NOT NULL DEFAULT 0 CHECK (told >= 0); -- the watermark of the last mail
ALTER TABLE digest ADD COLUMN told_at INTEGER;                                      -- when that was made

-- What ran before was sent, as far as is known.
UPDATE digest SET told = watermark, told_at = last_run;
