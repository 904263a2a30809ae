/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dais.bus/1: topics. An event goes to every subscription of its topic on every worker, at most
 * once, in the order of its sender. What must not be lost is a row in the database; the bus says
 * that there is something to look at.
 */
#include "dais/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A longer payload gives DAIS_E_TOO_LARGE. */
#define DAIS_BUS_PAYLOAD_BYTES_MAX 65536u

/** One event. Valid during the call. */
struct dais_bus_event {
    struct dais_str topic;
    struct dais_str key;
    struct dais_str payload;
};

/** A subscription: `handle` is called on every worker. */
struct dais_subscription {
    const char *topic;
    /** [worker] Must not suspend. */
    void (*handle)(const struct dais_bus_event *event);
};

struct dais_bus_v1 {
    /** [setup] Subscribes; the table ends with a row whose topic is NULL. */
    int32_t (*subscribe)(const struct dais_subscription *table);
    /** [fiber] [worker] Sends an event to all workers. DAIS_E_TOO_LARGE, DAIS_E_LIMIT. */
    int32_t (*publish)(const char *topic, struct dais_str key, struct dais_str payload);
};

DAIS_SLOT const struct dais_bus_v1 *dais_bus;
#define DAIS_NEED_BUS DAIS_NEED(bus, "dais.bus/1", 0)

#ifdef __cplusplus
}
#endif
