#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""script/bench [NAME…]: runs the benchmarks named, or all."""
import importlib
import sys

NAMES = ["micro", "start", "http", "tls", "api", "login", "segments", "ingest",
         "reload", "realtime", "chat"]


def main():
    names = sys.argv[1:] or NAMES
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        sys.exit(f"no such benchmark: {', '.join(unknown)} (there are {', '.join(NAMES)})")
    for name in names:
        importlib.import_module(f"bench_{name}").main()


if __name__ == "__main__":
    main()
