/* SPDX-License-Identifier: MIT */
#include "host/note.h"

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "host/files.h"
#include "host/plugin.h"
#include "host/state.h"

#define PATH_BYTES_MAX 8192u

static void write_path(const struct note *note, const struct plugin *plugin, struct strbuf *out)
{
    strbuf_addf(out, "%s/run/plugins/%s.%s", host_get()->options.data_dir, plugin->id, note->kind);
}

static bool is_there(const struct note *note, const struct plugin *plugin, struct dais_str text)
{
    struct dais_str there;
    if (note_read(note, plugin, &there) != DAIS_OK)
        return text.len == 0;
    bool same = dais_str_eq(there, text);
    mem_free((void *)(uintptr_t)there.ptr);
    return same;
}

void note_save(const struct note *note, const struct plugin *plugin, const struct strbuf *text)
{
    STRBUF_AUTO struct strbuf path;
    strbuf_init(&path, PATH_BYTES_MAX);
    write_path(note, plugin, &path);
    if (strbuf_error(text) || is_there(note, plugin, strbuf_view(text)))
        return;
    int32_t error = files_replace(strbuf_cstr(&path), strbuf_view(text), 0644);
    if (error)
        LOG_WARN("a plugin cannot be noted", log_text("path", strbuf_cstr(&path)), log_code(error));
}

int32_t note_read(const struct note *note, const struct plugin *plugin, struct dais_str *ret_text)
{
    STRBUF_AUTO struct strbuf path;
    strbuf_init(&path, PATH_BYTES_MAX);
    write_path(note, plugin, &path);
    return files_read(strbuf_cstr(&path), note->bytes_max, ret_text);
}
