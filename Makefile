# Every repeated command has a name here; `make help` lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help
# Names of files may be in any language.
export LC_ALL := C.UTF-8

.PHONY: help setup build demo test test-rust test-erlang test-elixir test-schedulers test-example test-apps check format header shell bench figures otp-suites fuzz loom sanitize-crates clean

help: ## Lists the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name does; do \
	    printf '  make %-15s %s\n' "$$name" "$$does"; done

setup: ## Installs what is missing: Erlang, Elixir, rebar3, Ruby, a C compiler
	@sh setup.sh

build: setup ## Builds everything
	@mix compile

demo: setup ## Runs JavaScript in every host, and shows what happens when things go wrong
	@mix run examples/demo/demo.exs

test: test-rust test-erlang test-elixir test-schedulers test-example demo ## Runs all tests

test-rust: setup ## Runs the tests of the crates
	cargo test --workspace --locked

test-erlang: setup ## Runs EUnit: plain ports, drivers, terms
	rebar3 eunit

test-elixir: setup ## Runs ExUnit: what users see
	mix test

# What schedulers could make a difference to.
SCHEDULED := conformance keeper live program race scheduler stream

test-schedulers: setup ## Runs tests with one, two and eight schedulers, and with balanced ones
	for flags in "+S 1:1" "+S 2:2" "+S 8:8" "+sub true"; do \
	    ERL_FLAGS="$$flags" mix test $(SCHEDULED:%=test/%_test.exs) || exit 1; done

test-example: setup ## Tries the example driver, which watches files
	cd examples/driver && rebar3 eunit

test-apps: setup ## Follows the README from an empty folder, and tries the example applications and their releases
	mix test test/new_test.exs test/elixir_app_test.exs test/rebar3_test.exs

check: setup ## Formats, lints, warnings, dialyzer
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo fmt --all --manifest-path bench/native/Cargo.toml --check
	cargo clippy --manifest-path bench/native/Cargo.toml --target-dir target --workspace --locked -- -D warnings
	for crate in native/fuzz/libfuzzer native/engine/loom; do \
	    cargo update --workspace --locked --offline --quiet --manifest-path $$crate/Cargo.toml || exit 1; done
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet
	mix format --check-formatted
	mix compile --force --warnings-as-errors
	rebar3 dialyzer

format: setup ## Formats Rust and Elixir
	cargo fmt --all
	cargo fmt --all --manifest-path bench/native/Cargo.toml
	mix format

header: setup ## Makes include/linkspan.h from native/abi
	HEADER=overwrite cargo test --quiet --package linkspan_abi --test header

shell: setup ## Opens iex with Linkspan loaded
	@iex -S mix

bench: setup ## Measures against what one would use instead [QUICK=1 for three minutes, STARTS=3, ONLY="inline deferred"]
	@MIX_ENV=bench mix compile
	@MIX_ENV=bench mix run --no-compile -e "Bench.main(System.argv())" -- $(if $(QUICK),--quick) $(if $(STARTS),--starts $(STARTS)) $(ONLY)

figures: setup ## Fills the figures of README.md and docs/ from the last `make bench`
	@MIX_ENV=bench mix compile
	@MIX_ENV=bench mix run --no-compile --no-start -e "Bench.Figures.main()"

otp-suites: setup ## Runs OTP's driver suites with our Rust drivers in place of its C drivers [SUITE=driver_SUITE CASE=env]
	@sh native/erl_driver/otp_suites/run.sh $(SUITE) $(CASE)

.PHONY: matrix soak soak-load soak-model soak-bytes soak-points soak-endings leaks sanitize-vm

matrix: ## Runs the tests on every supported pair of OTP and Elixir, as root [RELEASE=trixie TARGETS=test-erlang]
	@RELEASE='$(RELEASE)' TARGETS='$(TARGETS)' sh test/matrix/run.sh

MINUTES := 10

soak: soak-load soak-model soak-bytes soak-points soak-endings ## Every host under load while things go wrong; random commands; random bytes [MINUTES=10]

soak-load: setup
	mix run test/soak/run.exs $(MINUTES)

soak-model: setup
	LINKSPAN_MINUTES=$(MINUTES) rebar3 eunit --module=linkspan_model_tests

soak-bytes: setup
	LINKSPAN_MINUTES=$(MINUTES) mix test test/bytes_test.exs

soak-points: setup
	LINKSPAN_POINTS=all rebar3 eunit --module=linkspan_points_tests

soak-endings: setup
	LINKSPAN_TIMES=20 mix test test/endings_test.exs --only describe:"the VM"

leaks: setup ## Runs the leak tests with a million calls in each host
	LINKSPAN_CALLS=1000000 mix test test/leak_test.exs

sanitize-vm: setup ## Runs the image inside a VM under AddressSanitizer
	@sh test/sanitize/run.sh

.PHONY: deny

deny: ## Checks licences, bans and sources of the crates [ADVISORIES=yes: asks the database, over the network]
	@test -x _build/tools/bin/cargo-deny || cargo install cargo-deny --locked --root _build/tools
	_build/tools/bin/cargo-deny --locked check licenses bans sources $(if $(ADVISORIES),advisories)

fuzz: ## Feeds decoders and scripts with what libFuzzer finds [MINUTES=5 TARGET=etf]
	@sh native/fuzz/libfuzzer/run.sh $(or $(MINUTES),5) $(TARGET)

loom: ## Takes the steps of the engine's tickets and turns in every order
	RUSTFLAGS="--cfg loom" cargo test --release --locked --manifest-path native/engine/loom/Cargo.toml --target-dir target/loom

.PHONY: sanitize

sanitize: sanitize-crates sanitize-vm ## Runs both of them

sanitize-crates: ## Runs the tests of the crates around services under AddressSanitizer
	@sh native/sanitize.sh

clean: ## Removes what was built
	rm -rf target _build priv/*
