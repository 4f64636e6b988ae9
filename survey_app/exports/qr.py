"""A QR code as an SVG drawing of black lines, for pages and for print."""

import io
from typing import Final

import segno

LEVEL: Final = "q"  # a quarter of the code may be scratched or dirty
QUIET: Final = 4  # modules of white around it, as the standard asks


def qr_drawing(address: str) -> bytes:
    """The QR code of an address as SVG with its quiet zone; it needs no style and no script."""
    stream = io.BytesIO()
    code = segno.make_qr(address, error=LEVEL, boost_error=False)
    code.save(stream, kind="svg", border=QUIET, xmldecl=False, light="#fff", omitsize=True)
    return stream.getvalue()
