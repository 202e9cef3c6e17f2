#!/bin/sh
# Peers of benches/backup.rs: restic and borg on files of random bytes, as many and as large as its sealed objects.
#
# benches/backup_peers.sh [RECORDS] [BYTES] [DIRECTORY]; figures are in the doc comment of benches/backup.rs.
# Both compress and encrypt as they do by default (random bytes do not compress). Processors' seconds count their children.
set -eu
records=${1:-6000} size=${2:-150000} place=$(mktemp -d "${3:-${TMPDIR:-/tmp}}/backup-peers-XXXXXX")
trap 'rm -rf "$place"' EXIT
export RESTIC_PASSWORD=bench BORG_PASSPHRASE=bench BORG_BASE_DIR="$place/borg-home" RESTIC_CACHE_DIR="$place/restic-cache"
mkdir "$place/objects" "$place/borg-home"

# write FROM TO: objects FROM..TO, by number.
write() {
    head -c "$((($2 - $1) * size))" /dev/urandom | (cd "$place/objects" && split -a 7 -d -b "$size" --numeric-suffixes="$1" - o)
}

# timed WHAT BYTES COMMAND...: seconds of the clock and of the processors.
timed() {
    what=$1 bytes=$2
    shift 2
    python3 - "$what" "$bytes" "$@" <<'PYTHON'
import resource, subprocess, sys, time
what, size, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
start = time.monotonic()
subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
wall, used = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{what:28} {wall:8.2f} s   {used.ru_utime + used.ru_stime:7.2f} s of processors   {size / 1e6 / wall:8.1f} MB/s")
PYTHON
}

echo "workload  $records objects of $size bytes, 1 % new"
write 0 "$records"
all=$((records * size)) new=$((records / 100))
for peer in restic borg; do
    if ! command -v "$peer" >/dev/null; then
        echo "$peer is not installed; skipped"
        continue
    fi
    at="$place/$peer-repository"
    case $peer in
        restic) restic -q -r "$at" init >/dev/null ;;
        borg) borg init -e repokey "$at" 2>/dev/null ;;
    esac
    run() {
        case $peer in
            restic) timed "$1" "$2" restic -q -r "$at" backup "$place/objects" ;;
            borg) timed "$1" "$2" borg create "$at::$3" "$place/objects" ;;
        esac
    }
    run "$peer, first backup" "$all" first
    write "$records" "$((records + new))"
    run "$peer, after 1 % new" "$((new * size))" second
    case $peer in
        restic) timed "restic, verification" "$all" restic -q -r "$at" check --read-data ;;
        borg) timed "borg, verification" "$all" borg check --verify-data "$at" ;;
    esac
    mkdir "$place/out"
    case $peer in
        restic) timed "restic, restore" "$all" restic -q -r "$at" restore latest --target "$place/out" ;;
        borg) (cd "$place/out" && timed "borg, restore" "$all" borg extract "$at::second") ;;
    esac
    rm -rf "$place/out" "$at"
    rm -f "$place"/objects/o*
    write 0 "$records"
done
