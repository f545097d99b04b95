# make test      every test; installs what the tests need and the machine lacks
# make check     gofmt, go vet, staticcheck
# make fuzz      each fuzz target for FUZZTIME

GO       ?= go
FUZZTIME ?= 30s

.PHONY: test check fuzz deps build

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o tlsbrief ./cmd/tlsbrief

test: deps
	$(GO) test -timeout 15m ./...

# The tests run a real Dovecot where there is one. Where it can't be installed
# they skip what needs it and say so; TLSBRIEF_REQUIRE_DOVECOT=1 makes that a failure.
deps:
	@sh internal/imaptest/install-dovecot.sh

check:
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "not gofmt-ed: $$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

fuzz:
	@for target in $$(grep -rhoE '^func Fuzz[A-Za-z0-9]+' --include='*_test.go' . | sed 's/func //' | sort -u); do \
		dir=$$(dirname $$(grep -rlE "^func $$target\(" --include='*_test.go' . | head -n 1)); \
		echo "$$dir $$target"; \
		$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x $$dir || exit 1; \
	done
