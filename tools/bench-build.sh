#!/usr/bin/env bash
# What CodeBuild compiles (the function and cmd/pushimage), with an empty build
# cache, against the function alone. Compiling is the critical path of a deploy;
# the ratio is to stay under 1.5. Run by `make bench-build`.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${GO:=go}" "${TAGS:=}"
export CGO_ENABLED=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# compile PACKAGE... prints the seconds of wall clock and of CPU.
compile() {
	rm -rf "$scratch"/*
	mkdir "$scratch/out"
	TIMEFORMAT='%R %U %S'
	{ time GOCACHE=$scratch/cache $GO build -trimpath -buildvcs=false -tags "$TAGS" -ldflags "-s -w" -o "$scratch/out/" "$@" >&2; } 2>&1 |
		awk '{ printf "%.1f %.1f\n", $1, $2 + $3 }'
}

$GO build -buildvcs=false -tags "$TAGS" -o /dev/null ./handler # fetches the modules
read -r wall cpu < <(compile ./handler)
read -r wallBoth cpuBoth < <(compile ./handler ./cmd/pushimage)
printf 'function alone:        %6.1f s wall, %6.1f s CPU\n' "$wall" "$cpu"
printf 'function and pushimage:%6.1f s wall, %6.1f s CPU\n' "$wallBoth" "$cpuBoth"
awk -v a="$cpu" -v b="$cpuBoth" -v n="$(getconf _NPROCESSORS_ONLN)" 'BEGIN { printf "ratio of CPU: %.2f (on %d cores)\n", b / a, n }'
