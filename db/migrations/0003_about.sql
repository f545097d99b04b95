-- +goose Up

-- The domain whose mail a policy is about: another than its policy-domain where
-- that is an MX host's name (RFC 8460, section 4.2). What is summed and looked up
-- by domain goes by this one. It is domain.id, as policy.domain is; a reference
-- cannot be added without making the table anew.
ALTER TABLE policy ADD COLUMN about INTEGER NOT NULL DEFAULT 0;
UPDATE policy SET about = domain;

-- Whether a name is still referred to.
CREATE INDEX policy_domain ON policy (domain);

-- Sums of a span of days: everything they need, in the order they group by.
DROP INDEX policy_sum;
CREATE INDEX policy_sum ON policy (about, day, type, overlap, counts, successful, failed);
-- Most policies have no failures: theirs are found without reading the others.
DROP INDEX policy_failing;
CREATE INDEX policy_failing ON policy (about, day, type, counts) WHERE failures > 0;

-- Since when an MTA-STS policy is in its mode: the first and the last day of each
-- mode are found by a look at either end.
CREATE INDEX policy_mode ON policy (about, mode, day) WHERE type = 'sts' AND counts = 1 AND mode <> '';
-- The last day with a failure.
CREATE INDEX policy_trouble ON policy (about, day) WHERE type = 'sts' AND counts = 1 AND (failed > 0 OR failures > 0);
