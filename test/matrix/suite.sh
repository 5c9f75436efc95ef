#!/bin/sh
# Runs targets of the Makefile inside a folder: suite.sh TARGET... The native code must be what came in with the project.
set -eu

# What is loaded, by its content.
native() { find priv target/debug/examples examples/driver/priv -name '*.so' -exec sha256sum {} + | sort -k 2; }

before=$(native)
make "$@"
[ "$before" = "$(native)" ] || { echo 'matrix: native code was built again, in the folder' >&2; exit 1; }
