-- +goose Up

-- Since when an MTA-STS policy is in its mode: the first and the last day of each
-- mode are found by a look at either end.
CREATE INDEX policy_mode ON policy (domain, mode, day) WHERE type = 'sts' AND counts = 1 AND mode <> '';
-- The last day with a failure.
CREATE INDEX policy_trouble ON policy (domain, day) WHERE type = 'sts' AND counts = 1 AND (failed > 0 OR failures > 0);
