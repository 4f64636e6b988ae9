"""The browser that tests drive, and the mark of tests that need one."""

import pytest

from bench.chromium import SHELL, launching

LAUNCH = launching(SHELL)
needs_chromium = pytest.mark.skipif(SHELL is None, reason="chromium is not installed")
