/* SPDX-License-Identifier: MIT */
/* Configuration records of H.264: whatever is accepted makes an init segment. */
#include <stdlib.h>

#include "box.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct h264_config config;
    struct track track;
    const struct dais_str bytes = dais_str((const char *)data, len);
    if (h264_sps_parse(bytes, &config) == DAIS_OK &&
        (config.width == 0 || config.height == 0 || config.width > H264_SIDE_MAX)) {
        abort();
    }
    if (track_parse(TRACK_VIDEO, bytes, &track) != DAIS_OK) {
        return 0;
    }
    char codec[H264_CODEC_CHARS];
    h264_codec(&track.h264, codec);
    uint8_t *init = malloc(box_init_size(&track));
    if (init != NULL) {
        box_init_write(&track, init);
    }
    free(init);
    return 0;
}
