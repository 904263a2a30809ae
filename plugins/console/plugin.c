/* SPDX-License-Identifier: MIT */
/* Web pages: descriptor and table. The pages themselves are made of web/ by the build. */
#include "dais/dais.h"

static const struct dais_need NEEDS[] = {DAIS_NEED_HTTP, {NULL, NULL, 0, 0}};

static const struct dais_static STATICS[] = {
    {"/assets/", "assets", NULL, 31536000, 0},
    {"/watch/", "pages", "watch.html", 0, DAIS_STATIC_FALLBACK},
    {"/reset/", "pages", "reset.html", 0, DAIS_STATIC_FALLBACK},
    {"/verify/", "pages", "verify.html", 0, DAIS_STATIC_FALLBACK},
    {"/", "pages", "index.html", 0, 0},
    {NULL, NULL, NULL, 0, 0},
};

static int32_t init(const struct dais_host *host)
{
    (void)host;
    return dais_http->statics(STATICS);
}

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "console",
    .version = "0.1.0",
    .summary = "Web pages: streams, the watch page, and where links in letters lead",
    .needs = NEEDS,
    .init = init,
};
