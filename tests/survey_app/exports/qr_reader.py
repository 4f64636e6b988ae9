"""Reads QR codes back from a picture: an independent witness of what was printed.

It reads byte mode at level Q, versions 1 to 10, from straight black-on-white pictures, without
error correction: every module of a printed code must be right.
"""

import io

import numpy as np
from PIL import Image

FINDER = (1, 1, 3, 1, 1)
# ISO/IEC 18004: error codewords per block and (blocks, data codewords) at level Q; alignment.
BLOCKS = {
    **{1: (13, [(1, 13)]), 2: (22, [(1, 22)]), 3: (18, [(2, 17)]), 4: (26, [(2, 24)])},
    **{5: (18, [(2, 15), (2, 16)]), 6: (24, [(4, 19)]), 7: (18, [(2, 14), (4, 15)])},
    **{8: (22, [(4, 18), (2, 19)]), 9: (20, [(4, 16), (4, 17)]), 10: (24, [(6, 19), (2, 20)])},
}
ALIGNED = {
    **{1: [], 2: [6, 18], 3: [6, 22], 4: [6, 26], 5: [6, 30], 6: [6, 34], 7: [6, 22, 38]},
    **{8: [6, 24, 42], 9: [6, 26, 46], 10: [6, 28, 50]},
}
MASKS = (
    lambda r, c: (r + c) % 2 == 0,
    lambda r, _c: r % 2 == 0,
    lambda _r, c: c % 3 == 0,
    lambda r, c: (r + c) % 3 == 0,
    lambda r, c: (r // 2 + c // 3) % 2 == 0,
    lambda r, c: r * c % 2 + r * c % 3 == 0,
    lambda r, c: (r * c % 2 + r * c % 3) % 2 == 0,
    lambda r, c: ((r + c) % 2 + r * c % 3) % 2 == 0,
)


def read_code(picture):
    """The text of the one QR code in a picture, an array of which True is dark."""
    return text_of(modules_in(picture))


def dark(png):
    """A PNG as an array of which True is dark."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("L")) < 128


def modules_in(picture):
    """The modules of the code, found by its three finder patterns."""
    across = {(x, y, size) for y, row in enumerate(picture) for x, size in finders(row)}
    down = {(x, y) for x, column in enumerate(picture.T) for y, _size in finders(column)}
    found = [(x, y, size) for x, y, size in across if (round(x), round(y)) in rounded(down)]
    assert found, "no QR code in the picture"
    size = float(np.median([size for _x, _y, size in found]))
    left, top = min(x for x, _y, _s in found), min(y for _x, y, _s in found)
    right, bottom = max(x for x, _y, _s in found), max(y for _x, y, _s in found)
    count = round((right - left) / size) + 7
    step_x, step_y = (right - left) / (count - 7), (bottom - top) / (count - 7)
    where = np.arange(count) - 3
    rows = np.round(top + where * step_y).astype(int)
    columns = np.round(left + where * step_x).astype(int)
    return picture[np.ix_(rows, columns)]


def rounded(points):
    return {
        (round(x + dx), round(y + dy)) for x, y in points for dx in (-1, 0, 1) for dy in (-1, 0, 1)
    }


def finders(line):
    """Middle and module size of each 1:1:3:1:1 of dark and light in a row or column."""
    edges = np.flatnonzero(np.diff(line.astype(int))) + 1
    bounds = [0, *edges.tolist(), len(line)]
    for start in range(len(bounds) - 5):
        if not line[bounds[start]]:
            continue
        lengths = np.diff(bounds[start : start + 6])
        size = lengths.sum() / 7
        if size >= 3 and all(
            abs(n - size * want) < size * 0.5 for n, want in zip(lengths, FINDER, strict=True)
        ):
            yield (bounds[start] + bounds[start + 5] - 1) / 2, size


def text_of(modules):
    """What the modules of a code say."""
    count = len(modules)
    version = (count - 17) // 4
    free = ~reserved(count, version)
    form = 0
    for column in (0, 1, 2, 3, 4, 5, 7, 8):
        form = form << 1 | int(modules[8, column])
    form = (
        form << 7 | sum(int(modules[r, 8]) << r for r in range(6)) | int(modules[7, 8]) << 6
    ) ^ 0x5412
    assert form >> 13 == 3, "not level Q"
    mask = MASKS[form >> 10 & 7]
    bits = []
    upward = True
    for right in [c for c in range(count - 1, 0, -2) if c > 6] + [5, 3, 1]:
        rows = range(count - 1, -1, -1) if upward else range(count)
        bits += [
            bool(modules[r, c]) ^ mask(r, c) for r in rows for c in (right, right - 1) if free[r, c]
        ]
        upward = not upward
    words = [int("".join("01"[b] for b in bits[k : k + 8]), 2) for k in range(0, len(bits) - 7, 8)]
    return payload(words, version)


def payload(words, version):
    """The bytes of the data codewords, brought back into the order of their blocks."""
    _errors, groups = BLOCKS[version]
    sizes = [size for blocks, size in groups for _block in range(blocks)]
    blocks = [[] for _size in sizes]
    stream = iter(words)
    for place in range(max(sizes)):
        for block, size in zip(blocks, sizes, strict=True):
            if place < size:
                block.append(next(stream))
    bits = "".join(f"{word:08b}" for block in blocks for word in block)
    assert bits[:4] == "0100", "not byte mode"
    width = 8 if version < 10 else 16
    length = int(bits[4 : 4 + width], 2)
    start = 4 + width
    return bytes(int(bits[start + 8 * k : start + 8 * k + 8], 2) for k in range(length)).decode()


def reserved(count, version):
    """Which modules are patterns and not data."""
    taken = np.zeros((count, count), bool)
    taken[:9, :9] = taken[:9, -8:] = taken[-8:, :9] = True
    taken[6, :] = taken[:, 6] = True
    if version >= 7:
        taken[:6, -11:-8] = taken[-11:-8, :6] = True
    for row in ALIGNED[version]:
        for column in ALIGNED[version]:
            corner = {(6, 6), (6, count - 7), (count - 7, 6)}
            if (row, column) not in corner:
                taken[row - 2 : row + 3, column - 2 : column + 3] = True
    return taken
