#!/bin/sh
# Make .venv from the lock, with uv: from PATH, else from PyPI into the user's cache. Nothing else is installed.
set -eu
cd "$(dirname "$0")/.."
UV_VERSION=0.13.9
cache="${XDG_CACHE_HOME:-$HOME/.cache}/axon/uv-$UV_VERSION"

if ! command -v uv >/dev/null 2>&1; then
    if [ ! -x "$cache/bin/uv" ]; then
        echo "… uv $UV_VERSION"
        if ! command -v python3 >/dev/null 2>&1 || ! python3 -c 'import ensurepip' 2>/dev/null; then
            apt-get update -q >/dev/null && apt-get install -q -y --no-install-recommends python3 python3-venv >/dev/null
        fi
        python3 -m venv "$cache"
        "$cache/bin/pip" install -q "uv==$UV_VERSION"
    fi
    PATH="$cache/bin:$PATH"
fi
uv sync --quiet --locked
# Later steps call uv by its name.
[ -x .venv/bin/uv ] || ln -sf "$(command -v uv)" .venv/bin/uv
touch .venv/made
