/* SPDX-License-Identifier: MIT */
#include "base/json_place.h"

#include "base/json.h"
#include "base/str.h"

/** An object or array that the walk is inside of. */
struct level {
    struct dais_str key; /* of the member; absent before the first one and in arrays */
    uint64_t index;
    bool is_array;
    bool wants_key;
};

struct walk {
    struct level levels[JSON_DEPTH_MAX];
    uint32_t depth;
};

static void enter(struct walk *walk, char opening)
{
    if (walk->depth < JSON_DEPTH_MAX) {
        bool is_array = opening == '[';
        walk->levels[walk->depth] = (struct level){.is_array = is_array, .wants_key = !is_array};
    }
    walk->depth++;
}

static void step(struct walk *walk, char c)
{
    struct level *level = walk->depth > 0 && walk->depth <= JSON_DEPTH_MAX
                              ? &walk->levels[walk->depth - 1]
                              : NULL;
    if (c == '{' || c == '[') {
        enter(walk, c);
    } else if (level && (c == '}' || c == ']')) {
        walk->depth--;
    } else if (level && c == ',') {
        level->index++;
        level->wants_key = !level->is_array;
    } else if (level && c == ':') {
        level->wants_key = false;
    }
}

/* The string that begins at `text`, without its quotes, up to where the text ends. */
static struct dais_str string_at(struct dais_str text)
{
    uint64_t end = 1;
    while (end < text.len && text.ptr[end] != '"')
        end += text.ptr[end] == '\\' ? 2 : 1;
    return str_sub(text, 1, end < text.len ? end - 1 : text.len - 1);
}

static bool is_plain(struct dais_str key)
{
    for (uint64_t i = 0; i < key.len; i++)
        if (key.ptr[i] < 0x20 || key.ptr[i] == 0x7f || key.ptr[i] == '\\')
            return false;
    return key.len > 0;
}

static void write_path(const struct walk *walk, char *ret_path, size_t bytes)
{
    struct strbuf out;
    strbuf_init_on(&out, ret_path, bytes);
    for (uint32_t i = 0; i < walk->depth && i < JSON_DEPTH_MAX; i++) {
        const struct level *level = &walk->levels[i];
        if (level->is_array)
            strbuf_addf(&out, "[%llu]", (unsigned long long)level->index);
        else if (is_plain(level->key))
            strbuf_addf(&out, "%s%.*s", out.len > 0 ? "." : "", STR_ARG(level->key));
        else
            break;
    }
    if (strbuf_error(&out))
        ret_path[0] = '\0';
}

void json_place(struct dais_str text, uint64_t offset, char *ret_path, size_t bytes)
{
    struct walk walk = {.depth = 0};
    ret_path[0] = '\0';
    text = str_sub(text, 0, offset);
    for (uint64_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != '"') {
            step(&walk, text.ptr[i]);
            continue;
        }
        struct dais_str string = string_at(str_sub(text, i, text.len));
        struct level *level = walk.depth > 0 && walk.depth <= JSON_DEPTH_MAX
                                  ? &walk.levels[walk.depth - 1]
                                  : NULL;
        if (level && level->wants_key)
            level->key = string;
        i += string.len + 1;
    }
    write_path(&walk, ret_path, bytes);
}
