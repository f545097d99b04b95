-- +goose Up

-- Who was heard of on which days, one after another, without reading the reports.
CREATE INDEX report_heard ON report (day, reporter, organization) WHERE counts = 1;
