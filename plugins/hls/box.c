/* SPDX-License-Identifier: MIT */
#include "box.h"

#include <assert.h>
#include <string.h>

#define TKHD_ENABLED_IN_MOVIE 3u
#define TFHD_BASE_IS_MOOF 0x020000u
#define TRUN_DATA_OFFSET 0x000001u
#define TRUN_DURATION 0x000100u
#define TRUN_SIZE 0x000200u
#define TRUN_FLAGS 0x000400u
#define TRUN_OFFSET 0x000800u
#define SAMPLE_SYNC 0x02000000u     /* depends on no other */
#define SAMPLE_NOT_SYNC 0x01010000u /* depends on others, not a sync sample */
#define ISO_639_UND 0x55c4u

#define MDAT_HEADER_BYTES 8u
#define MFHD_BYTES 16u
#define TFHD_BYTES 16u
#define TFDT_BYTES 20u
#define TRUN_HEADER_BYTES 20u
#define BOX_HEADER_BYTES 8u

/* Counts what is written; writes it too where there is room. */
struct out {
    uint8_t *ptr; /* NULL: only count */
    size_t len;
};

static void put(struct out *out, const void *bytes, size_t len)
{
    if (out->ptr != NULL) {
        memcpy(out->ptr + out->len, bytes, len);
    }
    out->len += len;
}

static void put_u8(struct out *out, uint32_t value)
{
    const uint8_t byte = (uint8_t)value;
    put(out, &byte, 1);
}

static void put_u16(struct out *out, uint32_t value)
{
    put_u8(out, value >> 8);
    put_u8(out, value);
}

static void store_u32(uint8_t *at, uint32_t value)
{
    const uint32_t big = __builtin_bswap32(value);
    memcpy(at, &big, sizeof(big));
}

static void put_u32(struct out *out, uint32_t value)
{
    uint8_t bytes[4];
    store_u32(bytes, value);
    put(out, bytes, sizeof(bytes));
}

static void put_u64(struct out *out, uint64_t value)
{
    put_u32(out, (uint32_t)(value >> 32));
    put_u32(out, (uint32_t)value);
}

static void put_zeros(struct out *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put_u8(out, 0);
    }
}

/* Opens a box; the result is for box_close, which fills in the size. */
static size_t box_open(struct out *out, const char type[4])
{
    const size_t start = out->len;
    put_u32(out, 0);
    put(out, type, 4);
    return start;
}

static size_t full_box_open(struct out *out, const char type[4], uint32_t version, uint32_t flags)
{
    const size_t start = box_open(out, type);
    put_u32(out, version << 24 | flags);
    return start;
}

static void box_close(struct out *out, size_t start)
{
    if (out->ptr != NULL) {
        store_u32(out->ptr + start, (uint32_t)(out->len - start));
    }
}

static void put_matrix(struct out *out)
{
    static const uint32_t unity[9] = {0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000};
    for (size_t i = 0; i < 9; i++) {
        put_u32(out, unity[i]);
    }
}

static uint32_t track_id(enum track_kind kind)
{
    return (uint32_t)kind + 1;
}

static void put_ftyp(struct out *out)
{
    const size_t ftyp = box_open(out, "ftyp");
    put(out, "iso6", 4);
    put_u32(out, 0);
    put(out, "iso6cmfcmp41", 12);
    box_close(out, ftyp);
}

static void put_mvhd(struct out *out, const struct track *track)
{
    const size_t mvhd = full_box_open(out, "mvhd", 0, 0);
    put_zeros(out, 8); /* creation and modification time */
    put_u32(out, track->timescale);
    put_u32(out, 0);       /* duration: in the fragments */
    put_u32(out, 0x10000); /* rate 1.0 */
    put_u16(out, 0x100);   /* volume 1.0 */
    put_zeros(out, 10);
    put_matrix(out);
    put_zeros(out, 24);
    put_u32(out, track_id(track->kind) + 1); /* next track */
    box_close(out, mvhd);
}

static void put_tkhd(struct out *out, const struct track *track)
{
    const struct h264_config *h264 = &track->h264;
    const bool video = track->kind == TRACK_VIDEO;
    const size_t tkhd = full_box_open(out, "tkhd", 0, TKHD_ENABLED_IN_MOVIE);
    put_zeros(out, 8);
    put_u32(out, track_id(track->kind));
    put_zeros(out, 4 + 4 + 8 + 2 + 2); /* reserved, duration, reserved, layer, group */
    put_u16(out, video ? 0 : 0x100);
    put_zeros(out, 2);
    put_matrix(out);
    /* Shown size in 16.16, that is with the pixel aspect ratio applied to the width. */
    const uint64_t shown = video ? ((uint64_t)h264->width << 16) * h264->aspect_width /
                                       h264->aspect_height
                                 : 0;
    put_u32(out, shown > UINT32_MAX ? UINT32_MAX : (uint32_t)shown);
    put_u32(out, video ? h264->height << 16 : 0);
    box_close(out, tkhd);
}

static void put_mdhd_hdlr(struct out *out, const struct track *track)
{
    const size_t mdhd = full_box_open(out, "mdhd", 0, 0);
    put_zeros(out, 8);
    put_u32(out, track->timescale);
    put_u32(out, 0);
    put_u16(out, ISO_639_UND);
    put_zeros(out, 2);
    box_close(out, mdhd);

    const size_t hdlr = full_box_open(out, "hdlr", 0, 0);
    put_zeros(out, 4);
    put(out, track->kind == TRACK_VIDEO ? "vide" : "soun", 4);
    put_zeros(out, 12);
    put(out, "dais", 5); /* name, with its NUL */
    box_close(out, hdlr);
}

static void put_avc1(struct out *out, const struct track *track)
{
    const struct h264_config *h264 = &track->h264;
    const size_t avc1 = box_open(out, "avc1");
    put_zeros(out, 6);
    put_u16(out, 1); /* data reference */
    put_zeros(out, 16);
    put_u16(out, h264->width);
    put_u16(out, h264->height);
    put_u32(out, 0x480000); /* 72 dpi */
    put_u32(out, 0x480000);
    put_u32(out, 0);
    put_u16(out, 1); /* a frame a sample */
    put_zeros(out, 32);
    put_u16(out, 24);
    put_u16(out, 0xffff);
    const size_t record = box_open(out, "avcC");
    put(out, track->record.ptr, track->record.len);
    box_close(out, record);
    const size_t pasp = box_open(out, "pasp");
    put_u32(out, h264->aspect_width);
    put_u32(out, h264->aspect_height);
    box_close(out, pasp);
    box_close(out, avc1);
}

/* ES_Descriptor (ISO/IEC 14496-1 7.2.6.5). A record has at most AAC_RECORD_BYTES_MAX bytes, so
 * every length fits into the one-byte form. */
static void put_esds(struct out *out, const struct track *track)
{
    const uint32_t record = (uint32_t)track->record.len;
    const size_t esds = full_box_open(out, "esds", 0, 0);
    put_u8(out, 3); /* ES_Descriptor */
    put_u8(out, 3 + 2 + 13 + 2 + record + 3);
    put_u16(out, track_id(track->kind));
    put_u8(out, 0);
    put_u8(out, 4); /* DecoderConfigDescriptor */
    put_u8(out, 13 + 2 + record);
    put_u8(out, 0x40); /* MPEG-4 audio */
    put_u8(out, 0x15); /* audio stream */
    put_zeros(out, 3 + 4 + 4);
    put_u8(out, 5); /* DecoderSpecificInfo */
    put_u8(out, record);
    put(out, track->record.ptr, record);
    put_u8(out, 6); /* SLConfigDescriptor: as MP4 predefines it */
    put_u8(out, 1);
    put_u8(out, 2);
    box_close(out, esds);
}

static void put_mp4a(struct out *out, const struct track *track)
{
    const size_t mp4a = box_open(out, "mp4a");
    put_zeros(out, 6);
    put_u16(out, 1);
    put_zeros(out, 8);
    put_u16(out, track->aac.channels);
    put_u16(out, 16);
    put_zeros(out, 4);
    /* 16.16 holds rates up to 65535 Hz; above that the AudioSpecificConfig alone tells. */
    put_u32(out, track->aac.rate < 0x10000 ? track->aac.rate << 16 : 0);
    put_esds(out, track);
    box_close(out, mp4a);
}

static void put_stbl(struct out *out, const struct track *track)
{
    const size_t stbl = box_open(out, "stbl");
    const size_t stsd = full_box_open(out, "stsd", 0, 0);
    put_u32(out, 1);
    if (track->kind == TRACK_VIDEO) {
        put_avc1(out, track);
    } else {
        put_mp4a(out, track);
    }
    box_close(out, stsd);
    static const char empty[4][5] = {"stts", "stsc", "stsz", "stco"};
    for (size_t i = 0; i < 4; i++) {
        const size_t start = full_box_open(out, empty[i], 0, 0);
        put_zeros(out, i == 2 ? 8 : 4);
        box_close(out, start);
    }
    box_close(out, stbl);
}

static void put_minf(struct out *out, const struct track *track)
{
    const size_t minf = box_open(out, "minf");
    const bool video = track->kind == TRACK_VIDEO;
    const size_t header = full_box_open(out, video ? "vmhd" : "smhd", 0, video ? 1 : 0);
    put_zeros(out, video ? 8 : 4);
    box_close(out, header);
    const size_t dinf = box_open(out, "dinf");
    const size_t dref = full_box_open(out, "dref", 0, 0);
    put_u32(out, 1);
    const size_t url = full_box_open(out, "url ", 0, 1); /* in this very file */
    box_close(out, url);
    box_close(out, dref);
    box_close(out, dinf);
    put_stbl(out, track);
    box_close(out, minf);
}

static void put_init(struct out *out, const struct track *track)
{
    put_ftyp(out);
    const size_t moov = box_open(out, "moov");
    put_mvhd(out, track);
    const size_t trak = box_open(out, "trak");
    put_tkhd(out, track);
    const size_t mdia = box_open(out, "mdia");
    put_mdhd_hdlr(out, track);
    put_minf(out, track);
    box_close(out, mdia);
    box_close(out, trak);
    const size_t mvex = box_open(out, "mvex");
    const size_t trex = full_box_open(out, "trex", 0, 0);
    put_u32(out, track_id(track->kind));
    put_u32(out, 1); /* sample description */
    put_zeros(out, 12);
    box_close(out, trex);
    box_close(out, mvex);
    box_close(out, moov);
}

size_t box_init_size(const struct track *track)
{
    struct out out = {0};
    put_init(&out, track);
    return out.len;
}

void box_init_write(const struct track *track, uint8_t *bytes)
{
    struct out out = {.ptr = bytes};
    put_init(&out, track);
}

/* Audio needs neither flags (every sample is a sync sample, which is what zero says) nor offsets.
 */
static uint32_t run_flags(enum track_kind kind)
{
    const uint32_t flags = TRUN_DATA_OFFSET | TRUN_DURATION | TRUN_SIZE;
    return kind == TRACK_VIDEO ? flags | TRUN_FLAGS | TRUN_OFFSET : flags;
}

static size_t moof_size(const struct box_fragment *fragment)
{
    const size_t row = fragment->kind == TRACK_VIDEO ? 16 : 8;
    return BOX_HEADER_BYTES + MFHD_BYTES + BOX_HEADER_BYTES + TFHD_BYTES + TFDT_BYTES +
           TRUN_HEADER_BYTES + row * fragment->count;
}

size_t box_fragment_size(const struct box_fragment *fragment)
{
    return moof_size(fragment) + MDAT_HEADER_BYTES + fragment->bytes;
}

static void put_trun(struct out *out, const struct box_fragment *fragment, uint32_t data_offset)
{
    const bool video = fragment->kind == TRACK_VIDEO;
    const size_t trun = full_box_open(out, "trun", 1, run_flags(fragment->kind));
    put_u32(out, fragment->count);
    put_u32(out, data_offset);
    for (uint32_t i = 0; i < fragment->count; i++) {
        const struct box_sample *sample = &fragment->samples[i];
        put_u32(out, sample->duration);
        put_u32(out, sample->len);
        if (video) {
            put_u32(out, sample->key ? SAMPLE_SYNC : SAMPLE_NOT_SYNC);
            put_u32(out, (uint32_t)sample->offset);
        }
    }
    box_close(out, trun);
}

void box_fragment_write(const struct box_fragment *fragment, uint8_t *bytes)
{
    assert(fragment->count > 0 && box_fragment_size(fragment) <= UINT32_MAX);
    const uint32_t moof_bytes = (uint32_t)moof_size(fragment);
    struct out out = {.ptr = bytes};
    const size_t moof = box_open(&out, "moof");
    const size_t mfhd = full_box_open(&out, "mfhd", 0, 0);
    put_u32(&out, fragment->sequence);
    box_close(&out, mfhd);
    const size_t traf = box_open(&out, "traf");
    const size_t tfhd = full_box_open(&out, "tfhd", 0, TFHD_BASE_IS_MOOF);
    put_u32(&out, track_id(fragment->kind));
    box_close(&out, tfhd);
    const size_t tfdt = full_box_open(&out, "tfdt", 1, 0);
    put_u64(&out, fragment->samples[0].dts);
    box_close(&out, tfdt);
    put_trun(&out, fragment, moof_bytes + MDAT_HEADER_BYTES);
    box_close(&out, traf);
    box_close(&out, moof);
    assert(out.len == moof_bytes);

    put_u32(&out, (uint32_t)(MDAT_HEADER_BYTES + fragment->bytes));
    put(&out, "mdat", 4);
    for (uint32_t i = 0; i < fragment->count; i++) {
        put(&out, fragment->samples[i].ptr, fragment->samples[i].len);
    }
    assert(out.len == box_fragment_size(fragment));
}
