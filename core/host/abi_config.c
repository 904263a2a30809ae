/* SPDX-License-Identifier: MIT */
/* dais.config/1: the plugin's section, its secrets, its folder. */
#include "base/error.h"
#include "base/random.h"
#include "base/shape.h"
#include "host/abi.h"
#include "host/config.h"
#include "host/files.h"
#include "host/registration.h"
#include "host/secret.h"
#include "host/section.h"
#include "host/state.h"

#include <errno.h>
#include <string.h>

/** A later generation reads the section as it stood in the file at the start. */
static int32_t read_section(struct generation *generation, const struct dais_shape *shape,
                            void *ret_config)
{
    struct host *host = host_get();
    const struct plugin *plugin = generation->plugin;
    struct dais_str path = arena_printf(&generation->arena, "plugins.%s", plugin->id);
    struct section section = {
        .file = host->options.config->file.ptr,
        .path = path.ptr,
        .node = plugin->config->section,
        .others = config_plugin_keys,
        .arena = &generation->arena,
        .report = host->report,
    };
    return path.ptr ? section_read(&section, shape, ret_config) : DAIS_E_MEMORY;
}

static int32_t read_config(const struct dais_shape *shape, void *ret_config)
{
    struct shape_error wrong;
    struct generation *generation = registration_check("config.read");
    if (!generation)
        return DAIS_E_STATE;
    if (shape_check(shape, true, &wrong) != DAIS_OK)
        return registration_refuse(generation, DAIS_E_INVALID, "its table of keys: %s: %s",
                                   wrong.field, wrong.detail);
    generation->config_read = 1;
    int32_t error = read_section(generation, shape, ret_config);
    if (error)
        return registration_refuse(generation, error, "its configuration is not valid");
    return registration_add(generation, REGISTRATION_CONFIG, shape, dais_str(NULL, 0));
}

/** What `describe` and `check` get: a key that opens nothing. */
static void make_throwaway(uint8_t *ret_key, uint32_t bytes)
{
    random_bytes(ret_key, bytes);
}

static int32_t secret(const char *name, const char *env, uint32_t bytes, struct dais_str *ret_key)
{
    const struct host *host = host_get();
    struct generation *generation = registration_check("config.secret");
    char problem[SECRET_PROBLEM_BYTES];
    if (!generation)
        return DAIS_E_STATE;
    uint8_t *key = arena_alloc(&generation->arena, SECRET_BYTES_MAX);
    if (!key || !name || bytes > SECRET_BYTES_MAX)
        return key ? DAIS_E_INVALID : DAIS_E_MEMORY;
    struct secret_request request = {.data_dir = host->options.data_dir,
                                     .owner = generation->plugin->id,
                                     .name = name,
                                     .env = env,
                                     .bytes = bytes,
                                     .generate = host->options.embedded};
    int32_t error = DAIS_OK;
    if (host->options.offline)
        make_throwaway(key, bytes);
    else
        error = secret_get(&request, key, problem);
    if (error)
        return registration_refuse(generation, error, "%s", problem);
    *ret_key = dais_str((const char *)key, bytes);
    return registration_add(generation, REGISTRATION_SECRET, name, dais_cstr(env));
}

static struct dais_str data_dir(void)
{
    const struct plugin *plugin = host_plugin_running();
    return plugin ? dais_cstr(plugin->data_dir) : dais_str(NULL, 0);
}

const struct dais_config_v1 abi_config = {
    .read = read_config,
    .secret = secret,
    .data_dir = data_dir,
};
