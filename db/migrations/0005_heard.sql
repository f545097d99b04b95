-- +goose Up

-- Who was heard of on which days, one after another, without reading the reports.
CREATE INDEX report_heard ON report (day, reporter, organization) WHERE counts = 1;
-- The reports on several days, which are few: those of 36 hours and more.
CREATE INDEX report_long ON report (day) WHERE ends_at - starts_at >= 129600;
