/* SPDX-License-Identifier: MIT */
#include "data/bind.h"

#include "base/limits.h"
#include "base/mem.h"

#include <limits.h>
#include <string.h>

#define NUMBER_BYTES 21u /* "-9223372036854775808" and NUL */

static int32_t measure(const struct dais_param *params, uint32_t count, uint64_t *ret_copied,
                       uint64_t *ret_bytes)
{
    uint64_t copied = 0, bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct dais_str text = params[i].text;
        if (params[i].kind > DAIS_PARAM_BYTES)
            return DAIS_E_INVALID;
        if (params[i].kind == DAIS_PARAM_INT)
            copied += NUMBER_BYTES;
        if (params[i].kind != DAIS_PARAM_TEXT && params[i].kind != DAIS_PARAM_BYTES)
            continue;
        if (!text.ptr || text.len >= INT_MAX)
            return text.ptr ? DAIS_E_TOO_LARGE : DAIS_E_INVALID;
        bytes += text.len;
        if (params[i].kind == DAIS_PARAM_TEXT)
            copied += text.len + 1;
    }
    if (bytes > (uint64_t)limit_get(LIMIT_DB_QUEUE_BYTES))
        return DAIS_E_TOO_LARGE;
    *ret_copied = copied;
    *ret_bytes = bytes;
    return DAIS_OK;
}

/* Writes `number` and a NUL; returns what is behind them. */
static char *put_number(char *to, int64_t number)
{
    char digits[NUMBER_BYTES];
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    uint32_t count = 0;
    do
        digits[count++] = (char)('0' + rest % 10);
    while ((rest /= 10) != 0);
    if (number < 0)
        *to++ = '-';
    while (count > 0)
        *to++ = digits[--count];
    *to++ = '\0';
    return to;
}

static char *put_text(char *to, struct dais_str text)
{
    memcpy(to, text.ptr, text.len);
    to[text.len] = '\0';
    return to + text.len + 1;
}

/* Readies value `i`, whose copy goes to `to`; returns what is behind it, or NULL when it is no
 * text. */
static char *put(struct bind *bind, uint32_t i, const struct dais_param *param, char *to)
{
    bind->lengths[i] = 0;
    bind->formats[i] = 0;
    bind->values[i] = to;
    switch (param->kind) {
    case DAIS_PARAM_INT:
        return put_number(to, param->number);
    case DAIS_PARAM_TEXT:
        return memchr(param->text.ptr, 0, param->text.len) ? NULL : put_text(to, param->text);
    case DAIS_PARAM_BYTES:
        bind->values[i] = param->text.ptr;
        bind->lengths[i] = (int)param->text.len;
        bind->formats[i] = 1;
        return to;
    default:
        bind->values[i] = NULL;
        return to;
    }
}

int32_t bind_init(struct bind *bind, const struct dais_param *params, uint32_t count)
{
    uint64_t copied = 0;
    if (count > STATEMENT_PARAMS_MAX || (count > 0 && !params))
        return DAIS_E_INVALID;
    int32_t code = measure(params, count, &copied, &bind->bytes);
    if (code != DAIS_OK)
        return code;
    bind->count = count;
    bind->heap = NULL;
    if (copied > sizeof bind->scratch) {
        bind->heap = mem_alloc(copied);
        if (!bind->heap)
            return DAIS_E_MEMORY;
    }
    char *to = bind->heap ? bind->heap : bind->scratch;
    for (uint32_t i = 0; i < count; i++) {
        to = put(bind, i, &params[i], to);
        if (to)
            continue;
        bind_fini(bind);
        return DAIS_E_INVALID;
    }
    return DAIS_OK;
}

void bind_fini(struct bind *bind)
{
    mem_free(bind->heap);
    bind->heap = NULL;
}
