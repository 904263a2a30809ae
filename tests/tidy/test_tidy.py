# SPDX-License-Identifier: MIT
"""Each rule on a small sample that breaks it, and on one that does not."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from source import Source, Tree, split_parameters  # noqa: E402
from tidy import RULES  # noqa: E402

HEAD = "/* SPDX-License-Identifier: MIT */\n"
README = ("## Purpose\n## Routes\n## Events\n## Tables\n## Config\n## Limits\n"
          "## When things fail\n")
HEADER = HEAD + "#pragma once\n/* For a test. */\n"


def c(text, path="core/net/x.c"):
    return {path: HEAD + text}


def h(text, path="core/net/x.h"):
    return {path: HEADER + text}


def sdk(text):
    return h(text, "sdk/include/dais/x.h")


def plugin(files):
    """The plugins p and q, which have what each must have, and `files` in p."""
    whole = {f"plugins/{name}/{file}": text for name in "pq" for file, text in
             {"CMakeLists.txt": "", "README.md": README, "plugin.c": HEAD}.items()}
    return {**whole, **{f"plugins/p/{name}": text for name, text in files.items()}}


def body(lines):
    return "int f(void)\n{\n" + lines + "}\n"


# rule: (files that break it, files that keep it)
SAMPLES = {
    "licence_line": ({"core/net/x.c": "int a;\n"}, c("int a;\n")),
    "header_head": ({"core/net/x.h": HEAD + "int f(void);\n"}, h("int f(void);\n")),
    "file_size": (c("\n" * 600), c("\n" * 599)),
    "line_width": (c("/*" + "x" * 97 + "*/\n"), c("/*" + "x" * 96 + "*/\n")),
    "function_size": (c(body("    g();\n" * 71)), c(body("    g();\n" * 70))),
    "function_parameters": (c("int f(int a, int b, int c, int d, int e, int g)\n{\n    return 0;\n}\n"),
                            c("int f(int a, int b, int c, int d, int (*e)(int, int), ...)\n{\n}\n")),
    "nesting": (c(body("                if (a)\n                    b();\n")),
                c(body("            if (a)\n                b();\n"))),
    "banned_calls": (c(body("    strcpy(a, b);\n")),
                     c(body("    /* strcpy(a, b) */\n    dais_fiber->sleep(5);\n    (*sleep)(1);\n"))),
    "raw_memory": (c(body("    free(p);\n")),
                   {**c(body("    p = malloc(5);\n"), "core/base/mem.c"),
                    **c('#include "net/y.h"\n' + body("    free(p);\n")),
                    **h("#include <h2o.h>\n", "core/net/y.h")}),
    "type_names": (c("typedef struct x x;\n"), c("typedef int (*x_fn)(void);\n")),
    "checked_results": (h("/** DAIS_E_LIMIT when full. */\nint32_t f(void);\n"),
                        h("/** DAIS_E_LIMIT when full. */\nDAIS_CHECK_RESULT int32_t f(void);\n")),
    "armed_guards": (c(body("    X_AUTO struct x y;\n    if (a)\n        return 1;\n    x_init(&y);\n")),
                     c(body("    X_AUTO struct x y;\n    x_init(&y);\n    if (a)\n        return 1;\n"))),
    "dead_code": (c(body("    /* g(5); */\n")), c(body("    /* Says why g(5) is not called here. */\n"))),
    "unfinished": (c("/* TODO: more */\n"), c("/* all done */\n")),
    "own_machine": (c('const char *path = "/home/someone/x";\n'), c('const char *path = "/run/x";\n')),
    "layer_direction": (c('#include "data/db.h"\n'), c('#include "loop/fiber.h"\n#include "dais/db.h"\n')),
    "sdk_alone": (sdk("#include <uv.h>\n"), sdk('#include "dais/types.h"\n#include <stdint.h>\n')),
    "plugin_includes": (plugin({"api.c": HEAD + '#include "net/http.h"\n'}),
                        plugin({"api.c": HEAD + '#include "dais/http.h"\n#include "p.h"\n#include <string.h>\n',
                                "p.h": HEADER})),
    "foreign_headers": (c("#include <libpq-fe.h>\n"), c("#include <h2o.h>\n")),
    "plugin_shape": (plugin({"helpers.c": HEAD + '#include "dais/http.h"\n'}),
                     plugin({"amf0.c": HEAD + '#include "dais/types.h"\n', "api.c": HEAD,
                             "schema/001_create.sql": "", "tests/test_p.c": HEAD})),
    "plugin_readme": (plugin({"README.md": "## Purpose\n"}), plugin({})),
    "sql_place": (plugin({"api.c": HEAD + 'const char *s = "select id "\n    "from p.things";\n'}),
                  plugin({name: HEAD + 'const char *s = "select id from p.things";\n'
                          for name in ("store.c", "store_things.c")})),
    "sql_neighbours": (plugin({"store.c": HEAD + 'const char *s = "select 1 from q.things";\n'}),
                       plugin({"store.c": HEAD + 'const char *s = "select 1 from q.things_public";\n'})),
    "dead_files": ({**c(""), "core/net/CMakeLists.txt": "xx.c"}, {**c(""), "core/net/CMakeLists.txt": "x.c"}),
    "documented_structs": (sdk("struct dais_a {\n    int b;\n};\n"),
                           sdk("/** An a. */\nstruct dais_a {\n    int b;\n};\n")),
    "tagged_functions": (sdk("struct dais_a_v1 {\n    /** Does b. */\n    int (*b)(void);\n};\n"),
                         sdk("struct dais_a_v1 {\n    /** [any] Does b. */\n    int (*b)(void);\n};\n")),
    "table_parameters": (sdk("    int (*b)(int a, int b, int c, int d, int e, int f);\n"),
                         sdk("    int (*b)(int a, int b, int c, int d, int e);\n")),
    "documented_inlines": (sdk("/** Does it. */\nstatic inline int f(void)\n{\n    return t->f();\n}\n"),
                           sdk("/** [any] Does it. */\nstatic inline int f(void)\n{\n    return t->f();\n}\n")),
    "documented_macros": (sdk("\n#define DAIS_A 1u\n"),
                          sdk("\n#define DAIS_A 1u\n#define DAIS_B 2u /**< both explained */\n")),
    "documented_core": (h("\nint x_open(void);\n"), h("\n/** Opens it. */\nint x_open(void);\n")),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_rule_fires_on_its_bad_sample_only(rule):
    bad, good = SAMPLES[rule.__name__]
    assert list(rule(Tree(bad))), "the bad sample passes"
    assert [str(problem) for problem in rule(Tree(good))] == []


def test_strings_and_comments_are_no_code():
    source = Source("x.c", 'a("/* no */", \'"\'); /* b("c") */ // d\ne();')
    assert source.code.split() == ["a(", ",", ");", "e();"]
    assert [text for _, text in source.comments] == ['/* b("c") */', "// d"]
    assert source.strings[0] == (1, "/* no */")


def test_functions_are_found_with_their_parameters():
    source = Source("x.c", "__attribute__((format(printf, 2, 3))) static int\nf(int a, char *b)\n{\n"
                           "    return a;\n}\n\nstruct x {\n    int y;\n};\n")
    assert [(f.name, f.parameters, f.body_lines) for f in source.functions] == \
        [("f", ["int a", "char *b"], 1)]


def test_parameters_that_are_functions_count_once():
    assert split_parameters("int (*f)(int, int), void *g, ...)") == ["int (*f)(int, int)", "void *g"]
    assert split_parameters("void)") == []
