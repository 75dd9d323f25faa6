# Every target does its own set-up: Node >= 20 with npm, and Python 3 with pip for the Envoy binary, are all it takes.
# The tests with a real Kubernetes also need Go and root.
.DEFAULT_GOAL := help
.PHONY: help demo demo-dsp demo-ride-sharing demo-collaborative-editing demo-online-gaming test check generate build image bench bench-quick soak format clean
NPM := npm --silent --loglevel=error

help: ## show this
	@awk -F ':.*## ' '/^[-a-z]+:.*## / { printf "  make %-26s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: node_modules/.installed ## run the quickstart with real Envoys; fails when one of its checks does
	@$(NPM) run demo

demo-dsp: node_modules/.installed ## a demand-side platform: bids within 100 ms, whatever happens
	@node_modules/.bin/node examples/dsp/demo.ts

demo-ride-sharing: node_modules/.installed ## ride-sharing: a canary, streams, a surge, a region that is gone
	@node_modules/.bin/node examples/ride-sharing/demo.ts

demo-collaborative-editing: node_modules/.installed ## collaborative editing: all editors of a document on one server
	@node_modules/.bin/node examples/collaborative-editing/demo.ts

demo-online-gaming: node_modules/.installed ## online gaming: matchmaking, lobbies and UDP sessions near the players
	@node_modules/.bin/node examples/online-gaming/demo.ts

test: node_modules/.installed ## every test, real Envoys included
	@$(NPM) run test

check: node_modules/.installed ## types, lint, layers, dead code, format
	@$(NPM) run check

generate: node_modules/.installed ## the Envoy API in src/gen, the CRDs, the charts' CRDs and READMEs, the reference, the findings
	@$(NPM) run generate
	@node_modules/.bin/node scripts/crds.ts
	@node_modules/.bin/node scripts/charts.ts
	@node_modules/.bin/node scripts/reference.ts
	@node_modules/.bin/node scripts/diagnostics.ts

build: node_modules/.installed ## bundles in dist/
	@$(NPM) run build

image: node_modules/.installed ## the container image as dist/heddle-image.tar, without Docker
	@node_modules/.bin/node scripts/image.ts

bench: node_modules/.installed ## against go-control-plane, about an hour: writes docs/performance.*; needs Go
	@$(NPM) run bench

bench-quick: node_modules/.installed ## the same in two minutes, on screen only
	@$(NPM) run bench -- --quick

soak: node_modules/.installed ## 100 changes a second to 200 sidecars for a minute: figures on screen
	@$(NPM) run soak

format: node_modules/.installed ## rewrite the sources in the project's format
	@$(NPM) run format

clean: ## remove what was built and installed
	@rm -rf node_modules dist src/gen

node_modules/.installed: package.json package-lock.json
	@npm ci --loglevel=error --no-audit --no-fund
	@touch $@
