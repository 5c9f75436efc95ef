#!/bin/sh
# Runs the tests on every supported pair of Erlang/OTP and Elixir: on this machine's, and on those of newer Debian releases,
# each in a folder of its own. The native code is built once, here, and loaded by all.
#
# RELEASE=trixie runs one release, RELEASE=here this machine; TARGETS="test-erlang" runs a part of the Makefile.
set -eu
cd "$(dirname "$0")/../.."

cache=${MATRIX_CACHE:-$PWD/_build/matrix}
# Debian release, and the pair that it is there for.
pairs='trixie:27/1.18 forky:29/1.20'
chosen=${RELEASE:-here $(for pair in $pairs; do echo "${pair%:*}"; done)}
targets=${TARGETS:-test-erlang test-elixir test-schedulers test-example}

say() { echo "matrix: $1" >&2; }
fail() { say "$1"; exit 2; }

[ "$(id -u)" -eq 0 ] || fail 'folders with releases in them are made and entered by root: run it as root.'
command -v unshare >/dev/null 2>&1 || fail 'unshare is missing: install util-linux.'

# Erlang/OTP and Elixir as 27/1.18, in whatever place the command before it leads to.
found_by() {
    "$@" sh -c 'printf %s/ "$(erl -noinput -eval "io:put_chars(erlang:system_info(otp_release)), halt().")" &&
        elixir --short-version' | sed 's/^\([0-9]*\/[0-9]*\.[0-9]*\).*/\1/'
}

inside() {
    folder=$cache/$1
    shift
    # Nobody outlives the shell that is process 1 there.
    unshare --mount --pid --fork --kill-child sh test/matrix/inside.sh "$folder" "$@"
}

make_folder() {
    [ -d "$cache/$1" ] && return
    if ! command -v mmdebstrap >/dev/null 2>&1; then
        apt-get -q install -y --no-install-recommends mmdebstrap || fail 'mmdebstrap is missing.'
    fi
    say "making a folder with Debian $1 and its Erlang"
    sh test/matrix/folder.sh "$1" "$cache/$1" || fail "Debian $1 could not be had."
}

results='' failed=0
note() { results="$results$1
"; }

run_here() {
    say "this machine: OTP/Elixir $(found_by env)"
    # shellcheck disable=SC2086 # a list of words
    if make $targets; then note "here ($(found_by env)): passed"; else note "here ($(found_by env)): FAILED"; failed=1; fi
}

run_release() {
    make_folder "$1"
    wanted=$(for pair in $pairs; do [ "${pair%:*}" != "$1" ] || echo "${pair#*:}"; done)
    found=$(found_by inside "$1")
    say "Debian $1: OTP/Elixir $found"
    [ "$found" = "$wanted" ] || note "$1 has OTP/Elixir $found, not $wanted: the nearest that Debian has"
    # shellcheck disable=SC2086 # a list of words
    if inside "$1" sh test/matrix/suite.sh $targets
    then note "$1 ($found): passed"; else note "$1 ($found): FAILED"; failed=1; fi
}

make setup
mix compile
cargo build --locked -p erl_driver_tests --examples
sh examples/driver/build.sh
for release in $chosen; do
    case $release in
        here) run_here ;;
        *) run_release "$release" ;;
    esac
done
printf '\n%s' "$results"
exit $failed
