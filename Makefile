# Everything a person or CI does with the project. Each target installs what it needs, on Debian and its kin.

export SWIFT ?= swift
URL ?= nmq-tcp://0.0.0.0:1883
JOBS ?=

# The release binary carries the Swift runtime and the C++ library, so that it runs on a machine without them; a
# compact layout keeps the idle broker below 14 MB of memory.
STATIC := .build/static
LINK := --static-swift-stdlib -Xswiftc -use-ld=lld -Xlinker -L$(STATIC) -Xlinker --gc-sections \
	-Xlinker --icf=safe -Xlinker -z -Xlinker pack-relative-relocs -Xlinker --no-export-dynamic -Xlinker -s

.PHONY: help run build test unit conformance process access ledger ledger-long power power-long browser reference format
.PHONY: lint tools python clean

help: ## What can be made.
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 14

run: build ## Build the release binary and serve MQTT on port 1883.
	.build/release/nanomq start --url $(URL)

build: ## Build the release binary: .build/release/nanomq.
	@scripts/install.sh swift
	@mkdir -p $(STATIC)
	@ln -sf "$$(scripts/libstdcxx.sh)" $(STATIC)/libstdc++.a
	scripts/build.sh -c release --product nanomq $(LINK) $(JOBS)

test: unit conformance process access ledger power ## Run all tests.

unit: ## Run the Swift tests.
	@scripts/install.sh swift
	scripts/build.sh --build-tests $(JOBS)
	$(SWIFT) test --skip-build

conformance: python ## Run the protocol tests and real clients against the release binary.
	@$(MAKE) --no-print-directory build
	.venv/bin/python Tests/Conformance/run.py --broker .build/release/nanomq
	.venv/bin/python Tests/Clients/run.py --broker .build/release/nanomq

browser: python ## Run an MQTT client in a real browser (Chromium) against the release binary.
	@scripts/install.sh chromium esbuild node-mqtt node-buffer node-events node-process node-url
	@$(MAKE) --no-print-directory build
	.venv/bin/python Tests/Browser/run.py --broker .build/release/nanomq

process: ## Start, signal and stop the release binary in every way.
	@scripts/install.sh openssl
	@$(MAKE) --no-print-directory build
	python3 Tests/Process/run.py --broker .build/release/nanomq

access: python ## Try all ways of access control, TLS and listeners on the release binary.
	@scripts/install.sh openssl
	@$(MAKE) --no-print-directory build
	.venv/bin/python Tests/Access/run.py --broker .build/release/nanomq

ledger: ## Kill the release binary again and again, and reckon up what it had acknowledged.
	@scripts/install.sh gcc libc6-dev
	@$(MAKE) --no-print-directory build
	python3 Tests/Ledger/run.py --broker .build/release/nanomq checks ledger resume faults

ledger-long: ## The same with 100 kills, and with a million messages.
	@scripts/install.sh gcc libc6-dev
	@$(MAKE) --no-print-directory build
	python3 Tests/Ledger/run.py --broker .build/release/nanomq --kills 100 --long checks ledger resume faults

power: ## Let the power fail under the release binary, on a disk that holds only what it has to.
	@scripts/install.sh gcc libc6-dev
	@$(MAKE) --no-print-directory build
	python3 Tests/Ledger/run.py --broker .build/release/nanomq disk power

power-long: ## The same with 50 losses.
	@scripts/install.sh gcc libc6-dev
	@$(MAKE) --no-print-directory build
	python3 Tests/Ledger/run.py --broker .build/release/nanomq --kills 100 disk power

python:
	@scripts/install.sh mosquitto-clients python3-venv openssl
	@test -x .venv/bin/python || python3 -m venv .venv
	@.venv/bin/python -m pip install --quiet --requirement Tests/Clients/requirements.txt

format: ## Format the sources.
	$(SWIFT) format --in-place --recursive Sources Tests Examples Fuzz Benchmarks Package.swift

lint: ## Check the format of the sources.
	$(SWIFT) format lint --strict --recursive Sources Tests Examples Fuzz Benchmarks Package.swift

reference: ## Write docs/configuration.md from the definitions of the keys.
	scripts/build.sh --build-tests $(JOBS)
	WRITE_REFERENCE=$(CURDIR)/docs/configuration.md $(SWIFT) test --skip-build --filter ReferenceTests

clean: ## Remove everything that was built.
	rm -rf .build .venv
