/* SPDX-License-Identifier: MIT */
#include "device.h"

#include <stdio.h>

#define PRODUCT_BYTES_MAX 40

/** What a User-Agent holds, and what it means; the first row that fits counts. */
struct sign {
    const char *part;
    const char *name;
};

/* Browsers name those they descend from, so the youngest come first. */
static const struct sign CLIENTS[] = {
    {"Edg/", "Edge"},
    {"EdgA/", "Edge"},
    {"EdgiOS/", "Edge"},
    {"OPR/", "Opera"},
    {"SamsungBrowser/", "Samsung Internet"},
    {"Vivaldi/", "Vivaldi"},
    {"Firefox/", "Firefox"},
    {"FxiOS/", "Firefox"},
    {"CriOS/", "Chrome"},
    {"HeadlessChrome/", "Chrome"},
    {"Chromium/", "Chromium"},
    {"Chrome/", "Chrome"},
    {"Safari/", "Safari"},
    {"Dart/", "Dart app"},
    {"okhttp/", "Android app"},
    {"CFNetwork/", "Apple app"},
    {"curl/", "curl"},
    {"Wget/", "Wget"},
    {"python-requests/", "Python"},
    {"aiohttp/", "Python"},
    {"Python", "Python"},
    {"node", "Node.js"},
    {"OBS", "OBS Studio"},
};
static const struct sign SYSTEMS[] = {
    {"iPhone", "iPhone"},   {"iPad", "iPad"},       {"Android", "Android"}, {"CrOS", "ChromeOS"},
    {"Windows", "Windows"}, {"Mac OS X", "macOS"},  {"Macintosh", "macOS"}, {"Darwin", "macOS"},
    {"Linux", "Linux"},     {"FreeBSD", "FreeBSD"},
};

static int contains(struct dais_str text, const char *part)
{
    size_t len = strlen(part);
    for (uint64_t i = 0; i + len <= text.len; i++)
        if (memcmp(text.ptr + i, part, len) == 0)
            return 1;
    return 0;
}

static const char *find(struct dais_str text, const struct sign *signs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (contains(text, signs[i].part))
            return signs[i].name;
    return NULL;
}

/** The name before the first slash or space: "Widget" of "Widget/2.1 (…)". */
static struct dais_str product(struct dais_str text)
{
    uint64_t len = 0;
    while (len < text.len && len < PRODUCT_BYTES_MAX && text.ptr[len] > ' ' &&
           text.ptr[len] < 0x7f && text.ptr[len] != '/')
        len++;
    return dais_str(text.ptr, len);
}

void device_name(struct dais_str user_agent, char ret_name[DEVICE_NAME_BYTES])
{
    const char *client = find(user_agent, CLIENTS, sizeof CLIENTS / sizeof CLIENTS[0]);
    const char *system = find(user_agent, SYSTEMS, sizeof SYSTEMS / sizeof SYSTEMS[0]);
    struct dais_str name = client ? dais_cstr(client) : product(user_agent);
    if (name.len == 0)
        name = dais_cstr("unknown device");
    snprintf(ret_name, DEVICE_NAME_BYTES, system ? "%.*s on %s" : "%.*s", (int)name.len, name.ptr,
             system);
}
