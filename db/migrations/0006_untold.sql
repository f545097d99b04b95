-- +goose Up

-- What the runs of a digest covered that were not sent since its last mail, summed
-- up: the next one says it.
ALTER TABLE digest ADD COLUMN untold TEXT NOT NULL DEFAULT '';
