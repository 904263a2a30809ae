/* SPDX-License-Identifier: MIT */
#include "host/config.h"

#include "base/limits.h"
#include "base/log.h"
#include "base/str.h"
#include "host/report.h"
#include "net/tls.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/** One load of a text; the file is gone afterwards. */
struct loaded {
    char path[64];
    struct report *report;
    struct config *config;
    int32_t error;
};

static struct loaded load(const char *text)
{
    struct loaded loaded = {.path = "/tmp/dais-config-XXXXXX", .report = report_new()};
    int fd = mkstemp(loaded.path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    loaded.error = config_load(loaded.path, loaded.report, &loaded.config);
    unlink(loaded.path);
    return loaded;
}

static void done(struct loaded *loaded)
{
    config_free(loaded->config);
    report_free(loaded->report);
}

/** The line of the report behind the file's name: ":3: unknown key …". */
static void assert_problem(const struct loaded *loaded, uint32_t index, const char *expected)
{
    const char *line = report_line(loaded->report, index);
    assert_non_null(line);
    size_t prefix = strlen(loaded->path);
    if (strncmp(line, loaded->path, prefix) == 0)
        line += prefix;
    assert_string_equal(line, expected);
}

static struct dais_str item(struct dais_list list, uint64_t index)
{
    assert_true(index < list.count);
    return ((const struct dais_str *)list.items)[index];
}

static void assert_text(struct dais_str text, const char *expected)
{
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.ptr, expected, text.len);
}

static void test_defaults(void **state)
{
    (void)state;
    char folder[] = "/tmp/dais-config-XXXXXX", before[4096];
    assert_non_null(getcwd(before, sizeof before));
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    struct report *report = report_new();
    struct config *config = NULL;
    assert_int_equal(config_load(NULL, report, &config), DAIS_OK);
    assert_text(config->file, "defaults");
    assert_int_equal(config->plugin_count, 7);
    assert_text(config->plugins[0].id, "mail");
    assert_int_equal(config->plugins[6].required, 1);
    assert_text(item(config->http_listen, 0), "0.0.0.0:8080");
    assert_null(config->database_url.ptr);
    assert_true(config->workers >= 1);
    assert_true(str_has_suffix(config->data_dir, "/var"));
    assert_int_equal(config->log_level, LOG_LEVEL_INFO);
    assert_int_equal(config->log_json, 0);
    assert_int_equal(config->rates.per_minute[RATES_LOGIN][RATES_ADDRESS], 120);
    assert_int_equal(config->rates.per_minute[RATES_MEDIA][RATES_ADDRESS], 0);
    config_free(config);
    report_free(report);
    assert_int_equal(chdir(before), 0);
    rmdir(folder);
}

static void test_values_of_the_file(void **state)
{
    (void)state;
    struct loaded loaded = load("http:\n"
                                "  listen: [3000, \"127.0.0.1:5050\", \"[::1]:0\"]\n"
                                "workers: 3\n"
                                "data_dir: /srv/dais\n"
                                "database: {url: \"postgres://db/dais\"}\n"
                                "cors: {origins: [https://a.example, https://b.example]}\n"
                                "log: {level: debug, format: json}\n"
                                "limits: {fibers: 77}\n"
                                "plugins:\n"
                                "  auth:\n"
                                "  polls: {path: /opt/polls.so, required: false, color: red}\n");
    assert_int_equal(loaded.error, DAIS_OK);
    const struct config *config = loaded.config;
    assert_int_equal(config->http_listen.count, 3);
    assert_text(item(config->http_listen, 0), "0.0.0.0:3000");
    assert_text(item(config->http_listen, 1), "127.0.0.1:5050");
    assert_text(item(config->http_listen, 2), "[::1]:0");
    assert_int_equal(config->workers, 3);
    assert_text(config->data_dir, "/srv/dais");
    assert_text(config->database_url, "postgres://db/dais");
    assert_text(item(config->cors_origins, 1), "https://b.example");
    assert_int_equal(config->log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(config->log_json, 1);
    assert_int_equal(limit_get(LIMIT_FIBERS), 77);
    assert_int_equal(config->plugin_count, 2);
    assert_text(config->plugins[0].id, "auth");
    assert_null(config->plugins[0].path.ptr);
    assert_null(config->plugins[0].section);
    assert_text(config->plugins[1].path, "/opt/polls.so");
    assert_int_equal(config->plugins[1].required, 0);
    assert_non_null(config->plugins[1].section);
    done(&loaded);
    limits_reset();
}

static void test_tls_of_the_file(void **state)
{
    (void)state;
    struct loaded loaded = load("http: {listen: off}\n"
                                "tls:\n"
                                "  listen: [8443, \"[::1]:0\"]\n"
                                "  certificates:\n"
                                "    - {certificate: /etc/a.pem, key: /etc/a.key}\n"
                                "    - certificate: b.pem\n"
                                "      key: b.key\n");
    char path[PATH_MAX];
    assert_int_equal(loaded.error, DAIS_OK);
    const struct config *config = loaded.config;
    assert_int_equal(config->http_listen.count, 0);
    assert_int_equal(config->tls_listen.count, 2);
    assert_text(item(config->tls_listen, 0), "0.0.0.0:8443");
    assert_text(item(config->tls_listen, 1), "[::1]:0");
    const struct tls_pair *pairs = config->tls_pairs.items;
    assert_int_equal(config->tls_pairs.count, 2);
    assert_text(pairs[0].certificate, "/etc/a.pem");
    assert_text(pairs[0].key, "/etc/a.key");
    assert_non_null(getcwd(path, sizeof path - 8));
    memcpy(path + strlen(path), "/b.key", sizeof "/b.key");
    assert_text(pairs[1].key, path);
    done(&loaded);
}

static void test_environment_wins(void **state)
{
    (void)state;
    setenv("PORT", "0", 1);
    setenv("DATABASE_URL", "postgres://other/dais", 1);
    setenv("CORS_ORIGIN", "https://x.example, https://y.example", 1);
    setenv("DAIS_DATA", "/elsewhere", 1);
    struct loaded loaded = load("http: {listen: [3000]}\ndata_dir: /srv\n"
                                "database: {url: \"postgres://db/dais\"}\n");
    assert_int_equal(loaded.error, DAIS_OK);
    assert_int_equal(loaded.config->http_listen.count, 1);
    assert_text(item(loaded.config->http_listen, 0), "0.0.0.0:0");
    assert_text(loaded.config->database_url, "postgres://other/dais");
    assert_int_equal(loaded.config->cors_origins.count, 2);
    assert_text(item(loaded.config->cors_origins, 1), "https://y.example");
    assert_text(loaded.config->data_dir, "/elsewhere");
    done(&loaded);
    unsetenv("PORT");
    unsetenv("DATABASE_URL");
    unsetenv("CORS_ORIGIN");
    unsetenv("DAIS_DATA");
}

static void test_a_wrong_variable_is_named(void **state)
{
    (void)state;
    setenv("DAIS_WORKERS", "many", 1);
    struct loaded loaded = load("");
    assert_int_equal(loaded.error, DAIS_E_INVALID);
    assert_non_null(strstr(report_line(loaded.report, 0), "environment variable DAIS_WORKERS: "));
    done(&loaded);
    unsetenv("DAIS_WORKERS");
}

static void test_all_problems_are_told(void **state)
{
    (void)state;
    struct loaded loaded = load("htp: {}\n"
                                "workers: 65\n"
                                "log:\n"
                                "  levle: info\n"
                                "  format: xml\n"
                                "limits:\n"
                                "  fibrs: 5\n"
                                "  fibers: 1\n"
                                "  mail: lots\n"
                                "plugins:\n"
                                "  Polls: {}\n"
                                "  chat: {required: perhaps}\n");
    assert_int_equal(loaded.error, DAIS_E_INVALID);
    assert_problem(&loaded, 0, ":1: unknown key 'htp'; did you mean 'http'?");
    assert_problem(&loaded, 1, ":2: workers: must be from 0 to 64, is 65");
    assert_problem(&loaded, 2, ":4: unknown key 'log.levle'; did you mean 'level'?");
    assert_problem(&loaded, 3, ":5: log.format: must be one of logfmt, json");
    assert_problem(&loaded, 4, ":7: unknown key 'limits.fibrs'");
    assert_problem(&loaded, 5, ":8: limits.fibers: is out of bounds");
    assert_problem(&loaded, 6, ":9: limits.mail: must be a whole number");
    assert_problem(&loaded, 7, ":11: 'Polls' is no name of a plugin: small letters, digits and _");
    assert_problem(&loaded, 8, ":12: plugins.chat.required: must be true or false");
    assert_int_equal(report_count(loaded.report), 9);
    done(&loaded);
}

static void test_yaml_that_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *problem;
    } cases[] = {
        {"workers: 1\nworkers: 2\n", ":2: the key 'workers' stands on line 1 already"},
        {"a: &x 1\n", ":1: anchors and tags are not supported"},
        {"a: !int 1\n", ":1: anchors and tags are not supported"},
        {"a: 1\nb: *x\n", ":2: aliases are not supported"},
        {"workers: 1\n---\nworkers: 2\n", ":2: a second document begins here"},
        {"? [a]\n: 1\n", ":1: a key must be a plain text"},
        {"http: 8080\n", ":1: http must be a map of keys"},
        {"plugins: [auth]\n", ":1: plugins must be a map of at most 60 names"},
        {"http: {listen: [80a]}\n", ": http.listen: '80a' is neither a port nor address:port"},
        {"http: {listen: [\"1.2.3.4:99999\"]}\n",
         ": http.listen: '1.2.3.4:99999' is neither a port nor address:port"},
        {"http: {listen: off}\n", ": http.listen: may be off only with tls.listen"},
        {"tls: {listen: [8443]}\n", ": tls.listen: needs tls.certificates"},
        {"tls: {certificates: [{certificate: /a.pem}]}\n",
         ":1: tls.certificates[0].key: is required"},
        {"a: [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]\n", ":1: the file is nested too deeply"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct loaded loaded = load(cases[i].text);
        assert_int_equal(loaded.error, DAIS_E_INVALID);
        assert_problem(&loaded, 0, cases[i].problem);
        done(&loaded);
    }
}

static void test_a_file_that_is_not_there(void **state)
{
    (void)state;
    struct report *report = report_new();
    struct config *config = NULL;
    assert_int_equal(config_load("/nowhere/dais.yaml", report, &config), DAIS_E_INVALID);
    assert_string_equal(report_line(report, 0), "/nowhere/dais.yaml: No such file or directory");
    assert_int_equal(config_load("/tmp", report, &config), DAIS_E_INVALID);
    assert_string_equal(report_line(report, 1), "/tmp: is not a file");
    report_free(report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_values_of_the_file),
        cmocka_unit_test(test_tls_of_the_file),
        cmocka_unit_test(test_environment_wins),
        cmocka_unit_test(test_a_wrong_variable_is_named),
        cmocka_unit_test(test_all_problems_are_told),
        cmocka_unit_test(test_yaml_that_is_refused),
        cmocka_unit_test(test_a_file_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
