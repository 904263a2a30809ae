/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A site for tests of the database: a private PostgreSQL, workers with their connections, and the
 * schema `t` with one table. cmocka's checks jump and so stay off fibers: code on fibers returns 0
 * or the line where it found something wrong (EXPECT), and site_run fails the test.
 */
#include "data/db.h"
#include "pg.h"

#define SITE_WORKERS 2u

/** The cluster of the running program. */
extern struct pg site_pg;

enum {
    PUT,        /* batch, idempotent: id, name */
    PUT_ONCE,   /* batch, fails on a double: id, name */
    GET,        /* read: id → name, n, blob */
    CAST_INT,   /* read: text → int, fails for what is no number */
    NAP_READ,   /* read: seconds */
    NAP,        /* pool: seconds */
    NAP_SHORT,  /* pool, 100 ms: seconds */
    SET_BLOB,   /* pool: id, blob */
    ADD,        /* pool: id, delta */
    COUNT_LIKE, /* read: pattern → count */
    BACKEND,    /* read → process id of this connection */
    PUT_SLOWLY, /* batch, not idempotent: id, name; takes 300 ms */
    MISSING,    /* read: a table that is not there */
    COMMITS,    /* read: pattern → how many transactions made them */
    SETTINGS,   /* read → search_path, time zone, application name */
    SITE_STATEMENTS
};

extern const struct dais_statement site_statements[];

/** For cmocka_run_group_tests: makes the cluster; removes it. */
int site_make(void **state);
int site_remove(void **state);

/** For each test: an empty table, workers that are connected; all gone afterwards. */
int site_open(void **state);
int site_close(void **state);

/** As site_open, with a connection string of the test's own. */
void site_open_by(const char *conninfo);

/** Runs `fn(arg)` on a fiber of worker `index`; the test fails unless it returns 0. */
void site_run(uint32_t index, int32_t (*fn)(void *arg), void *arg);

/** [fiber] Runs `count` fibers of `fn(number)` on this worker at once; 0 or the first failure. */
int32_t site_crowd(uint32_t count, int32_t (*fn)(uint32_t number));

/** [fiber] As db_query, without rows. */
int32_t site_do(uint32_t statement, const struct dais_param *params);

/** [fiber] The first value of an answer as a number; -1 on an error. */
int64_t site_number(uint32_t statement, const struct dais_param *params);

/** [fiber] Waits until this worker's connections are there again. */
int32_t site_await(void);

#define TEXT(literal) dais_text(dais_cstr(literal))
#define VALUES(...) ((const struct dais_param[]){__VA_ARGS__})
#define SITE_TEST(fn) cmocka_unit_test_setup_teardown(fn, site_open, site_close)

/** On fibers: leaves with a number that names the line. */
#define EXPECT(cond)                                                                               \
    do {                                                                                           \
        if (!(cond))                                                                               \
            return -1000 - __LINE__;                                                               \
    } while (0)
