"""A QR code is drawn in black lines that say the address, and nothing a page must not hold."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from survey_app.exports.qr import QUIET, qr_drawing
from tests.survey_app.exports.qr_reader import text_of

ADDRESSES = (
    "http://127.0.0.1:8000/s/" + "Ab-_" * 11,
    "https://khaosat.example.vn/s/" + "x9Z_" * 11,
    "https://mot-ten-may-chu-rat-dai.hanh-chinh-cong.example.vn/s/" + "0aB-" * 11,
)


def modules_of(drawing):
    """The modules that the strokes of the drawing cover."""
    root = ET.fromstring(drawing)
    size = int(root.get("viewBox").split()[2])
    stroked = [
        path.get("d")
        for path in root.iter("{http://www.w3.org/2000/svg}path")
        if path.get("stroke")
    ]
    modules = np.zeros((size, size), bool)
    x = y = 0.0
    for step, numbers in re.findall(r"([Mmh])([^Mmh]*)", "".join(stroked)):
        values = [float(n) for n in re.findall(r"-?[\d.]+", numbers)]
        if step == "h":
            modules[int(y), int(x) : int(x + values[0])] = True
            x += values[0]
        elif step == "M":
            x, y = values
        else:
            x, y = x + values[0], y + (values[1] if len(values) > 1 else 0)
    return modules


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_lines_of_the_drawing_say_the_address(address):
    modules = modules_of(qr_drawing(address))
    inner = modules[QUIET:-QUIET, QUIET:-QUIET]

    assert modules.sum() == inner.sum()
    assert text_of(inner) == address


def test_the_drawing_holds_no_style_and_no_script():
    drawing = qr_drawing(ADDRESSES[0]).decode()

    assert "style" not in drawing
    assert "script" not in drawing
    assert "viewBox" in drawing


def test_the_same_address_is_drawn_alike():
    assert qr_drawing(ADDRESSES[0]) == qr_drawing(ADDRESSES[0])
