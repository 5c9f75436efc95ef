#!/bin/sh
# Runs tests with the image of the hosts `driver` and `nif` under AddressSanitizer, in a real VM. Built and run in a copy of the
# project, in target/sanitize/vm: such an image is of no use elsewhere. The stable compiler does it when told that it may.
#
# TESTS=test/stream_test.exs runs others than the chosen ones.
set -eu
cd "$(dirname "$0")/../.."

copy=$PWD/target/sanitize/vm
chosen='conformance failures request stream connect lanes threading dirty port race'
tests=${TESTS:-$(for name in $chosen; do echo "test/${name}_test.exs"; done)}

runtime=$(cc -print-file-name=libasan.so)
[ -e "$runtime" ] || { echo "sanitize: the C compiler has no libasan.so" >&2; exit 2; }

mkdir -p "$copy"
git ls-files -z | xargs -0 cp --parents -t "$copy"
cd "$copy"
# A target that is named keeps the flags from build scripts and macros, which run without the runtime.
CARGO_BUILD_TARGET=$(rustc -vV | sed -n 's/^host: //p')
export CARGO_BUILD_TARGET MIX_ENV=test RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address
unset CARGO_TARGET_DIR
mix compile

nm -D priv/*/linkspan.so | grep -q __asan_init || { echo 'sanitize: the image is not instrumented' >&2; exit 2; }

# Each option and why:
#   detect_leaks=0        the VM frees nothing when it ends; what leaks while it runs is `make leaks`
#   handle_segv=0 ...     signals are the VM's
#   use_sigaltstack=0     so are the stacks that it has for them
#   allocator_may_return_null=1  the VM knows what to do then
#   detect_stack_use_after_return=0  frames elsewhere would be no bound for the services' stack limits
export ASAN_OPTIONS="detect_leaks=0:handle_segv=0:handle_abort=0:handle_sigfpe=0:use_sigaltstack=0:\
allocator_may_return_null=1:detect_stack_use_after_return=0:exitcode=86:log_path=$copy/found"
rm -f found.*
# +Mea min: the VM takes all memory from malloc, so that what it lends to the image is looked after as well.
# The runtime goes into every process of the VM. The program host has none of it, since it would be there twice.
# shellcheck disable=SC2086 # a list of words
status=0
LD_PRELOAD=$runtime ERL_FLAGS='+Mea min' mix test --exclude host:program $tests || status=$?
for report in found.*; do
    [ -e "$report" ] || continue
    cat "$report"
    status=86
done
[ "$status" -eq 0 ] && echo 'sanitize: nothing found'
exit "$status"
