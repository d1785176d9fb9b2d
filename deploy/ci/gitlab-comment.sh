#!/usr/bin/env bash
# Keeps one note of a merge request current: $1 is its text. Needs curl, node, and GITLAB_TOKEN (a project access token with the scope api); without the
# token nothing is commented.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/comment-body.sh"

if [[ -z ${GITLAB_TOKEN:-} || -z ${CI_MERGE_REQUEST_IID:-} ]]; then
  echo 'No note: it needs GITLAB_TOKEN, and the pipeline of a merge request.'
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
comment_body "$1" 900000 >"$work/note.md"
# The token is not among the arguments, which other processes see.
(umask 077 && printf 'header = "PRIVATE-TOKEN: %s"\n' "$GITLAB_TOKEN" >"$work/curl")
notes=$CI_API_V4_URL/projects/$CI_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID/notes
ask() { curl --silent --show-error --fail --config "$work/curl" "$@"; }

id=
for ((page = 1; page <= 50; page++)); do
  ask "$notes?per_page=100&page=$page&order_by=created_at&sort=asc" >"$work/page.json"
  id=$(MARKER=$(comment_marker) node -e '
    const notes = JSON.parse(fs.readFileSync(process.argv[1], "utf8"));
    console.log(notes.length, notes.find(({ body }) => body.startsWith(process.env.MARKER))?.id ?? "");' "$work/page.json")
  count=${id%% *}
  id=${id#* }
  if [[ -n $id ]] || ((count < 100)); then break; fi
done
if [[ -n $id ]]; then
  ask --request PUT "$notes/$id" --data-urlencode "body@$work/note.md" >"$work/answer.json"
else
  ask --request POST "$notes" --data-urlencode "body@$work/note.md" >"$work/answer.json"
fi
