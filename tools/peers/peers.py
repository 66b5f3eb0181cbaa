"""Pillow's side of the comparison; see main.go."""

import io
import math
import sys
import time

from PIL import Image, ImageChops, ImageSequence, ImageStat

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


def flat(path, out):
    """reference of a picture with transparency: on white."""
    image = Image.open(path).convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    Image.alpha_composite(white, image).convert("RGB").save(out + ".png")
    reference(out + ".png", out)


def source(photo, out, kind):
    """A picture to encode: a photograph, one that fades out, or a screen: few colors and sharp edges."""
    image = Image.open(photo).convert("RGB")
    if kind == "alpha":
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    elif kind == "screen":
        image = image.resize((max(image.width // 8, 1), max(image.height // 8, 1))).quantize(12).convert("RGB").resize(image.size, Image.NEAREST)
    image.save(out)


def film(source, out, motion, width, height, count):
    """A window that pans over a picture, or a patch of it that moves over the rest."""
    width, height, count = int(width), int(height), int(count)
    image = Image.open(source).convert("RGB")
    frames = []
    for i in range(count):
        if motion == "pan":
            frames.append(image.crop((8 * i, 4 * i, 8 * i + width, 4 * i + height)))
        else:
            frame = image.crop((0, 0, width, height))
            frame.paste(image.crop((600, 400, 680, 480)), (20 + 9 * i, 30 + 5 * i))
            frames.append(frame)
    if out.endswith(".gif"):
        palette = frames[0].quantize(255)
        frames = [f.quantize(255, palette=palette) for f in frames]
    frames[0].save(out, save_all=True, append_images=frames[1:], duration=40, loop=0, quality=80)


def fidelity(path, out, count):
    """PSNR of all frames of a thumbnail, on white, to the source's, resampled one by one."""
    source, made = Image.open(path), Image.open(out)
    assert made.n_frames == source.n_frames == int(count), (made.n_frames, source.n_frames)
    total = 0
    for a, b in zip(ImageSequence.Iterator(source), ImageSequence.Iterator(made)):
        want = a.convert("RGB").resize(b.size, Image.LANCZOS)
        difference = ImageStat.Stat(ImageChops.difference(want, b.convert("RGB")))
        total += sum(difference.sum2) / (3 * b.size[0] * b.size[1])
    print(10 * math.log10(255 * 255 * int(count) / max(total, 1e-9)))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
