/* SPDX-License-Identifier: MIT */
/*
 * Any bytes: the scanner judges them as base/json does, but for the three rules that it leaves to
 * the reader; the walk finds what the tree has; and walking what was never judged stays inside.
 */
#include "base/check.h"
#include "base/json_scan.h"
#include "base/json_write.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What json.h refuses and json_scan.h does not. */
static bool is_left_to_reader(const struct json_error *error)
{
    static const char *const words[] = {"uplicate", "twice",   "64 bits", "too big",
                                        "overflow", "\\u0000", "NUL"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strstr(error->text, words[i]))
            return true;
    }
    return false;
}

static void compare(struct dais_str text, const struct json *tree);

static void compare_array(struct dais_str text, const struct json *tree)
{
    struct dais_str rest = json_scan_inside(text), item;
    uint64_t count = 0;
    while (json_scan_item(&rest, &item))
        compare(item, json_at(tree, count++));
    CHECK(rest.len == 0 && count == json_count(tree));
}

static void compare_object(struct dais_str text, const struct json *tree)
{
    struct dais_str rest = json_scan_inside(text), key, value, name;
    struct strbuf scratch;
    uint64_t count = 0;
    strbuf_init(&scratch, 1u << 20);
    while (json_scan_member(&rest, &key, &value)) {
        CHECK(!json_scan_text(key, &scratch, &name));
        const struct json *member = json_get(tree, name);
        CHECK(member);
        compare(value, member);
        count++;
    }
    CHECK(rest.len == 0 && count == json_count(tree));
    strbuf_fini(&scratch);
}

static void compare(struct dais_str text, const struct json *tree)
{
    struct dais_str value, string;
    struct strbuf scratch;
    CHECK(!json_scan(text, &value) && dais_str_eq(text, value));
    CHECK(json_scan_kind(text) == json_kind(tree));
    if (json_kind(tree) == JSON_KIND_ARRAY)
        compare_array(text, tree);
    if (json_kind(tree) == JSON_KIND_OBJECT)
        compare_object(text, tree);
    if (json_kind(tree) != JSON_KIND_STRING)
        return;
    strbuf_init(&scratch, 1u << 20);
    CHECK(!json_scan_text(text, &scratch, &string) && dais_str_eq(string, json_str(tree)));
    strbuf_fini(&scratch);
}

/* Never judged: no promise but to end, inside the text. */
static void walk(struct dais_str text)
{
    struct dais_str rest = text, key, value;
    char memory[32];
    struct strbuf scratch;
    strbuf_init_on(&scratch, memory, sizeof memory);
    while (json_scan_item(&rest, &value))
        CHECK(value.len > 0 && rest.len < text.len);
    rest = text;
    while (json_scan_member(&rest, &key, &value))
        CHECK(json_scan_text(key, &scratch, &value) || value.ptr);
    (void)json_scan_get(text, "a");
    (void)json_scan_inside(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dais_arena arena;
    struct dais_str text = dais_str((const char *)data, size), value;
    const struct json *tree;
    struct json_error error;
    arena_init(&arena, 16u << 20);
    bool scanned = !json_scan(text, &value);
    bool parsed = !json_parse(&arena, text, 1u << 20, &tree, &error);
    CHECK(scanned == parsed || (scanned && is_left_to_reader(&error)));
    if (parsed)
        compare(value, tree);
    walk(text);
    arena_reset(&arena);
    return 0;
}
