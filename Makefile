# make test      every test; installs what the tests need and the machine lacks
# make short     the tests without the long ones, half a minute; see docs/testing.md
# make chaos     every fault there is, a line each, and random worlds: minutes, not seconds
# make check     gofmt, go vet, staticcheck
# make fuzz      each fuzz target for FUZZTIME
# make bench     the benchmarks of docs/performance.md
# make screenshots  the golden digests in a browser, into ./screenshots

GO       ?= go
FUZZTIME ?= 30s

.PHONY: test short chaos check fuzz bench deps build screenshots docs/digest.png

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o tlsbrief ./cmd/tlsbrief

test: deps
	$(GO) test -timeout 15m ./...

# Without debug data the test programs are linked in half the time.
short:
	$(GO) test -short -vet=off -ldflags='-s -w' ./...

# A few of each kind are among the tests.
chaos: deps
	@cd internal/testing/chaos && TLSBRIEF_CHAOS=all $(GO) test -count=1 -timeout 30m
	@cd internal/testing/worlds && TLSBRIEF_CHAOS=all $(GO) test -count=1 -timeout 30m

# The tests run a real Dovecot and a real Cyrus where there is one. Where they can't
# be had they skip what needs them and say so; TLSBRIEF_REQUIRE_DOVECOT=1 makes that
# a failure, for both.
deps:
	@sh internal/testing/imaptest/install-dovecot.sh
	@sh internal/testing/imaptest/install-cyrus.sh

check:
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "not gofmt-ed: $$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

# Two at a time, each on one core.
fuzz:
	@grep -rE '^func Fuzz[A-Za-z0-9]+' --include='*_test.go' . | sed -E 's|^(.*)/[^/]*:func (Fuzz[A-Za-z0-9]+).*|\1 \2|' | sort | \
		GO='$(GO)' xargs -P 2 -I {} sh -c 'sh internal/testing/fuzz/target.sh {} $(FUZZTIME)'

# The table of docs/performance.md, measured anew, and then the benchmarks of each
# part. Set TLSBRIEF_BENCH_DIR to keep the databases that they make for the next time.
bench: deps
	@sh internal/testing/bench/install-mbsync.sh
	@cd internal/testing/bench && TLSBRIEF_BENCH_TABLE=1 $(GO) test -run TestTable -count 1 -timeout 60m
	$(GO) test ./... -run '^$$' -bench . -benchmem -timeout 60m

# Looks at every golden digest on a phone, in a mail program and in a wide window,
# light and dark, and fails on what a program can see to be wrong.
screenshots:
	@sh internal/testing/screenshots/install-chromium.sh
	$(GO) run ./internal/testing/screenshots -out screenshots digest/testdata/*/digest.html

# The picture in the README.
docs/digest.png:
	@sh internal/testing/screenshots/install-chromium.sh
	$(GO) run ./internal/testing/screenshots -out docs -widths 700 -schemes light -height 900 -limit 150000 digest/testdata/expired-certificate/digest.html
	mv docs/expired-certificate-700-light.png docs/digest.png
