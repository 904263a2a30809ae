/* SPDX-License-Identifier: MIT */
#include "host/secret.h"

#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "host/files.h"

#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES_MAX 2048

/** Writes the operator's line and returns `error`. */
__attribute__((format(printf, 3, 4))) static int32_t refuse(char *problem, int32_t error,
                                                            const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(problem, SECRET_PROBLEM_BYTES, format, args);
    va_end(args);
    return error;
}

/** Whether `text` is standard base64 of exactly `bytes` bytes, which are then in `ret_key`. */
static int decode(struct dais_str text, uint32_t bytes, uint8_t *ret_key)
{
    size_t got = 0;
    uint8_t decoded[SECRET_BYTES_MAX];
    int failed = sodium_base642bin(decoded, sizeof decoded, text.ptr, text.len, NULL, &got, NULL,
                                   sodium_base64_VARIANT_ORIGINAL);
    int fits = !failed && got == bytes;
    if (fits)
        memcpy(ret_key, decoded, bytes);
    sodium_memzero(decoded, sizeof decoded);
    return fits;
}

static int32_t from_variable(const struct secret_request *request, const char *value,
                             uint8_t *ret_key, char *problem)
{
    struct dais_str text = dais_cstr(value);
    if (text.len < SECRET_TEXT_BYTES_MIN)
        return refuse(problem, DAIS_E_INVALID,
                      "environment variable %s: must have at least %u characters", request->env,
                      SECRET_TEXT_BYTES_MIN);
    if (decode(text, request->bytes, ret_key))
        return DAIS_OK;
    crypto_generichash(ret_key, request->bytes, (const uint8_t *)text.ptr, text.len, NULL, 0);
    return DAIS_OK;
}

static int is_name(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= 64 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}

static int32_t make(const struct secret_request *request, const char *path, uint8_t *ret_key,
                    char *problem)
{
    char folder[PATH_BYTES_MAX];
    int len = snprintf(folder, sizeof folder, "%s/secrets", request->data_dir);
    if (len < 0 || (size_t)len >= sizeof folder)
        return refuse(problem, DAIS_E_INVALID, "%s: the path is too long", path);
    random_bytes(ret_key, request->bytes);
    int32_t error = files_make_folder(folder, 0700);
    if (!error)
        error = files_replace(path, dais_str((const char *)ret_key, request->bytes), 0600);
    return error ? refuse(problem, error, "%s: %s", path, strerror(errno)) : DAIS_OK;
}

static int32_t from_file(const struct secret_request *request, const char *path, uint8_t *ret_key,
                         char *problem)
{
    struct dais_str bytes;
    int32_t error = files_read(path, SECRET_BYTES_MAX, &bytes);
    if (error == DAIS_E_NOT_FOUND)
        return make(request, path, ret_key, problem);
    if (error)
        return refuse(problem, error, "%s: %s", path, strerror(errno));
    if (bytes.len == request->bytes)
        memcpy(ret_key, bytes.ptr, bytes.len);
    else
        error = refuse(problem, DAIS_E_INVALID, "%s: has the wrong length", path);
    sodium_memzero((void *)(uintptr_t)bytes.ptr, bytes.len);
    mem_free((void *)(uintptr_t)bytes.ptr);
    return error;
}

int32_t secret_get(const struct secret_request *request, uint8_t *ret_key, char *problem)
{
    char path[PATH_BYTES_MAX];
    const char *value = request->env ? getenv(request->env) : NULL;
    if (!is_name(request->name) || request->bytes < SECRET_BYTES_MIN ||
        request->bytes > SECRET_BYTES_MAX)
        return refuse(problem, DAIS_E_INVALID,
                      "secret %s: the plugin asks for a bad name or length", request->name);
    if (value && *value)
        return from_variable(request, value, ret_key, problem);
    if (!request->generate)
        return refuse(problem, DAIS_E_INVALID,
                      "secret %s must be given by the environment variable %s, since the database "
                      "is not the server's own",
                      request->name, request->env ? request->env : "(none)");
    int len = snprintf(path, sizeof path, "%s/secrets/%s.%s", request->data_dir, request->owner,
                       request->name);
    if (len < 0 || (size_t)len >= sizeof path)
        return refuse(problem, DAIS_E_INVALID, "secret %s: the path is too long", request->name);
    return from_file(request, path, ret_key, problem);
}
