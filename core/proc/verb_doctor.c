/* SPDX-License-Identifier: MIT */
/* `dais doctor`: what is missing or limited on this machine. */
#include "host/config.h"
#include "host/report.h"
#include "proc/cli.h"
#include "proc/doctor.h"

#include <stdio.h>

void doctor_say(struct doctor *doctor, enum doctor_grade grade, const char *remedy,
                const char *format, ...)
{
    static const char *const grades[] = {"ok", "warn", "fail"};
    va_list arguments;
    va_start(arguments, format);
    printf("%-5s ", grades[grade]);
    vprintf(format, arguments);
    va_end(arguments);
    if (remedy != NULL)
        printf(": %s", remedy);
    putchar('\n');
    if (grade > doctor->worst)
        doctor->worst = grade;
}

static void examine(struct doctor *doctor)
{
    doctor_account(doctor);
    doctor_data(doctor);
    doctor_database(doctor);
    doctor_ports(doctor);
    doctor_certificates(doctor);
    doctor_kernel(doctor);
    doctor_programs(doctor);
}

int verb_doctor(const struct cli *cli, const struct args *args)
{
    (void)args;
    struct config *config = NULL;
    struct report *report = report_new();
    struct doctor doctor = {.worst = DOCTOR_OK};
    if (config_load(cli->config, report, &config) == DAIS_OK) {
        doctor.config = config;
        doctor_say(&doctor, DOCTOR_OK, NULL, "configuration: %s", config->file.ptr);
        examine(&doctor);
        config_free(config);
    } else {
        const char *line;
        for (uint32_t i = 0; (line = report_line(report, i)) != NULL; i++)
            doctor_say(&doctor, DOCTOR_FAIL, NULL, "configuration: %s", line);
    }
    report_free(report);
    return doctor.worst == DOCTOR_FAIL ? CLI_FAILED : 0;
}
