/* SPDX-License-Identifier: MIT */
/* Each hostile plugin gives its one line; whoever may be missing is left out. */
#include "host/host.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "dais/svc/roomsource.h"
#include "host/config.h"
#include "host/files.h"
#include "host/instances.h"
#include "host/report.h"
#include "host/state.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/** A host made from a few rows of plugins. */
struct attempt {
    char folder[64];
    struct config *config;
    struct report *report;
    struct host *host;
    int32_t error;
};

static struct attempt attempt(const char *plugins)
{
    struct attempt attempt = {.folder = "/tmp/dais-load-XXXXXX", .report = report_new()};
    char path[128], text[8192];
    assert_non_null(mkdtemp(attempt.folder));
    snprintf(path, sizeof path, "%s/dais.yaml", attempt.folder);
    int len = snprintf(text, sizeof text, "workers: 1\nplugins:\n%s", plugins);
    assert_int_equal(files_replace(path, dais_str(text, (uint64_t)len), 0600), DAIS_OK);
    assert_int_equal(config_load(path, attempt.report, &attempt.config), DAIS_OK);
    const struct host_options options = {.config = attempt.config,
                                         .data_dir = attempt.folder,
                                         .plugins_dir = TEST_PLUGINS,
                                         .offline = 1};
    attempt.error = host_new(&options, attempt.report, &attempt.host);
    unlink(path);
    rmdir(attempt.folder);
    return attempt;
}

static void done(struct attempt *attempt)
{
    host_free(attempt->host);
    config_free(attempt->config);
    report_free(attempt->report);
}

static void assert_refused(const char *plugins, const char *expected)
{
    struct attempt tried = attempt(plugins);
    assert_int_equal(tried.error, DAIS_E_INVALID);
    assert_string_equal(report_line(tried.report, 0), expected);
    assert_int_equal(report_count(tried.report), 1);
    done(&tried);
}

static void test_wrong_magic(void **state)
{
    (void)state;
    assert_refused("  wrong_magic:\n", "plugin wrong_magic: its descriptor has the wrong magic "
                                       "number; it is no plugin of Dais");
}

static void test_future_major(void **state)
{
    (void)state;
    assert_refused("  future_major:\n",
                   "plugin future_major: was built for ABI 2; this host has ABI 1");
}

static void test_other_draft(void **state)
{
    (void)state;
    struct attempt tried = attempt("  other_draft:\n");
    assert_int_equal(tried.error, DAIS_E_INVALID);
    const char *line = report_line(tried.report, 0);
    assert_non_null(strstr(line, "plugin other_draft: was built against other draft headers ("));
    assert_non_null(strstr(line, "): build it again"));
    done(&tried);
}

static void test_bad_id(void **state)
{
    (void)state;
    assert_refused("  bad_id:\n", "plugin bad_id: its id is not of the form [a-z][a-z0-9_]*");
}

static void test_id_of_another(void **state)
{
    (void)state;
    assert_refused("  other: {path: " TEST_PLUGINS "/probe.so}\n",
                   "plugin other: its file holds the plugin 'probe'");
}

static void test_no_descriptor(void **state)
{
    (void)state;
    assert_refused("  no_descriptor:\n", "plugin no_descriptor: its file has no symbol "
                                         "'dais_plugin'; it is no plugin of Dais");
}

static void test_missing_interface(void **state)
{
    (void)state;
    assert_refused("  missing_interface:\n",
                   "plugin missing_interface: missing_interface 2.1.0 needs dais.http/9; this host "
                   "has /1");
}

static void test_missing_service(void **state)
{
    (void)state;
    assert_refused(
        "  missing_service:\n",
        "plugin missing_service: missing_service 1.0.0 needs example.weather/1, which no "
        "enabled plugin offers");
}

static void test_failing_init(void **state)
{
    (void)state;
    assert_refused("  failing_init:\n", "plugin failing_init: init failed: DAIS_E_INVALID");
}

static void test_file_that_is_not_there(void **state)
{
    (void)state;
    assert_refused("  nobody:\n", "plugin nobody: " TEST_PLUGINS
                                  "/nobody.so cannot be read: No such file or directory");
}

static void test_truncated_file(void **state)
{
    char path[] = "/tmp/dais-plugin-XXXXXX", row[128];
    struct dais_str bytes;
    (void)state;
    assert_int_equal(files_read(TEST_PLUGINS "/probe.so", 64u << 20, &bytes), DAIS_OK);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_true(write(fd, bytes.ptr, bytes.len / 2) > 0);
    close(fd);
    mem_free((void *)(uintptr_t)bytes.ptr);
    snprintf(row, sizeof row, "  probe: {path: %s}\n", path);
    struct attempt tried = attempt(row);
    unlink(path);
    assert_int_equal(tried.error, DAIS_E_INVALID);
    assert_non_null(strstr(report_line(tried.report, 0), "is not complete"));
    done(&tried);
}

static void test_cycle(void **state)
{
    (void)state;
    struct attempt tried = attempt("  cycle_one:\n  cycle_two:\n");
    assert_int_equal(tried.error, DAIS_E_INVALID);
    assert_string_equal(report_line(tried.report, 0),
                        "plugin cycle_one: its services form a cycle: cycle_one needs "
                        "example.cycle_two/1 of cycle_two needs example.cycle_one/1 of cycle_one");
    assert_int_equal(report_count(tried.report), 2);
    done(&tried);
}

static void test_unknown_key_of_a_plugin(void **state)
{
    (void)state;
    struct attempt tried = attempt("  probe: {greting: hi, limit: 11}\n  misuse: {color: red}\n");
    assert_int_equal(tried.error, DAIS_E_INVALID);
    const char *line = report_line(tried.report, 0);
    assert_non_null(
        strstr(line, ":3: unknown key 'plugins.probe.greting'; did you mean 'greeting'?"));
    assert_non_null(strstr(report_line(tried.report, 1),
                           ":3: plugins.probe.limit: must be from 1 to 10, is 11"));
    assert_non_null(strstr(report_line(tried.report, 2), ":4: unknown key 'plugins.misuse.color'"));
    done(&tried);
}

/** Services order the start, whatever the order of the file. */
static void test_order_by_services(void **state)
{
    (void)state;
    struct attempt tried = attempt("  caller:\n  probe:\n");
    assert_int_equal(tried.error, DAIS_OK);
    const struct host *host = host_get();
    assert_int_equal(host->order_count, 2);
    assert_string_equal(host->order[0]->id, "probe");
    assert_string_equal(host->order[1]->id, "caller");
    done(&tried);
}

static void test_optional_ones_are_left_out(void **state)
{
    (void)state;
    struct attempt tried = attempt("  failing_init: {required: false}\n  probe:\n"
                                   "  wrong_magic: {required: false}\n");
    assert_int_equal(tried.error, DAIS_OK);
    const struct host *host = host_get();
    assert_int_equal(host->order_count, 1);
    assert_int_equal(atomic_load(&host_plugin_find(dais_cstr("failing_init"))->state),
                     PLUGIN_FAILED);
    assert_int_equal(
        atomic_load(&host_plugin_find(dais_cstr("failing_init"))->current->http.closed), 1);
    done(&tried);
}

/** Who needs a plugin that is left out is left out too, and says because of whom. */
static void test_consumer_of_one_left_out(void **state)
{
    (void)state;
    struct attempt tried = attempt("  caller:\n  probe: {required: false, limit: 0}\n");
    assert_int_equal(tried.error, DAIS_E_INVALID);
    assert_non_null(strstr(report_line(tried.report, 0), "plugins.probe.limit: "));
    assert_string_equal(report_line(tried.report, 1),
                        "plugin caller: caller 0.1.0 needs example.probe/1 of probe, which is "
                        "left out");
    done(&tried);
}

/* --- services of several providers --- */

static void test_an_instance_is_offered_once(void **state)
{
    (void)state;
    assert_refused("  source_north:\n  source_twin:\n",
                   "plugin source_twin: offers dais.roomsource/1:north, which source_north offers "
                   "already");
}

static void test_who_needs_one_instance_waits_for_it(void **state)
{
    (void)state;
    struct attempt tried = attempt("  source_user:\n  source_south:\n  source_north:\n");
    assert_int_equal(tried.error, DAIS_OK);
    const struct host *host = host_get();
    assert_int_equal(host->order_count, 3);
    assert_string_equal(host->order[0]->id, "source_north");
    assert_string_equal(host->order[1]->id, "source_user");
    done(&tried);
    assert_refused("  source_user:\n  source_south:\n",
                   "plugin source_user: source_user 1.0.0 needs dais.roomsource/1:north; "
                   "source_south offers /1:south");
}

static void test_the_service_itself_is_no_instance(void **state)
{
    (void)state;
    assert_refused("  source_all:\n  source_north:\n",
                   "plugin source_all: source_all 1.0.0 needs dais.roomsource/1; source_north "
                   "offers /1:north");
}

static void start(const char *id)
{
    atomic_store(&host_plugin_find(dais_cstr(id))->state, PLUGIN_STARTED);
}

static const char *kind_at(uint32_t index)
{
    const struct dais_roomsource_v1 *source = instances_each(DAIS_ROOMSOURCE, index);
    return source ? source->kind : NULL;
}

/** Who asks all of them starts whatever there is, and finds who has started, by id. */
static void test_all_instances_of_those_that_started(void **state)
{
    (void)state;
    struct attempt tried = attempt("  asker:\n  source_south:\n  source_north:\n  probe:\n");
    assert_int_equal(tried.error, DAIS_OK);
    assert_string_equal(host_get()->order[0]->id, "asker");
    assert_null(kind_at(0));
    start("source_south");
    assert_string_equal(kind_at(0), "south");
    assert_null(kind_at(1));
    start("source_north");
    assert_string_equal(kind_at(0), "north");
    assert_string_equal(kind_at(1), "south");
    assert_null(kind_at(2));
    start("probe");
    assert_non_null(instances_each("example.probe/1", 0));
    assert_null(instances_each("example.probe/1", 1));
    assert_null(instances_each("dais.roomsource/", 0));
    assert_null(instances_each("dais.roomsource/10", 0));
    assert_null(instances_each("dais.roomsource/1:north", 0));
    assert_null(instances_each("", 0));
    done(&tried);
}

int main(void)
{
    log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_magic),
        cmocka_unit_test(test_future_major),
        cmocka_unit_test(test_other_draft),
        cmocka_unit_test(test_bad_id),
        cmocka_unit_test(test_id_of_another),
        cmocka_unit_test(test_no_descriptor),
        cmocka_unit_test(test_missing_interface),
        cmocka_unit_test(test_missing_service),
        cmocka_unit_test(test_failing_init),
        cmocka_unit_test(test_file_that_is_not_there),
        cmocka_unit_test(test_truncated_file),
        cmocka_unit_test(test_cycle),
        cmocka_unit_test(test_unknown_key_of_a_plugin),
        cmocka_unit_test(test_order_by_services),
        cmocka_unit_test(test_optional_ones_are_left_out),
        cmocka_unit_test(test_consumer_of_one_left_out),
        cmocka_unit_test(test_an_instance_is_offered_once),
        cmocka_unit_test(test_who_needs_one_instance_waits_for_it),
        cmocka_unit_test(test_the_service_itself_is_no_instance),
        cmocka_unit_test(test_all_instances_of_those_that_started),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
