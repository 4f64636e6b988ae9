"""The runner: all benches, or those named."""

import argparse
import os
import platform
from importlib import import_module

import numpy as np

from bench.measure import end

BENCHES = {
    "index": "the index of a national round, against NumPy and CRAN survey",
    "engines": "10,000,000 responses in Parquet, against one bare GROUP BY of DuckDB",
    "refresh": "1,000 responses more, from stored totals",
    "kiosk": "a rating at a kiosk by a scripted person, against the 45 s asked for",
    "first_screen": "when a phone on a slow network shows the first words, against a bare page",
    "coverage": "do 95 % intervals hold the truth in 94 to 96 % of samples",
    "tablets": "200 tablets sync while replies are cut and workers killed, against a good day",
    "package": "the package of a wave on its way to a tablet, against the 60 kB asked for",
    "field_start": "the surveyors' app opened cold without network on a slow processor",
    "field_kills": "answers lost when a tablet's browser is killed at 50 random moments",
    "own_phone": "from scan to thanks on a phone: seconds of a person who never saw the form",
}


def main() -> None:
    """Run the benches asked for, one after the other; ends with 1 when a promise does not hold."""
    listed = "\n".join(f"  {name:<14}{what}" for name, what in BENCHES.items())
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        epilog=f"benches:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="all by default")
    parser.add_argument(
        "--large",
        action="store_true",
        help="also what takes minutes: svyby of R at 1,000,000 responses, 20,000 samples",
    )
    options = parser.parse_args()
    unknown = set(options.names) - set(BENCHES)
    if unknown:
        parser.error(f"no such bench: {', '.join(sorted(unknown))}")
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, NumPy {np.__version__}"
    print(f"{machine}; best of several runs unless a line says otherwise", flush=True)
    for name in options.names or BENCHES:
        import_module(f"bench.{name}").run(options.large)
    end()


if __name__ == "__main__":
    main()
