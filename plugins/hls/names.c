/* SPDX-License-Identifier: MIT */
#include "names.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const media_names[TRACK_KINDS] = {"video.m3u8", "audio.m3u8"};
static const char letters[TRACK_KINDS] = {'v', 'a'};

void names_write(const struct names_file *file, char ret_name[NAMES_CHARS])
{
    const char letter = letters[file->kind];
    switch (file->what) {
    case NAMES_MASTER:
        snprintf(ret_name, NAMES_CHARS, "master.m3u8");
        break;
    case NAMES_MEDIA:
        snprintf(ret_name, NAMES_CHARS, "%s", media_names[file->kind]);
        break;
    case NAMES_INIT:
        snprintf(ret_name, NAMES_CHARS, "%c-%" PRIu64 "-i%" PRIu64 ".mp4", letter, file->session,
                 file->number);
        break;
    case NAMES_SEGMENT:
        snprintf(ret_name, NAMES_CHARS, "%c-%" PRIu64 "-%" PRIu64 ".m4s", letter, file->session,
                 file->number);
        break;
    }
}

/* Takes `text` off the front of `rest`. */
static bool take(struct dais_str *rest, struct dais_str text)
{
    if (rest->len < text.len || memcmp(rest->ptr, text.ptr, text.len) != 0) {
        return false;
    }
    rest->ptr += text.len;
    rest->len -= text.len;
    return true;
}

/* Takes a decimal number of at most 19 digits, without leading zeros, off the front. */
static bool take_number(struct dais_str *rest, uint64_t *ret_number)
{
    uint64_t number = 0;
    size_t digits = 0;
    while (digits < rest->len && rest->ptr[digits] >= '0' && rest->ptr[digits] <= '9') {
        if (digits == 19) {
            return false;
        }
        number = number * 10 + (uint64_t)(rest->ptr[digits++] - '0');
    }
    if (digits == 0 || (digits > 1 && rest->ptr[0] == '0')) {
        return false;
    }
    rest->ptr += digits;
    rest->len -= digits;
    *ret_number = number;
    return true;
}

static bool parse_playlist(struct dais_str name, struct names_file *file)
{
    if (dais_str_eq(name, dais_cstr("master.m3u8"))) {
        file->what = NAMES_MASTER;
        return true;
    }
    for (uint32_t kind = 0; kind < TRACK_KINDS; kind++) {
        if (dais_str_eq(name, dais_cstr(media_names[kind]))) {
            file->what = NAMES_MEDIA;
            file->kind = (enum track_kind)kind;
            return true;
        }
    }
    return false;
}

int32_t names_parse(struct dais_str name, struct names_file *ret_file)
{
    struct names_file file = {0};
    if (parse_playlist(name, &file)) {
        *ret_file = file;
        return DAIS_OK;
    }
    if (name.len == 0 || (name.ptr[0] != 'v' && name.ptr[0] != 'a')) {
        return DAIS_E_NOT_FOUND;
    }
    file.kind = name.ptr[0] == 'v' ? TRACK_VIDEO : TRACK_AUDIO;
    struct dais_str rest = dais_str(name.ptr + 1, name.len - 1);
    if (!take(&rest, dais_cstr("-")) || !take_number(&rest, &file.session) ||
        !take(&rest, dais_cstr("-"))) {
        return DAIS_E_NOT_FOUND;
    }
    file.what = take(&rest, dais_cstr("i")) ? NAMES_INIT : NAMES_SEGMENT;
    if (!take_number(&rest, &file.number) ||
        !dais_str_eq(rest, dais_cstr(file.what == NAMES_INIT ? ".mp4" : ".m4s"))) {
        return DAIS_E_NOT_FOUND;
    }
    *ret_file = file;
    return DAIS_OK;
}
