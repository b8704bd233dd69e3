#!/usr/bin/env bash
# Copies templates to a folder that is new: of this build, or of another bucket.
#
#   templates/stage.sh <from> gs://<bucket>/<release>
#
# What lies there already is never replaced: who launches a release gets what was tried.
set -euo pipefail

from=$1 to=$2
for name in ingest-streaming ingest-batch replay compact delete purge audit release; do
  gcloud storage cp --if-generation-match=0 "$from/$name.json" "$to/$name.json"
done
