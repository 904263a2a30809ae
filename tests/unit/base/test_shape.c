/* SPDX-License-Identifier: MIT */
/* Field tables: reading from JSON, query strings and texts, writing, schemas. */
#include "base/random.h"
#include "base/shape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define ARENA_BYTES (4u << 20)

struct size {
    uint64_t present;
    int64_t width;
    int64_t height;
};

struct film {
    uint64_t present;
    struct dais_str title;
    int64_t year;
    double rating;
    uint8_t seen;
    struct dais_str id;
    struct dais_str made_at;
    struct dais_str genre;
    struct dais_str contact;
    struct size size;
    struct dais_list tags;
    struct dais_list cuts;
    struct dais_str extra;
    struct dais_str note;
};

enum film_row {
    TITLE,
    YEAR,
    RATING,
    SEEN,
    ID,
    MADE_AT,
    GENRE,
    CONTACT,
    SIZE,
    TAGS,
    CUTS,
    EXTRA,
    NOTE
};

static const char *const genres[] = {"drama", "comedy", NULL};

static const struct dais_field size_rows[] = {
    DAIS_FIELD(struct size, width, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 1, 100, "pixels"),
    DAIS_FIELD(struct size, height, DAIS_KIND_INT, 0, 1, 100, "pixels"),
    DAIS_FIELD_END,
};
static const struct dais_shape size_shape = DAIS_SHAPE("Size", struct size, size_rows);

static const struct dais_field film_rows[] = {
    DAIS_FIELD(struct film, title, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, 10, "its name"),
    DAIS_FIELD_CONFIG(struct film, year, DAIS_KIND_INT, 1888, 2100, "1999", NULL, "of release"),
    DAIS_FIELD(struct film, rating, DAIS_KIND_NUMBER, DAIS_FIELD_NULLABLE, 0, 10, "of critics"),
    DAIS_FIELD(struct film, seen, DAIS_KIND_BOOL, 0, 0, 0, "by you"),
    DAIS_FIELD(struct film, id, DAIS_KIND_UUID, 0, 0, 0, "its id"),
    DAIS_FIELD_NAMED("madeAt", struct film, made_at, DAIS_KIND_TIME, 0, 0, 0, "when"),
    DAIS_FIELD_ENUM("genre", struct film, genre, 0, genres, "drama", "its kind"),
    DAIS_FIELD(struct film, contact, DAIS_KIND_EMAIL, 0, 0, 0, "of the maker"),
    DAIS_FIELD_NESTED("size", struct film, size, DAIS_KIND_OBJECT, DAIS_FIELD_NULLABLE, 0,
                      &size_shape, "of the picture"),
    DAIS_FIELD_NESTED("tags", struct film, tags, DAIS_KIND_LIST, 0, 3, NULL, "words"),
    DAIS_FIELD_NESTED("cuts", struct film, cuts, DAIS_KIND_LIST, 0, 3, &size_shape, "versions"),
    DAIS_FIELD(struct film, extra, DAIS_KIND_JSON, 0, 0, 40, "anything"),
    DAIS_FIELD(struct film, note, DAIS_KIND_STRING, DAIS_FIELD_NULLABLE, 0, 0, "for you"),
    DAIS_FIELD_END,
};
static const struct dais_shape film_shape = DAIS_SHAPE("Film", struct film, film_rows);

static struct dais_arena arena;
static struct film film;
static struct shape_error error;

static int begin(void **state)
{
    (void)state;
    arena_init(&arena, ARENA_BYTES);
    memset(&film, 0xee, sizeof film);
    memset(&error, 0, sizeof error);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_reset(&arena);
    return 0;
}

static int32_t read_json(const char *text)
{
    return shape_read_text(&film_shape, dais_cstr(text), &arena, &film, &error);
}

static int32_t read_query(const char *text)
{
    return shape_read_query(&film_shape, dais_cstr(text), &arena, &film, &error);
}

/* The text must be refused, with this field and these words. */
static void refuse(int32_t code, const char *field, const char *words)
{
    assert_int_equal(code, DAIS_E_INVALID);
    assert_string_equal(error.field, field);
    if (!strstr(error.detail, words))
        fail_msg("\"%s\" does not say \"%s\"", error.detail, words);
}

static void same(struct dais_str text, const char *wanted)
{
    assert_int_equal(text.len, strlen(wanted));
    assert_memory_equal(text.ptr, wanted, text.len);
}

static void test_whole(void **state)
{
    (void)state;
    assert_int_equal(
        read_json("{\"title\":\"Brazil\",\"year\":1985,\"rating\":7.9,\"seen\":true,"
                  "\"id\":\"6F9619FF-8B86-D011-B42D-00C04FC964FF\",\"madeAt\":"
                  "\"1985-02-20T00:00:00+01:00\",\"genre\":\"comedy\",\"contact\":\"t.g@x.org\","
                  "\"size\":{\"width\":16,\"height\":9},\"tags\":[\"a\",\"b\"],"
                  "\"cuts\":[{\"width\":1},{\"width\":2,\"height\":3}],\"extra\":{\"k\":[1,null,"
                  "true,\"x\"]},\"note\":null}"),
        DAIS_OK);
    same(film.title, "Brazil");
    assert_int_equal(film.year, 1985);
    assert_true(film.rating > 7.89 && film.rating < 7.91);
    assert_int_equal(film.seen, 1);
    same(film.id, "6f9619ff-8b86-d011-b42d-00c04fc964ff");
    same(film.genre, "comedy");
    assert_int_equal(film.size.height, 9);
    assert_int_equal(film.tags.count, 2);
    same(((const struct dais_str *)film.tags.items)[1], "b");
    assert_int_equal(((const struct size *)film.cuts.items)[1].height, 3);
    assert_false(dais_has(((const struct size *)film.cuts.items)[0].present, 1));
    same(film.extra, "{\"k\":[1,null,true,\"x\"]}");
    assert_null(film.note.ptr);
    assert_int_equal(film.present, (1u << (NOTE + 1)) - 1);
}

static void test_fallbacks(void **state)
{
    (void)state;
    assert_int_equal(read_json("{\"title\":\"X\"}"), DAIS_OK);
    assert_int_equal(film.present, 1);
    assert_int_equal(film.year, 1999);
    same(film.genre, "drama");
    assert_null(film.id.ptr);
    assert_int_equal(film.tags.count, 0);
    assert_int_equal(film.seen, 0);
}

static void test_refusals(void **state)
{
    (void)state;
    refuse(read_json("{}"), "title", "is required");
    refuse(read_json("[]"), "", "must be an object");
    refuse(read_json("{\"title\":"), "", "is no valid JSON");
    refuse(read_json("{\"title\":\"X\",\"other\":1}"), "other", "is not a known field");
    refuse(read_json("{\"title\":\"\"}"), "title", "must have 1 to 10 characters, has 0");
    refuse(read_json("{\"title\":\"12345678901\"}"), "title", "has 11");
    refuse(read_json("{\"title\":5}"), "title", "must be a text");
    refuse(read_json("{\"title\":null}"), "title", "must be a text");
    refuse(read_json("{\"title\":\"X\",\"year\":1.5}"), "year", "must be a whole number");
    refuse(read_json("{\"title\":\"X\",\"year\":2101}"), "year", "must be from 1888 to 2100");
    refuse(read_json("{\"title\":\"X\",\"rating\":11}"), "rating", "must be from 0 to 10");
    refuse(read_json("{\"title\":\"X\",\"seen\":1}"), "seen", "must be true or false");
    refuse(read_json("{\"title\":\"X\",\"id\":\"6f96\"}"), "id", "must be a UUID");
    refuse(read_json("{\"title\":\"X\",\"madeAt\":\"1985-02-20\"}"), "madeAt", "must be a time");
    refuse(read_json("{\"title\":\"X\",\"genre\":\"noir\"}"), "genre", "one of drama, comedy");
    refuse(read_json("{\"title\":\"X\",\"size\":{\"width\":0}}"), "size.width", "from 1 to 100");
    refuse(read_json("{\"title\":\"X\",\"tags\":[\"a\",5]}"), "tags[1]", "must be a text");
    refuse(read_json("{\"title\":\"X\",\"tags\":[\"\",\"\",\"\",\"\"]}"), "tags", "has 4");
    refuse(read_json("{\"title\":\"X\",\"cuts\":[{\"width\":1},{}]}"), "cuts[1].width", "required");
    refuse(read_json("{\"title\":\"X\",\"extra\":\"0123456789012345678901234567890123456789\"}"),
           "extra", "at most 40 bytes");
    refuse(read_json("{\"title\":\"X\",\"title\":\"Y\"}"), "title", "was given twice");
}

static void test_code_points(void **state)
{
    (void)state;
    assert_int_equal(read_json("{\"title\":\"äöüäöüäöü€\"}"), DAIS_OK);
    refuse(read_json("{\"title\":\"äöüäöüäöü€€\"}"), "title", "has 11");
}

static void test_email(void **state)
{
    (void)state;
    static const char *const good[] = {"a@b", "first.last+tag@sub.example.org", "x_y-z@1.de"};
    static const char *const bad[] = {"",         "a",      "@b",    "a@",    "a@b@c",
                                      "a b@c.de", "a..b@c", ".a@b",  "a@.b",  "a@b..c",
                                      "a@-b.c",   "a@b.c-", "a@b_c", "ä@b.c", "a@b\"c"};
    char text[256];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        snprintf(text, sizeof text, "title=X&contact=%s", good[i]);
        for (char *c = text; *c; c++)
            *c = *c == '+' ? '-' : *c;
        if (read_query(text) != DAIS_OK)
            fail_msg("%s is refused: %s", good[i], error.detail);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct shape_pair pairs[] = {{dais_cstr("title"), dais_cstr("X")},
                                     {dais_cstr("contact"), dais_cstr(bad[i])}};
        if (shape_read_pairs(&film_shape, (struct shape_pairs){pairs, 2}, &arena, &film, &error) ==
            DAIS_OK)
            fail_msg("%s passes", bad[i]);
        assert_string_equal(error.field, "contact");
    }
}

static void test_query(void **state)
{
    (void)state;
    assert_int_equal(read_query("title=a+b%26c&year=1990&&tags=x&seen=true&tags=y%20z"), DAIS_OK);
    same(film.title, "a b&c");
    assert_int_equal(film.year, 1990);
    assert_int_equal(film.seen, 1);
    assert_int_equal(film.tags.count, 2);
    same(((const struct dais_str *)film.tags.items)[1], "y z");
    refuse(read_query("title=a&title=b"), "title", "was given twice");
    refuse(read_query("title=%zz"), "title", "two hexadecimal digits");
    refuse(read_query("title=%4"), "title", "two hexadecimal digits");
    refuse(read_query("title=a%00b"), "title", "NUL");
    refuse(read_query("title=%ff"), "title", "must be UTF-8 without NUL");
    refuse(read_query("title=a&year=x"), "year", "must be a whole number");
    refuse(read_query("title=a&tags=1&tags=2&tags=3&tags=4"), "tags", "at most 3");
    refuse(read_query("x"), "x", "is not a known field");
    refuse(read_query(""), "title", "is required");
    assert_int_equal(read_query("title=a&size=%7B%22width%22%3A5%7D"), DAIS_OK);
    assert_int_equal(film.size.width, 5);
}

static void test_long_list(void **state)
{
    (void)state;
    struct words {
        uint64_t present;
        struct dais_list words;
    } words;
    static const struct dais_field rows[] = {
        DAIS_FIELD_NESTED("w", struct words, words, DAIS_KIND_LIST, 0, 100, NULL, "words"),
        DAIS_FIELD_END,
    };
    static const struct dais_shape shape = DAIS_SHAPE("Words", struct words, rows);
    struct shape_pair pairs[100];
    char texts[100][4];
    for (uint32_t i = 0; i < 100; i++) {
        snprintf(texts[i], sizeof texts[i], "%u", i);
        pairs[i] = (struct shape_pair){dais_cstr("w"), dais_cstr(texts[i])};
    }
    assert_int_equal(
        shape_read_pairs(&shape, (struct shape_pairs){pairs, 100}, &arena, &words, &error),
        DAIS_OK);
    assert_int_equal(words.words.count, 100);
    for (uint32_t i = 0; i < 100; i++)
        same(((const struct dais_str *)words.words.items)[i], texts[i]);
}

static void test_write(void **state)
{
    (void)state;
    struct size cuts[2] = {{.width = 1, .height = 2}, {.width = 3, .height = 4}};
    struct dais_str tags[1] = {DAIS_STR_INIT("q\"\n\xff")};
    struct strbuf out STRBUF_AUTO;
    struct film empty = {0};
    struct film full = {.present = 1,
                        .title = dais_cstr("T"),
                        .year = -5,
                        .rating = 1.5,
                        .seen = 1,
                        .size = {.present = 1, .width = 7, .height = 8},
                        .tags = {tags, 1},
                        .cuts = {cuts, 2},
                        .extra = dais_cstr("[1]")};
    strbuf_init(&out, 4096);
    assert_int_equal(shape_write(&film_shape, &empty, &out), DAIS_OK);
    assert_string_equal(strbuf_cstr(&out),
                        "{\"title\":\"\",\"year\":0,\"rating\":0,\"seen\":false,\"size\":null,"
                        "\"tags\":[],\"cuts\":[],\"note\":null}");
    strbuf_clear(&out);
    assert_int_equal(shape_write(&film_shape, &full, &out), DAIS_OK);
    assert_string_equal(strbuf_cstr(&out),
                        "{\"title\":\"T\",\"year\":-5,\"rating\":1.5,\"seen\":true,\"size\":"
                        "{\"width\":7,\"height\":8},\"tags\":[\"q\\\"\\n\xef\xbf\xbd\"],\"cuts\":"
                        "[{\"width\":1,\"height\":2},{\"width\":3,\"height\":4}],\"extra\":[1],"
                        "\"note\":null}");
}

struct reply {
    struct dais_str id;
    struct dais_str text;
};

struct remark {
    struct dais_str text;
    struct reply reply;
};

static void test_write_leaves_absent_objects_out(void **state)
{
    (void)state;
    static const struct dais_field reply_rows[] = {
        DAIS_FIELD(struct reply, id, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 0, 0, "its id"),
        DAIS_FIELD(struct reply, text, DAIS_KIND_STRING, 0, 0, 0, "what it says"),
        DAIS_FIELD_END,
    };
    static const struct dais_shape reply_shape = DAIS_SHAPE("Reply", struct reply, reply_rows);
    static const struct dais_field remark_rows[] = {
        DAIS_FIELD(struct remark, text, DAIS_KIND_STRING, 0, 0, 0, "what it says"),
        DAIS_FIELD_NESTED("reply", struct remark, reply, DAIS_KIND_OBJECT, 0, 0, &reply_shape,
                          "what it answers"),
        DAIS_FIELD_END,
    };
    static const struct dais_shape remark_shape = DAIS_SHAPE("Remark", struct remark, remark_rows);
    struct remark remark = {.text = dais_cstr("a")};
    struct strbuf out STRBUF_AUTO;
    strbuf_init(&out, 4096);
    assert_int_equal(shape_write(&remark_shape, &remark, &out), DAIS_OK);
    assert_string_equal(strbuf_cstr(&out), "{\"text\":\"a\"}");
    strbuf_clear(&out);
    remark.reply.id = dais_cstr("b");
    assert_int_equal(shape_write(&remark_shape, &remark, &out), DAIS_OK);
    assert_string_equal(strbuf_cstr(&out), "{\"text\":\"a\",\"reply\":{\"id\":\"b\"}}");
}

static void test_schema(void **state)
{
    (void)state;
    struct strbuf out STRBUF_AUTO;
    const struct json *schema;
    strbuf_init(&out, 65536);
    assert_int_equal(shape_schema(&film_shape, &out), DAIS_OK);
    assert_int_equal(json_parse(&arena, strbuf_view(&out), 65536, &schema, NULL), DAIS_OK);
    const struct json *rows = json_getz(schema, "properties");
    int64_t number = 0;
    assert_int_equal(json_count(rows), NOTE + 1);
    assert_int_equal(json_int(json_getz(json_getz(rows, "title"), "maxLength"), &number), DAIS_OK);
    assert_int_equal(number, 10);
    assert_int_equal(json_int(json_getz(json_getz(rows, "year"), "default"), &number), DAIS_OK);
    assert_int_equal(number, 1999);
    same(json_str(json_at(json_getz(schema, "required"), 0)), "title");
    same(json_str(json_getz(json_getz(rows, "id"), "format")), "uuid");
    same(json_str(json_at(json_getz(json_getz(rows, "genre"), "enum"), 1)), "comedy");
    assert_non_null(json_getz(json_getz(json_getz(rows, "cuts"), "items"), "properties"));
}

static void check_refused(const struct dais_field *rows, bool read, const char *words)
{
    struct dais_shape shape = DAIS_SHAPE("Odd", struct film, rows);
    assert_int_equal(shape_check(&shape, read, &error), DAIS_E_INVALID);
    if (!strstr(error.detail, words))
        fail_msg("\"%s\" does not say \"%s\"", error.detail, words);
}

static void test_check(void **state)
{
    (void)state;
    static const struct dais_field twice[] = {
        DAIS_FIELD(struct film, title, DAIS_KIND_STRING, 0, 0, 0, ""),
        DAIS_FIELD(struct film, title, DAIS_KIND_STRING, 0, 0, 0, ""), DAIS_FIELD_END};
    static const struct dais_field outside[] = {
        {.name = "x", .kind = DAIS_KIND_STRING, .offset = sizeof(struct film) - 8}, DAIS_FIELD_END};
    static const struct dais_field on_present[] = {{.name = "x", .kind = DAIS_KIND_INT},
                                                   DAIS_FIELD_END};
    static const struct dais_field unknown[] = {{.name = "x", .kind = 99, .offset = 8},
                                                DAIS_FIELD_END};
    static const struct dais_field fallback[] = {
        DAIS_FIELD_CONFIG(struct film, year, DAIS_KIND_INT, 1, 5, "6", NULL, ""), DAIS_FIELD_END};
    static const struct dais_field backwards[] = {
        DAIS_FIELD(struct film, year, DAIS_KIND_INT, 0, 5, 1, ""), DAIS_FIELD_END};
    static const struct dais_field no_choice[] = {
        DAIS_FIELD(struct film, genre, DAIS_KIND_ENUM, 0, 0, 0, ""), DAIS_FIELD_END};
    assert_int_equal(shape_check(&film_shape, true, &error), DAIS_OK);
    check_refused(twice, true, "twice");
    check_refused(outside, true, "outside");
    check_refused(on_present, true, "present");
    check_refused(unknown, true, "unknown kind 99");
    check_refused(fallback, true, "from 1 to 5, is 6");
    check_refused(backwards, true, "max below its min");
    check_refused(no_choice, true, "without choices");
}

/* Whatever step the memory ends at, the answer is the code. */
static void test_arena_is_the_limit(void **state)
{
    (void)state;
    int32_t code = DAIS_E_MEMORY;
    for (size_t bytes = 16; bytes <= 4096; bytes += 16) {
        struct dais_arena small;
        arena_init(&small, bytes);
        code = shape_read_text(&film_shape,
                               dais_cstr("{\"title\":\"X\",\"tags\":[\"a\"],\"extra\":[1,2]}"),
                               &small, &film, &error);
        arena_reset(&small);
        assert_true(code == DAIS_OK || (bytes < 2048 && code == DAIS_E_MEMORY));
    }
    assert_int_equal(code, DAIS_OK);
}

static void test_percent(void **state)
{
    (void)state;
    struct dais_str plain = dais_cstr("plain+text");
    struct dais_str text;
    assert_int_equal(shape_percent_decode(plain, false, &arena, &text), DAIS_OK);
    assert_ptr_equal(text.ptr, plain.ptr);
    assert_int_equal(shape_percent_decode(plain, true, &arena, &text), DAIS_OK);
    same(text, "plain text");
    assert_int_equal(shape_percent_decode(dais_cstr("%41%c3%A4%25"), false, &arena, &text),
                     DAIS_OK);
    same(text, "Aä%");
    assert_int_equal(shape_percent_decode(dais_cstr("a%"), false, &arena, &text), DAIS_E_INVALID);
    assert_int_equal(shape_percent_decode(dais_cstr("%00"), false, &arena, &text), DAIS_E_INVALID);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_whole),       TEST(test_fallbacks), TEST(test_refusals),
        TEST(test_code_points), TEST(test_email),     TEST(test_query),
        TEST(test_long_list),   TEST(test_write),     TEST(test_write_leaves_absent_objects_out),
        TEST(test_schema),      TEST(test_check),     TEST(test_arena_is_the_limit),
        TEST(test_percent),
    };
    random_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
