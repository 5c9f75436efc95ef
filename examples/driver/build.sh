#!/bin/sh
# Builds the driver with cargo and puts it where the VM looks for it. Run by rebar3 before it compiles.
set -eu
cd "$(dirname "$0")"
cargo build --quiet --release --locked -p inotify_drv
target=$(cargo metadata --format-version 1 --no-deps --locked | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
mkdir -p priv
cp "$target/release/libinotify_drv.so" priv/inotify_drv.so.new
# A mapped file is never overwritten: the new one takes its name.
mv -f priv/inotify_drv.so.new priv/inotify_drv.so
