/* SPDX-License-Identifier: MIT */
/*
 * Field tables over hostile JSON and query strings: what was read once is written and read again to
 * the same text. The first byte of the input chooses between the two.
 */
#include "base/check.h"
#include "base/random.h"
#include "base/shape.h"

#define TEXT_BYTES_MAX (1u << 20)

struct inner {
    uint64_t present;
    int64_t number;
    struct dais_str text;
};

struct outer {
    uint64_t present;
    struct dais_str title;
    int64_t year;
    double rating;
    uint8_t seen;
    struct dais_str id;
    struct dais_str at;
    struct dais_str kind;
    struct dais_str mail;
    struct inner inner;
    struct dais_list words;
    struct dais_list items;
    struct dais_str any;
};

static const char *const kinds[] = {"a", "b", NULL};
static const struct dais_field inner_rows[] = {
    DAIS_FIELD(struct inner, number, DAIS_KIND_INT, 0, -5, 5, ""),
    DAIS_FIELD(struct inner, text, DAIS_KIND_STRING, DAIS_FIELD_NULLABLE, 0, 9, ""),
    DAIS_FIELD_END,
};
static const struct dais_shape inner_shape = DAIS_SHAPE("Inner", struct inner, inner_rows);
static const struct dais_field outer_rows[] = {
    DAIS_FIELD(struct outer, title, DAIS_KIND_STRING, DAIS_FIELD_NULLABLE, 1, 20, ""),
    DAIS_FIELD(struct outer, year, DAIS_KIND_INT, 0, 0, 0, ""),
    DAIS_FIELD(struct outer, rating, DAIS_KIND_NUMBER, 0, 0, 0, ""),
    DAIS_FIELD(struct outer, seen, DAIS_KIND_BOOL, 0, 0, 0, ""),
    DAIS_FIELD(struct outer, id, DAIS_KIND_UUID, 0, 0, 0, ""),
    DAIS_FIELD(struct outer, at, DAIS_KIND_TIME, 0, 0, 0, ""),
    DAIS_FIELD_ENUM("kind", struct outer, kind, 0, kinds, "a", ""),
    DAIS_FIELD(struct outer, mail, DAIS_KIND_EMAIL, 0, 0, 0, ""),
    DAIS_FIELD_NESTED("inner", struct outer, inner, DAIS_KIND_OBJECT, 0, 0, &inner_shape, ""),
    DAIS_FIELD_NESTED("words", struct outer, words, DAIS_KIND_LIST, 0, 5, NULL, ""),
    DAIS_FIELD_NESTED("items", struct outer, items, DAIS_KIND_LIST, 0, 5, &inner_shape, ""),
    DAIS_FIELD(struct outer, any, DAIS_KIND_JSON, 0, 0, 100, ""),
    DAIS_FIELD_END,
};
static const struct dais_shape outer_shape = DAIS_SHAPE("Outer", struct outer, outer_rows);

/* Text of numbers may change once (1e2 becomes 100), so the second writing is compared. */
static void check_again(const struct outer *read, struct dais_arena *arena)
{
    struct strbuf first;
    struct strbuf second;
    struct outer again;
    struct shape_error error;
    strbuf_init_in(&first, arena, TEXT_BYTES_MAX);
    strbuf_init_in(&second, arena, TEXT_BYTES_MAX);
    CHECK(shape_write(&outer_shape, read, &first) == DAIS_OK);
    CHECK(shape_read_text(&outer_shape, strbuf_view(&first), arena, &again, &error) == DAIS_OK);
    CHECK(shape_write(&outer_shape, &again, &second) == DAIS_OK);
    CHECK(dais_str_eq(strbuf_view(&first), strbuf_view(&second)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct dais_arena arena;
    struct shape_error error;
    struct outer read;
    if (len == 0)
        return 0;
    random_init();
    arena_init(&arena, 16u << 20);
    struct dais_str text = dais_str((const char *)data + 1, len - 1);
    int32_t code = data[0] == '?' ? shape_read_query(&outer_shape, text, &arena, &read, &error)
                                  : shape_read_text(&outer_shape, text, &arena, &read, &error);
    if (code == DAIS_OK)
        check_again(&read, &arena);
    else
        CHECK(code != DAIS_E_INVALID || error.detail[0]);
    arena_reset(&arena);
    return 0;
}
