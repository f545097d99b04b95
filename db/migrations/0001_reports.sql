-- +goose Up

-- Times are whole seconds since 1970, UTC. Days are whole days since 1970, UTC.

-- The numbers given last. They are raised in the transaction that uses them, so
-- a number is never given twice: not after a rollback, which gives none, and not
-- after what bore it was pruned, which a plain rowid does not promise.
CREATE TABLE counter (
	id      INTEGER PRIMARY KEY CHECK (id = 1), -- one row
	news    INTEGER NOT NULL CHECK (news >= 0),
	message INTEGER NOT NULL CHECK (message >= 0),
	report  INTEGER NOT NULL CHECK (report >= 0)
) STRICT;
INSERT INTO counter (id, news, message, report) VALUES (1, 0, 0, 0);

-- One row per folder of a mailbox, with how far it has been examined; and one
-- per file or folder of files that a message came from (mailbox 'files').
CREATE TABLE folder (
	id                    INTEGER PRIMARY KEY,
	mailbox               TEXT NOT NULL,
	folder                TEXT NOT NULL,
	poll_uid_validity     INTEGER CHECK (poll_uid_validity BETWEEN 0 AND 4294967295), -- RFC 9051, section 2.3.1.1
	poll_last_uid         INTEGER CHECK (poll_last_uid BETWEEN 0 AND 4294967295),
	backfill_uid_validity INTEGER CHECK (backfill_uid_validity BETWEEN 0 AND 4294967295),
	backfill_last_uid     INTEGER CHECK (backfill_last_uid BETWEEN 0 AND 4294967295),
	last_poll             INTEGER,
	last_good_poll        INTEGER,
	last_error            TEXT NOT NULL DEFAULT '',
	failing_since         INTEGER,
	UNIQUE (mailbox, folder), -- the names are the configuration's: a folder is found by them
	CHECK ((poll_uid_validity IS NULL) = (poll_last_uid IS NULL)),
	CHECK ((backfill_uid_validity IS NULL) = (backfill_last_uid IS NULL))
) STRICT;

-- One row per message (or file) that was taken to be a report, whether or not it
-- held one, so that what is owed to it is not forgotten and a rejected one can be
-- explained later.
CREATE TABLE message (
	id             INTEGER PRIMARY KEY,         -- from counter: never given twice
	folder         INTEGER NOT NULL REFERENCES folder (id),
	uid_validity   INTEGER NOT NULL CHECK (uid_validity BETWEEN 0 AND 4294967295),
	uid            INTEGER NOT NULL CHECK (uid BETWEEN 0 AND 4294967295), -- 0 for files
	message_id     TEXT    NOT NULL,
	sender         TEXT    NOT NULL,            -- the From field
	subject        TEXT    NOT NULL,
	submitter      TEXT    NOT NULL,            -- TLS-Report-Submitter
	received_at    INTEGER,                     -- NULL: unknown
	recorded_at    INTEGER NOT NULL,
	via            TEXT    NOT NULL CHECK (via IN ('poll', 'backfill')),
	forwarded      INTEGER NOT NULL CHECK (forwarded IN (0, 1)),
	state          TEXT    NOT NULL CHECK (state IN ('recorded', 'duplicate', 'rejected', 'pending')),
	refused        TEXT    NOT NULL,            -- why it, or a part of it, could not be read; why there is no body, for 'pending'
	conflict       TEXT    NOT NULL,            -- which of its reports conflict with recorded ones
	attempts       INTEGER NOT NULL CHECK (attempts >= 0),
	news           INTEGER CHECK (news > 0),    -- for what was refused or conflicts
	reader_version INTEGER NOT NULL,            -- tlsrpt.ReaderVersion that judged it
	mark_owed      INTEGER NOT NULL CHECK (mark_owed IN (0, 1)), -- holds once state is 'recorded' or 'duplicate'
	unknown        INTEGER NOT NULL CHECK (unknown IN (0, 1)),   -- an authenticity is to be tried again
	next_try       INTEGER,                     -- not to be tried again before, for unknown
	CHECK ((next_try IS NOT NULL) = unknown),
	CHECK ((news IS NOT NULL) = (state <> 'pending' AND refused || conflict <> '')),
	CHECK (state <> 'rejected' OR refused || conflict <> '')
) STRICT;

-- A UID names one message for as long as UIDVALIDITY stays (RFC 9051, section
-- 2.3.1.1): examining it again must find its row. Files have no such name.
CREATE UNIQUE INDEX message_place ON message (folder, uid_validity, uid) WHERE uid > 0;
-- A refused file that is read again needs no second row. Not uid = 0: SQLite would
-- compare that with the parameter of "uid = ?", and so plan each such query anew.
CREATE INDEX message_file ON message (folder, refused) WHERE uid < 1;
-- The counts per folder that status shows.
CREATE INDEX message_state ON message (folder, state);
-- The few rows that a poll has to come back to.
CREATE INDEX message_mark ON message (folder, uid_validity, uid) WHERE mark_owed = 1;
CREATE INDEX message_pending ON message (folder, attempts, id) WHERE state = 'pending';
CREATE INDEX message_unknown ON message (next_try, id) WHERE unknown = 1;
CREATE INDEX message_rejected ON message (folder, reader_version) WHERE state = 'rejected';
-- A digest's span of news.
CREATE UNIQUE INDEX message_news ON message (news) WHERE news IS NOT NULL;
-- Retention.
CREATE INDEX message_recorded_at ON message (recorded_at);

-- The whole message, gzip, for as long as message.unknown. A table of its own, so
-- that reading messages does not read through it.
CREATE TABLE message_raw (
	message INTEGER PRIMARY KEY REFERENCES message (id) ON DELETE CASCADE,
	data    BLOB NOT NULL
) STRICT;

-- The reports of a message whose authenticity is unknown, in their order, for as
-- long as message.unknown: what an answer from DNS will be applied to.
CREATE TABLE undecided (
	message  INTEGER NOT NULL REFERENCES message (id) ON DELETE CASCADE,
	position INTEGER NOT NULL CHECK (position >= 0),
	identity BLOB    NOT NULL CHECK (length(identity) = 32),
	content  BLOB    NOT NULL CHECK (length(content) = 32),
	conflict TEXT    NOT NULL,  -- why it is not recorded; empty if it is
	held     BLOB,              -- the report, for one that conflicts but may yet pass, and stand apart
	PRIMARY KEY (message, position),
	CHECK (held IS NULL OR conflict <> '')
) STRICT, WITHOUT ROWID;

-- Every report ever recorded, remembered for ever (DESIGN 5). One row per
-- identity and standing: a report that passed stands under its signing domain,
-- all others under ''. So a forged report can neither block nor displace a
-- signed one, and of two of equal standing the first stands.
CREATE TABLE identity (
	identity    BLOB    NOT NULL CHECK (length(identity) = 32), -- (*tlsrpt.Report).Identity
	standing    TEXT    NOT NULL,
	content     BLOB    NOT NULL CHECK (length(content) = 32),  -- (*tlsrpt.Report).Content
	auth        TEXT    NOT NULL CHECK (auth IN ('pass', 'fail', 'none', 'unchecked', 'unknown')),
	recorded_at INTEGER NOT NULL,
	report      INTEGER NOT NULL, -- report.id; no reference, since reports are pruned
	PRIMARY KEY (identity, standing),
	CHECK (standing = '' OR auth = 'pass')
) STRICT, WITHOUT ROWID;

-- RFC 8460, section 4.4. Kept for database.keep.
CREATE TABLE report (
	id           INTEGER PRIMARY KEY,         -- from counter: identity.report must never name another
	news         INTEGER NOT NULL CHECK (news > 0),
	message      INTEGER NOT NULL REFERENCES message (id) DEFERRABLE INITIALLY DEFERRED, -- the first that brought it; written after it, in the same transaction
	recorded_at  INTEGER NOT NULL,
	via          TEXT    NOT NULL CHECK (via IN ('poll', 'backfill')),
	day          INTEGER NOT NULL,            -- of starts_at
	starts_at    INTEGER NOT NULL,
	ends_at      INTEGER NOT NULL,            -- as the report has it
	organization TEXT    NOT NULL,
	contact      TEXT    NOT NULL,
	report_id    TEXT    NOT NULL,            -- the sender's; says nothing for sure
	reporter     TEXT    NOT NULL,            -- who is shown as having reported: see reporterOf
	auth         TEXT    NOT NULL CHECK (auth IN ('pass', 'fail', 'none', 'unchecked', 'unknown')),
	auth_domain  TEXT    NOT NULL,
	auth_reason  TEXT    NOT NULL,
	counts       INTEGER NOT NULL CHECK (counts = (auth IN ('pass', 'unchecked'))),
	deviations   TEXT    NOT NULL,            -- JSON: [[path, what, rule], …]
	json         BLOB    NOT NULL,            -- the report's own text, gzip
	CHECK (starts_at <= ends_at)
) STRICT;

-- A digest's span of news.
CREATE UNIQUE INDEX report_news ON report (news);
-- A span of days, in the order of export.
CREATE INDEX report_day ON report (day);
-- Retention: the reports of a time, and whether a message still has any.
CREATE INDEX report_recorded_at ON report (recorded_at);
CREATE INDEX report_message ON report (message);

-- The names of policy domains, so that a row names one in a few bytes.
CREATE TABLE domain (
	id   INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE -- A-label, lower case
) STRICT;

-- RFC 8460, sections 4.2 and 4.4. day and counts repeat the report's, so that an
-- index can answer for a domain and a span of days alone.
CREATE TABLE policy (
	report     INTEGER NOT NULL REFERENCES report (id) ON DELETE CASCADE,
	position   INTEGER NOT NULL CHECK (position >= 0), -- in the report
	domain     INTEGER NOT NULL REFERENCES domain (id),
	day        INTEGER NOT NULL,
	type       TEXT    NOT NULL,
	counts     INTEGER NOT NULL CHECK (counts IN (0, 1)),
	overlap    INTEGER NOT NULL CHECK (overlap IN (0, 1)), -- sts counts the same sessions (Q31)
	successful INTEGER NOT NULL CHECK (successful BETWEEN 0 AND 9007199254740991), -- sessions; RFC 7493, section 2.2
	failed     INTEGER NOT NULL CHECK (failed BETWEEN 0 AND 9007199254740991),
	failures   INTEGER NOT NULL CHECK (failures >= 0),     -- rows of failure
	mode       TEXT    NOT NULL,
	strings    TEXT    NOT NULL,                           -- JSON array of strings
	mx_hosts   TEXT    NOT NULL,                           -- JSON array of strings
	PRIMARY KEY (report, position) -- always read by report
) STRICT, WITHOUT ROWID;

-- Sums of a span of days: everything they need, in the order they group by.
CREATE INDEX policy_sum ON policy (domain, day, type, overlap, counts, successful, failed);
-- Most policies have no failures: theirs are found without reading the others.
CREATE INDEX policy_failing ON policy (domain, day, type, counts) WHERE failures > 0;

-- RFC 8460, sections 4.3 and 4.4.
CREATE TABLE failure (
	report                 INTEGER NOT NULL,
	policy                 INTEGER NOT NULL,
	position               INTEGER NOT NULL CHECK (position >= 0),
	result_type            TEXT    NOT NULL,
	sending_mta_ip         TEXT    NOT NULL,
	receiving_mx_hostname  TEXT    NOT NULL,
	receiving_mx_helo      TEXT    NOT NULL,
	receiving_ip           TEXT    NOT NULL,
	sessions               INTEGER NOT NULL CHECK (sessions BETWEEN 0 AND 9007199254740991),
	additional_information TEXT    NOT NULL,
	reason_code            TEXT    NOT NULL,
	PRIMARY KEY (report, policy, position), -- always read by policy
	FOREIGN KEY (report, policy) REFERENCES policy (report, position) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
