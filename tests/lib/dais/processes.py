# SPDX-License-Identifier: MIT
"""Looking at processes through /proc."""
import os
from pathlib import Path


def cmdline(pid):
    """The arguments of a process; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def program(pid):
    """What it was started as; "" when it is gone."""
    return (cmdline(pid) or [""])[0]


def state(pid):
    """The state letter of a process ("R", "S", "Z" …), or None when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return None


def children(pid):
    """The direct children of a process that are not zombies."""
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [int(child) for child in found if state(int(child)) not in (None, "Z")]


def descendants(pid):
    """All processes below a process."""
    found = []
    for child in children(pid):
        found += [child, *descendants(child)]
    return found


def rss_bytes(pid):
    """Resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def cpu_s(pid):
    """CPU seconds, user and system, that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def using(folder):
    """Processes that work in `folder` or name it in their arguments."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            inside = os.readlink(entry / "cwd").startswith(str(folder))
        except OSError:
            inside = False
        named = any(str(folder) in argument for argument in cmdline(entry.name))
        if (inside or named) and state(entry.name) not in (None, "Z"):
            found.append(int(entry.name))
    return found
