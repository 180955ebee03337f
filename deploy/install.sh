#!/bin/sh
# Installs seatlatch of this checkout into a new folder: deploy/install.sh /opt/seatlatch/0.1.0
#
# The folder becomes a virtual environment with exactly the versions of requirements.lock, checked
# by their hashes. The Dockerfile runs this script, too.
set -eu
folder=$1
source=$(cd "$(dirname "$0")/.." && pwd)
if [ -e "$folder" ]; then
    echo "$folder exists; choose another folder, so that the running version stays as it is." >&2
    exit 1
fi
python3 -m venv "$folder"
"$folder/bin/python" -m pip install --quiet --require-hashes -r "$source/requirements.lock"
"$folder/bin/python" -m pip install --quiet --no-deps --no-build-isolation "$source"
"$folder/bin/seatlatch" --version
