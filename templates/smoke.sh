#!/usr/bin/env bash
# Launches the audit of what was staged, which changes nothing, and waits for its end.
#
#   templates/smoke.sh gs://<bucket>/<release> <region> <job name> <parameters> [flags]
#
# Parameters are those of the template, `store=…,platform=…`; flags are more of
# `gcloud dataflow flex-template run`. Exit status 0: the job is done.
# POLL_SECONDS (20) is how often it is asked for, POLLS (90) how many times.
set -euo pipefail

templates=$1 region=$2 name=$3 parameters=$4
shift 4
job=$(gcloud dataflow flex-template run "$name" "--region=$region" \
  "--template-file-gcs-location=$templates/audit.json" "--parameters=$parameters" \
  "--format=value(job.id)" "$@")
echo "Dataflow job $job"
for ((poll = 0; poll < ${POLLS:-90}; poll++)); do
  state=$(gcloud dataflow jobs describe "$job" "--region=$region" \
    "--format=value(currentState)")
  case $state in
    JOB_STATE_DONE) exit 0 ;;
    JOB_STATE_FAILED | JOB_STATE_CANCELLED | JOB_STATE_DRAINED)
      echo "Dataflow job $job ended as $state" >&2
      exit 1
      ;;
  esac
  sleep "${POLL_SECONDS:-20}"
done
echo "Dataflow job $job does not end; it was last seen as $state" >&2
exit 1
