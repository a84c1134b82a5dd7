#!/bin/bash
# Time `make up` on a new machine: a fresh clone, every cache empty (Go, uv, axon's own), a new home.
# The local cluster must not exist (`make clean`); it stays afterwards. Prints each step's time.
set -euo pipefail
folder=$(mktemp -d "${TMPDIR:-/tmp}/axon-bare.XXXXXX")
git clone -q "$(dirname "$0")/.." "$folder/axon"
export HOME="$folder/home" XDG_CACHE_HOME="$folder/cache" XDG_STATE_HOME="$folder/state"
export GOCACHE="$folder/go-build" GOMODCACHE="$folder/go-mod" UV_CACHE_DIR="$folder/uv"
mkdir -p "$HOME"
cd "$folder/axon"
time make up
time make up
echo "left in $folder"
