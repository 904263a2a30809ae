# SPDX-License-Identifier: MIT
"""The tree as the rules see it: files by path, and C files taken apart once."""
import re
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_COMMENT_OR_STRING = re.compile(
    r"""(?P<comment>/\*.*?\*/|//[^\n]*)|(?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')""",
    re.DOTALL)


@dataclass(frozen=True)
class Problem:
    path: str
    line: int
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.message}"


@dataclass(frozen=True)
class Function:
    """A function with a body. `line` is that of its opening brace, counted from 1."""
    name: str
    line: int
    body_lines: int
    parameters: list
    body: list  # its lines, without comments and strings


class Tree:
    """Text files by their path from the root of the repository."""

    def __init__(self, files):
        self.files = {path: Source(path, text) for path, text in files.items()}

    @classmethod
    def of_repository(cls, root):
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=root, capture_output=True, check=True).stdout.decode().split("\0")
        files = {}
        for path in filter(None, listed):
            try:
                files[path] = (Path(root) / path).read_text()
            except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
                continue  # binary, deleted in the work tree, or a folder of its own
        return cls(files)

    def sources(self, *suffixes, under=""):
        """Files whose name ends with one of `suffixes`, below a folder."""
        return [source for path, source in sorted(self.files.items())
                if path.startswith(under) and path.endswith(suffixes)]

    @property
    def c_files(self):
        return self.sources(".c", ".h")

    @property
    def plugins(self):
        """The names below plugins/."""
        return sorted({path.split("/")[1] for path in self.files
                       if path.startswith("plugins/") and path.count("/") >= 2})


class Source:
    """One file."""

    def __init__(self, path, text):
        self.path = path
        self.text = text

    def problem(self, line, message):
        return Problem(self.path, line, message)

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1

    @property
    def name(self):
        return self.path.rpartition("/")[2]

    @property
    def stem(self):
        return self.name.partition(".")[0]

    @property
    def folder(self):
        return self.path.rpartition("/")[0]

    @cached_property
    def lines(self):
        return self.text.splitlines()

    def _blanked(self, kinds):
        """The text with comments or strings made blank, newlines and columns kept."""
        def blank(match):
            if match.lastgroup in kinds:
                return re.sub(r"[^\n]", " ", match.group())
            return match.group()
        return _COMMENT_OR_STRING.sub(blank, self.text)

    @cached_property
    def code(self):
        """Without comments and strings."""
        return self._blanked({"comment", "string"})

    @cached_property
    def code_lines(self):
        return self.code.splitlines()

    @cached_property
    def comments(self):
        """(line, text) of each comment."""
        return [(self.line_of(match.start()), match.group("comment"))
                for match in _COMMENT_OR_STRING.finditer(self.text) if match.group("comment")]

    @cached_property
    def strings(self):
        """(line, contents) of string literals; neighbours that the compiler joins are joined."""
        bare = self._blanked({"comment"})
        joined = []
        for match in re.finditer(r'"(?:\\.|[^"\\\n])*"(?:\s*"(?:\\.|[^"\\\n])*")*', bare):
            pieces = re.findall(r'"((?:\\.|[^"\\\n])*)"', match.group())
            joined.append((self.line_of(match.start()), "".join(pieces)))
        return joined

    @cached_property
    def includes(self):
        """(line, name, is_local) of each #include."""
        found = []
        for number, line in enumerate(self.lines, 1):
            match = re.match(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', line)
            if match:
                found.append((number, match.group(1) or match.group(2), bool(match.group(1))))
        return found

    def doc_before(self, line):
        """The doc comment that ends on the line before `line`, or "" when there is none."""
        index = line - 2
        if index < 0 or not self.lines[index].rstrip().endswith("*/"):
            return ""
        start = index
        while start >= 0 and "/*" not in self.lines[start]:
            start -= 1
        text = "\n".join(self.lines[start:index + 1])
        return text if text.lstrip().startswith("/**") else ""

    @cached_property
    def functions(self):
        """Functions with a body: their opening brace stands alone in the first column."""
        found = []
        start = None
        for number, line in enumerate(self.code_lines, 1):
            if line.rstrip() == "{":
                start = number
            elif start and line.startswith("}"):
                signature = self._signature_before(start)
                name, parameters = split_signature(signature)
                found.append(Function(name, start, number - start - 1, parameters,
                                      self.code_lines[start:number - 1]))
                start = None
        return found

    def _signature_before(self, brace_line):
        lines = []
        for line in reversed(self.code_lines[:brace_line - 1]):
            if not line.strip() or line.startswith(("}", "#")) or line.rstrip().endswith(";"):
                break
            lines.insert(0, line)
        return " ".join(lines)


def split_signature(signature):
    """The name and the parameters of a function's head; ("", []) when it has no parentheses."""
    bare = re.sub(r"__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)", "", signature)
    match = re.search(r"(\w+)\s*\(", bare)
    if not match:
        return "", []
    return match.group(1), split_parameters(bare[match.end():])


def split_parameters(text):
    """The parameters at the start of `text`, which follows an opening parenthesis."""
    depth, current, found = 1, "", []
    for char in text:
        depth += {"(": 1, ")": -1}.get(char, 0)
        if depth == 0:
            break
        if char == "," and depth == 1:
            found.append(current.strip())
            current = ""
        else:
            current += char
    found.append(current.strip())
    return [name for name in found if name not in ("", "void", "...")]
