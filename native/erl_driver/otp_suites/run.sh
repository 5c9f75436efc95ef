#!/bin/sh
# Runs OTP's own driver suites against the installed Erlang: once with OTP's C drivers, once with ours in Rust, and prints both
# results of each case. Status 0: no case that passes in C fails in Rust.
#
#   run.sh                    every suite; the C results are kept for the next time
#   run.sh SUITE [CASE...]    one suite, or some of its cases (driver_SUITE env caller)
#   run.sh --c [...]          compiles and runs OTP's part again, too
#
# OTP's source is the package the installed Erlang was built from. Elsewhere than on Debian: OTP_SOURCE=/unpacked/otp.
set -eu
cd "$(dirname "$0")"
here=$PWD
root=$(cd ../../.. && pwd)
suites="driver_SUITE port_bif_SUITE busy_port_SUITE ddll_SUITE send_term_SUITE port_trace_SUITE trace_port_SUITE \
    system_profile_SUITE signal_SUITE port_SUITE"
# Of suites that are about other things as well: the cases that use a driver.
signal_SUITE_cases="contended_signal_handling dirty_signal_handling_race"
port_SUITE_cases="otp_6224 dropped_commands mix_up_ports otp_5112 otp_5119 ports spawn_driver port_setget_data parallelism_option \
    mon_port_driver_die port_exit_monitor_race port_exit_demonitor_race port_exit_link_race port_exit_unlink_race \
    port_exit_command_race port_exit_connect_race port_exit_close_race port_exit_exit_race port_exit_command_request_race \
    port_exit_connect_request_race port_exit_close_request_race port_exit_control_request_race \
    port_exit_call_request_race port_exit_info_request_race"
limit=${OTP_SUITES_LIMIT:-1800}

say() { echo "otp_suites: $1" >&2; }
fail() { say "$1"; exit 2; }

for tool in erl erlc ct_run gcc awk cargo; do
    command -v $tool >/dev/null 2>&1 || fail "$tool is not in the PATH."
done
erl_root=$(erl -noshell -eval 'io:put_chars(code:root_dir()), halt().')
include=$erl_root/usr/include
[ -e "$include/erl_driver.h" ] || fail "$include/erl_driver.h is missing: install erlang-dev."

again=
[ "${1:-}" = --c ] && { again=1; shift; }
chosen=${1:-$suites}
[ $# -gt 0 ] && shift
cases=$*

version=$(dpkg-query -W -f '${source:Version}' erlang-base 2>/dev/null || erl -noshell -eval \
    'io:put_chars(erlang:system_info(otp_release) ++ "-" ++ erlang:system_info(version)), halt().')
work=$root/_build/otp_suites/$(echo "$version" | tr -c 'A-Za-z0-9.+\n' '_')
source=${OTP_SOURCE:-$work/source}
mkdir -p "$work"

# --- OTP's source ---------------------------------------------------------------------------------------------------

# The system's own package sources with deb-src, in a state of its own: the system's lists stay as they are.
source_lists() {
    mkdir -p apt/lists/partial apt/cache/archives/partial apt/sources
    for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ ! -e "$list" ] || sed -n 's/^deb /deb-src /p' "$list" > "apt/sources/$(basename "$list" .list).list"
    done
    for list in /etc/apt/sources.list.d/*.sources; do
        [ ! -e "$list" ] || sed 's/^Types:.*/Types: deb-src/' "$list" > "apt/sources/$(basename "$list")"
    done
}

fetch() {
    for tool in apt-get dpkg-source; do
        command -v $tool >/dev/null 2>&1 || fail "$tool is missing: install dpkg-dev, or set OTP_SOURCE."
    done
    say "getting the source of erlang $version"
    rm -rf apt source fetched
    source_lists
    set -- -qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$PWD/apt/sources" \
        -o Dir::State::lists="$PWD/apt/lists" -o Dir::Cache="$PWD/apt/cache" -o APT::Sandbox::User=root
    apt-get "$@" update
    mkdir fetched
    (cd fetched && apt-get "$@" source --download-only "erlang=$version" && dpkg-source --no-check --no-copy -x ./*.dsc ../unpacked) \
        > fetch.log 2>&1 || fail "no source package, see $PWD/fetch.log"
    rm -rf fetched apt
    mv unpacked source
}

# --- the suites, with the C drivers ---------------------------------------------------------------------------------

# The shared libraries and programs that the suite's Makefile names, by the rule that OTP's test server would write.
compile_drivers() {
    flags="-g -O2 -w -fPIC -D_THREAD_SAFE -D_REENTRANT -DHAVE_POLL_H=1 -DHAVE_STRERROR=1 -DHAVE_UNISTD_H=1 -I$include"
    for name in $(grep -o '[a-z0-9_]*@dll@' "$1/Makefile.src" | sed 's/@dll@//' | sort -u); do
        # shellcheck disable=SC2086 # the flags are words
        gcc $flags -shared -o "$1/$name.so" "$1/$name.c" || fail "$1/$name.c does not compile."
    done
    for name in $(grep -o '[a-z0-9_]*@exe@' "$1/Makefile.src" | sed 's/@exe@//' | sort -u); do
        # shellcheck disable=SC2086
        gcc $flags -o "$1/$name" "$1/$name.c" -lm -lpthread || fail "$1/$name.c does not compile."
    done
}

prepare() {
    say "compiling OTP's suites and C drivers"
    test=$source/erts/emulator/test
    rm -rf build && mkdir build
    cp "$source/lib/common_test/test_server/ts_install_cth.erl" "$here/otp_suites_hook.erl" build
    cp "$test"/*.hrl build 2>/dev/null || true
    cp "$test/dgawd_handler.erl" "$test/erts_test_utils.erl" "$test/ignore_cores.erl" build
    for suite in $suites; do
        cp -r "$test/$suite.erl" "$test/${suite}_data" build
        compile_drivers "build/${suite}_data"
    done
    # send_term_SUITE's terms in a form that needs no decoder.
    (cd build/send_term_SUITE_data && erl -noshell -eval '{ok, File} = file:read_file("ext_terms.bin"),
        Terms = [term_to_binary(Term, Options) || Term <- binary_to_term(File), Options <- [[], [compressed]]],
        ok = file:write_file("external_terms", [[<<(byte_size(Term)):32>>, Term] || Term <- Terms]), halt().')
    (cd build && erlc -W0 +debug_info -I . ./*.erl) || fail "the suites do not compile."
    echo "$made_by" > build/made_by
    rm -rf c results && mv build c
}

# --- runs -----------------------------------------------------------------------------------------------------------

# run SIDE SUITE RESULTS: SIDE is the folder with the drivers to take.
run() {
    say "$2 with the $1 drivers"
    rm -rf "logs/$1/$2" "$3" && mkdir -p "logs/$1/$2" results
    export OTP_SUITES_EXTERNAL_TERMS="$work/$1/send_term_SUITE_data/external_terms"
    eval "some=\${cases:-\${$2_cases:-}}"
    # shellcheck disable=SC2086 # cases are words
    (cd "$1" && timeout -k 10 "$limit" ct_run -noinput -sname "otp_suites_$1_$$" -dir . -suite "$2" ${some:+-case $some} \
        -logdir "../logs/$1/$2" -no_auto_compile -enable_builtin_hooks false \
        -ct_hooks otp_suites_hook "\"$work/$3.new\"" -pa . > "../logs/$1/$2/out" 2>&1) || true
    [ -s "$3.new" ] || fail "$2 did not run, see $work/logs/$1/$2/out"
    grep -aq 'TEST COMPLETE' "logs/$1/$2/out" || [ "$1" = rust ] || fail "$2 did not end, see $work/logs/$1/$2/out"
    mv "$3.new" "$3"
}

# The name that Cargo has for a driver: those of several suites may have the same.
example() {
    awk -F '"' -v path="$1" '/^name = / { name = $2 } /^path = / && $2 == path { print name }' "$here/Cargo.toml"
}

# Our drivers lie in folders named like OTP's suites; one that we do not have stays C and is named after the table.
swap() {
    (cd "$root" && cargo build --quiet --profile otp-suites --locked -p otp_suites --examples) || fail "the Rust drivers do not build."
    built=${CARGO_TARGET_DIR:-$root/target}/otp-suites/examples
    rm -rf rust && cp -r c rust
    for suite in $chosen; do
        for driver in "$here/$suite"/*.rs; do
            name=$(basename "$driver" .rs)
            [ -e "rust/${suite}_data/$name.so" ] || fail "$suite has no driver $name."
            cp "$built/lib$(example "$suite/$name.rs").so" "rust/${suite}_data/$name.so"
        done
    done
}

# table C RUST. A case that is run alone has no groups in its name.
table() {
    awk -F '\t' '
        FNR == 1 { file++ }
        file == 1 && partial { sub(/.*\//, "", $1); if ($1 in c) next }
        file == 1 { c[$1] = $2; order[++n] = $1; next }
        { rust[$1] = $2; why[$1] = $4; if (!($1 in c)) { c[$1] = "-"; order[++n] = $1 } }
        END {
            for (i = 1; i <= n; i++) {
                case_ = order[i]
                if (partial && !(case_ in rust)) continue
                if (!(case_ in rust)) rust[case_] = "missing"
                worse = c[case_] == "ok" && rust[case_] != "ok"
                printf "%-60s %-8s %-8s%s\n", case_, c[case_], rust[case_], worse ? " <- " substr(why[case_], 1, 120) : ""
                inc[c[case_]]++; inrust[rust[case_]]++; bad += worse
            }
            print inc["ok"] + 0, inc["failed"] + 0, inc["skipped"] + 0, inrust["ok"] + 0, inrust["failed"] + 0,
                inrust["skipped"] + 0, inrust["missing"] + 0, bad + 0 >> "totals"
        }' partial="$cases" "$1" "$2"
}

# The sum of some lines of totals. Fails if something is worse in Rust.
tell() {
    awk '{ for (i = 1; i <= NF; i++) sum[i] += $i }
        END {
            printf "%s: C %d ok, %d failed, %d skipped; Rust %d ok, %d failed, %d skipped, %d missing; worse in Rust: %d\n",
                name, sum[1], sum[2], sum[3], sum[4], sum[5], sum[6], sum[7], sum[8]
            exit sum[8] > 0
        }' name="$1" -
}

cd "$work"
[ -d "$source" ] || fetch
made_by="$suites $(cksum < "$here/otp_suites_hook.erl")"
[ -z "$again" ] && [ "$(cat c/made_by 2>/dev/null)" = "$made_by" ] || prepare
swap
rm -f totals
for suite in $chosen; do
    theirs=results/$suite.c
    if [ -n "$cases" ]; then
        [ -z "$again" ] && [ -e "$theirs" ] || { theirs=results/$suite.c.some; run c "$suite" "$theirs"; }
    elif [ -n "$again" ] || [ ! -e "$theirs" ]; then
        run c "$suite" "$theirs"
    fi
    run rust "$suite" "results/$suite.rust"
done
for suite in $chosen; do
    theirs=results/$suite.c
    [ -n "$cases" ] && { [ -z "$again" ] && [ -e "$theirs" ] || theirs=results/$suite.c.some; }
    printf "%-60s %-8s %-8s\n" "$suite" C Rust
    table "$theirs" "results/$suite.rust"
    tail -n 1 totals | tell "$suite" || true
    still=
    for driver in "c/${suite}_data"/*.so; do
        name=$(basename "$driver" .so)
        [ -e "$here/$suite/$name.rs" ] || still="$still $name"
    done
    [ -z "$still" ] || echo "$suite: C in both:$still"
    echo
done

tell all < totals
