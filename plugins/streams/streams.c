/* SPDX-License-Identifier: MIT */
#include "streams.h"

#include <stdio.h>

#define RTMP_PORT_STANDARD 1935

struct dais_str streams_origin_host(struct dais_str origin)
{
    uint64_t begin = 0;
    for (uint64_t i = 0; i + 2 < origin.len; i++) {
        if (memcmp(origin.ptr + i, "://", 3) == 0) {
            begin = i + 3;
            break;
        }
    }
    int bracketed = begin < origin.len && origin.ptr[begin] == '[';
    uint64_t end = begin;
    while (end < origin.len && origin.ptr[end] != (bracketed ? ']' : ':'))
        end++;
    if (bracketed && end < origin.len)
        end++;
    return dais_str(origin.ptr + begin, end - begin);
}

/** What snprintf said about a buffer of STREAMS_URL_BYTES. */
static int32_t url_check(int len)
{
    return len > 0 && len < STREAMS_URL_BYTES ? DAIS_OK : DAIS_E_INVALID;
}

int32_t streams_playback_url(struct dais_str base, struct dais_str playback_id,
                             char ret_url[STREAMS_URL_BYTES])
{
    return url_check(snprintf(ret_url, STREAMS_URL_BYTES, "%.*s/hls/%.*s/master.m3u8",
                              (int)base.len, base.ptr, (int)playback_id.len, playback_id.ptr));
}

int32_t streams_server_url(struct dais_str host, int64_t port, char ret_url[STREAMS_URL_BYTES])
{
    if (port == RTMP_PORT_STANDARD)
        return url_check(
            snprintf(ret_url, STREAMS_URL_BYTES, "rtmp://%.*s/live", (int)host.len, host.ptr));
    return url_check(snprintf(ret_url, STREAMS_URL_BYTES, "rtmp://%.*s:%lld/live", (int)host.len,
                              host.ptr, (long long)port));
}
