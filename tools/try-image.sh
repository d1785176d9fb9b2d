#!/bin/sh
# Builds the image of the Dockerfile where there is neither an engine nor a registry of images, and starts it: Debian's buildah in a chroot, on a base image made of
# Debian's packages and this machine's Node.js. Needs root, buildah and debootstrap (apt-get install buildah debootstrap), npm's registry, and some minutes.
set -eu
cd "$(dirname "$0")/.."
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What node:24-slim has: Debian, Node.js and npm below /usr/local.
debootstrap --variant=minbase --include=ca-certificates,libstdc++6,libatomic1 bookworm "$work/root" http://deb.debian.org/debian >"$work/log"
modules=$(npm root -g)
mkdir -p "$work/root/usr/local/lib/node_modules"
cp "$(command -v node)" "$work/root/usr/local/bin/node"
cp -r "$modules/npm" "$work/root/usr/local/lib/node_modules/"
for name in npm npx; do ln -s "../lib/node_modules/npm/bin/$name-cli.js" "$work/root/usr/local/bin/$name"; done
cp -a /etc/ssl/certs "$work/root/etc/ssl/"
base=$(buildah from scratch)
buildah copy -q "$base" "$work/root" / >"$work/log"
# A proxy may have an authority of its own, which is among this machine's.
buildah config --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt "$base"
buildah commit -q --rm "$base" docker.io/library/node:24-slim >"$work/log"

# What is committed, so that nothing of this folder gets in that others would not have.
mkdir "$work/context"
git archive HEAD | tar x -C "$work/context"
buildah bud --pull-never --network host -t kube-whatif "$work/context"

container=$(buildah from --pull-never localhost/kube-whatif)
trap 'buildah rm "$container" >/dev/null; rm -rf "$work"' EXIT
buildah run "$container" -- node dist/src/main.js probability -s examples/article.json --to svc/default/nginx-svc:80
buildah run "$container" -- sh -c '
  test "$(id -u)" = 65532 || { echo "it runs as $(id -u)" >&2; exit 1; }
  if touch /app/x 2>/dev/null; then echo "it can write to /app" >&2; exit 1; fi
  export PORT=18080 GRPC_PORT=off
  node dist/src/main.js serve & server=$!
  for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
    sleep 1
    if node dist/src/healthcheck.js /readyz; then kill $server; wait $server; echo "the image serves, and stops"; exit 0; fi
  done
  echo "it is not ready" >&2
  exit 1'
