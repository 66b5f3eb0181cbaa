
# The first and the second build of a stack, each on an empty machine: no modules, nothing compiled. The second takes
# Go's caches from S3, which is a folder here. Its ratio is to stay under 0.25.
mkdir -p "$scratch/bin" "$scratch/s3"
cat >"$scratch/bin/aws" <<'AWS'
#!/bin/sh
exec cp "$(echo "$4" | sed "s#^s3://#$BUCKET/#")" "$(echo "$5" | sed "s#^s3://#$BUCKET/#")"
AWS
chmod +x "$scratch/bin/aws"

# machine prints the seconds of wall clock that buildspec.yaml's steps take on an empty machine, less the push.
machine() {
	local here=$scratch/machine
	export GOPATH=$here/go GOCACHE=$here/go-build BUCKET=$scratch/s3 BUILD_CACHE=s3://
	mkdir "$here"
	TIMEFORMAT=%R
	{ time {
		PATH=$scratch/bin:$PATH sh cmd/pushimage/cache.sh restore
		$GO build -trimpath -buildvcs=false -tags "$TAGS" -ldflags "-s -w" -o "$here/out/" ./handler ./cmd/pushimage
		PATH=$scratch/bin:$PATH sh cmd/pushimage/cache.sh save
	} >&2; } 2>&1 | tail -1
	chmod -R u+w "$here"
	rm -rf "${here:?}"
}

first=$(machine)
second=$(machine)
printf 'first build: %6.1f s, second build: %6.1f s, caches: %d MB\n' "$first" "$second" "$(du -sm "$scratch/s3" | cut -f1)"
awk -v a="$first" -v b="$second" 'BEGIN { printf "ratio of wall: %.2f\n", b / a }'
