/* SPDX-License-Identifier: MIT */
#include "host/abi.h"

#include <stdio.h>
#include <string.h>

const struct abi_interface abi_interfaces[] = {
    {"dais.bus/1", &abi_bus},
    {"dais.cli/1", &abi_cli},
    {"dais.config/1", &abi_config},
    {"dais.db/1", &abi_db},
    {"dais.events/1", &abi_events},
    {"dais.fiber/1", &abi_fiber},
    {"dais.hooks/1", &abi_hooks},
    {"dais.http/1", &abi_http},
    {"dais.log/1", &abi_log},
    {"dais.media/1", &abi_media},
    {"dais.mem/1", &abi_mem},
    {"dais.metrics/1", &abi_metrics},
    {"dais.net/1", &abi_net},
    {"dais.random/1", &abi_random},
    {"dais.rooms/1", &abi_rooms},
    {"dais.services/1", &abi_services},
    {"dais.shared/1", &abi_shared},
    {"dais.timers/1", &abi_timers},
    {NULL, NULL},
};

static const void *query(const struct dais_host *host, const char *name)
{
    (void)host;
    return name ? abi_find(name) : NULL;
}

const struct dais_host abi_host = {.abi_major = DAIS_ABI_MAJOR, .query = query};

const void *abi_find(const char *name)
{
    for (const struct abi_interface *row = abi_interfaces; row->name; row++)
        if (strcmp(row->name, name) == 0)
            return row->table;
    return NULL;
}

/** The name up to its version, the slash included; the whole name without one. */
static size_t base_len(const char *name)
{
    size_t len = strcspn(name, "/");
    return name[len] ? len + 1 : len;
}

void abi_versions(const char *name, char ret_text[ABI_VERSIONS_BYTES])
{
    size_t base = base_len(name), len = 0;
    ret_text[0] = '\0';
    for (const struct abi_interface *row = abi_interfaces; row->name; row++) {
        if (base_len(row->name) != base || strncmp(row->name, name, base) != 0)
            continue;
        int more = snprintf(ret_text + len, ABI_VERSIONS_BYTES - len, "%s%s", len ? ", " : "",
                            row->name + base - 1);
        if (more < 0 || (size_t)more >= ABI_VERSIONS_BYTES - len)
            return;
        len += (size_t)more;
    }
}
