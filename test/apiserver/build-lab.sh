#!/usr/bin/env bash
# Builds kube-apiserver and kubectl 1.36.4 from their Go modules into one program, for the tests in test/apiserver. It takes five to ten minutes
# and 3 GB the first time; the program is kept in ~/.cache/kube-whatif. Usage: test/apiserver/build-lab.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/lab"
target=${XDG_CACHE_HOME:-$HOME/.cache}/kube-whatif/lab-1.36.4
if [[ -x $target ]]; then
  echo "$target is there"
  exit 0
fi
mkdir -p "$(dirname "$target")"
version=k8s.io/component-base/version
GOFLAGS="-mod=mod -buildvcs=false" go build -p 2 \
  -ldflags "-X $version.gitVersion=v1.36.4 -X $version.gitMajor=1 -X $version.gitMinor=36" -o "$target" .
echo "$target"
