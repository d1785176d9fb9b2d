# shellcheck shell=bash
# Read by the scripts beside it. comment_body FILE LIMIT: the comment that is kept current, found by its first line, which nobody sees; cut where the host would
# refuse it as too long. comment_marker: that line.
comment_marker() {
  printf '<!-- kube-whatif: %s -->' "${COMMENT_ID:-service networking}"
}

comment_body() {
  local text
  text=$(comment_marker && echo && cat "$1")
  if ((${#text} > $2)); then
    text="${text:0:$2}"$'\n\n…\n\nThe rest is too long for a comment: it is in the summary of the job.'
  fi
  printf '%s\n' "$text"
}
