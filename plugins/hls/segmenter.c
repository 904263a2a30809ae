/* SPDX-License-Identifier: MIT */
#include "segmenter.h"

#include <assert.h>

#define MS_TICKS (TRACK_CLOCK / 1000)
/* EXTINF, rounded, must not exceed the target duration: so much may a segment be longer than it. */
#define ROUNDING_MS 450
/* A first segment this much over a whole second does not raise the target duration. */
#define LEARN_MS 250

static struct segmenter_edge *edge_of(struct segmenter *segmenter, uint64_t msn)
{
    return &segmenter->edges[msn % SEGMENTER_EDGES];
}

static struct lane *leader(struct segmenter *segmenter)
{
    struct lane *video = &segmenter->lanes[TRACK_VIDEO];
    return video->on ? video : &segmenter->lanes[TRACK_AUDIO];
}

void segmenter_init(struct segmenter *segmenter, const struct segmenter_limits *limits,
                    const struct segmenter_ops *ops, void *context)
{
    segmenter->limits = *limits;
    segmenter->ops = ops;
    segmenter->context = context;
    segmenter->head = limits->first_msn;
    segmenter->discontinuities = limits->first_discontinuity;
    timeline_init(&segmenter->timeline);
    for (uint32_t kind = 0; kind < TRACK_KINDS; kind++) {
        segmenter->lanes[kind].kind = (enum track_kind)kind;
    }
}

/* The longest that a segment may become, in ticks. */
static int64_t longest(const struct segmenter *segmenter)
{
    const int64_t known_ms = (int64_t)segmenter->target_s * 1000 + ROUNDING_MS;
    return MS_TICKS * (segmenter->target_s > 0 ? known_ms : segmenter->limits.segment_ms_max);
}

static void learn_target(struct segmenter *segmenter, int64_t ticks)
{
    if (segmenter->target_s > 0) {
        return;
    }
    const uint32_t wanted_s = (segmenter->limits.target_ms + 999) / 1000;
    const int64_t longest_ticks = ticks > segmenter->cut_ticks ? ticks : segmenter->cut_ticks;
    const int64_t seen_s = (longest_ticks / MS_TICKS + 999 - LEARN_MS) / 1000;
    segmenter->target_s = seen_s > wanted_s ? (uint32_t)seen_s : wanted_s;
}

static void release(struct segmenter *segmenter, struct lane *lane, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        segmenter->ops->release(segmenter->context, lane->samples[i].ref);
    }
    lane_remove(lane, count);
}

/* A segment whose last sample lasts very long would round to more than the target duration: then
 * that sample is shortened, which leaves a hole before the next segment. */
static void clamp_last(const struct segmenter *segmenter, struct lane *lane, uint32_t count)
{
    const uint64_t limit = lane_ticks(lane, longest(segmenter));
    if (count == 0 || segmenter->target_s == 0 || lane->segment_ticks <= limit) {
        return;
    }
    struct box_sample *sample = &lane->samples[count - 1];
    const uint64_t excess = lane->segment_ticks - limit;
    const uint32_t cut = excess < sample->duration ? (uint32_t)excess : sample->duration - 1;
    sample->duration -= cut;
    lane->segment_ticks -= cut;
}

/* The segment has no media at all: it lasts from its edge to the next. */
static void measure_gap(struct segmenter *segmenter, struct lane *lane)
{
    const int64_t start = edge_of(segmenter, lane->msn)->pts;
    int64_t ticks = edge_of(segmenter, lane->msn + 1)->pts - start;
    ticks = ticks < MS_TICKS ? MS_TICKS : ticks;
    ticks = ticks > longest(segmenter) ? longest(segmenter) : ticks;
    lane->segment_ticks = lane_ticks(lane, ticks);
    lane->segment_start = start;
    lane->wait_key = lane->kind == TRACK_VIDEO;
}

static void begin_fragment(struct segmenter *segmenter, struct lane *lane, uint32_t count)
{
    const struct box_sample *first = &lane->samples[0];
    if (lane->part == 0 && count > 0) {
        lane->segment_dts = first->dts;
        lane->segment_start = lane_time(lane, first->dts) + first->offset;
    }
    lane->segment_ticks += lane_measure(lane, count);
}

/* Cuts the first `count` waiting samples; `last` ends the lane's segment with them. */
static void cut(struct segmenter *segmenter, struct lane *lane, uint32_t count, bool last)
{
    begin_fragment(segmenter, lane, count);
    const bool gap = count == 0 && lane->part == 0;
    if (gap) {
        measure_gap(segmenter, lane);
    } else {
        clamp_last(segmenter, lane, count);
    }
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        bytes += lane->samples[i].len;
    }
    const struct segmenter_edge *edge = edge_of(segmenter, lane->msn);
    lane->sequence += count > 0 ? 1 : 0;
    const struct segmenter_cut cut = {
        .fragment = {.kind = lane->kind,
                     .sequence = lane->sequence,
                     .samples = lane->samples,
                     .count = count,
                     .bytes = bytes},
        .msn = lane->msn,
        .part = lane->part,
        .init = lane->init,
        .timescale = lane->timescale,
        .ticks = lane->segment_ticks,
        .wall_ms = timeline_wall_ms(&segmenter->timeline, lane->segment_start),
        .discontinuities = edge->discontinuities,
        .discontinuity = edge->discontinuity,
        .last = last,
        .gap = gap,
    };
    segmenter->ops->cut(segmenter->context, &cut);
    release(segmenter, lane, count);
    lane->segment_bytes += bytes;
    lane->part++;
    if (last) {
        const int64_t length = lane_time(lane, lane->segment_ticks);
        segmenter->cut_ticks = length > segmenter->cut_ticks ? length : segmenter->cut_ticks;
        lane->msn++;
        lane->part = 0;
        lane->segment_ticks = 0;
        lane->segment_bytes = 0;
    }
}

/* How many of the first `count` waiting samples the lane's segment has room for. After a late burst
 * of audio the others go into the next segment. */
static uint32_t fitting(const struct segmenter *segmenter, const struct lane *lane, uint32_t count)
{
    if (lane->count == 0 || segmenter->target_s == 0) {
        return count;
    }
    const uint64_t start = lane->part > 0 ? lane->segment_dts : lane->samples[0].dts;
    const int64_t frame = lane_time(lane, lane->nominal_ticks);
    const uint32_t room = lane_count_before(lane,
                                            lane_time(lane, start) + longest(segmenter) - frame);
    return count < room ? count : room;
}

/* Ends the follower's segments whose end is known and reached. `all`: whatever is there ends now.
 */
static void follow(struct segmenter *segmenter, bool all)
{
    struct lane *audio = &segmenter->lanes[TRACK_AUDIO];
    if (!audio->on || audio == leader(segmenter)) {
        return;
    }
    const int64_t now = timeline_map(&segmenter->timeline, segmenter->timeline.clock);
    while (audio->msn < segmenter->head) {
        const int64_t end = edge_of(segmenter, audio->msn + 1)->pts;
        const uint32_t before = lane_count_before(audio, end);
        if (before == audio->count && !all && now - end <= SEGMENTER_LATE_TICKS) {
            return;
        }
        cut(segmenter, audio, fitting(segmenter, audio, before), true);
    }
}

/* A new segment starts at `pts`, or earlier where the last one would become too long for the
 * follower; the leader's newest `keep` samples belong to it. */
static void open_segment(struct segmenter *segmenter, int64_t pts, uint32_t keep)
{
    struct lane *lane = leader(segmenter);
    const int64_t latest = edge_of(segmenter, segmenter->head)->pts + longest(segmenter);
    if (segmenter->head + 2 - segmenter->lanes[TRACK_AUDIO].msn >= SEGMENTER_EDGES) {
        follow(segmenter, true);
    }
    segmenter->head++;
    *edge_of(segmenter, segmenter->head) = (struct segmenter_edge){
        .pts = pts < latest ? pts : latest,
        .discontinuities = segmenter->discontinuities,
    };
    cut(segmenter, lane, lane->count - keep, true);
}

/* Ends the stretch: all that waits becomes the end of the open segment of each track. */
static void end_stretch(struct segmenter *segmenter)
{
    int64_t end = segmenter->timeline.start;
    bool media = false;
    follow(segmenter, true);
    for (uint32_t kind = 0; kind < TRACK_KINDS; kind++) {
        struct lane *lane = &segmenter->lanes[kind];
        media = media || (lane->on && (lane->count > 0 || lane->part > 0));
        end = lane->on && lane->end > end ? lane->end : end;
    }
    if (media) {
        segmenter->head++;
        *edge_of(segmenter, segmenter->head) = (struct segmenter_edge){.pts = end};
    }
    for (uint32_t kind = 0; kind < TRACK_KINDS; kind++) {
        struct lane *lane = &segmenter->lanes[kind];
        if (lane->on && media) {
            cut(segmenter, lane, fitting(segmenter, lane, lane->count), true);
        }
        release(segmenter, lane, lane->count);
        lane_restart(lane);
        lane->on = false;
        lane->wait_key = false;
    }
    timeline_break(&segmenter->timeline, end);
    segmenter->running = false;
    segmenter->joining = false;
}

/* Gives back the audio that waits from before `from`; returns where the first sample of both is. */
static int64_t trim_audio(struct segmenter *segmenter, int64_t from)
{
    struct lane *audio = &segmenter->lanes[TRACK_AUDIO];
    const int64_t frame = lane_time(audio, audio->frame_ticks);
    release(segmenter, audio, lane_count_before(audio, from - frame));
    if (audio->count == 0) {
        return from;
    }
    const int64_t first = lane_time(audio, audio->samples[0].dts);
    return first < from ? first : from;
}

/* Begins a stretch with what waits: the first sample of `lane` leads it. */
static void begin_stretch(struct segmenter *segmenter, struct lane *lane)
{
    struct lane *audio = &segmenter->lanes[TRACK_AUDIO];
    lane->on = true;
    audio->on = audio->known;
    int64_t from = lane_time(lane, lane->samples[0].dts);
    if (audio->on) {
        from = trim_audio(segmenter, from);
    }
    const int64_t delta = timeline_shift(&segmenter->timeline, from);
    for (uint32_t i = 0; i < TRACK_KINDS; i++) {
        if (segmenter->lanes[i].on) {
            lane_shift(&segmenter->lanes[i], delta);
            segmenter->lanes[i].msn = segmenter->head;
        }
    }
    segmenter->discontinuities += segmenter->begun ? 1 : 0;
    const struct box_sample *first = &lane->samples[0];
    *edge_of(segmenter, segmenter->head) = (struct segmenter_edge){
        .pts = lane_time(lane, first->dts) + first->offset,
        .discontinuities = segmenter->discontinuities,
        .discontinuity = segmenter->begun};
    segmenter->begun = true;
    segmenter->running = true;
}

static int32_t append(struct segmenter *segmenter, const struct segmenter_packet *packet)
{
    const struct lane_unit unit = {
        .dts = timeline_map(&segmenter->timeline, packet->dts),
        .pts = timeline_map(&segmenter->timeline, packet->pts),
        .ptr = packet->ptr,
        .len = packet->len,
        .key = packet->key,
        .ref = packet->ref,
    };
    return lane_append(&segmenter->lanes[packet->kind], &unit);
}

/* Before a stretch: video waits for a keyframe; audio waits for video, the newest target_ms of it,
 * or begins alone where no video is announced or comes. */
static int32_t push_idle(struct segmenter *segmenter, const struct segmenter_packet *packet)
{
    struct lane *audio = &segmenter->lanes[TRACK_AUDIO];
    if (packet->kind == TRACK_VIDEO && !packet->key) {
        return DAIS_E_STATE;
    }
    const int32_t code = append(segmenter, packet);
    if (code != DAIS_OK || packet->kind == TRACK_VIDEO) {
        if (code == DAIS_OK) {
            begin_stretch(segmenter, &segmenter->lanes[TRACK_VIDEO]);
        }
        return code;
    }
    const int64_t newest = lane_time(audio, audio->samples[audio->count - 1].dts);
    if (audio->count == 1) {
        segmenter->idle_start = newest;
    }
    const int64_t target = MS_TICKS * (int64_t)segmenter->limits.target_ms;
    const int64_t patience = segmenter->lanes[TRACK_VIDEO].known
                                 ? MS_TICKS * (int64_t)segmenter->limits.segment_ms_max
                                 : target - target / SEGMENTER_SLACK_DIVISOR;
    release(segmenter, audio, lane_count_before(audio, newest - target));
    if (newest - segmenter->idle_start >= patience) {
        begin_stretch(segmenter, audio);
    }
    return DAIS_OK;
}

/* Whether the leader's segment ends before the sample at `elapsed` ticks from its start. */
static bool is_due(const struct segmenter *segmenter, int64_t elapsed)
{
    const int64_t target = MS_TICKS * (int64_t)segmenter->limits.target_ms;
    return elapsed >= target - target / SEGMENTER_SLACK_DIVISOR;
}

/* The leader has a new sample: ends its segment before it where that is due. */
static void step_leader(struct segmenter *segmenter, struct lane *lane)
{
    if (lane->count < 2 && lane->part == 0) {
        return;
    }
    const struct box_sample *newest = &lane->samples[lane->count - 1];
    const int64_t elapsed = lane_elapsed(lane);
    const bool clean = (newest->key || lane->kind == TRACK_AUDIO) && is_due(segmenter, elapsed);
    const bool full = elapsed + lane_time(lane, lane->nominal_ticks) > longest(segmenter) ||
                      lane->count == LANE_SAMPLES_MAX ||
                      lane->segment_bytes + lane->bytes > segmenter->limits.segment_bytes_max;
    if (!clean && !full) {
        return;
    }
    segmenter->forced += clean || newest->key ? 0 : 1;
    learn_target(segmenter, elapsed);
    open_segment(segmenter, lane_time(lane, newest->dts) + newest->offset, 1);
}

/* Audio has a new sample and video is silent: video's segment ends without it. */
static void step_silence(struct segmenter *segmenter, const struct lane *audio)
{
    struct lane *video = &segmenter->lanes[TRACK_VIDEO];
    const int64_t start = edge_of(segmenter, segmenter->head)->pts;
    const int64_t heard = lane_time(audio, audio->next);
    const int64_t shown = video->end > start ? video->end : start;
    if (heard - start <= longest(segmenter) || heard - shown <= SEGMENTER_LATE_TICKS) {
        return;
    }
    learn_target(segmenter, shown - start);
    const int64_t wanted = start + (int64_t)segmenter->target_s * TRACK_CLOCK;
    open_segment(segmenter, shown > wanted ? shown : wanted, 0);
}

/* Cuts a fragment off a lane that has enough. The follower does not run ahead of the leader, since
 * the segment may end where the leader is. */
static void step_fragment(struct segmenter *segmenter, struct lane *lane)
{
    const uint32_t fragment_ms = segmenter->limits.fragment_ms;
    if (fragment_ms == 0 || lane->count < 2 || lane->msn != segmenter->head) {
        return;
    }
    uint32_t count = lane->count - 1;
    if (lane != leader(segmenter)) {
        const uint32_t shown = lane_count_before(lane, leader(segmenter)->end);
        count = shown < count ? shown : count;
    }
    count = fitting(segmenter, lane, count);
    const uint64_t ticks = lane->samples[count].dts - lane->samples[0].dts;
    if (count > 0 && lane_time(lane, ticks) >= MS_TICKS * (int64_t)fragment_ms) {
        cut(segmenter, lane, count, false);
    }
}

static int32_t push_running(struct segmenter *segmenter, const struct segmenter_packet *packet)
{
    struct lane *lane = &segmenter->lanes[packet->kind];
    const bool early = timeline_map(&segmenter->timeline, packet->dts) < segmenter->timeline.start;
    if (early || (lane->wait_key && !packet->key)) {
        return DAIS_E_STATE; /* it belongs before the stretch, or cannot be decoded */
    }
    const int32_t code = append(segmenter, packet);
    if (code != DAIS_OK) {
        return code;
    }
    lane->wait_key = false;
    if (lane == leader(segmenter)) {
        step_leader(segmenter, lane);
    } else {
        step_silence(segmenter, lane);
    }
    follow(segmenter, false);
    step_fragment(segmenter, lane);
    return DAIS_OK;
}

/* Whether this packet begins a stretch that a new track is part of. */
static bool joins(struct segmenter *segmenter, const struct segmenter_packet *packet)
{
    const struct lane *video = &segmenter->lanes[TRACK_VIDEO];
    if (packet->kind != TRACK_VIDEO || !packet->key) {
        return false;
    }
    if (!video->on) {
        return true;
    }
    const int64_t pts = timeline_map(&segmenter->timeline, packet->pts);
    return segmenter->joining && is_due(segmenter, pts - edge_of(segmenter, segmenter->head)->pts);
}

static bool is_usable(const struct segmenter_packet *packet)
{
    return packet->len > 0 && packet->len <= SEGMENTER_UNIT_BYTES_MAX &&
           packet->dts <= TIMELINE_INPUT_MAX && packet->dts >= -TIMELINE_INPUT_MAX &&
           packet->pts <= packet->dts + LANE_OFFSET_MAX &&
           packet->pts >= packet->dts - LANE_OFFSET_MAX;
}

/* The timestamps have jumped: a new stretch, unless they jump all the time. */
static int32_t jump(struct segmenter *segmenter, int64_t wall_ms)
{
    const int64_t since = wall_ms - segmenter->jump_ms;
    if (since >= 0 && since < SEGMENTER_JUMP_MS) {
        return DAIS_E_LIMIT;
    }
    segmenter->jump_ms = wall_ms;
    segmenter->jumps++;
    end_stretch(segmenter);
    return DAIS_OK;
}

int32_t segmenter_push(struct segmenter *segmenter, const struct segmenter_packet *packet)
{
    const struct lane *lane = &segmenter->lanes[packet->kind];
    if (!lane->known) {
        return DAIS_E_STATE;
    }
    if (!is_usable(packet)) {
        return DAIS_E_INVALID;
    }
    int32_t code = DAIS_OK;
    switch (timeline_judge(&segmenter->timeline, packet->kind, packet->dts)) {
    case TIMELINE_CONTINUES:
        if (segmenter->running && joins(segmenter, packet)) {
            end_stretch(segmenter);
        }
        break;
    case TIMELINE_JUMPS:
        code = jump(segmenter, packet->wall_ms);
        break;
    case TIMELINE_STRAYS:
        code = DAIS_E_INVALID;
        break;
    }
    if (code != DAIS_OK) {
        return code;
    }
    timeline_take(&segmenter->timeline, packet->kind, packet->dts, packet->wall_ms);
    if (!segmenter->running) {
        return push_idle(segmenter, packet);
    }
    return lane->on ? push_running(segmenter, packet) : DAIS_E_STATE;
}

void segmenter_track(struct segmenter *segmenter, const struct track *track, uint32_t init)
{
    struct lane *lane = &segmenter->lanes[track->kind];
    if (lane->on) {
        end_stretch(segmenter);
    }
    release(segmenter, lane, lane->count);
    segmenter->joining = segmenter->running;
    lane_configure(lane, track->timescale, track->frame_ticks, init);
}

void segmenter_break(struct segmenter *segmenter)
{
    end_stretch(segmenter);
    segmenter->lanes[TRACK_VIDEO].known = false;
    segmenter->lanes[TRACK_AUDIO].known = false;
}
