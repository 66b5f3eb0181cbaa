#!/bin/sh
# Makes the pictures, and prints the CRC-32 of their samples.
set -e
make() { # name, pixel format, size, x265's options
	name=$1 format=$2 size=$3
	shift 3
	depth=8 csp=i420
	case $format in gray*) csp=i400 ;; *422*) csp=i422 ;; *444*) csp=i444 ;; esac
	case $format in *10le) depth=10 ;; *12le) depth=12 ;; esac
	ffmpeg -v error -y -f lavfi -i mandelbrot=size=640x480:start_scale=0.3 -f lavfi -i testsrc2=size=640x480 \
		-filter_complex "[0][1]blend=all_mode=average,scale=$size:flags=lanczos,format=$format" \
		-frames:v 1 -f rawvideo /tmp/in.yuv
	x265 --input /tmp/in.yuv --input-res "$size" --fps 1 --frames 1 --input-csp $csp --input-depth $depth \
		--output-depth $depth --keyint 1 --no-info --log-level none "$@" -o "$name.hevc" --recon /tmp/recon.yuv
	[ "$name" = slices ] || ffmpeg -v error -y -i "$name.hevc" -f rawvideo -pix_fmt "$format" /tmp/recon.yuv
	echo "$name $(gzip -1 -c /tmp/recon.yuv | tail -c8 | od -An -N4 -tx4)"
}
make main yuv420p 160x120 --crf 22
make odd yuv420p 162x122 --crf 24 --tu-intra-depth 4 --rd 6
make main10 yuv420p10le 160x120 --crf 20
make gray10 gray10le 160x120 --crf 22
make 422-10 yuv422p10le 162x122 --crf 22
make 444-12 yuv444p12le 160x120 --crf 22
make skip444 yuv444p 160x120 --crf 24 --tskip --rd 6 --cbqpoffs 4 --crqpoffs -5
make quantizers yuv420p 320x240 --crf 30 --aq-mode 3 --qg-size 8 --aq-strength 2
make slices yuv420p 416x240 --crf 28 --slices 4 --ctu 16
make wavefront yuv420p 160x120 --crf 26 --wpp --ctu 16
make lists yuv420p 160x120 --crf 20 --scaling-list default
make lossless yuv420p 160x120 --cu-lossless --qp 8 --rd 5
make deblock yuv420p 160x120 --qp 36 --deblock 6:-6 --no-strong-intra-smoothing
make tile yuv420p 512x512 --crf 25 --preset slow
