/* SPDX-License-Identifier: MIT */
/* log.h, metrics.h, owner.h */
#include "unit.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/owner.h"
#include "base/str.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- log: lines go into a pipe --- */

static int lines[2];

static int open_pipe(void **state)
{
    (void)state;
    if (pipe2(lines, O_NONBLOCK))
        return -1;
    log_fd_set(lines[1]);
    return 0;
}

static int close_pipe(void **state)
{
    (void)state;
    const struct owner nobody = {.plugin = OWNER_CORE};
    owner_set(&nobody);
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
    log_fd_set(STDERR_FILENO);
    limits_reset();
    close(lines[0]);
    close(lines[1]);
    return 0;
}

/* What was written since the last call, NUL-terminated. */
static const char *written(void)
{
    static char text[65536];
    ssize_t len = read(lines[0], text, sizeof text - 1);
    text[len > 0 ? len : 0] = '\0';
    return text;
}

static const char *plugin_name(uint32_t plugin)
{
    return plugin == 3 ? "chat" : "?";
}

static void test_logfmt(void **state)
{
    (void)state;
    LOG_INFO("it happened", log_text("word", "plain"), log_text("text", "two \"words\"\n"),
             log_int("int", -5), log_uint("uint", UINT64_MAX), log_code(DAIS_E_NOT_FOUND),
             log_text("empty", ""), log_str("absent", dais_str(NULL, 0)));
    const char *line = written();
    assert_memory_equal(line, "ts=20", 5);
    assert_string_equal(
        strstr(line, " level="),
        " level=info event=\"it happened\" word=plain text=\"two \\\"words\\\"\\n\""
        " int=-5 uint=18446744073709551615 error=not_found empty=\"\" absent=\"\"\n");
    LOG_WARN("bare");
    assert_non_null(strstr(written(), " level=warn event=bare\n"));
}

static void test_json_lines(void **state)
{
    (void)state;
    struct dais_arena arena;
    const struct json *line;
    int64_t number;
    log_setup(LOG_LEVEL_DEBUG, LOG_FORMAT_JSON);
    LOG_DEBUG("json line", log_text("text", "a\"b"), log_int("n", 7));
    arena_init(&arena, 1 << 20);
    assert_int_equal(json_parse(&arena, dais_cstr(written()), 10000, &line, NULL), DAIS_OK);
    assert_str(json_str(json_getz(line, "event")), "json line");
    assert_str(json_str(json_getz(line, "level")), "debug");
    assert_str(json_str(json_getz(line, "text")), "a\"b");
    assert_int_equal(json_int(json_getz(line, "n"), &number), DAIS_OK);
    assert_int_equal(number, 7);
    arena_reset(&arena);
}

static void test_context_and_level(void **state)
{
    (void)state;
    const struct owner owner = {.plugin = 3, .request = 0xabc};
    log_plugin_names(plugin_name);
    owner_set(&owner);
    LOG_ERROR("with context");
    assert_non_null(strstr(written(), " plugin=chat request=0000000000000abc\n"));
    LOG_DEBUG("too quiet");
    assert_string_equal(written(), "");
    assert_false(log_enabled(LOG_LEVEL_DEBUG));
    log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
    LOG_WARN("still too quiet");
    assert_string_equal(written(), "");
    log_plugin_names(NULL);
}

static void test_long_lines_are_cut(void **state)
{
    (void)state;
    static char longer[5000];
    memset(longer, 'x', sizeof longer - 1);
    LOG_INFO("long", log_text("first", "1"), log_text("longer", longer), log_text("last", "2"));
    const char *line = written();
    assert_non_null(strstr(line, " event=long first=1 fields_cut=2\n"));
    assert_true(strlen(line) < 4096);
    log_write(LOG_LEVEL_INFO, dais_cstr(longer), NULL, 0);
    line = written();
    assert_true(strlen(line) < 4096 && line[strlen(line) - 1] == '\n');
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    LOG_INFO("long", log_text("longer", longer));
    assert_non_null(strstr(written(), "\"fields_cut\":1}\n"));
}

static uint32_t count_lines(const char *text)
{
    uint32_t count = 0;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

static void test_frequent_lines_are_suppressed(void **state)
{
    (void)state;
    assert_int_equal(limit_set(dais_cstr("log_lines_per_second"), 5), DAIS_OK);
    uint32_t count = 0;
    for (int i = 0; i < 300; i++)
        LOG_INFO("again and again");
    count = count_lines(written());
    /* A second may have passed in between; an event of a test before may share the counter. */
    assert_in_range(count, 1, 10);
    const char *line = "";
    while (!strstr(line, "suppressed=")) { /* the first line of the next second tells */
        LOG_INFO("again and again");
        line = written();
    }
    assert_non_null(strstr(line, "event=\"again and again\" suppressed="));
}

#define LOG_TEST(fn) cmocka_unit_test_setup_teardown(fn, open_pipe, close_pipe)

/* --- metrics --- */

static int64_t read_seven(void)
{
    return 7;
}

static const int64_t bounds[] = {10, 100, 0};

static const struct metrics_row rows[] = {
    {"dais_test_total", METRICS_COUNTER, "Things, by kind", "kind=\"a\"", NULL, 0, NULL},
    {"dais_test_total", METRICS_COUNTER, "Things, by kind", "kind=\"b\"", NULL, 0, NULL},
    {"dais_test_open", METRICS_GAUGE, "Open things", NULL, NULL, 0, NULL},
    {"dais_test_read", METRICS_GAUGE, "A thing that is read", NULL, NULL, 0, read_seven},
    {"dais_test_seconds", METRICS_HISTOGRAM, "Time", "lane=\"x\"", bounds, 1000, NULL},
};

static void *count_on_thread(void *arg)
{
    uint32_t first = *(uint32_t *)arg;
    static _Atomic uint32_t next_row;
    metrics_thread_row(atomic_fetch_add(&next_row, 1));
    for (int i = 0; i < 10000; i++)
        metrics_add(first, 1);
    metrics_add(first + 2, -2);
    return NULL;
}

static void test_metrics(void **state)
{
    (void)state;
    uint32_t first = 99;
    pthread_t threads[4];
    assert_int_equal(metrics_register(rows, 5, &first), DAIS_E_STATE);
    metrics_add(0, 1); /* nothing registered: nothing happens */
    assert_int_equal(metrics_init(3), DAIS_OK);
    assert_int_equal(metrics_register(rows, 5, &first), DAIS_OK);
    assert_int_equal(first, 0);
    for (int i = 0; i < 4; i++) /* the last one has no row of its own */
        assert_int_equal(pthread_create(&threads[i], NULL, count_on_thread, &first), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    metrics_add(first + 2, 10);
    metrics_observe(first + 4, 10);
    metrics_observe(first + 4, 50);
    metrics_observe(first + 4, 5000);
    metrics_observe(first, 1); /* no histogram */
    assert_int_equal(metrics_read(first), 40000);
    assert_int_equal(metrics_read(first + 1), 0);
    assert_int_equal(metrics_read(first + 2), 2);
    assert_int_equal(metrics_read(first + 3), 7);
    assert_int_equal(metrics_read(first + 4), 3);
    assert_int_equal(metrics_read(first + 5), 0);
    struct strbuf out STRBUF_AUTO;
    strbuf_init(&out, 10000);
    metrics_render(&out);
    assert_string_equal(strbuf_cstr(&out), "# HELP dais_test_total Things, by kind\n"
                                           "# TYPE dais_test_total counter\n"
                                           "dais_test_total{kind=\"a\"} 40000\n"
                                           "dais_test_total{kind=\"b\"} 0\n"
                                           "# HELP dais_test_open Open things\n"
                                           "# TYPE dais_test_open gauge\n"
                                           "dais_test_open 2\n"
                                           "# HELP dais_test_read A thing that is read\n"
                                           "# TYPE dais_test_read gauge\n"
                                           "dais_test_read 7\n"
                                           "# HELP dais_test_seconds Time\n"
                                           "# TYPE dais_test_seconds histogram\n"
                                           "dais_test_seconds_bucket{lane=\"x\",le=\"0.01\"} 1\n"
                                           "dais_test_seconds_bucket{lane=\"x\",le=\"0.1\"} 2\n"
                                           "dais_test_seconds_bucket{lane=\"x\",le=\"+Inf\"} 3\n"
                                           "dais_test_seconds_sum{lane=\"x\"} 5.06\n"
                                           "dais_test_seconds_count{lane=\"x\"} 3\n");
    metrics_fini();
}

/* Newer code registers its tables again, in memory of its own. */
static void test_a_metric_registered_again_goes_on(void **state)
{
    (void)state;
    uint32_t first = 99, again = 99, other = 99;
    char name[] = "dais_test_open", labels[] = "kind=\"b\"";
    const struct metrics_row mixed[] = {
        {.name = name, .kind = METRICS_GAUGE, .help = "Other words"},
        {.name = "dais_test_new", .kind = METRICS_COUNTER, .help = "New"},
        {.name = "dais_test_total", .kind = METRICS_COUNTER, .help = "", .labels = labels},
        {.name = "dais_test_total", .kind = METRICS_COUNTER, .help = "", .labels = "kind=\"c\""},
    };
    const struct metrics_row clash[] = {
        {.name = "dais_test_newer", .kind = METRICS_COUNTER, .help = "Newer"},
        {.name = "dais_test_total", .kind = METRICS_GAUGE, .help = "", .labels = "kind=\"d\""}};
    assert_int_equal(metrics_init(0), DAIS_OK);
    assert_int_equal(metrics_register(rows, 5, &first), DAIS_OK);
    assert_int_equal(metrics_register(rows, 5, &again), DAIS_OK);
    assert_int_equal(again, first);
    assert_int_equal(metrics_register(mixed, 4, &other), DAIS_OK);
    assert_int_equal(other, first + 5);
    name[0] = labels[0] = '!'; /* the rows were copied */
    metrics_add(first + 2, 10);
    metrics_add(other, -3);
    metrics_add(other + 2, 4);
    assert_int_equal(metrics_read(first + 2), 7);
    assert_int_equal(metrics_read(other), 7);
    assert_int_equal(metrics_read(first + 1), 4);
    assert_int_equal(metrics_register(clash, 2, &again), DAIS_E_CONFLICT);
    struct strbuf out STRBUF_AUTO;
    strbuf_init(&out, 10000);
    metrics_render(&out);
    assert_non_null(strstr(strbuf_cstr(&out), "dais_test_total{kind=\"a\"} 0\n"
                                              "dais_test_total{kind=\"b\"} 4\n"
                                              "dais_test_total{kind=\"c\"} 0\n"
                                              "# HELP dais_test_open Open things\n"
                                              "# TYPE dais_test_open gauge\n"
                                              "dais_test_open 7\n# HELP dais_test_read"));
    assert_null(strstr(strbuf_cstr(&out), "newer"));
    metrics_fini();
}

static void test_metrics_are_bounded(void **state)
{
    (void)state;
    uint32_t first = 99;
    assert_int_equal(limit_set(dais_cstr("metrics"), 64), DAIS_OK);
    assert_int_equal(metrics_init(0), DAIS_OK);
    static const struct metrics_row pair[] = {
        {.name = "dais_many_total", .kind = METRICS_COUNTER, .help = "Many"},
        {.name = "dais_many_total", .kind = METRICS_COUNTER, .help = "Many", .labels = "a=\"1\""},
    };
    char labels[32];
    struct metrics_row more[] = {pair[0], pair[1]};
    for (int i = 0; i < 32; i++) { /* two cells each, but for the first that is always the same */
        snprintf(labels, sizeof labels, "n=\"%d\"", i);
        more[0].labels = labels;
        assert_int_equal(metrics_register(more, 1, &first), DAIS_OK);
        assert_int_equal(first, i);
    }
    assert_int_equal(metrics_register(rows, 5, &first), DAIS_OK); /* eight cells */
    assert_int_equal(metrics_register(pair, 2, &first), DAIS_OK);
    assert_int_equal(first, 37);
    for (int i = 0; i < 22; i++) {
        snprintf(labels, sizeof labels, "m=\"%d\"", i);
        more[0].labels = labels;
        assert_int_equal(metrics_register(more, 1, &first), DAIS_OK);
    }
    struct strbuf before STRBUF_AUTO, after STRBUF_AUTO;
    strbuf_init(&before, 100000);
    strbuf_init(&after, 100000);
    metrics_render(&before);
    more[1].labels = "last=\"1\"";
    more[0].labels = "one too many";
    assert_int_equal(metrics_register(more, 2, &first), DAIS_E_LIMIT);
    assert_int_equal(first, 60);
    metrics_render(&after);
    assert_string_equal(strbuf_cstr(&before), strbuf_cstr(&after));
    metrics_fini();
    for (int64_t n = 0; n < 3; n++) {
        mem_fail_after(n);
        int32_t code = metrics_init(1);
        mem_fail_after(-1);
        assert_int_equal(code, DAIS_E_MEMORY);
    }
    limits_reset();
}

/* --- owner --- */

static void test_owner_slot(void **state)
{
    (void)state;
    static struct owner_slot shared;
    const struct owner owner = {.plugin = 1, .generation = 2, .callback = 3, .request = 4};
    owner_set(&owner);
    owner_slot_use(&shared); /* takes the mark along */
    assert_int_equal(atomic_load(&shared.plugin), 1);
    const struct owner other = {.plugin = 5, .request = 6};
    owner_set(&other);
    assert_int_equal(atomic_load(&shared.plugin), 5);
    assert_int_equal(atomic_load(&shared.request), 6);
    owner_slot_use(NULL);
    assert_int_equal(owner_get().plugin, 5);
    assert_int_equal(sizeof(struct owner_slot), 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(test_logfmt),
        LOG_TEST(test_json_lines),
        LOG_TEST(test_context_and_level),
        LOG_TEST(test_long_lines_are_cut),
        LOG_TEST(test_frequent_lines_are_suppressed),
        cmocka_unit_test(test_metrics),
        cmocka_unit_test(test_a_metric_registered_again_goes_on),
        cmocka_unit_test(test_metrics_are_bounded),
        cmocka_unit_test(test_owner_slot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
