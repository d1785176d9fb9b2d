#!/usr/bin/env bash
# Builds the program that reads a dashboard by the types that Grafana's schema generates (a minute, from Go modules), where the test looks for it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/grafana-schema"
into=${XDG_CACHE_HOME:-$HOME/.cache}/kube-whatif
mkdir -p "$into"
GOFLAGS="-mod=mod -buildvcs=false" go build -o "$into/grafana-schema" .
echo "$into/grafana-schema"
