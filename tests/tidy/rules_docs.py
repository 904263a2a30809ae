# SPDX-License-Identifier: MIT
"""Rules for headers: an SDK header alone is enough to use the interface."""
import re

from rules_c import PARAMETERS_MAX
from source import split_parameters

TAGS = ("[setup]", "[fiber]", "[worker]", "[job]", "[any]")


def _structs(source):
    """(line, name, last line) of each struct with members."""
    for number, line in enumerate(source.code_lines, 1):
        match = re.match(r"struct (\w+) \{", line)
        if match:
            last = number
            while not source.code_lines[last - 1].startswith("}"):
                last += 1
            yield number, match.group(1), last


def _is_interface(name):
    return re.search(r"_v\d+$", name) is not None


def _sdk(tree):
    return tree.sources(".h", under="sdk/include/")


def documented_structs(tree):
    """every public struct says what it is"""
    for source in _sdk(tree):
        for line, name, _ in _structs(source):
            if not _is_interface(name) and not source.doc_before(line):
                yield source.problem(line, f"struct {name} has no /** comment */")


def tagged_functions(tree):
    """every function of the SDK says what it does and where it may be called"""
    for source in _sdk(tree):
        for line, struct, last in _structs(source):
            whole = source.doc_before(line)
            for number in range(line + 1, last):
                match = re.search(r"\(\*(\w+)\)\(", source.code_lines[number - 1])
                if not match:
                    continue
                doc = source.doc_before(number)
                if _is_interface(struct) and not doc:
                    yield source.problem(number, f"{struct}.{match.group(1)} has no /** comment */")
                elif not any(tag in doc + whole for tag in TAGS) and \
                        not any(tag in _doc_above(source, number, line) for tag in TAGS):
                    yield source.problem(number, f"{struct}.{match.group(1)} says not where it may "
                                                 f"be called: one of {' '.join(TAGS)}")


def _doc_above(source, number, first):
    """The comment of the members above that are declared without a line between them."""
    for line in range(number - 1, first, -1):
        if not source.lines[line - 1].strip():
            return ""
        doc = source.doc_before(line)
        if doc:
            return doc
    return ""


def table_parameters(tree):
    """no function of a table takes more than 5 parameters"""
    for source in _sdk(tree):
        for match in re.finditer(r"\(\*(\w+)\)\(", source.code):
            count = len(split_parameters(source.code[match.end():]))
            if count > PARAMETERS_MAX:
                yield source.problem(source.line_of(match.start()),
                                     f"{match.group(1)} takes {count} parameters")


def documented_inlines(tree):
    """every inline function says what it does, and where it may be called if it calls the host"""
    for source in _sdk(tree):
        for function in source.functions:
            line = function.line
            while line > 1 and source.code_lines[line - 2].strip():
                line -= 1
            # The comment is blank in code_lines: the head begins behind it.
            doc = source.doc_before(line)
            if not doc:
                yield source.problem(function.line, f"{function.name} has no /** comment */")
            elif any("->" in text for text in function.body) and not any(tag in doc for tag in TAGS):
                yield source.problem(function.line, f"{function.name} says not where it may be called")


def documented_macros(tree):
    """every public macro, or the group it stands in, has a comment"""
    for source in _sdk(tree):
        for number, line in enumerate(source.code_lines, 1):
            match = re.match(r"#define (DAIS_\w+)", line)
            if not match or match.group(1).startswith(("DAIS_NEED_",)):
                continue
            if not _group_is_documented(source, number):
                yield source.problem(number, f"{match.group(1)} has no comment")


def documented_core(tree):
    """every function that a core header declares, or the group it stands in, has a comment"""
    prototype = re.compile(r"(?:DAIS_CHECK_RESULT )?(?!typedef|static|extern|struct \w+ \{)\w[\w *]*?(\w+)\(")
    for source in tree.sources(".h", under="core/"):
        for number, line in enumerate(source.code_lines, 1):
            match = prototype.match(line)
            if match and not _group_is_documented(source, number):
                yield source.problem(number, f"{match.group(1)} has no comment")


def _group_is_documented(source, number):
    """Looks at the lines around without a blank one between: a comment among them will do."""
    for step in (-1, 1):
        line = number
        while 1 <= line <= len(source.lines) and source.lines[line - 1].strip():
            if "/*" in source.lines[line - 1] or "*/" in source.lines[line - 1]:
                return True
            line += step
    return False


RULES = [documented_structs, tagged_functions, table_parameters, documented_inlines, documented_macros,
         documented_core]
