#!/usr/bin/env bash
# Builds the image, tries each job in it, and pushes it under a tag for each job.
#
#   templates/images.sh <repository>/rally:<a tag that is new> > images.txt
#
# It is built once: the jobs' images differ by one variable, and have the same layers.
# Prints a line `<job> <image by digest>` for each; the log names the digests of what the
# image is made of.
set -euo pipefail

image=$1
sed -nE 's/^FROM ([^ ]+:[^ ]+).*/\1/p' templates/Dockerfile | xargs -n 1 docker pull >&2
for job in ingest replay compact delete purge audit release; do
  tagged=$image-$job
  docker build --file templates/Dockerfile --build-arg "JOB=$job" --tag "$tagged" . >&2
  docker run --rm --network none --entrypoint python "$tagged" /template/launch.py --help >&2
  docker push "$tagged" >&2
  echo "$job $(docker inspect --format '{{index .RepoDigests 0}}' "$tagged")"
done
