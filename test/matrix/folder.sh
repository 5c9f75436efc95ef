#!/bin/sh
# Makes a folder with a Debian release in it, and Erlang/OTP, Elixir, rebar3, Ruby and a C compiler in that:
# folder.sh SUITE FOLDER
# Packages come from the mirror that this machine's own apt uses.
set -eu
suite=$1 folder=$2

# Of Debian's own packages: the first in either format of apt's lists.
mirror() {
    cat /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
        sed -n -e 's/^URIs: *\([^ ]*\).*/\1/p' -e 's/^deb \(\[[^]]*\] *\)\{0,1\}\([^ ]*debian\/\{0,1\}\) .*/\2/p' | head -n 1
}

packages=erlang-nox,erlang-dev,erlang-dialyzer,erlang-common-test,erlang-proper,elixir,rebar3,gcc,libc6-dev,make,procps,ruby
rm -rf "$folder.new"
mkdir -p "$(dirname "$folder")"
# The clock of a machine may be ahead of its mirror.
nice mmdebstrap --quiet --mode=root --variant=minbase --include="$packages" \
    --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Check-Valid-Until "false"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    "$suite" "$folder.new" "${MIRROR:-$(mirror)}"
mv "$folder.new" "$folder"
