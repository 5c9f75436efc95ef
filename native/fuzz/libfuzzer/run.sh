#!/bin/sh
# Fuzzes for so many minutes, all targets in turn or one: run.sh MINUTES [TARGET]. With AddressSanitizer, whose runtime
# comes with stable compilers as well; RUSTC_BOOTSTRAP lets them use it, and takes the place of a nightly one. What is
# found is written to target/fuzz and ends the run with an error; its place is then native/fuzz/corpus, where cargo test
# tries it.
set -eu
cd "$(dirname "$0")"
minutes=${1:?how many minutes?}
targets=${2:-argument description etf frame script}
out=$(cd ../../.. && pwd)/target/fuzz
triple=$(rustc -vV | sed -n 's/^host: //p')
export RUSTC_BOOTSTRAP=1
# What cargo-fuzz sets.
export RUSTFLAGS="--cfg fuzzing -Zsanitizer=address -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1"
cargo build --quiet --locked --release --target "$triple" --target-dir "$out"
set -- $targets
seconds=$((minutes * 60 / $#))
status=0
for target; do
    # What is learnt is kept there, the corpus of the repository is only read.
    mkdir -p "$out/corpus/$target" "$out/found/$target"
    "$out/$triple/release/$target" -max_total_time="$seconds" -max_len=4096 -timeout=20 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="$out/found/$target/" "$out/corpus/$target" "../corpus/$target" \
        >"$out/$target.log" 2>&1 || status=1
    printf '%-12s %s\n' "$target" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$out/$target.log") executions"
    grep -A 1 -e ERROR -e 'panicked at' -e 'Test unit written' "$out/$target.log" || true
done
exit $status
