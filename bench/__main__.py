"""The runner: all benches, or those named."""

import argparse
import os
import platform

import numpy as np

from bench import index

BENCHES = {"index": index.run}


def main() -> None:
    """Run the benches asked for, one after the other."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--large", action="store_true", help="also 1,000,000 responses in memory")
    options = parser.parse_args()
    unknown = set(options.names) - set(BENCHES)
    if unknown:
        parser.error(f"no such bench: {', '.join(sorted(unknown))}")
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, NumPy {np.__version__}"
    print(f"{machine}; best of several runs unless a line says otherwise")
    for name in options.names or BENCHES:
        BENCHES[name](options.large)


if __name__ == "__main__":
    main()
