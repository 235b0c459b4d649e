"""`python -m local.chaos --jobs 200`: the soak; `make soak` calls it."""

from __future__ import annotations

import argparse
import secrets
import sys

from rich.console import Console

from local.chaos.soak import soak

_SEEDS = 1_000_000


def main() -> int:
    """Run the soak; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m local.chaos", description=__doc__)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(_SEEDS))
    options = parser.parse_args()
    return soak(options.jobs, options.seed, Console())


if __name__ == "__main__":
    sys.exit(main())
