#!/bin/sh
# The tests of the crates around services under AddressSanitizer: what crosses the service ABI, engine, codec, script.
# Its runtime comes with stable compilers as well; RUSTC_BOOTSTRAP lets them use it, and takes the place of a nightly one.
set -eu
cd "$(dirname "$0")"
triple=$(rustc -vV | sed -n 's/^host: //p')
export RUSTC_BOOTSTRAP=1
# Service libraries are loaded by the tests, and find the runtime in them.
export RUSTFLAGS="-Zsanitizer=address -Zexport-executable-symbols -Clink-arg=-Wl,--export-dynamic"
# Of leaks the tests in a VM tell: here hosts are played that leave behind what they were given, and nothing is unloaded.
export ASAN_OPTIONS="detect_leaks=0:detect_stack_use_after_return=1"
# A folder of its own: what is in it is fit for nothing else.
exec cargo test --quiet --locked --target "$triple" --target-dir ../target/sanitize/crates \
    -p linkspan -p linkspan_engine -p linkspan_script -p linkspan_fuzz \
    --test typed --test table --test etf --test engine --test service --test corpus
