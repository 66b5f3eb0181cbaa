"""Pillow's side of the comparison; see main.go."""

import io
import sys
import time

from PIL import Image

Image.MAX_IMAGE_PIXELS = None


def thumbnail(path):
    image = Image.open(path)
    image.thumbnail((256, 256))
    return image


def bench(path, repeat):
    for _ in range(int(repeat)):
        began = time.perf_counter()
        source = Image.open(path)
        kind = source.format
        source.thumbnail((256, 256))
        options = {"quality": 82} if kind in ("JPEG", "WEBP") else {}
        source.save(io.BytesIO(), kind, **options)
        print((time.perf_counter() - began) * 1000)


def once(path, out):
    thumbnail(path).save(out)


def reference(path, out):
    """All pixels decoded, one Lanczos, in the size that the peers agree on."""
    image = Image.open(path).convert("RGB")
    scale = min(256 / image.width, 256 / image.height, 1)
    size = (max(round(image.width * scale), 1), max(round(image.height * scale), 1))
    image.resize(size, Image.LANCZOS).save(out)


def encode(source, out, options):
    image = Image.open(source)
    if out.endswith(".gif"):
        image = image.quantize(256)
    image.save(out, **eval(f"dict({options})"))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
