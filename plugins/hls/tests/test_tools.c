/* SPDX-License-Identifier: MIT */
/*
 * What is packaged, judged by ffprobe and ffmpeg: streams that ffmpeg encoded are cut into files of
 * a temporary folder; every segment with its init segment, every playlist and the master playlist
 * must be read without an error line, and sound and picture must lie as far apart as in the source.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "collect.h"
#include "flv.h"
#include "names.h"
#include "playlist.h"

#define PATH_CHARS 256
#define COMMAND_CHARS 1024
#define SESSION 7u

#define VIDEO "-f lavfi -i testsrc2=s=320x240:r=30 "
#define AUDIO "-f lavfi -i sine=440:r=48000 "
#define H264 "-c:v libx264 -preset veryfast -threads 1 -g 60 -bf 2 "
#define AAC "-c:a aac -ac 2 "

struct folder {
    char path[64];
    struct collect *collect;
    struct track tracks[TRACK_KINDS];
    bool has[TRACK_KINDS];
    struct flv flv;
};

/* The first line that a command prints, errors included; empty when it prints nothing. */
__attribute__((format(printf, 2, 3))) static void run(char ret_line[COMMAND_CHARS],
                                                      const char *format, ...)
{
    char command[COMMAND_CHARS];
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(command, sizeof(command), format, args);
    va_end(args);
    assert_in_range(len, 1, sizeof(command) - 1);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    if (fgets(ret_line, COMMAND_CHARS, pipe) == NULL) {
        ret_line[0] = '\0';
    }
    pclose(pipe);
}

static void write_file(const struct folder *folder, const char *name, const void *bytes, size_t len)
{
    char path[PATH_CHARS];
    snprintf(path, sizeof(path), "%s/%s", folder->path, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
}

static void write_init(struct folder *folder, const struct track *track)
{
    char name[NAMES_CHARS];
    const struct names_file file = {NAMES_INIT, track->kind, SESSION, 1};
    names_write(&file, name);
    const size_t len = box_init_size(track);
    uint8_t *bytes = malloc(len);
    assert_non_null(bytes);
    box_init_write(track, bytes);
    write_file(folder, name, bytes, len);
    free(bytes);
}

static void write_playlist(struct folder *folder, enum track_kind kind)
{
    const struct window *window = &folder->collect->windows[kind];
    const struct playlist_media media = {.kind = kind,
                                         .segments = window->segments,
                                         .count = window->count,
                                         .session = SESSION,
                                         .target_s = folder->collect->segmenter.target_s,
                                         .ended = true};
    char text[8192];
    char name[NAMES_CHARS];
    const struct names_file file = {.what = NAMES_MEDIA, .kind = kind};
    names_write(&file, name);
    write_file(folder, name, text, playlist_media(&media, text, sizeof(text)));
    for (uint32_t i = 0; i < window->count; i++) {
        const struct names_file segment = {NAMES_SEGMENT, kind, SESSION, window->segments[i].msn};
        const struct collect_bytes *bytes = window->segments[i].media;
        names_write(&segment, name);
        write_file(folder, name, bytes->bytes, bytes->len);
    }
}

static void write_master(struct folder *folder)
{
    struct playlist_master master = {.independent = true};
    for (uint32_t kind = 0; kind < TRACK_KINDS; kind++) {
        master.tracks[kind] = folder->has[kind] ? &folder->tracks[kind] : NULL;
        master.windows[kind] = &folder->collect->windows[kind];
    }
    char text[2048];
    write_file(folder, "master.m3u8", text, playlist_master(&master, text, sizeof(text)));
}

static void take_tag(struct folder *folder, struct flv_tag *tag)
{
    const enum track_kind kind = tag->packet.kind;
    struct track *track = &folder->tracks[kind];
    if (tag->config) {
        const struct dais_str record = dais_str((const char *)tag->packet.ptr, tag->packet.len);
        assert_int_equal(track_parse(kind, record, track), DAIS_OK);
        folder->has[kind] = true;
        write_init(folder, track);
        segmenter_track(&folder->collect->segmenter, track, 1);
        return;
    }
    /* A packet's reference is an allocation of its own, so that a leak is seen. */
    tag->packet.ref = malloc(1);
    folder->collect->refs++;
    assert_int_equal(segmenter_push(&folder->collect->segmenter, &tag->packet), DAIS_OK);
}

/* Encodes with ffmpeg's `arguments` and cuts the result into files. */
static void package(struct folder *folder, const char *arguments, uint32_t fragment_ms)
{
    *folder = (struct folder){.path = "/tmp/dais-hls-XXXXXX"};
    assert_non_null(mkdtemp(folder->path));
    char line[COMMAND_CHARS];
    run(line, "ffmpeg -v error -y %s -t 7 -f flv %s/source.flv 2>&1 </dev/null", arguments,
        folder->path);
    assert_string_equal(line, "");
    char path[PATH_CHARS];
    snprintf(path, sizeof(path), "%s/source.flv", folder->path);
    assert_true(flv_open(&folder->flv, path));
    folder->collect = collect_new(
        (struct segmenter_limits){.first_msn = 100, .fragment_ms = fragment_ms});
    struct flv_tag tag;
    while (flv_next(&folder->flv, &tag)) {
        take_tag(folder, &tag);
    }
    segmenter_break(&folder->collect->segmenter);
    write_master(folder);
    for (uint32_t kind = 0; kind < TRACK_KINDS; kind++) {
        if (folder->has[kind]) {
            write_playlist(folder, (enum track_kind)kind);
        }
    }
}

static void assert_readable(const struct folder *folder, enum track_kind kind)
{
    const struct window *window = &folder->collect->windows[kind];
    const char letter = kind == TRACK_VIDEO ? 'v' : 'a';
    char line[COMMAND_CHARS];
    assert_in_range(window->count, 4, 5);
    for (uint32_t i = 0; i < window->count; i++) {
        run(line,
            "cd %s && cat %c-7-i1.mp4 %c-7-%u.m4s >one.mp4 && ffprobe -v error -count_packets "
            "-show_entries stream=nb_read_packets -of csv=p=0 one.mp4 2>&1",
            folder->path, letter, letter, (unsigned)window->segments[i].msn);
        assert_true(strtol(line, NULL, 10) > 5); /* an error line is no number */
    }
    run(line, "cd %s && ffmpeg -v error -i %s.m3u8 -f null - 2>&1 </dev/null", folder->path,
        kind == TRACK_VIDEO ? "video" : "audio");
    assert_string_equal(line, "");
}

/* The presentation time of a file's first packet of `stream`, in seconds. */
static double first_time(const struct folder *folder, const char *file, const char *stream)
{
    char line[COMMAND_CHARS];
    run(line,
        "cd %s && ffprobe -v error -select_streams %s:0 -read_intervals %%+#1 "
        "-show_entries packet=pts_time -of csv=p=0 %s 2>&1",
        folder->path, stream, file);
    return strtod(line, NULL);
}

static void assert_in_sync(const struct folder *folder)
{
    const double source = first_time(folder, "source.flv", "a") -
                          first_time(folder, "source.flv", "v");
    const double made = first_time(folder, "audio.m3u8", "a") -
                        first_time(folder, "video.m3u8", "v");
    assert_in_range((made - source) * 1e6 + 1000, 0, 2000); /* the source counts milliseconds */
}

static void finish(struct folder *folder)
{
    char line[COMMAND_CHARS];
    run(line, "cd %s && ffmpeg -v error -i master.m3u8 -f null - 2>&1 </dev/null", folder->path);
    assert_string_equal(line, "");
    run(line, "rm -r %s", folder->path);
    collect_free(folder->collect);
    flv_close(&folder->flv);
}

static void test_sound_and_picture(void **state)
{
    struct folder folder;
    package(&folder, VIDEO AUDIO H264 AAC, 0);
    assert_readable(&folder, TRACK_VIDEO);
    assert_readable(&folder, TRACK_AUDIO);
    assert_in_sync(&folder);
    finish(&folder);
}

static void test_segments_of_several_fragments(void **state)
{
    struct folder folder;
    package(&folder, VIDEO AUDIO H264 AAC, 333);
    assert_readable(&folder, TRACK_VIDEO);
    assert_readable(&folder, TRACK_AUDIO);
    assert_in_sync(&folder);
    finish(&folder);
}

static void test_picture_alone(void **state)
{
    struct folder folder;
    package(&folder, VIDEO H264 "-profile:v baseline", 0);
    assert_readable(&folder, TRACK_VIDEO);
    finish(&folder);
}

static void test_sound_alone(void **state)
{
    struct folder folder;
    package(&folder, AUDIO AAC "-ar 44100 -ac 1", 0);
    assert_readable(&folder, TRACK_AUDIO);
    finish(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound_and_picture),
        cmocka_unit_test(test_segments_of_several_fragments),
        cmocka_unit_test(test_picture_alone),
        cmocka_unit_test(test_sound_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
