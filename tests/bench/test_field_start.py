"""The surveyors' app opens cold and without network where the processor is slow, in its short form.

`python -m bench field_start` measures it against the seconds asked for.
"""

from bench.chromium import SHELL
from bench.field_start import SLOWER, cold_start


def test_the_app_opens_cold_without_network_on_a_slow_processor(playwright):
    bare, shown, unlocked = cold_start(playwright, SHELL, max(SLOWER), times=1)

    assert 0 < bare < shown
    assert unlocked > 0
