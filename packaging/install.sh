#!/bin/sh
# Installs omr from this folder, without any network: ./install.sh [TARGET]      (default /opt/omr)
# Checks the signature and every checksum first. Makes TARGET/VERSION and points TARGET/current at it at the
# very end, so that an interrupted installation leaves the version before in use. Run again: does nothing twice.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=${1:-/opt/omr}
say() { printf 'omr: %s\n' "$1"; }
stop() { printf 'omr: %s\n' "$1" >&2; exit 1; }

cd "$here"
if command -v gpgv >/dev/null; then
    signed=$(gpgv --quiet --status-fd 1 --keyring "$here/release-key.gpg" SHA256SUMS.sig SHA256SUMS 2>/dev/null) ||
        stop "the signature does not fit: this copy was changed, or is incomplete. Fetch it again."
    # the last word of that line is the whole key's, also where a part of it signed
    say "signed by $(printf '%s\n' "$signed" | sed -n 's/^\[GNUPG:\] VALIDSIG .* //p'); compare it with what you were told"
else
    say "gpgv is not here: the signature was not checked, the checksums are"
fi
sha256sum --check --quiet SHA256SUMS || stop "a file is damaged or missing: copy the bundle again"

python=""
for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    version=$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    case $version in 3.11 | 3.12 | 3.13) python=$candidate && break ;; esac
done
[ -n "$python" ] || stop "no Python 3.11, 3.12 or 3.13 here; install python3 from Debian or Ubuntu first"
"$python" -c 'import venv' 2>/dev/null ||
    stop "Python cannot make environments; run: apt-get install python$version-venv"

own=$(basename "$(ls wheels/omr-*.whl)" | cut -d - -f 2)
made="$target/$own-$(cut -c 1-8 REVISION)-py$version"
# one that no longer runs, as after its Python was replaced, is made anew
if [ ! -e "$made/complete" ] || ! "$made/bin/omr" --version >/dev/null 2>&1; then
    rm -rf "$made"
    mkdir -p "$target"
    # pip is run out of its own wheel, which the checksums hold: Python's older one is not unpacked first
    "$python" -m venv --without-pip "$made" || stop "cannot make an environment in $made"
    PIP_CONFIG_FILE=/dev/null "$made/bin/python" "$(ls "$here"/wheels/pip-*.whl)/pip" \
        --disable-pip-version-check --no-input --quiet install --no-compile \
        --no-index --no-deps --require-hashes --only-binary :all: \
        --find-links "$here/wheels" --requirement "$here/requirements.txt" || stop "installation failed"
    # On all cores, and nothing that only the tests of libraries need. One by one where that cannot be; a file
    # that cannot be compiled is read as it is.
    for cores in 0 1; do
        (cd "$made/lib" && exec ../bin/python -m compileall -q -j "$cores" -x '/tests?/' .) >/dev/null 2>&1 && break
    done
    mkdir -p "$made/share/tessdata"
    cp tessdata/*.traineddata "$made/share/tessdata/"
    cp -R man "$made/share/"
    : >"$made/complete"
fi
ln -sfn "$(basename "$made")" "$target/current.new"
mv -Tf "$target/current.new" "$target/current"
say "$own is in $made; run $target/current/bin/omr doctor"
