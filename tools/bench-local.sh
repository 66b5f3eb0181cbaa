#!/usr/bin/env bash
# How long `make local` takes until its page is there and until the stack is live, and how long a change in handler/ takes until it is
# live: on a warm tree, in a copy of it, so that nothing of yours is changed. CHANGES says how many changes are made (3).
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'kill -INT $local 2>/dev/null && wait $local || true; rm -rf "$scratch"' EXIT
: "${GO:=go}" "${TAGS:=lambda.norpc}" "${CHANGES:=3}"

git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$scratch" 2>/dev/null
PULUMI=$($GO run -tags "$TAGS" ./local/cli/find | sed 's/^Pulumi CLI: //')
export PULUMI
$GO build -tags "$TAGS" -o "$scratch/demo" ./local/demo # as `go run` finds it in its cache
log=$scratch/log
: >"$log"
# until_lines N TEXT waits until N lines contain the text.
until_lines() {
	until [ "$(grep -c "$2" "$log")" -ge "$1" ]; do kill -0 $local || { cat "$log"; exit 1; }; sleep 0.1; done
}

start=$(date +%s.%N)
(cd "$scratch" && exec ./demo -keep -samples=false) >"$log" 2>&1 &
local=$!
until_lines 1 "^The page is at"
awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { printf "the page is there after  %.1f s\n", b - a }'
until_lines 1 "start: live after"
awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { printf "the stack is live after  %.1f s\n", b - a }'
until_lines 1 "^The stack stays up"
for i in $(seq "$CHANGES"); do
	sleep 5 # nobody changes something else at once
	echo "// Change $i." >>"$scratch/handler/job/make.go"
	until_lines "$i" "make.go changed: live after"
	grep "make.go changed: live after" "$log" | tail -1
done
