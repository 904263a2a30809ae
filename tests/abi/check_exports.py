# SPDX-License-Identifier: MIT
"""check_exports.py FILE NAME…: fails unless FILE exports exactly the symbols named, or fewer where
a name ends with '?'."""
import subprocess
import sys


def exported(path):
    listing = subprocess.run(["nm", "-D", "--defined-only", "--format=posix", path],
                             capture_output=True, text=True, check=True).stdout
    return {line.split()[0].split("@")[0] for line in listing.splitlines()}


def main(path, *names):
    found = exported(path)
    optional = {name[:-1] for name in names if name.endswith("?")}
    needed = {name for name in names if not name.endswith("?")}
    extra, missing = found - needed - optional, needed - found
    if extra:
        print(f"{path} exports what nobody may rely on: {' '.join(sorted(extra))}")
    if missing:
        print(f"{path} does not export: {' '.join(sorted(missing))}")
    return 1 if extra or missing else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
