/* SPDX-License-Identifier: MIT */
#include "snapshot.h"

#include "held.h"

/* The lists of files: init segments of each track, then its media segments. */
#define LISTS (2 * TRACK_KINDS)

struct text_piece {
    uint64_t offset;
    uint64_t len;
};

/* What stands at the start of the buffer; the texts follow the files. Whoever changes it changes
 * SNAPSHOT_LAYOUT. */
struct head {
    uint64_t session;
    struct snapshot_last last;
    uint64_t bytes_kept;
    struct text_piece master;
    struct text_piece media[TRACK_KINDS];
    uint32_t starts[LISTS + 1]; /* list i: files[starts[i]] up to files[starts[i + 1]] */
    struct snapshot_file files[];
};

static uint32_t list_of(enum names_what what, enum track_kind kind)
{
    return (what == NAMES_INIT ? 0 : TRACK_KINDS) + (uint32_t)kind;
}

static void on_gone(struct dais_buf *buf, void *context)
{
    const struct head *head = (const struct head *)buf->data;
    for (uint32_t i = 0; i < head->starts[LISTS]; i++) {
        dais_mem->buf_unref(head->files[i].buf);
    }
    held_add(-(int64_t)head->bytes_kept);
}

static void add_files(struct head *head, uint32_t list, const struct snapshot_files *files)
{
    uint32_t end = head->starts[list];
    for (uint32_t i = 0; i < files->count; i++) {
        head->files[end++] = (struct snapshot_file){.number = files->files[i].number,
                                                    .buf = dais_mem->buf_ref(files->files[i].buf)};
    }
    head->starts[list + 1] = end;
}

/* Writes the texts behind the files. Each text leaves room for the NUL behind it. */
static void add_texts(struct head *head, uint64_t offset, const struct snapshot_source *source)
{
    char *base = (char *)head;
    for (uint32_t kind = 0; kind < TRACK_KINDS; kind++) {
        struct text_piece *piece = &head->media[kind];
        if (source->media[kind].count == 0) {
            continue;
        }
        piece->offset = offset;
        piece->len = playlist_media(&source->media[kind], base + offset, piece->len + 1);
        offset += piece->len + 1;
    }
    head->master.offset = offset;
    head->master.len = playlist_master(&source->master, base + offset, head->master.len + 1);
}

struct dais_buf *snapshot_build(const struct snapshot_source *source)
{
    uint64_t count = 0;
    struct head sizes = {
        .session = source->session, .last = source->last, .bytes_kept = source->bytes_kept};
    sizes.master.len = playlist_master(&source->master, NULL, 0);
    uint64_t text_bytes = sizes.master.len + 1;
    for (uint32_t kind = 0; kind < TRACK_KINDS; kind++) {
        count += source->inits[kind].count + source->segments[kind].count;
        if (source->media[kind].count > 0) {
            sizes.media[kind].len = playlist_media(&source->media[kind], NULL, 0);
            text_bytes += sizes.media[kind].len + 1;
        }
    }
    const uint64_t text_offset = sizeof(struct head) + count * sizeof(struct snapshot_file);
    struct dais_buf *buf = dais_mem->buf_new_with(text_offset + text_bytes, on_gone, NULL);
    if (buf == NULL) {
        return NULL;
    }
    struct head *head = (struct head *)buf->data;
    *head = sizes;
    held_add((int64_t)head->bytes_kept);
    for (uint32_t kind = 0; kind < TRACK_KINDS; kind++) {
        add_files(head, list_of(NAMES_INIT, (enum track_kind)kind), &source->inits[kind]);
    }
    for (uint32_t kind = 0; kind < TRACK_KINDS; kind++) {
        add_files(head, list_of(NAMES_SEGMENT, (enum track_kind)kind), &source->segments[kind]);
    }
    add_texts(head, text_offset, source);
    return buf;
}

struct snapshot_last snapshot_last(const struct dais_buf *snapshot)
{
    return ((const struct head *)snapshot->data)->last;
}

static int32_t find_text(struct dais_buf *snapshot, const struct text_piece *text,
                         struct snapshot_piece *ret_piece)
{
    if (text->len == 0) {
        return DAIS_E_NOT_FOUND;
    }
    *ret_piece = (struct snapshot_piece){snapshot, text->offset, text->len};
    return DAIS_OK;
}

int32_t snapshot_find(struct dais_buf *snapshot, const struct names_file *file,
                      struct snapshot_piece *ret_piece)
{
    const struct head *head = (const struct head *)snapshot->data;
    if (file->what == NAMES_MASTER) {
        return find_text(snapshot, &head->master, ret_piece);
    }
    if (file->what == NAMES_MEDIA) {
        return find_text(snapshot, &head->media[file->kind], ret_piece);
    }
    if (file->session != head->session) {
        return DAIS_E_NOT_FOUND;
    }
    const uint32_t list = list_of(file->what, file->kind);
    for (uint32_t i = head->starts[list]; i < head->starts[list + 1]; i++) {
        if (head->files[i].number == file->number) {
            struct dais_buf *buf = head->files[i].buf;
            *ret_piece = (struct snapshot_piece){buf, 0, buf->len};
            return DAIS_OK;
        }
    }
    return DAIS_E_NOT_FOUND;
}
