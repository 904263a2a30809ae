/* SPDX-License-Identifier: MIT */
/* The embedded PostgreSQL as the supervisor uses it. */
#include "pg.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct pg pg;

static int make(void **state)
{
    pg_make_dir(&pg);
    pg_start(&pg);
    return 0;
}

static int drop(void **state)
{
    pg_remove(&pg);
    return 0;
}

static void it_answers_to_its_user_only(void **state)
{
    struct stat stat_buf;
    char path[128];
    assert_true(embedded_ready(pg.embedded));
    assert_string_equal(pg_ask(&pg, "SELECT current_user"), "dais");
    assert_string_equal(pg_ask(&pg, "SHOW listen_addresses"), "");
    assert_string_equal(pg_ask(&pg, "SHOW fsync"), "on");
    assert_string_equal(pg_ask(&pg, "SHOW max_connections"), "40");
    assert_string_equal(pg_ask(&pg, "SHOW server_encoding"), "UTF8");
    assert_string_equal(pg_ask(&pg, "SELECT string_agg(auth_method, ' ') FROM pg_hba_file_rules"),
                        "peer");
    snprintf(path, sizeof path, "%s/run-postgres", pg.dir);
    assert_int_equal(stat(path, &stat_buf), 0);
    assert_int_equal(stat_buf.st_mode & 0777, 0700);
    assert_int_equal(stat_buf.st_uid, embedded_uid(pg.embedded));
}

static void what_was_committed_survives_a_kill(void **state)
{
    pid_t before = pg.pid;
    pg_ask(&pg, "CREATE TABLE kept (x int)");
    pg_ask(&pg, "INSERT INTO kept VALUES (7)");
    pg_crash(&pg);
    assert_int_equal(embedded_pid(pg.embedded), 0);
    assert_false(embedded_ready(pg.embedded));
    assert_string_equal(embedded_message(pg.embedded), "postgres was ended by signal 9");
    pg_restart(&pg);
    assert_int_not_equal(pg.pid, before);
    assert_string_equal(pg_ask(&pg, "SELECT x FROM kept"), "7");
}

static void a_second_server_is_refused(void **state)
{
    char message[EMBEDDED_MESSAGE_BYTES_MAX] = "";
    struct embedded *second = NULL;
    const struct embedded_options options = {.data_dir = pg.dir, .connections = 40};
    assert_int_equal(embedded_open(&options, message, &second), DAIS_E_CONFLICT);
    assert_non_null(strstr(message, "another server uses the data directory"));
    assert_null(second);
}

static void starting_twice_is_refused(void **state)
{
    pid_t pid = 0;
    assert_int_equal(embedded_start(pg.embedded, &pid), DAIS_E_STATE);
    assert_int_equal(embedded_prepare(pg.embedded), DAIS_E_STATE);
}

/* A supervisor that dies without a word, in a process of its own. */
_Noreturn static void be_supervisor(int fd)
{
    struct pg mine = pg;
    pg_start(&mine);
    if (write(fd, &mine.pid, sizeof mine.pid) != (ssize_t)sizeof mine.pid)
        _exit(1);
    raise(SIGKILL);
    _exit(1);
}

static pid_t run_supervisor(void)
{
    int ends[2];
    pid_t postgres = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0)
        be_supervisor(ends[1]);
    assert_int_equal(read(ends[0], &postgres, sizeof postgres), sizeof postgres);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(ends[0]);
    close(ends[1]);
    return postgres;
}

static void an_orphan_is_ended_before_the_next_start(void **state)
{
    pg_stop(&pg);
    pid_t orphan = run_supervisor();
    assert_true(orphan > 0);
    /* It is ending by itself, since its supervisor is gone, or is ended here. */
    pg_start(&pg);
    assert_int_not_equal(pg.pid, orphan);
    assert_string_equal(pg_ask(&pg, "SELECT 1"), "1");
}

static void a_stale_note_of_a_stranger_is_removed(void **state)
{
    char note[128];
    pg_crash(&pg);
    embedded_close(pg.embedded);
    snprintf(note, sizeof note, "%s/postgres/postmaster.pid", pg.dir);
    FILE *file = fopen(note, "w");
    assert_non_null(file);
    /* The number belongs to a living process now, as after a reboot. */
    fprintf(file, "%d\n%s/postgres\n1\n5432\n\n\n", (int)getppid(), pg.dir);
    assert_int_equal(fclose(file), 0);
    pg_start(&pg);
    assert_string_equal(pg_ask(&pg, "SELECT 1"), "1");
}

static void settings_of_an_operator_win(void **state)
{
    char path[128];
    pg_stop(&pg);
    snprintf(path, sizeof path, "%s/postgres/local.conf", pg.dir);
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    fputs("work_mem = 5MB\n", file);
    assert_int_equal(fclose(file), 0);
    pg_start(&pg);
    assert_string_equal(pg_ask(&pg, "SHOW work_mem"), "5MB");
}

static void the_log_stays_bounded(void **state)
{
    char path[128];
    struct stat before, after, older;
    snprintf(path, sizeof path, "%s/log/postgres.log", pg.dir);
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    for (int i = 0; i < (9 << 20) / 64; i++)
        fprintf(file, "%063d\n", i);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(stat(path, &before), 0);
    embedded_trim_log(pg.embedded);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(after.st_size, 0);
    assert_int_equal(after.st_ino, before.st_ino);
    snprintf(path, sizeof path, "%s/log/postgres.log.1", pg.dir);
    assert_int_equal(stat(path, &older), 0);
    assert_true(older.st_size >= 8 << 20);
    assert_int_equal(older.st_uid, embedded_uid(pg.embedded));
}

static void a_half_made_cluster_is_made_anew(void **state)
{
    char command[256];
    struct pg other;
    pg_make_dir(&other);
    snprintf(command, sizeof command,
             "mkdir -p %s/postgres.new/base && chown -R %u %s && touch %s/postgres.new/base/x",
             other.dir, (unsigned)embedded_uid(pg.embedded), other.dir, other.dir);
    assert_int_equal(system(command), 0);
    pg_start(&other);
    assert_string_equal(pg_ask(&other, "SELECT 1"), "1");
    pg_remove(&other);
}

static void a_long_path_gets_a_short_socket(void **state)
{
    char message[EMBEDDED_MESSAGE_BYTES_MAX] = "", dir[160];
    struct embedded *embedded = NULL;
    snprintf(dir, sizeof dir, "%s/%0100d", pg.dir, 7);
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_int_equal(chown(dir, embedded_uid(pg.embedded), embedded_gid(pg.embedded)), 0);
    const struct embedded_options options = {.data_dir = dir, .connections = 40};
    assert_int_equal(embedded_open(&options, message, &embedded), 0);
    assert_non_null(strstr(embedded_conninfo(embedded), "host=/tmp/dais-"));
    embedded_close(embedded);
}

static void bad_options_are_told(void **state)
{
    char message[EMBEDDED_MESSAGE_BYTES_MAX] = "";
    struct embedded *embedded = NULL;
    const struct embedded_options relative = {.data_dir = "var", .connections = 40};
    assert_int_equal(embedded_open(&relative, message, &embedded), DAIS_E_INVALID);
    assert_non_null(strstr(message, "absolute path"));
    const struct embedded_options nobody = {
        .data_dir = pg.dir, .user = "no-such-user", .connections = 40};
    if (geteuid() == 0) {
        assert_int_equal(embedded_open(&nobody, message, &embedded), DAIS_E_NOT_FOUND);
        assert_non_null(strstr(message, "no-such-user"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_answers_to_its_user_only),
        cmocka_unit_test(what_was_committed_survives_a_kill),
        cmocka_unit_test(a_second_server_is_refused),
        cmocka_unit_test(starting_twice_is_refused),
        cmocka_unit_test(an_orphan_is_ended_before_the_next_start),
        cmocka_unit_test(a_stale_note_of_a_stranger_is_removed),
        cmocka_unit_test(settings_of_an_operator_win),
        cmocka_unit_test(the_log_stays_bounded),
        cmocka_unit_test(a_half_made_cluster_is_made_anew),
        cmocka_unit_test(a_long_path_gets_a_short_socket),
        cmocka_unit_test(bad_options_are_told),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
