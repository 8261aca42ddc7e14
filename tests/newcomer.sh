#!/usr/bin/env bash
# What a newcomer sees: a clean clone in an empty home, `make serve`, and 20 self-play games within a minute.
# Run by hand; it downloads everything that .venv needs.
#
#   tests/newcomer.sh [OPTION ...]      options go to arena serve, for example: --model none
#
# Environment: SETUP_S (180) seconds until /healthz must answer, PLAY_S (60) and GAMES (20) for the games after that.
set -euo pipefail

setup_s=${SETUP_S:-180} play_s=${PLAY_S:-60} games=${GAMES:-20}
repository=$(git -C "$(dirname "$0")/.." rev-parse --show-toplevel)
place=$(mktemp -d)
clone="$place/a clone"
log="$place/serve.log"
server=

finish() {
    if [ -n "$server" ]; then
        kill -INT -- "-$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$place"
}
trap finish EXIT

failed() {
    echo "FAILED: $*" >&2
    tail -n 20 "$log" >&2
    exit 1
}

# A field of /healthz; nothing while nobody answers.
health() {
    python3 - "$port" "$1" 2>/dev/null <<'PYTHON' || true
import json, sys, urllib.request

with urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/healthz", timeout=2) as page:
    print(json.load(page)[sys.argv[2]])
PYTHON
}

mkdir "$place/home"
git clone --quiet "$repository" "$clone"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
began=$SECONDS

set -m # the server gets a process group of its own, and Ctrl-C's signal goes to all of it
env -u VIRTUAL_ENV -u XDG_DATA_HOME -u XDG_CACHE_HOME -u XDG_CONFIG_HOME -u PYTHONPATH -u MAKEFLAGS -u MAKELEVEL \
    HOME="$place/home" make -C "$clone" serve ARGS="--port $port $*" >"$log" 2>&1 &
server=$!
set +m

until [ "$(health status)" = ok ]; do
    kill -0 "$server" 2>/dev/null || failed "make serve ended"
    [ $((SECONDS - began)) -lt "$setup_s" ] || failed "/healthz did not answer within $setup_s s"
    sleep 1
done
echo "/healthz answers after $((SECONDS - began)) s"

began=$SECONDS
while [ $((SECONDS - began)) -lt "$play_s" ]; do
    done=$(health games_finished)
    if [ "${done:-0}" -ge "$games" ]; then
        break
    fi
    sleep 1
done
done=$(health games_finished)
[ "${done:-0}" -ge "$games" ] || failed "only ${done:-0} games within $play_s s"
echo "$done games after $((SECONDS - began)) more s, model $(health live_checkpoint)"

kill -INT -- "-$server"
code=0
wait "$server" || code=$?
server=
grep -q 'Stopping\.' "$log" || failed "the server did not stop by itself (status $code)"
! grep -q Traceback "$log" || failed "a traceback in the output"
echo 'It stopped when asked. All well.'
