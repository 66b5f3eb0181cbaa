#!/bin/sh
# Takes Go's caches from S3 before a build, and puts them there after it: a build machine starts empty, and CodeBuild's
# Lambda compute has no cache of its own.
#
#   cache.sh restore    before anything is compiled
#   cache.sh save       when all is done; only where restore has found nothing
#
# BUILD_CACHE is where, s3://BUCKET/PREFIX/; without it nothing is done. There is one archive for each Go version,
# architecture, go.mod and go.sum, and it is never changed. Nothing depends on it: one that is absent, cut short or
# broken is left where it is, the build begins from nothing, and whatever goes wrong here fails no build.
set -eu

if [ -z "${BUILD_CACHE:-}" ] || ! command -v aws >/dev/null; then
	exit 0
fi
# cd /: the Go of the build image, without fetching the one that go.mod names, which is in the archive.
key=$({ (cd / && go version); cat go.mod go.sum; } | sha256sum | cut -c1-40)
object=$BUILD_CACHE$key.tgz
work=$GOCACHE-archive # beside the cache, so that moving is renaming

case $1 in
restore)
	if [ -e "$GOCACHE" ] || [ -e "$GOPATH/pkg" ]; then
		exit 0 # not an empty machine
	fi
	mkdir -p "$work/content" "$GOPATH"
	# Unpacked whole or not at all.
	if aws s3 cp --only-show-errors "$object" "$work/archive" && gzip -dc "$work/archive" >"$work/tar" &&
		tar -xf "$work/tar" -C "$work/content" && [ -d "$work/content/build" ] && [ -d "$work/content/pkg" ]; then
		mv "$work/content/build" "$GOCACHE"
		mv "$work/content/pkg" "$GOPATH/pkg"
		echo "Go's caches are those of $object"
	else
		echo "no caches at $object: building from nothing"
		: >"$work/absent"
	fi
	rm -rf "$work/archive" "$work/tar" "$work/content"
	;;
save)
	if [ ! -e "$work/absent" ]; then
		exit 0
	fi
	mkdir -p "$work/content"
	ln -s "$GOCACHE" "$work/content/build"
	ln -s "$GOPATH/pkg" "$work/content/pkg"
	# The modules are unpacked already: their archives are not needed.
	tar -chf "$work/tar" --exclude='*.zip' -C "$work/content" build pkg
	gzip -1 <"$work/tar" >"$work/archive"
	aws s3 cp --only-show-errors "$work/archive" "$object"
	echo "put Go's caches at $object, $(wc -c <"$work/archive") bytes"
	rm -rf "$work"
	;;
esac
