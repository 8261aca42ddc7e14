#!/bin/sh
# Makes the virtual environment .venv with a fitting Python, unless there is one that works.
# Usage: tools/make_venv.sh [PYTHON]      PYTHON is tried before all others.
set -eu

fits='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'

if .venv/bin/python -c "$fits" 2>/dev/null && .venv/bin/python -m pip --version >/dev/null 2>&1; then
    exit 0
fi

found='' bare=''
for python in "${1:-}" python3 python3.13 python3.12 python3.11 python; do
    if [ -z "$python" ] || ! "$python" -c "$fits" 2>/dev/null; then
        continue
    fi
    if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        found=$python
        break
    fi
    bare=${bare:-$python}
done

if [ -z "$found" ] && [ -n "$bare" ]; then
    version=$("$bare" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    echo "Python $version is here, but without its venv module. On Debian or Ubuntu install it with:" >&2
    echo "    sudo apt install python$version-venv" >&2
    exit 1
fi
if [ -z "$found" ]; then
    have=$(python3 --version 2>/dev/null || echo 'no Python 3')
    echo "Python 3.11, 3.12 or 3.13 is needed; found: $have. Install one (https://www.python.org/downloads)," >&2
    echo "or say where it is: make setup PYTHON=/path/to/python3.12" >&2
    exit 1
fi

rm -rf .venv
"$found" -m venv .venv
