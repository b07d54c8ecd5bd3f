#!/bin/sh
# install.sh PYTHON LOCKED: install exactly what a lock file names, by its hashes.
# uv takes a tenth of pip's time, so it comes first, by its own hashes. An index or a proxy that only
# pip is told of is out of its reach: then pip does the same.
set -eu
python=$1 locked=$2
uv=$(dirname "$python")/uv

with_pip() {
    "$python" -m pip --disable-pip-version-check --no-input --quiet install \
        --no-deps --require-hashes --only-binary :all: --requirement "$1"
}

if [ ! -x "$uv" ]; then
    sed -n '/^uv==/,/[^\\]$/p' "$(dirname "$0")/dev.txt" | with_pip /dev/stdin
fi
index=${PIP_INDEX_URL:-$("$python" -m pip config get global.index-url 2>/dev/null || true)}
UV_HTTP_RETRIES=1 "$uv" --quiet pip install --python "$python" ${index:+--default-index "$index"} \
    --no-deps --require-hashes --only-binary :all: --compile-bytecode --requirement "$locked" ||
    with_pip "$locked"
