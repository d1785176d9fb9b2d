#!/bin/sh
# Makes the certificates of the TLS tests, valid for a hundred years: an authority, a server and a client of it, a stranger.
set -eu
cd "$(dirname "$0")"
new='openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500'
$new -x509 -subj '/CN=kube-whatif test authority' -keyout ca-key.pem -out ca.pem
for name in server client; do
  $new -subj "/CN=$name" -keyout "$name-key.pem" -out "$name.csr"
  printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' > san
  openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 36500 -extfile san -out "$name.pem"
done
$new -x509 -subj '/CN=stranger' -keyout stranger-key.pem -out stranger.pem
rm -f ./*.csr san ca.srl ca-key.pem
