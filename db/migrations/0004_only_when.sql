-- +goose Up

-- What a digest last said, for those that are sent only where that has changed.
ALTER TABLE digest ADD COLUMN verdict TEXT NOT NULL DEFAULT ''; -- of the last one sent
ALTER TABLE digest ADD COLUMN said    TEXT NOT NULL DEFAULT ''; -- its fingerprint

-- The mail before, which the next one refers to.
CREATE INDEX outbox_digest ON outbox (digest, id);
