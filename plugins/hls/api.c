/* SPDX-License-Identifier: MIT */
#include "api.h"

#include "hls.h"
#include "snapshot.h"

#define CACHE_PLAYLIST "no-cache"
#define CACHE_MEDIA "public, max-age=31536000, immutable"
/* A file that is not there may be there in a moment: caches in front ask again soon. */
#define CACHE_MISSING "public, max-age=1"

struct file_path {
    uint64_t present;
    struct dais_str playbackId;
    struct dais_str file;
};

static const struct dais_field FILE_FIELDS[] = {
    DAIS_FIELD(struct file_path, playbackId, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, 127,
               "public name of the stream"),
    DAIS_FIELD(struct file_path, file, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, 63,
               "master.m3u8, or a name from a playlist"),
    DAIS_FIELD_END,
};
const struct dais_shape api_file_shape = DAIS_SHAPE("HlsFile", struct file_path, FILE_FIELDS);

static const char *type_of(const struct names_file *file)
{
    if (file->what == NAMES_MASTER || file->what == NAMES_MEDIA) {
        return "application/vnd.apple.mpegurl";
    }
    return file->kind == TRACK_VIDEO ? "video/mp4" : "audio/mp4";
}

static int32_t missing(struct dais_req *req)
{
    const int32_t code = dais_http->header_set(req, "cache-control", dais_cstr(CACHE_MISSING));
    return code != DAIS_OK ? code
                           : dais_http->fail(req, DAIS_E_NOT_FOUND, NULL,
                                             "the stream is not live or no longer has this file");
}

int32_t api_file(struct dais_req *req, const struct dais_input *input)
{
    const struct file_path *path = input->path;
    struct dais_buf *snapshot = dais_shared->get(&hls_board, path->playbackId);
    struct names_file file;
    struct snapshot_piece piece;
    if (snapshot == NULL || names_parse(path->file, &file) != DAIS_OK ||
        snapshot_find(snapshot, &file, &piece) != DAIS_OK) {
        return missing(req);
    }
    const bool playlist = file.what == NAMES_MASTER || file.what == NAMES_MEDIA;
    const int32_t code = dais_http->header_set(req, "cache-control",
                                               dais_cstr(playlist ? CACHE_PLAYLIST : CACHE_MEDIA));
    if (code != DAIS_OK) {
        return code;
    }
    return dais_http->reply_buf(req, type_of(&file), piece.buf, piece.offset, piece.len);
}
