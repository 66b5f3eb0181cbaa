#!/bin/sh
# Makes the pictures, and prints the CRC-32 of their samples.
set -e
make() { # name, pixel format, size, aomenc's options
	name=$1 format=$2 size=$3
	shift 3
	depth=8 profile=0
	case $format in *444*) profile=1 ;; *422*) profile=2 ;; esac
	case $format in *10le) depth=10 ;; *12le) depth=12 profile=2 ;; esac
	source="[0][1]blend=all_mode=average,noise=alls=6:all_seed=1"
	case $name in screen*) source="[0]null[x];[x]nullsink;[1]null" ;; esac
	ffmpeg -v error -y -f lavfi -i mandelbrot=size=640x480:start_scale=0.3 -f lavfi -i testsrc2=size=640x480 \
		-filter_complex "$source,format=yuv444p,crop=$size:40:30,format=$format" -frames:v 1 -strict -1 /tmp/in.y4m
	aomenc --obu --limit=1 --threads=1 --end-usage=q --profile=$profile --bit-depth=$depth --input-bit-depth=$depth "$@" \
		-o "$name.obu" /tmp/in.y4m 2>/dev/null
	sum "$name"
}
sum() {
	aomdec --rawvideo -o /tmp/out.yuv "$1.obu"
	echo "$1 $(gzip -1 -c /tmp/out.yuv | tail -c8 | od -An -N4 -tx4)"
}
make main yuv420p 160:120 --cpu-used=1 --cq-level=30
make coarse yuv420p 160:120 --cpu-used=2 --cq-level=58
make fine yuv420p 64:64 --cpu-used=2 --cq-level=4
make odd yuv420p 61:47 --cpu-used=1 --cq-level=25
make small yuv444p 5:3 --cpu-used=1 --cq-level=10
make main10 yuv420p10le 96:72 --cpu-used=2 --cq-level=30
make gray10 yuv420p10le 96:72 --cpu-used=2 --cq-level=30 --monochrome
make main12 yuv420p12le 96:72 --cpu-used=2 --cq-level=30
make 422-10 yuv422p10le 98:74 --cpu-used=2 --cq-level=30
make 444-12 yuv444p12le 96:72 --cpu-used=2 --cq-level=30
make lossless yuv420p 64:48 --cpu-used=2 --lossless=1
make lossless444 yuv444p 64:48 --cpu-used=2 --lossless=1
make screen yuv420p 300:200 --cpu-used=2 --cq-level=30 --tune-content=screen
make screen444 yuv444p 300:200 --cpu-used=2 --cq-level=20 --tune-content=screen --reduced-tx-type-set=1
make large yuv420p 200:140 --cpu-used=2 --cq-level=50 --sb-size=128 --deltaq-mode=2 --delta-lf-mode=1
make segments yuv420p 200:140 --cpu-used=3 --cq-level=50 --aq-mode=2 --sb-size=64
make tiles yuv420p 280:140 --cpu-used=4 --cq-level=56 --sb-size=64 --tile-columns=2 --tile-rows=1
make superres yuv420p 161:90 --cpu-used=2 --cq-level=45 --superres-mode=1 --superres-denominator=13 --superres-kf-denominator=13
make matrices yuv420p 160:120 --cpu-used=2 --cq-level=45 --enable-qm=1 --qm-min=1 --qm-max=5
make matrices444 yuv444p 96:72 --cpu-used=2 --cq-level=40 --enable-qm=1 --qm-min=8 --qm-max=12
make reduced yuv420p 96:72 --cpu-used=2 --cq-level=40 --reduced-tx-type-set=1 --cdf-update-mode=0 --full-still-picture-hdr
make grain yuv420p 97:71 --cpu-used=4 --cq-level=45 --film-grain-test=5
make grain10 yuv444p10le 96:72 --cpu-used=4 --cq-level=45 --film-grain-test=11
ffmpeg -v error -y -f lavfi -i testsrc2=size=200x160 -frames:v 1 -c:v libsvtav1 -preset 4 -crf 45 -f obu svt.obu 2>/dev/null
sum svt
# The right part is to be copied from further down on the left.
ffmpeg -v error -y -f lavfi -i "life=size=352x128:random_seed=5:mold=10:ratio=0.3" \
	-filter_complex "[0]format=yuv420p,split[a][b];[b]crop=96:104:8:24,pad=96:128[c];[a][c]hstack" -frames:v 1 -strict -1 /tmp/in.y4m
aomenc --obu --limit=1 --threads=1 --end-usage=q --cpu-used=3 --cq-level=40 --tune-content=screen --sb-size=64 -o copies.obu /tmp/in.y4m 2>/dev/null
sum copies
