#!/bin/sh
# Makes sure that what the build needs is there, and says nothing if it is. Run by `make setup`.
# Installs Debian packages where it may; cargo is left to its owner.
set -eu
cd "$(dirname "$0")"

otp_wanted=25
elixir_wanted=1.14
debian_root=/usr/lib/erlang
cargo_wanted=$(sed -n 's/^rust-version *= *"\([^"]*\)".*/\1/p' Cargo.toml)

failed=0 packages='' sentences='' otp_release=''

complain() {
    echo "setup: $1" >&2
    failed=1
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# at_least VERSION WANTED: compares the major and the minor number.
at_least() {
    version_minor=$(echo "$1.0" | cut -d. -f2)
    wanted_minor=$(echo "$2.0" | cut -d. -f2)
    [ "${1%%.*}" -gt "${2%%.*}" ] ||
        { [ "${1%%.*}" -eq "${2%%.*}" ] && [ "$version_minor" -ge "$wanted_minor" ]; }
}

# need PACKAGES NAME WHAT: NAME is missing; install WHAT, on Debian PACKAGES.
need() {
    packages="$packages $1"
    sentences="$sentences$2 is missing: install $3 (on Debian: $1).
"
}

# need_part PACKAGES NAME WHAT: as `need`, for a part of the Erlang/OTP at $root. Debian's packages can complete
# Debian's only.
need_part() {
    if [ "$root" = "$debian_root" ]; then
        need "$@"
    else
        complain "$2 is missing from the Erlang/OTP in $root: install $3."
    fi
}

# Prints the release, the root folder, and the missing ones of the named applications, a line each.
probe_otp() {
    erl -noinput -boot start_clean -eval '
        io:format("~s~n~s~n", [erlang:system_info(otp_release), code:root_dir()]),
        [io:format("~s~n", [App]) || App <- init:get_plain_arguments(),
                                     {error, bad_name} =:= code:lib_dir(list_to_atom(App))],
        halt().' -extra "$@" 2>/dev/null
}

find_otp() {
    applications='common_test crypto dialyzer eunit parsetools public_key syntax_tools tools'
    # shellcheck disable=SC2086 # a list of words
    if ! probe=$(have erl && probe_otp $applications); then
        need 'erlang-nox erlang-dev erlang-dialyzer erlang-common-test erlang-proper' \
            'Erlang/OTP' "Erlang/OTP $otp_wanted or newer, with its headers and dialyzer"
        return
    fi
    otp_release=$(echo "$probe" | sed -n 1p)
    root=$(echo "$probe" | sed -n 2p)
    have erlc || need_part erlang-base erlc 'all of Erlang/OTP'
    for header in erl_driver.h erl_nif.h; do
        [ -e "$root/usr/include/$header" ] || need_part erlang-dev "$header" 'the headers of Erlang/OTP'
    done
    for application in $(echo "$probe" | sed 1,2d); do
        case $application in
            common_test) package=erlang-common-test ;;
            dialyzer) package=erlang-dialyzer ;;
            *) package=erlang-nox ;;
        esac
        need_part $package "the application $application" 'all of Erlang/OTP'
    done
    # Only Debian's Erlang can have PropEr as a package.
    if [ "$root" = "$debian_root" ] && have apt-get && ! ls -d "$root"/lib/proper-* >/dev/null 2>&1; then
        need erlang-proper PropEr PropEr
    fi
}

find_missing() {
    packages='' sentences=''
    find_otp
    { have elixir && have mix; } || need elixir Elixir "Elixir $elixir_wanted or newer"
    have ruby || need ruby Ruby 'Ruby 3.0 or newer: tests run a program written in it'
    have rebar3 || need rebar3 rebar3 rebar3
    echo '#include <stdlib.h>' | cc -E -x c - >/dev/null 2>&1 ||
        need 'gcc libc6-dev' 'a C compiler (cc) with the headers of the C library' 'gcc or clang'
}

may_install() {
    have apt-get && { [ "$(id -u)" -eq 0 ] || have sudo; }
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

install_missing() {
    # shellcheck disable=SC2086 # a list of words
    packages=$(printf '%s\n' $packages | sort -u | paste -s -d ' ' -)
    echo "setup: installing $packages"
    as_root apt-get -q update || echo 'setup: apt-get update failed; trying with the lists at hand' >&2
    # shellcheck disable=SC2086 # a list of words
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $packages ||
        complain "apt-get could not install $packages."
}

complain_of_missing() {
    while read -r sentence; do
        [ -z "$sentence" ] || complain "$sentence"
    done <<SENTENCES
$sentences
SENTENCES
}

check_cargo() {
    version=$(cargo --version 2>/dev/null | cut -d' ' -f2)
    if [ -z "$version" ]; then
        complain "cargo is missing: install Rust $cargo_wanted or newer, best with rustup."
    elif ! at_least "$version" "$cargo_wanted"; then
        complain "cargo $version is too old: install Rust $cargo_wanted or newer, best with rustup."
    fi
}

check_otp() {
    if [ -n "$otp_release" ] && ! at_least "$otp_release" "$otp_wanted"; then
        complain "Erlang/OTP $otp_release is too old: install Erlang/OTP $otp_wanted or newer."
    fi
}

check_elixir() {
    have elixir || return 0
    # Answered by the start script: no VM is started.
    version=$(elixir --short-version 2>/dev/null | sed -n 's/^\([0-9][0-9]*\.[0-9][0-9]*\).*/\1/p')
    if [ -z "$version" ] || ! at_least "$version" "$elixir_wanted"; then
        complain "Elixir ${version:-without --short-version} is too old: install Elixir $elixir_wanted or newer."
    fi
}

check_cargo
find_missing
# Nothing is installed while cargo is in the way.
if [ "$failed" -eq 0 ] && [ -n "$packages" ] && may_install; then
    install_missing
    hash -r
    find_missing
fi
complain_of_missing
check_otp
check_elixir
exit "$failed"
