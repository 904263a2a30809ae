# SPDX-License-Identifier: MIT
"""Fibers and calls through the ABI, in nanoseconds."""
import statistics
import subprocess

from harness import RUNS, build_folder, report

LIMITS = {"fiber start and finish": "≤ 100", "call through the ABI, beyond a direct one": "≤ 5",
          "operation without hooks": "≤ 10", "mark and account of a callback": "≤ 110"}


def main():
    figures = {}
    for _ in range(RUNS):
        done = subprocess.run([str(build_folder() / "bin" / "bench_micro")], check=True,
                              capture_output=True, text=True)
        for line in done.stdout.splitlines():
            what, _, value = line.partition("\t")
            figures.setdefault(what, []).append(float(value))
    report("micro", [(what, statistics.median(values), "ns", LIMITS.get(what, ""))
                     for what, values in figures.items()])
