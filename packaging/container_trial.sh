#!/bin/sh
# Follows docs/container.md word by word with a real engine: build, first day, a stack printed and read, backup,
# restart, update, the way back, removal. Needs root, debootstrap, podman, and dist/ of `make bundle`; where the engine
# wants other settings than its own, CONTAINERS_CONF names them. What is built from is an empty Debian 12 of this
# machine's mirror, under the name of the image that the Containerfile asks for: no registry has to be reached.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."
work=$(realpath -m "${WORK:-out/container}")
slips=12
say() { printf 'ok  %s\n' "$1"; }
stop() { printf 'trial: NOT AS IT SHOULD BE: %s\n' "$1" >&2; exit 1; }
if podman container exists omr || podman volume exists omr-office || [ -e /mnt/sao-luu ]; then
    stop "there is something called as in the guide: container omr, volume omr-office or /mnt/sao-luu"
fi
trap 'podman rm -f omr >/dev/null 2>&1; podman volume rm omr-office >/dev/null 2>&1; rm -rf /mnt/sao-luu' EXIT

began=$(date +%s)
mkdir -p "$work/folder" /mnt/sao-luu
[ -e "$work/root/etc/debian_version" ] || debootstrap --variant=minbase bookworm "$work/root" >"$work/log" 2>&1
tar -C "$work/root" -cf - . | podman import -q - "$(sed -n 's/^ARG BASE=//p' packaging/Containerfile)" >>"$work/log"
rm -f "$work/folder/"*
cp dist/omr_*_amd64.deb "$work/folder/"
tar -C "$work/folder" --strip-components=1 -xf dist/omr-*-linux-x86_64.tar --wildcards '*/Containerfile'
say "an empty Debian and the two files ($(($(date +%s) - began)) s)"

# The guide's commands, section by section, as a person types them into a terminal.
sed -n '/^## Tiếng Việt/,/^## English/p' docs/container.md >"$work/guide"
cd "$work/folder"
section() { # NUMBER: types the commands of one block
    awk -v wanted="$1" '/^```sh/ { number++; inside = 1; next } /^```/ { inside = 0 } inside && number == wanted' \
        "$work/guide" | sed 's/  *# .*//' >"$work/typed"
    [ -s "$work/typed" ] || stop "the guide has no block $1"
    while IFS= read -r line <&3; do
        started=$(date +%s%N)
        # 3: done, but it tells something that a person should know
        script -qec "$line" /dev/null >>"$work/log" 2>&1 </dev/null || [ $? = 3 ] || stop "$line (see $work/log)"
        printf '    %6d ms  %s\n' "$((($(date +%s%N) - started) / 1000000))" "$line"
    done 3<"$work/typed"
}
answering() {
    for _ in $(seq 300); do
        if python3 -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/login')" 2>/dev/null; then
            return
        fi
        sleep 1
    done
    stop "the desks do not answer"
}
answers() { podman exec omr omr answers --period "$(date +%Y-%m)" --json; }
same() { # after WHAT
    answering
    answers | cmp - "$work/answers" || stop "other answers after $1"
    say "the desks answer and the slips are the same after $1"
}

section 1
answering
say "the desks answer on the published port"
# what a clerk's month begins with: printed, filled by the simulator, read by the processes of the container
podman exec omr sh -ec "cd /var/lib/omr
    omr issue DL-01 --unit PC06 --period $(date +%Y-%m) --count $slips -o /var/lib/omr/in.pdf
    omr simulate /var/lib/omr/in.pdf -o /var/lib/omr/quet.pdf --seed 3
    omr read /var/lib/omr/quet.pdf --period $(date +%Y-%m) --expect $slips --workers 2 || [ \$? = 3 ]" >>"$work/log" 2>&1
answers >"$work/answers"
[ "$(grep -c '"serial"' "$work/answers")" = "$slips" ] || stop "not all of $slips slips were read"
say "a stack of $slips slips printed, scanned and read"
podman restart omr >>"$work/log"
same "a restart of the container"
section 2
same "an update"
section 3
same "the way back"
section 4
podman volume exists omr-office || stop "the volume is gone with the container"
say "the container is gone, the register stays"
say "all of it ($(($(date +%s) - began)) s)"
