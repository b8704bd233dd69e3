#!/usr/bin/env bash
# Copies the images that templates name to another repository, and has them name it.
#
#   templates/promote.sh <folder of templates> <repository>/rally:<release>
#
# Nothing is built: it is the image that was tried, under the digest of its new place.
set -euo pipefail

folder=$1 image=$2
for template in "$folder"/*.json; do
  from=$(sed -nE 's/^  "image": "([^"]+)",$/\1/p' "$template")
  to=$image-$(basename "$template" .json)
  docker pull "$from" >&2
  docker tag "$from" "$to"
  docker push "$to" >&2
  pushed=$(docker inspect --format '{{join .RepoDigests "\n"}}' "$to" | grep "^${image%:*}@")
  sed -i "s|\"$from\"|\"$pushed\"|" "$template"
done
