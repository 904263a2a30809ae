# SPDX-License-Identifier: MIT
"""Rules for single files: size, shape, words, calls."""
import re

FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70
PARAMETERS_MAX = 5
NESTING_MAX = 3
COLUMNS_MAX = 100

BANNED = ("strcpy strcat sprintf vsprintf strtok strtok_r atoi atol atoll atof alloca gets usleep sleep "
          "nanosleep setjmp longjmp").split()

SCRIPTS = (".py", ".cmake", "CMakeLists.txt", ".sh")
SIZED = (".c", ".h", ".py", ".js", ".mjs", ".css", ".sql", ".cmake")


def calls(names, line):
    """Those of `names` that the line calls as functions of the C library."""
    return [name for name in names
            if re.search(rf"(?<![\w.>*]){name}\s*\(", line)]


def licence_line(tree):
    """every source file begins with its SPDX line"""
    for source in tree.c_files:
        if not source.text.startswith("/* SPDX-License-Identifier: MIT */\n"):
            yield source.problem(1, "the first line is /* SPDX-License-Identifier: MIT */")
    scripts = tree.sources(*SCRIPTS) + [s for s in tree.files.values() if s.text.startswith("#!")]
    for source in scripts:
        if not any("SPDX-License-Identifier: MIT" in line for line in source.lines[:2]):
            yield source.problem(1, "the first line is # SPDX-License-Identifier: MIT")


def header_head(tree):
    """a header goes on with #pragma once and a comment that says what it is for"""
    for source in tree.sources(".h"):
        if source.lines[1:2] != ["#pragma once"]:
            yield source.problem(2, "the second line of a header is #pragma once")
        elif not "".join(source.lines[2:3]).startswith("/*"):
            yield source.problem(3, "a comment follows: purpose, life cycle, who calls whom")


def file_size(tree):
    """no file is longer than 600 lines"""
    for source in tree.sources(*SIZED):
        if len(source.lines) > FILE_LINES_MAX:
            yield source.problem(FILE_LINES_MAX, f"{len(source.lines)} lines, at most {FILE_LINES_MAX}")


def line_width(tree):
    """no line of C is wider than 100 columns"""
    for source in tree.c_files:
        for number, line in enumerate(source.lines, 1):
            if len(line) > COLUMNS_MAX:
                yield source.problem(number, f"{len(line)} columns, at most {COLUMNS_MAX}")


def function_size(tree):
    """no function is longer than 70 lines"""
    for source in tree.c_files:
        for function in source.functions:
            if function.body_lines > FUNCTION_LINES_MAX:
                yield source.problem(function.line, f"{function.name} has {function.body_lines} lines, "
                                                    f"at most {FUNCTION_LINES_MAX}")


def function_parameters(tree):
    """no function takes more than 5 parameters, what OpenSSL calls apart"""
    for source in tree.c_files:
        for function in source.functions:
            given = any("CRYPTO_EX_DATA" in parameter for parameter in function.parameters)
            if len(function.parameters) > PARAMETERS_MAX and not given:
                yield source.problem(function.line, f"{function.name} takes {len(function.parameters)} "
                                                    f"parameters, at most {PARAMETERS_MAX}")


def nesting(tree):
    """control statements nest at most 3 deep"""
    control = re.compile(r"( +)(if|for|while|do|switch)\b")
    for source in tree.c_files:
        for function in source.functions:
            for number, line in enumerate(function.body, function.line + 1):
                match = control.match(line)
                depth = len(match.group(1)) // 4 if match else 0
                if depth > NESTING_MAX:
                    yield source.problem(number, f"{depth} levels deep, at most {NESTING_MAX}")


def banned_calls(tree):
    """functions that cannot be used safely are not used"""
    for source in tree.c_files:
        for number, line in enumerate(source.code_lines, 1):
            for name in calls(BANNED, line):
                yield source.problem(number, f"{name} is banned")


def type_names(tree):
    """structs keep their tag, and nothing of ours ends in _t"""
    for source in tree.c_files:
        for number, line in enumerate(source.code_lines, 1):
            if re.match(r"\s*typedef\s+(struct|union|enum)\b", line):
                yield source.problem(number, "no typedef of a struct, union or enum")
            elif re.match(r"\s*typedef\b.*\b\w+_t\s*;", line):
                yield source.problem(number, "names that end in _t belong to the C library")


def checked_results(tree):
    """a core function that returns an error code makes its caller look at it"""
    for source in tree.sources(".h", under="core/"):
        for number, line in enumerate(source.code_lines, 1):
            if re.match(r"int32_t \w+\(", line) and "DAIS_E_" in source.doc_before(number):
                yield source.problem(number, "DAIS_CHECK_RESULT is missing")


def armed_guards(tree):
    """no return stands between a scope guard's declaration and its first use"""
    for source in tree.c_files:
        for function in source.functions:
            for index, line in enumerate(function.body):
                match = re.match(r"\s+\w+_AUTO (?:struct )?\w+ \*?(\w+);", line)
                for later in function.body[index + 1:] if match else ():
                    if re.search(rf"\b{match.group(1)}\b", later):
                        break
                    if re.search(r"\breturn\b", later):
                        yield source.problem(function.line + 1 + index,
                                             f"{match.group(1)} is cleaned up before it is made")
                        break


def dead_code(tree):
    """no code is kept in comments or behind #if 0"""
    statement = re.compile(r"^[\w\s\->.*&\[\]()=,\"'+]+[;{}]$")
    for source in tree.c_files:
        for number, line in enumerate(source.lines, 1):
            if re.match(r"\s*#\s*if\s+0\b", line):
                yield source.problem(number, "#if 0")
        for number, comment in source.comments:
            text = comment.strip("/* \n").strip()
            if "\n" not in text and statement.match(text):
                yield source.problem(number, f"code in a comment: {text}")


UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|\bnot (yet )?implemented\b", re.IGNORECASE)
OWN_MACHINE = re.compile(
    r"(?<![\w.])/(?:work|home/\w+|Users/\w+|root/[.\w]+)/|"
    r"https?://(?:registry|deb|security|ftp|proxy)\.[\w.]+")
WORDS_EXEMPT = ("tests/tidy/", "tests/fuzz/corpus/", "LICENSE")


def _words(tree, pattern, suffixes=None):
    for path, source in sorted(tree.files.items()):
        if path.startswith(WORDS_EXEMPT) or path.endswith("package-lock.json"):
            continue
        for number, line in enumerate(source.lines, 1):
            match = pattern.search(line)
            if match:
                yield source.problem(number, f"'{match.group()}'")


def unfinished(tree):
    """nothing on main says that it is to be finished later"""
    yield from _words(tree, UNFINISHED)


def own_machine(tree):
    """nothing speaks of the machine or the tools on which it was written"""
    yield from _words(tree, OWN_MACHINE)


RULES = [licence_line, header_head, file_size, line_width, function_size, function_parameters, nesting,
         banned_calls, type_names, checked_results, armed_guards, dead_code, unfinished,
         own_machine]
