/* SPDX-License-Identifier: MIT */
/* AudioSpecificConfigs: whatever is accepted makes an init segment. */
#include <stdlib.h>

#include "box.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct track track;
    if (track_parse(TRACK_AUDIO, dais_str((const char *)data, len), &track) != DAIS_OK) {
        return 0;
    }
    if (track.timescale == 0 || track.frame_ticks == 0 || track.aac.channels == 0) {
        abort();
    }
    char codec[AAC_CODEC_CHARS];
    aac_codec(&track.aac, codec);
    uint8_t *init = malloc(box_init_size(&track));
    if (init != NULL) {
        box_init_write(&track, init);
    }
    free(init);
    return 0;
}
