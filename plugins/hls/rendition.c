/* SPDX-License-Identifier: MIT */
#include "rendition.h"

#include <assert.h>

#include "held.h"
#include "hls.h"

static bool is_used(const struct window *window, uint64_t number)
{
    for (uint32_t i = 0; i < window->count; i++) {
        if (window->segments[i].init == number) {
            return true;
        }
    }
    return false;
}

/* Gives back the init segments that no segment of the window uses, except the newest. Not while a
 * segment is on its way into the window. */
static void drop_inits(struct rendition *rendition)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < rendition->init_count; i++) {
        const struct rendition_init init = rendition->inits[i];
        if (i + 1 == rendition->init_count || is_used(&rendition->window, init.number)) {
            rendition->inits[kept++] = init;
            continue;
        }
        dais_mem->buf_unref(init.record);
        dais_mem->buf_unref(init.file);
    }
    rendition->init_count = kept;
}

static int32_t add_init(struct rendition *rendition, struct dais_buf *record,
                        const struct track *track)
{
    drop_inits(rendition);
    assert(rendition->init_count < RENDITION_INITS_MAX);
    struct dais_buf *file = dais_mem->buf_new(box_init_size(track));
    if (file == NULL) {
        return DAIS_E_MEMORY;
    }
    box_init_write(track, file->data);
    rendition->inits[rendition->init_count++] = (struct rendition_init){
        .number = ++rendition->init_last, .record = dais_mem->buf_ref(record), .file = file};
    return DAIS_OK;
}

int32_t rendition_configure(struct rendition *rendition, struct dais_buf *record,
                            const struct track *track)
{
    const uint32_t count = rendition->init_count;
    const struct dais_buf *newest = count > 0 ? rendition->inits[count - 1].record : NULL;
    const bool same = newest != NULL && newest->len == record->len &&
                      memcmp(newest->data, record->data, record->len) == 0;
    const int32_t code = same ? DAIS_OK : add_init(rendition, record, track);
    if (code != DAIS_OK) {
        return code;
    }
    const struct dais_buf *kept = rendition->inits[rendition->init_count - 1].record;
    rendition->track = *track;
    rendition->track.record = dais_str((const char *)kept->data, kept->len);
    return DAIS_OK;
}

void rendition_append(struct rendition *rendition, const struct segmenter_cut *cut,
                      struct dais_buf *media)
{
    const struct window_segment segment = {
        .msn = cut->msn,
        .ticks = cut->ticks,
        .timescale = cut->timescale,
        .init = cut->init,
        .wall_ms = cut->wall_ms,
        .discontinuities = cut->discontinuities,
        .discontinuity = cut->discontinuity,
        .gap = media == NULL,
        .bytes = media != NULL ? media->len : 0,
        .media = media,
    };
    window_append(&rendition->window, &segment, (uint32_t)hls_config.segment_ms);
    held_add((int64_t)segment.bytes);
    const uint32_t held_max = (uint32_t)(hls_config.window_segments + hls_config.kept_segments);
    while (rendition->window.count > held_max) {
        rendition_drop_oldest(rendition);
    }
    drop_inits(rendition);
    if (rendition->frames_per_1000s == 0 && cut->ticks > 0) {
        rendition->frames_per_1000s = (uint32_t)((uint64_t)cut->fragment.count * cut->timescale *
                                                 1000 / cut->ticks);
    }
}

void rendition_drop_oldest(struct rendition *rendition)
{
    const struct window_segment oldest = window_take(&rendition->window);
    held_add(-(int64_t)oldest.bytes);
    dais_mem->buf_unref(oldest.media);
}

void rendition_clear(struct rendition *rendition)
{
    while (rendition->window.count > 0) {
        rendition_drop_oldest(rendition);
    }
}

void rendition_fini(struct rendition *rendition)
{
    rendition_clear(rendition);
    for (uint32_t i = 0; i < rendition->init_count; i++) {
        dais_mem->buf_unref(rendition->inits[i].record);
        dais_mem->buf_unref(rendition->inits[i].file);
    }
    rendition->init_count = 0;
}

void rendition_list(const struct rendition *rendition, struct rendition_files *files,
                    struct snapshot_source *source)
{
    const enum track_kind kind = rendition->track.kind;
    const struct window *window = &rendition->window;
    for (uint32_t i = 0; i < rendition->init_count; i++) {
        files->inits[i] = (struct snapshot_file){rendition->inits[i].number,
                                                 rendition->inits[i].file};
    }
    source->inits[kind] = (struct snapshot_files){files->inits, rendition->init_count};
    uint32_t count = 0;
    for (uint32_t i = 0; i < window->count; i++) {
        const struct window_segment *segment = &window->segments[i];
        if (!segment->gap) {
            files->segments[count++] = (struct snapshot_file){segment->msn, segment->media};
        }
    }
    source->segments[kind] = (struct snapshot_files){files->segments, count};
}
