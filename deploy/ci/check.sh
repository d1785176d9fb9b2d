#!/usr/bin/env bash
# Runs `kube-whatif check` once and keeps what it says as Markdown, SARIF and JUnit, for GitHub, GitLab and other runners. Everything comes from the environment:
#   KUBE_WHATIF    the command; default: what is built beside this file, else kube-whatif
#   SNAPSHOT       files, one a line; without them and without NAME: the cluster of kubectl's context
#   NAME           instead, the name of a snapshot that the server has, such as prod or prod@-1
#   KUBECONFIG_TEXT  a kubeconfig, where the cluster is read and KUBECONFIG names no file
#   KUBE_WHATIF_SERVER, KUBE_WHATIF_TOKEN   who answers, instead of this machine
#   MANIFESTS      files and folders, one a line
#   RENDER         instead: a command that prints manifests; one that fails is not taken for a change without effect
#   RENDERED_FROM  the file that findings are at, where what was rendered does not say it
#   NAMESPACE      of manifests that name none
#   FAIL_ON        info, warning, error (the default) or never
#   ARGUMENTS      more arguments of check, one a line
#   OUT            where check.md, check.sarif, check.xml and status go; default: this folder
# Exits with 0 when there is an answer, whatever it is: `status` then holds 0, 1 (a finding reaches FAIL_ON) or 4 (something is UNKNOWN).
set -euo pipefail

out=${OUT:-.}
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
main=$(dirname "${BASH_SOURCE[0]}")/../../dist/src/main.js
if [[ -n ${KUBE_WHATIF:-} ]]; then
  read -r -a command <<<"$KUBE_WHATIF"
elif [[ -e $main ]]; then
  command=(node "$main")
else
  command=(kube-whatif)
fi

if [[ -n ${KUBECONFIG_TEXT:-} ]]; then
  (umask 077 && printf '%s' "$KUBECONFIG_TEXT" >"$work/kubeconfig")
  export KUBECONFIG=$work/kubeconfig
fi
unset KUBECONFIG_TEXT

# lines OPTION TEXT: adds OPTION LINE for each line that is not empty; without OPTION the line alone.
arguments=()
lines() {
  local line
  while IFS= read -r line; do
    line=${line%$'\r'}
    [[ -z ${line//[[:space:]]/} ]] || arguments+=(${1:+"$1"} "$line")
  done <<<"$2"
}

if [[ -n ${NAME:-} ]]; then
  [[ -z ${SNAPSHOT:-} ]] || { echo 'SNAPSHOT and NAME both say which snapshot: give one of them.' >&2; exit 2; }
  [[ -n ${KUBE_WHATIF_SERVER:-} ]] || { echo 'NAME is the name of a snapshot that a server has: KUBE_WHATIF_SERVER says which server.' >&2; exit 2; }
  SNAPSHOT=@$NAME
fi
lines -s "${SNAPSHOT:-}"
if [[ -n ${RENDER:-} ]]; then
  [[ -z ${MANIFESTS:-} ]] || { echo 'MANIFESTS and RENDER both say what is checked: give one of them.' >&2; exit 2; }
  bash -eo pipefail -c "$RENDER" >"$work/rendered.yaml" || {
    echo "The command that renders manifests failed with exit code $?." >&2
    exit 2
  }
  arguments+=(-f -)
  [[ -z ${RENDERED_FROM:-} ]] || arguments+=(--stdin-name "$RENDERED_FROM")
else
  [[ -n ${MANIFESTS:-} ]] || { echo 'Neither MANIFESTS nor RENDER says what is checked.' >&2; exit 2; }
  : >"$work/rendered.yaml"
  lines -f "$MANIFESTS"
fi
[[ -z ${NAMESPACE:-} ]] || arguments+=(-n "$NAMESPACE")
lines '' "${ARGUMENTS:-}"

# Several forms of one answer: the cluster is read once.
if [[ -z ${SNAPSHOT:-} ]]; then
  "${command[@]}" snapshot -o "$work/cluster.json" >&2
  arguments+=(-s "$work/cluster.json")
fi

check() {
  "${command[@]}" check "${arguments[@]}" --fail-on "${FAIL_ON:-error}" --output "$1" <"$work/rendered.yaml"
}

status=0
check markdown >"$out/check.md" || status=$?
case $status in
  0 | 1 | 4) ;;
  *) exit "$status" ;;
esac
for form in sarif:check.sarif junit:check.xml; do
  other=0
  check "${form%%:*}" >"$out/${form#*:}" || other=$?
  ((other == status)) || exit "$other"
done
echo "$status" >"$out/status"
