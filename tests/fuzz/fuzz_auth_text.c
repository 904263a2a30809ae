/* SPDX-License-Identifier: MIT */
/* Texts that callers give: cursors are read and written alike, the rest stays within its bounds. */
#include <stdlib.h>
#include <string.h>

#include "auth.h"
#include "cursor.h"
#include "device.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(int is_so)
{
    if (!is_so)
        abort();
}

static void check_cursor(struct dais_str text)
{
    struct cursor cursor, again;
    char written[CURSOR_BYTES];
    if (cursor_read(text, &cursor))
        return;
    require(cursor_write(cursor.number, dais_cstr(cursor.term), written) == DAIS_OK);
    require(cursor_read(dais_cstr(written), &again) == DAIS_OK);
    require(again.number == cursor.number && strcmp(again.term, cursor.term) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct dais_str text = dais_str((const char *)data, len);
    char name[DEVICE_NAME_BYTES];
    char network[AUTH_NETWORK_BYTES];
    int64_t seconds = 0;
    check_cursor(text);
    device_name(text, name);
    require(strlen(name) > 0 && strlen(name) < DEVICE_NAME_BYTES);
    uint64_t network_len = auth_network(text, network);
    require(network_len <= len || network_len == AUTH_NETWORK_PREFIX_BYTES);
    if (auth_url_is_good(text))
        require(len == 0 || memcmp(data, "http", 4) == 0);
    if (auth_span_parse(text, &seconds) == DAIS_OK)
        require(seconds > 0 && seconds <= AUTH_TOKEN_LIFE_S_MAX);
    return 0;
}
