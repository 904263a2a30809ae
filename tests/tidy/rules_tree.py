# SPDX-License-Identifier: MIT
"""Rules about who may know whom, and about the shape of plugins."""
import re

from rules_c import calls

ALLOCATORS = "malloc calloc realloc reallocarray free strdup strndup asprintf aligned_alloc".split()

LAYERS = {
    "base": {"base"},
    "loop": {"base", "loop"},
    "net": {"base", "loop", "net"},
    "data": {"base", "loop", "data"},
    "media": {"base", "loop", "media"},
    "realtime": {"base", "loop", "net", "realtime"},
    "host": {"base", "loop", "net", "data", "media", "realtime", "host"},
    "proc": {"base", "loop", "net", "data", "media", "realtime", "host", "proc"},
}

# Headers of libraries, and the folders whose files may include them.
FOREIGN = {
    r"uv\.h|uv/.*": ("core/loop/", "core/net/"),
    r"h2o\.h|h2o/.*": ("core/net/",),
    r"openssl/.*": ("core/net/",),
    r"curl/.*": ("core/net/", "plugins/mail/"),
    r"libpq-fe\.h|libpq/.*|postgres.*": ("core/data/",),
    r"jansson\.h": ("core/base/",),
    r"yaml\.h": ("core/host/",),
    r"sodium\.h|sodium/.*": ("core/base/", "core/host/", "plugins/auth/",
                                 "plugins/streams/"),
    r"jwt\.h": ("plugins/auth/",),
    r"dlfcn\.h": ("core/base/sanitize.c", "core/host/", "core/net/"),
    r"pthread\.h|threads\.h": ("core/base/", "core/loop/", "core/net/", "core/proc/",
                               "sdk/testhost/"),
    r"wslay/.*": ("core/realtime/",),
    r"libav.*|hiredis.*|gst/.*": (),
}

C_LIBRARY = set("assert ctype errno inttypes limits math stdalign stdarg stdatomic stdbool stddef stdint "
                "stdio stdlib stdnoreturn string time".split())

# Files of a plugin that speak to the host; every other one is pure, a rule or a codec.
ROLES = {
    "plugin": "the table of contents",
    "api": "HTTP handlers",
    "live": "events of sockets, bus and hub",
    "store": "SQL",
    "conn": "a protocol's connections",
    "verbs": "verbs of the command",
    "work": "timers and background tasks",
    "card": "what all workers know of a thing, on a board",
}  # each may be split by topic (store_keys.c); and <service>.c, which offers dais/svc/<service>.h, and
#    <plugin>.h, which they share
IMPURE_HEADERS = {"dais/bus.h", "dais/cli.h", "dais/config.h", "dais/dais.h", "dais/db.h", "dais/http.h",
                  "dais/metrics.h", "dais/net.h", "dais/services.h", "dais/shared.h", "dais/timers.h"}
README_HEADINGS = ["Purpose", "Routes", "Events", "Tables", "Config", "Limits", "When things fail"]

SQL = re.compile(r"\b(select\b.+\bfrom|insert\s+into|update\s+[\w.]+\s+set|delete\s+from|"
                 r"create\s+(table|index|view|schema)|alter\s+table)\b", re.IGNORECASE | re.DOTALL)


def layer_direction(tree):
    """a layer of the core includes itself and the layers below it"""
    for source in tree.sources(".c", ".h", under="core/"):
        layer = source.path.split("/")[1]
        for number, name, local in source.includes:
            top = name.split("/")[0]
            if not local or top == "dais":
                continue
            if top not in LAYERS.get(layer, ()):
                yield source.problem(number, f"{layer} may not include {name}")


def sdk_alone(tree):
    """SDK headers include each other and the C library"""
    for source in tree.sources(".h", under="sdk/include/"):
        for number, name, local in source.includes:
            allowed = name.startswith("dais/") if local else name.removesuffix(".h") in C_LIBRARY
            if not allowed:
                yield source.problem(number, f"an SDK header may not include {name}")


def plugin_includes(tree):
    """a plugin includes the SDK, its own files and the libraries that are its own"""
    for source in tree.sources(".c", ".h", under="plugins/"):
        if "/tests/" in source.path:
            continue
        own = source.path.split("/")[1]
        for number, name, local in source.includes:
            if local:
                allowed = name.startswith("dais/") or f"plugins/{own}/{name}" in tree.files
            else:
                allowed = name.removesuffix(".h") in C_LIBRARY or owner_of(name, source.path) == "own"
            if not allowed:
                yield source.problem(number, f"plugin {own} may not include {name}")


def owner_of(header, path):
    """"own" when `path` may include the library's header, "other" when not, None for no library."""
    for pattern, folders in FOREIGN.items():
        if re.fullmatch(pattern, header):
            return "own" if path.startswith(folders) else "other"
    return None


def owns_a_library(tree, source):
    """Whether a file includes a library's header, itself or through a header of the tree."""
    for _, name, local in source.includes:
        if not local and owner_of(name, source.path) == "own":
            return True
        header = tree.files.get(f"core/{name}") if local else None
        if header and header is not source and owns_a_library(tree, header):
            return True
    return False


def raw_memory(tree):
    """memory comes from core/base; who owns a library may free what it gave"""
    for source in tree.c_files:
        if not source.path.startswith(("core/", "plugins/", "sdk/include/")):
            continue
        if source.path.startswith("core/base/") or "/tests/" in source.path:
            continue
        for number, line in enumerate(source.code_lines, 1):
            for name in calls(ALLOCATORS, line):
                if name != "free" or not owns_a_library(tree, source):
                    yield source.problem(number, f"{name} outside core/base")


def foreign_headers(tree):
    """a library's header stays in the folder that owns it"""
    for source in tree.sources(".c", ".h"):
        if source.path.startswith(("tests/", "bench/")) or "/tests/" in source.path:
            continue
        for number, name, local in source.includes:
            if not local and owner_of(name, source.path) == "other":
                yield source.problem(number, f"<{name}> does not belong here")


def plugin_shape(tree):
    """all plugins are alike"""
    for plugin in tree.plugins:
        folder = f"plugins/{plugin}/"
        for needed in ("CMakeLists.txt", "README.md", "plugin.c"):
            if folder + needed not in tree.files:
                yield _missing(tree, folder, needed)
        for source in tree.sources(".c", ".h", under=folder):
            if source.folder == folder.rstrip("/"):
                yield from _plugin_file(tree, source)
            elif source.folder != folder + "tests":
                yield source.problem(1, "the sources of a plugin lie side by side")
        for source in tree.sources(".sql", under=folder):
            if not re.fullmatch(r"schema/\d{3}_[a-z0-9_]+\.sql", source.path.removeprefix(folder)):
                yield source.problem(1, "migrations are schema/NNN_name.sql")


def _missing(tree, folder, needed):
    first = next(source for path, source in sorted(tree.files.items()) if path.startswith(folder))
    return first.problem(1, f"{folder}{needed} is missing")


def _plugin_file(tree, source):
    shared = source.name == source.path.split("/")[1] + ".h"
    role = source.stem.partition("_")[0]
    if shared or role in ROLES or f"sdk/include/dais/svc/{source.stem}.h" in tree.files:
        return
    for number, name, local in source.includes:
        if name in IMPURE_HEADERS:
            yield source.problem(number, f"{name} in {source.name}: files that speak to the host are "
                                         f"named {', '.join(ROLES)}; the others are pure")


def plugin_readme(tree):
    """a plugin's README has the seven headings, in their order"""
    for plugin in tree.plugins:
        source = tree.files.get(f"plugins/{plugin}/README.md")
        if not source:
            continue
        headings = re.findall(r"^## (.+?)\s*$", source.text, re.MULTILINE)
        if [name for name in headings if name in README_HEADINGS] != README_HEADINGS:
            yield source.problem(1, "headings are ## " + " · ".join(README_HEADINGS))


def sql_place(tree):
    """SQL stands in store.c or store_<topic>.c of a plugin, its headers, and in core/data"""
    for source in tree.sources(".c", ".h"):
        if not source.path.startswith(("core/", "plugins/")) or "/tests/" in source.path:
            continue
        if source.path.startswith("core/data/") or re.fullmatch(r"store(_\w+)?\.[ch]", source.name):
            continue
        for number, text in source.strings:
            if SQL.search(text):
                yield source.problem(number, f"SQL outside store.c: {text[:60]}")


def sql_neighbours(tree):
    """SQL names its own schema, and of others only published views (…_public)"""
    names = "|".join(tree.plugins) or "-"
    for plugin in tree.plugins:
        for source in tree.sources(".c", ".sql", under=f"plugins/{plugin}/"):
            if "/tests/" in source.path:
                continue
            pieces = source.strings if source.name.endswith(".c") else [(1, source.text)]
            for number, text in pieces:
                if source.name.endswith(".c") and not SQL.search(text):
                    continue
                for schema, table in re.findall(rf"\b({names})\.(\w+)", text):
                    if schema != plugin and not table.endswith("_public"):
                        yield source.problem(number, f"{schema}.{table} is private to {schema}")


def dead_files(tree):
    """each source is built, each header included"""
    built = "\n".join(source.text for source in tree.sources("CMakeLists.txt", ".cmake"))
    included = {name.rpartition("/")[2] for source in tree.c_files for _, name, _ in source.includes}
    for source in tree.c_files:
        if source.path.startswith(("sdk/include/", "sdk/template/", "examples/")):
            continue
        if source.name.endswith(".c"):
            if not re.search(rf"(?<![\w]){re.escape(source.stem)}(\.c)?(?![\w.])", built):
                yield source.problem(1, "no CMakeLists.txt names this file")
        elif source.name not in included:
            yield source.problem(1, "nobody includes this header")


RULES = [raw_memory, layer_direction, sdk_alone, plugin_includes, foreign_headers, plugin_shape, plugin_readme,
         sql_place, sql_neighbours, dead_files]
