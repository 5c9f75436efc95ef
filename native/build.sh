#!/bin/sh
# Builds the native code with cargo and installs what changed into priv/. Run by mix and rebar3 before they compile.
set -eu
cd "$(dirname "$0")/.."

required=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)

fail() {
    echo "linkspan: $1" >&2
    exit 1
}

command -v cargo >/dev/null 2>&1 || fail "cargo is not in the PATH: install Rust $required or later."
found=$(cargo --version | sed 's/^cargo \([0-9.]*\).*/\1/')
oldest=$(printf '%s\n%s\n' "$required" "$found" | sort -t. -k1,1n -k2,2n | head -n 1)
[ "$oldest" = "$required" ] || fail "cargo $found is too old: install Rust $required or later."

# The first build takes minutes and shows what it does; later ones speak only of errors.
quiet=--quiet
[ -e "priv/$version/linkspan.so" ] || quiet=
# shellcheck disable=SC2086 # empty means none
cargo build $quiet --release --locked --workspace --exclude inotify_drv --exclude erl_driver_tests

# A mapped file is never overwritten: the new one takes its name.
install() {
    mkdir -p "$(dirname "$2")"
    cmp -s "$1" "$2" || { cp "$1" "$2.new" && mv -f "$2.new" "$2"; }
}

built=${CARGO_TARGET_DIR:-target}/release
shared=so
[ -e "$built/liblinkspan_beam.so" ] || shared=dylib
install "$built/liblinkspan_beam.$shared" "priv/$version/linkspan.so"
install "$built/linkspan_program" priv/linkspan_program
for service in native/services/*/; do
    name=$(basename "$service")
    install "$built/liblinkspan_$name.$shared" "priv/native/$name.so"
done
