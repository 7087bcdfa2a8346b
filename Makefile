# One place for every command: CI runs these targets, so a green laptop is a green build.
# Needs Rust (rust-toolchain.toml), a C compiler with binutils, and Python 3.10 or newer with venv.

TARGET := $(or $(CARGO_TARGET_DIR),target)
VENV := .venv
PYTHON := $(VENV)/bin/python
PIP := $(PYTHON) -m pip install --quiet --disable-pip-version-check
PYTEST := $(PYTHON) -m pytest -p no:cacheprovider -c tests/emulator/pytest.ini tests/emulator
GLIBC_OF_LAMBDA := 2.34
LOCAL_MINUTES ?= 60
SOAK_SECONDS ?= 600
SOAK_SCHEDULES ?= 100000
BENCH_ROWS ?= 1000000

export SAM_CLI_TELEMETRY := 0
export PYTHONDONTWRITEBYTECODE := 1

.DEFAULT_GOAL := help
.PHONY: help demo check test test-rust test-stack lint-infra build bench local soak clean functions

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Everything on this machine: a sandbox, a sample export, a run, the report
	cargo build --profile demo --locked -p tideline --bin tideline --no-default-features
	$(TARGET)/demo/tideline demo

check: ## Format, lints and documentation, warnings being errors
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo clippy -p tideline --no-default-features --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

test: test-rust lint-infra test-stack ## Every test: the crates, the template, the deployed stack on an emulator

test-rust: ## Tests of the crates
	cargo test --workspace --locked

test-stack: functions $(VENV)/ready ## Tests of infra/template.yaml, deployed to an emulator with the real functions
	$(PYTEST)

lint-infra: $(VENV)/ready $(VENV)/sam/ready ## cfn-lint, its rules for serverless, and sam validate
	$(VENV)/bin/cfn-lint infra/template.yaml
	$(VENV)/bin/cfn-lint --append-rules cfn_lint_serverless.rules -- infra/template.yaml
	$(VENV)/sam/bin/sam validate --lint --region eu-west-1 --template infra/template.yaml

build: ## The functions for Lambda (x86_64): build/FUNCTION/bootstrap
	cargo build --release --locked -p ingest -p deliver -p oauth-callback --bins
	@set -e; for function in ingest deliver oauth-callback; do \
		mkdir -p build/$$function; \
		strip -o build/$$function/bootstrap $(TARGET)/release/$$function; \
		needs=$$(objdump -T build/$$function/bootstrap | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1 | cut -d _ -f 2); \
		newest=$$(printf '%s\n' "$$needs" $(GLIBC_OF_LAMBDA) | sort -V | tail -n 1); \
		if [ "$$newest" != $(GLIBC_OF_LAMBDA) ]; then \
			echo "build/$$function/bootstrap needs glibc $$needs, and Lambda's Amazon Linux 2023 has $(GLIBC_OF_LAMBDA)" >&2; exit 1; \
		fi; \
		echo "build/$$function/bootstrap: $$(stat -c %s build/$$function/bootstrap) bytes, glibc $$needs"; \
	done

bench: $(VENV)/ready ## Rows a second and memory of a run on this machine (BENCH_ROWS, 1000000)
	cargo build --release --locked -p tideline --bin tideline --no-default-features
	PYTHONPATH=tests $(PYTHON) -m emulator.bench $(TARGET)/release/tideline $(BENCH_ROWS)

local: functions $(VENV)/ready ## Leave the deployed stack and the sandbox running to play with (LOCAL_MINUTES, 60)
	PYTHONPATH=tests $(PYTHON) -m emulator.local $(LOCAL_MINUTES)

soak: functions $(VENV)/ready ## More random schedules (SOAK_SCHEDULES, 100000), functions killed on the stack (SOAK_SECONDS, 600)
	TIDELINE_SCHEDULES=$(SOAK_SCHEDULES) TIDELINE_SEED=1000000 cargo test --locked -p tideline-tests --test schedules -- --nocapture
	SOAK_SECONDS=$(SOAK_SECONDS) $(PYTEST) -s -k test_kills

clean: ## Remove what was built and installed here
	cargo clean
	rm -rf build .tideline $(VENV)

# With the tests, since cargo would otherwise compile the AWS SDK a second time with other features.
functions:
	cargo build --workspace --bins --tests --locked

$(VENV)/ready: tests/requirements.txt
	python3 -m venv $(VENV)
	$(PIP) -r tests/requirements.txt
	@touch $@

$(VENV)/sam/ready: tests/requirements-sam.txt $(VENV)/ready
	python3 -m venv $(VENV)/sam
	$(VENV)/sam/bin/python -m pip install --quiet --disable-pip-version-check -r tests/requirements-sam.txt
	@touch $@
