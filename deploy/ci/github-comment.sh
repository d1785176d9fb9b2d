#!/usr/bin/env bash
# Keeps one comment of a pull request current: $1 is its text. Needs gh, GH_TOKEN, GITHUB_REPOSITORY and PULL_REQUEST. A token that may not write (as
# in pull requests from forks) is a warning: the check itself counts.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/comment-body.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
comment_body "$1" 65000 >"$work/comment.md"
comments=repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments

if ! ids=$(gh api --paginate "$comments" --jq ".[] | select(.body | startswith(\"$(comment_marker)\")) | .id"); then
  echo '::warning::kube-whatif could not read the comments of the pull request: does the job have pull-requests: write?'
  exit 0
fi
if [[ -n $ids ]]; then
  request=(--method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/${ids%%$'\n'*}")
else
  request=(--method POST "$comments")
fi
gh api "${request[@]}" -F body=@"$work/comment.md" >"$work/answer.json" ||
  echo '::warning::kube-whatif could not comment on the pull request: does the job have pull-requests: write?'
