#!/bin/sh
# Builds the container from an empty Debian and looks whether it serves and reads a stack. Needs root, debootstrap, buildah, and
# dist/omr_*_amd64.deb of `make bundle`. No container engine has to run: RUN works in a chroot.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."
work=${WORK:-out/container} port=${PORT:-18123}
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
mkdir -p "$work"
[ -e "$work/root/etc/debian_version" ] || debootstrap --variant=minbase bookworm "$work/root" >"$work/log" 2>&1
tar -C "$work/root" -cf "$work/root.tar" .
base=$(buildah from scratch)
buildah add -q "$base" "$work/root.tar" / >>"$work/log"
buildah commit -q "$base" localhost/debian:12-local >>"$work/log"
buildah rm "$base" >>"$work/log"
buildah bud --build-arg BASE=localhost/debian:12-local -f packaging/Containerfile -t omr dist/ >>"$work/log" 2>&1
printf 'ok  built: %s\n' "$(buildah images --format '{{.Size}}' localhost/omr | head -n 1)"
made=$(buildah from localhost/omr)
trap 'buildah rm "$made" >>"$work/log" 2>&1 || true' EXIT
buildah run "$made" -- omr-setup --no-start >>"$work/log" 2>&1
printf 'ok  first day: workspace, units, administrator\n'
# what a clerk's month begins with: printed, filled by the simulator, read by the processes of the container
slips=12
buildah run "$made" -- sh -ec "cd /var/lib/omr
    omr issue DL-01 --unit PC06 --period 2026-11 --count $slips -o in.pdf
    omr simulate in.pdf -o quet.pdf --seed 3
    omr read quet.pdf --period 2026-11 --expect $slips --workers 2 --json >receipt.json || [ \$? = 3 ]
    /opt/omr/current/bin/python -c \"import json; told = json.load(open('receipt.json')); assert told['read'] == $slips, told\"
    omr audit verify" >>"$work/log" 2>&1
printf 'ok  a stack of %s slips printed, scanned and read, chain intact\n' "$slips"
timeout 400 buildah run --env OMR_PORT="$port" "$made" -- runuser -u omr -- /usr/lib/omr/serve >>"$work/log" 2>&1 &
served=$!
trap 'kill "$served" 2>/dev/null; buildah rm "$made" >>"$work/log" 2>&1 || true' EXIT
for _ in $(seq 300); do
    if python3 -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:$port/login')" 2>/dev/null; then
        printf 'ok  the desks answer\n'
        exit 0
    fi
    sleep 1
done
printf 'trial: it does not serve; see %s\n' "$work/log" >&2
exit 1
