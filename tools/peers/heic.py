"""Writes HEIC files as phones do: a grid of tiles, and a thumbnail; see heif.go."""

import struct
import sys

from PIL import Image

Image.MAX_IMAGE_PIXELS = None


def tiles(source, out, side):
    """The picture cut into squares, as frames of a film in YCbCr 4:2:0 for x265."""
    side = int(side)
    image = Image.open(source).convert("RGB")
    with open(out, "wb") as f:
        f.write(f"YUV4MPEG2 W{side} H{side} F1:1 C420\n".encode())
        for y in range(0, image.height, side):
            for x in range(0, image.width, side):
                frame(f, padded(image, x, y, side))


def padded(image, x, y, side):
    """A square of the picture; beyond its edge the last row or column goes on."""
    tile = image.crop((x, y, min(x + side, image.width), min(y + side, image.height)))
    w, h = tile.size
    out = Image.new("RGB", (side, side))
    out.paste(tile)
    if w < side:
        out.paste(tile.crop((w - 1, 0, w, h)).resize((side - w, h)), (w, 0))
    if h < side:
        out.paste(out.crop((0, h - 1, side, h)).resize((side, side - h)), (0, h))
    return out


def small(source, out, width, height):
    """The picture as one frame of the size of a thumbnail."""
    image = Image.open(source).convert("RGB").resize((int(width), int(height)), Image.LANCZOS)
    with open(out, "wb") as f:
        f.write(f"YUV4MPEG2 W{width} H{height} F1:1 C420\n".encode())
        frame(f, image)


def frame(f, image):
    luma, blue, red = image.convert("YCbCr").split()
    half = (image.width // 2, image.height // 2)
    f.write(b"FRAME\n" + luma.tobytes())
    for plane in (blue, red):
        f.write(plane.resize(half, Image.BOX).tobytes())


def units(path):
    """The NAL units of a byte stream, without their start codes."""
    with open(path, "rb") as f:
        parts = f.read().split(b"\0\0\1")[1:]
    return [p.rstrip(b"\0") for p in parts]


def kind(unit):
    return unit[0] >> 1 & 63


def configuration(stream, depth):
    """An hvcC box with the parameter sets of a stream."""
    sets = {k: next(u for u in stream if kind(u) == k) for k in (32, 33, 34)}
    level = sets[33].replace(b"\0\0\3", b"\0\0")[3:15]  # profile, tier and level
    body = b"\1" + level + struct.pack(">HBBBBHBB", 0xF000, 0xFC, 0xFD, 0xF8 | depth - 8, 0xF8 | depth - 8, 0, 0x0F, 3)
    for k, unit in sets.items():
        body += struct.pack(">BHH", 0x80 | k, 1, len(unit)) + unit
    return box("hvcC", body)


def pictures(stream):
    """What is coded of each picture, each unit behind its length."""
    out = []
    for unit in stream:
        if kind(unit) < 32:
            if unit[2] & 0x80:  # the first slice of a picture
                out.append(b"")
            out[-1] += struct.pack(">I", len(unit)) + unit
    return out


def box(name, *parts):
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + name.encode() + body


def full(name, version, *parts, flags=0):
    return box(name, struct.pack(">I", version << 24 | flags), *parts)


def size(width, height):
    return full("ispe", 0, struct.pack(">II", width, height))


def grid(out, width, height, side, depth, stream, thumbnail="", thumb_width=0, thumb_height=0):
    """A grid of the pictures of a stream, which are squares."""
    width, height, side, depth = int(width), int(height), int(side), int(depth)
    coded = pictures(units(stream))
    columns, rows = -(-width // side), -(-height // side)
    assert len(coded) == columns * rows, (len(coded), columns, rows)
    color = box("colr", b"nclx", struct.pack(">HHHB", 1, 13, 6, 0x80))
    properties = [configuration(units(stream), depth), size(side, side), size(width, height), color]
    tile_ids = list(range(2, 2 + len(coded)))
    items = [(1, b"grid", [3, 4])] + [(i, b"hvc1", [1, 2, 4]) for i in tile_ids]
    references = box("dimg", struct.pack(f">HH{len(coded)}H", 1, len(coded), *tile_ids))
    if thumbnail:
        last = tile_ids[-1] + 1
        stream = units(thumbnail)
        properties += [configuration(stream, depth), size(int(thumb_width), int(thumb_height))]
        items.append((last, b"hvc1", [5, 6, 4]))
        coded += pictures(stream)
        references += box("thmb", struct.pack(">HHH", last, 1, 1))
    layout = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, width, height)
    head = box("ftyp", b"heic", b"\0\0\0\0", b"mif1heic")
    # The offsets depend on the length of the box that has them, which they do not change.
    meta = description(items, properties, references, layout, coded, 0)
    meta = description(items, properties, references, layout, coded, len(head) + len(meta) + 8)
    with open(out, "wb") as f:
        f.write(head + meta + box("mdat", *coded))


def description(items, properties, references, layout, coded, offset):
    # All but the grid are hidden: they are no pictures of their own.
    infos = b"".join(full("infe", 2, struct.pack(">HH4sB", i, 0, k, 0), flags=int(i > 1)) for i, k, _ in items)
    associations = b"".join(struct.pack(f">HB{len(p)}B", i, len(p), *p) for i, _, p in items)
    places = struct.pack(">HHHHII", 1, 1, 0, 1, 0, len(layout))
    for (i, _, _), data in zip(items[1:], coded):
        places += struct.pack(">HHHHII", i, 0, 0, 1, offset, len(data))
        offset += len(data)
    return full(
        "meta", 0,
        full("hdlr", 0, b"\0\0\0\0pict" + b"\0" * 13),
        full("pitm", 0, struct.pack(">H", 1)),
        full("iloc", 1, struct.pack(">HH", 0x4400, len(items)), places),
        full("iinf", 0, struct.pack(">H", len(items)), infos),
        box("iprp", box("ipco", *properties), full("ipma", 0, struct.pack(">I", len(items)), associations)),
        full("iref", 0, references),
        box("idat", layout),
    )


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
