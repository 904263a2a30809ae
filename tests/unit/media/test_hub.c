/* SPDX-License-Identifier: MIT */
/* The media hub over two workers: order, takeover, grace, bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <pthread.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "loop/fiber.h"
#include "loop/park.h"
#include "loop/worker.h"
#include "media/hub.h"
#include "media/message.h"

#define WORKERS 2u
#define PATIENCE_MS 20000u
#define STORY_BYTES 4096u

/** What the observer saw, as words: "begin track0 packet0 …". */
static struct {
    pthread_mutex_t lock;
    char text[STORY_BYTES];
    size_t len;
    uint32_t worker; /* on which the last event came */
    uint64_t session;
    _Atomic int displaced;
} story = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void story_add(const char *word, int64_t number)
{
    pthread_mutex_lock(&story.lock);
    int len = snprintf(story.text + story.len, sizeof story.text - story.len,
                       number < 0 ? "%s " : "%s%lld ", word, (long long)number);
    story.len += (size_t)len;
    story.worker = worker_index();
    pthread_mutex_unlock(&story.lock);
}

static uint64_t on_begin(const struct dais_stream_info *info)
{
    story.session = info->session;
    story_add("begin", -1);
    return 77;
}

static void on_track(uint64_t cookie, const struct dais_track *track)
{
    assert_int_equal(cookie, 77);
    story_add("track", track->index);
}

static void on_packet(uint64_t cookie, const struct dais_packet *packet)
{
    assert_int_equal(cookie, 77);
    story_add("packet", packet->dts);
}

static void on_gap(uint64_t cookie)
{
    assert_int_equal(cookie, 77);
    story_add("gap", -1);
}

static void on_resume(uint64_t cookie, const struct dais_stream_info *info)
{
    assert_int_equal(cookie, 77);
    assert_true(info->session > story.session);
    story.session = info->session;
    story_add("resume", -1);
}

static void on_end(uint64_t cookie)
{
    assert_int_equal(cookie, 77);
    story_add("end", -1);
}

static const struct dais_media_observer OBSERVER = {
    "story", DAIS_OBSERVE_PACKETS, 0, on_begin, on_track, on_packet, on_gap, on_resume, on_end,
};

/** Waits on a fiber until the story reads `text`. */
static void story_wait(const char *text)
{
    uint64_t end_ms = clock_ms() + PATIENCE_MS;
    char now[STORY_BYTES];
    do {
        pthread_mutex_lock(&story.lock);
        memcpy(now, story.text, story.len + 1);
        pthread_mutex_unlock(&story.lock);
        if (strcmp(now, text) == 0)
            return;
        assert_int_equal(fiber_sleep(2), DAIS_OK);
    } while (clock_ms() < end_ms);
    assert_string_equal(now, text);
}

static void on_displaced(uint64_t cookie)
{
    atomic_fetch_add(&story.displaced, (int)cookie);
}

static int32_t publish_to(const char *stream, const char *identity, dais_handle *ret_publisher)
{
    const struct dais_publish request = {
        .stream = dais_cstr(stream),
        .identity = dais_cstr(identity),
        .source = dais_cstr("test"),
        .displaced = on_displaced,
        .cookie = 1,
    };
    return hub_publish(&request, ret_publisher);
}

static int32_t publish_as(const char *identity, dais_handle *ret_publisher)
{
    return publish_to("demo", identity, ret_publisher);
}

static void track_send(dais_handle publisher)
{
    struct dais_buf *config = buf_copy(dais_cstr("config"));
    const struct dais_track track = {0, DAIS_MEDIA_VIDEO, DAIS_CODEC_H264, 0, config};
    assert_int_equal(hub_track(publisher, &track), DAIS_OK);
    buf_unref(config);
}

static int32_t packet_send(dais_handle publisher, int64_t dts, uint32_t bytes)
{
    struct dais_buf *buf = buf_new(bytes);
    memset(buf->data, 0, bytes);
    const struct dais_packet packet = {buf, 0, bytes, 0, DAIS_PACKET_KEY, dts, dts};
    int32_t error = hub_packet(publisher, &packet);
    buf_unref(buf);
    return error;
}

/** A worker that is not the home of "demo", so that everything crosses. */
static uint32_t away(void)
{
    return (worker_home(dais_cstr("demo")) + 1) % WORKERS;
}

static int32_t start(void *context, uint32_t worker)
{
    (void)context;
    (void)worker;
    return hub_worker_start();
}

static void stop(void *context, uint32_t worker)
{
    (void)context;
    (void)worker;
    hub_worker_stop();
}

static int setup(void **state)
{
    (void)state;
    limits_reset();
    story.len = 0;
    story.text[0] = '\0';
    atomic_store(&story.displaced, 0);
    const struct owner owner = {0};
    const struct worker_events events = {.start = start, .stop = stop};
    return metrics_init(WORKERS) || hub_init() || hub_observe(&owner, &OBSERVER) ||
           workers_start(WORKERS, &events);
}

static int teardown(void **state)
{
    (void)state;
    int32_t error = workers_stop(1000);
    metrics_fini();
    return error;
}

static int32_t ordered_run(void *arg)
{
    (void)arg;
    dais_handle publisher;
    assert_int_equal(publish_as("a", &publisher), DAIS_OK);
    assert_int_equal(packet_send(publisher, 0, 10), DAIS_OK); /* before its track: dropped */
    track_send(publisher);
    for (int i = 1; i <= 3; i++)
        assert_int_equal(packet_send(publisher, i, 10), DAIS_OK);
    hub_unpublish(publisher, 1);
    story_wait("begin track0 packet1 packet2 packet3 end ");
    assert_int_equal(story.worker, worker_home(dais_cstr("demo")));
    assert_int_equal(packet_send(publisher, 4, 10), DAIS_E_GONE);
    uint64_t end_ms = clock_ms() + PATIENCE_MS;
    while (metrics_read(hub_metrics) != 0 && clock_ms() < end_ms)
        assert_int_equal(fiber_sleep(1), DAIS_OK); /* counted after the observers were told */
    assert_int_equal(metrics_read(hub_metrics), 0);
    return DAIS_OK;
}

static void test_packets_arrive_in_order_on_the_home_worker(void **state)
{
    (void)state;
    assert_int_equal(worker_call(away(), ordered_run, NULL), DAIS_OK);
}

static int32_t conflict_run(void *arg)
{
    (void)arg;
    assert_int_equal(limit_set(dais_cstr("media_silent_ms"), 100), DAIS_OK);
    dais_handle first, second;
    assert_int_equal(publish_as("a", &first), DAIS_OK);
    assert_int_equal(publish_as("b", &second), DAIS_E_CONFLICT);
    assert_int_equal(fiber_sleep(150), DAIS_OK); /* the silence is what is tested */
    assert_int_equal(publish_as("b", &second), DAIS_OK);
    story_wait("begin resume ");
    while (atomic_load(&story.displaced) == 0)
        assert_int_equal(fiber_sleep(1), DAIS_OK);
    assert_int_equal(packet_send(first, 1, 10), DAIS_E_GONE);
    hub_unpublish(first, 0);
    hub_unpublish(second, 1);
    story_wait("begin resume end ");
    return DAIS_OK;
}

static void test_a_silent_publisher_gives_way(void **state)
{
    (void)state;
    assert_int_equal(worker_call(away(), conflict_run, NULL), DAIS_OK);
}

static int32_t identity_run(void *arg)
{
    (void)arg;
    dais_handle first, second, third;
    assert_int_equal(publish_as("a", &first), DAIS_OK);
    assert_int_equal(publish_as("a", &second), DAIS_OK);
    assert_int_equal(publish_as("a", &third), DAIS_E_DENIED);
    hub_unpublish(first, 0); /* displaced: says nothing any more */
    hub_unpublish(second, 1);
    story_wait("begin resume end ");
    return DAIS_OK;
}

static void test_one_identity_takes_over_once_in_30_s(void **state)
{
    (void)state;
    assert_int_equal(worker_call(away(), identity_run, NULL), DAIS_OK);
    assert_int_equal(atomic_load(&story.displaced), 1);
}

static int32_t grace_run(void *arg)
{
    (void)arg;
    assert_int_equal(limit_set(dais_cstr("media_grace_ms"), 100), DAIS_OK);
    dais_handle publisher;
    assert_int_equal(publish_as("a", &publisher), DAIS_OK);
    hub_unpublish(publisher, 0);
    story_wait("begin gap ");
    assert_int_equal(publish_as("b", &publisher), DAIS_OK);
    hub_unpublish(publisher, 0);
    story_wait("begin gap resume gap end ");
    return DAIS_OK;
}

static void test_a_lost_encoder_has_a_grace_period(void **state)
{
    (void)state;
    assert_int_equal(worker_call(away(), grace_run, NULL), DAIS_OK);
}

/* As after a restart with a clock that was set back. */
static int32_t session_run(void *arg)
{
    (void)arg;
    const uint64_t far = (uint64_t)clock_unix_ms() + 86400000;
    struct dais_publish request = {.stream = dais_cstr("demo"), .session_after = far};
    dais_handle publisher;
    for (uint64_t i = 1; i <= 2; i++) {
        story.len = 0;
        story.text[0] = '\0';
        assert_int_equal(hub_publish(&request, &publisher), DAIS_OK);
        assert_int_equal(story.session, far + i);
        hub_unpublish(publisher, 1);
        story_wait("begin end ");
        request.session_after = 0; /* in this process it is known */
    }
    return DAIS_OK;
}

static void test_sessions_rise_although_the_clock_went_back(void **state)
{
    (void)state;
    assert_int_equal(worker_call(away(), session_run, NULL), DAIS_OK);
}

static int32_t bounds_run(void *arg)
{
    (void)arg;
    assert_int_equal(limit_set(dais_cstr("media_queue_bytes"), 65536), DAIS_OK);
    dais_handle publisher;
    assert_int_equal(publish_as("a", &publisher), DAIS_OK);
    track_send(publisher);
    assert_int_equal(packet_send(publisher, 1, 70000), DAIS_E_LIMIT);
    assert_int_equal(packet_send(publisher, 2, 60000), DAIS_OK);
    story_wait("begin track0 packet2 ");
    while (packet_send(publisher, 3, 60000) == DAIS_E_LIMIT)
        assert_int_equal(fiber_sleep(1), DAIS_OK);
    story_wait("begin track0 packet2 packet3 ");

    struct dais_buf *buf = buf_new(8);
    struct dais_packet packet = {buf, 4, 5, 0, 0, 0, 0};
    assert_int_equal(hub_packet(publisher, &packet), DAIS_E_INVALID);
    packet.track = DAIS_MEDIA_TRACKS_MAX;
    assert_int_equal(hub_packet(publisher, &packet), DAIS_E_INVALID);
    buf_unref(buf);
    const struct dais_publish nameless = {.stream = {"", 0}};
    assert_int_equal(hub_publish(&nameless, &publisher), DAIS_E_INVALID);
    return DAIS_OK;
}

static void test_what_is_under_way_is_bounded(void **state)
{
    (void)state;
    assert_int_equal(worker_call(away(), bounds_run, NULL), DAIS_OK);
}

static int32_t stop_run(void *arg)
{
    (void)arg;
    dais_handle publisher;
    assert_int_equal(publish_as("a", &publisher), DAIS_OK);
    assert_int_equal(hub_stop(dais_cstr("demo")), DAIS_OK);
    story_wait("begin end ");
    while (atomic_load(&story.displaced) == 0)
        assert_int_equal(fiber_sleep(1), DAIS_OK);
    assert_int_equal(packet_send(publisher, 1, 1), DAIS_E_GONE);
    hub_unpublish(publisher, 0);
    assert_int_equal(hub_stop(dais_cstr("nobody")), DAIS_OK);
    return DAIS_OK;
}

static void test_stop_ends_a_stream_and_its_publisher(void **state)
{
    (void)state;
    assert_int_equal(worker_call(away(), stop_run, NULL), DAIS_OK);
}

static int32_t leave_run(void *arg)
{
    (void)arg;
    dais_handle publisher;
    assert_int_equal(publish_as("a", &publisher), DAIS_OK);
    track_send(publisher);
    assert_int_equal(packet_send(publisher, 1, 1), DAIS_OK);
    return DAIS_OK;
}

static void test_workers_may_stop_while_a_stream_is_live(void **state)
{
    (void)state;
    assert_int_equal(worker_call(away(), leave_run, NULL), DAIS_OK);
}

/* Newer code of the same observer. */
static uint64_t newer_begin(const struct dais_stream_info *info)
{
    (void)info;
    story_add("newer-begin", -1);
    return 88;
}

static void newer_packet(uint64_t cookie, const struct dais_packet *packet)
{
    assert_int_equal(cookie, 88);
    story_add("newer-packet", packet->dts);
}

static void newer_end(uint64_t cookie)
{
    assert_int_equal(cookie, 88);
    story_add("newer-end", -1);
}

static const struct dais_media_observer NEWER = {.name = "story",
                                                 .flags = DAIS_OBSERVE_PACKETS,
                                                 .begin = newer_begin,
                                                 .packet = newer_packet,
                                                 .end = newer_end};

static void observer_replace(void *arg)
{
    const struct owner owner = {0};
    *(int32_t *)arg = hub_observe(&owner, &NEWER);
    hub_unobserve(&OBSERVER);
}

static dais_handle older_publisher;

static int32_t older_run(void *arg)
{
    (void)arg;
    assert_int_equal(publish_as("a", &older_publisher), DAIS_OK);
    track_send(older_publisher);
    story_wait("begin track0 ");
    return DAIS_OK;
}

static int32_t newer_run(void *arg)
{
    (void)arg;
    dais_handle other;
    assert_int_equal(packet_send(older_publisher, 1, 10), DAIS_OK);
    story_wait("begin track0 packet1 ");
    assert_int_equal(publish_to("other", "a", &other), DAIS_OK);
    story_wait("begin track0 packet1 newer-begin ");
    assert_int_equal(hub_observed(&OBSERVER), 1);
    assert_int_equal(hub_observed(&NEWER), 1);
    track_send(other);
    assert_int_equal(packet_send(other, 2, 10), DAIS_OK);
    story_wait("begin track0 packet1 newer-begin newer-packet2 ");
    hub_unpublish(older_publisher, 1);
    story_wait("begin track0 packet1 newer-begin newer-packet2 end ");
    /* The same name again is a new stream. */
    assert_int_equal(publish_as("b", &older_publisher), DAIS_OK);
    story_wait("begin track0 packet1 newer-begin newer-packet2 end newer-begin ");
    assert_int_equal(hub_observed(&OBSERVER), 0);
    assert_int_equal(hub_observed(&NEWER), 2);
    return DAIS_OK;
}

static void rows_fill(void *arg)
{
    static const struct dais_media_observer NAMELESS = {.flags = DAIS_OBSERVE_PACKETS};
    const struct owner owner = {0};
    uint32_t *added = arg;
    while (hub_observe(&owner, &OBSERVER) == DAIS_OK)
        (*added)++;
    assert_int_equal(hub_observe_check(&OBSERVER, 1), DAIS_E_LIMIT);
    hub_unobserve(&OBSERVER);
    assert_int_equal(hub_observe_check(&OBSERVER, *added), DAIS_OK);
    assert_int_equal(hub_observe_check(&OBSERVER, *added + 1), DAIS_E_LIMIT);
    assert_int_equal(hub_observe_check(&NAMELESS, 1), DAIS_E_INVALID);
}

static void test_a_stream_stays_with_those_who_saw_it_begin(void **state)
{
    (void)state;
    int32_t error = DAIS_E_INTERNAL;
    uint32_t added = 0;
    assert_int_equal(worker_call(away(), older_run, NULL), DAIS_OK);
    assert_int_equal(workers_park(observer_replace, &error, PATIENCE_MS), DAIS_OK);
    assert_int_equal(error, DAIS_OK);
    assert_int_equal(worker_call(away(), newer_run, NULL), DAIS_OK);
    assert_int_equal(workers_park(rows_fill, &added, PATIENCE_MS), DAIS_OK);
    assert_int_equal(added, HUB_OBSERVERS_MAX - 1); /* the older one's row is free again */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_packets_arrive_in_order_on_the_home_worker, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_silent_publisher_gives_way, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_identity_takes_over_once_in_30_s, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_lost_encoder_has_a_grace_period, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sessions_rise_although_the_clock_went_back, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_what_is_under_way_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stop_ends_a_stream_and_its_publisher, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_stream_stays_with_those_who_saw_it_begin, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_workers_may_stop_while_a_stream_is_live, setup,
                                        teardown),
    };
    return cmocka_run_group_tests_name("media_hub", tests, NULL, NULL);
}
