# SPDX-License-Identifier: MIT
"""Style as a test: what docs call the style of this tree and a program can check.

    tests/tidy/tidy.py [RULE…]      runs all rules, or those named
"""
import sys
from pathlib import Path

import rules_c
import rules_docs
import rules_tree
from source import Tree

RULES = rules_c.RULES + rules_tree.RULES + rules_docs.RULES
ROOT = Path(__file__).resolve().parents[2]


def main(names):
    known = {rule.__name__ for rule in RULES}
    if set(names) - known:
        sys.exit(f"no such rule: {' '.join(sorted(set(names) - known))}")
    tree = Tree.of_repository(ROOT)
    failed = passed = 0
    for rule in RULES:
        if names and rule.__name__ not in names:
            continue
        problems = sorted(rule(tree), key=lambda problem: (problem.path, problem.line))
        if not problems:
            passed += 1
            continue
        failed += 1
        print(f"{rule.__name__}: {rule.__doc__}")
        for problem in problems:
            print(f"    {problem}")
    print(f"tidy: {passed} passed, {failed} failed, {len(tree.c_files)} C files")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
