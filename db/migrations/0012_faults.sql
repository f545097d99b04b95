-- +goose Up

-- Why a poll failed, as a code (package report, Fault): '' where it did not. last_error
-- says it in words.
ALTER TABLE folder ADD COLUMN fault TEXT NOT NULL DEFAULT '';
UPDATE folder SET fault = CASE
	WHEN last_error LIKE '%may not use this mailbox%' THEN 'not-allowed'
	WHEN last_error LIKE '%no access token: %invalid_grant%' OR last_error LIKE '%said NO [EXPIRED]%' THEN 'expired'
	WHEN last_error LIKE '%no access token: %' THEN 'other'
	WHEN last_error LIKE '%refused the access token%' THEN 'token'
	WHEN last_error LIKE '%refused the login%' OR last_error LIKE '%authenticationfailed%' OR last_error LIKE '%invalid credentials%' THEN 'auth'
	WHEN last_error LIKE '%no such host%' THEN 'dns'
	WHEN last_error LIKE '%connection refused%' THEN 'refused'
	WHEN last_error LIKE '%server''s certificate%' OR last_error LIKE '%x509:%' THEN 'certificate'
	WHEN last_error LIKE '%takes no log-ins for now%' THEN 'unavailable'
	WHEN last_error LIKE '%timeout%' OR last_error LIKE '%deadline exceeded%' OR last_error LIKE '%the server did not answer%' THEN 'timeout'
	ELSE 'other' END
WHERE last_error <> '';

-- Why a message was not accepted, as a code (package report, Reason): '' where only
-- refused, which says it in words, tells.
ALTER TABLE message ADD COLUMN reason TEXT NOT NULL DEFAULT '';
UPDATE message SET reason = 'cut-off' WHERE news IS NOT NULL AND refused LIKE '%unexpected EOF%';
