#!/bin/sh
# Builds helm and kubeconform, which render and check deploy/, out of their Go modules: once, outside the repository. Needs Go; takes some minutes.
set -eu
bin=${KUBE_WHATIF_TOOLS:-$HOME/.cache/kube-whatif/bin}
mkdir -p "$bin"
build() {
  [ -x "$bin/$1" ] || GOBIN=$bin GOFLAGS=-mod=mod go install "$2"
  echo "$bin/$1"
}
build helm helm.sh/helm/v4/cmd/helm@v4.3.2
build kubeconform github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0
