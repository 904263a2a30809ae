/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The event bus behind dais.bus/1: topics within this process.
 *
 * Publishing hands one immutable, shared copy of the event to every worker by mail, so events of
 * one sender keep their order. Who hears it is looked up when it arrives. An event reaches every
 * worker or is refused: a worker whose mail is full gets it on top, within limit `bus_events` of
 * the process. Delivery is a call on each worker's own stack. Nodes are joined later by a bridge
 * that calls bus_deliver with what other nodes published, and is handed what this one does
 * (bus_bridge).
 */
#include "dais/bus.h"

#include <stdint.h>

/** Called on the publishing worker for each event, before its delivery. Must not block. */
typedef void (*bus_bridge_fn)(const struct dais_bus_event *event, void *context);

/**
 * What bus_subscribe would answer, without effect. DAIS_E_INVALID, DAIS_E_LIMIT past limit
 * `bus_subscriptions`. [main thread]
 */
DAIS_CHECK_RESULT int32_t bus_subscribe_check(const struct dais_subscription *table);

/**
 * dais_bus_v1.subscribe for the plugin `owner` (host/host.h counts them). The table is borrowed
 * until bus_unsubscribe or bus_close. As bus_subscribe_check; DAIS_E_MEMORY; nothing was subscribed
 * then. Before the workers start, or while they are parked. [main thread]
 */
DAIS_CHECK_RESULT int32_t bus_subscribe(uint32_t owner, const struct dais_subscription *table);

/** Takes the rows of a table off (unknown: ignored). As bus_subscribe. [main thread] */
void bus_unsubscribe(const struct dais_subscription *table);

/** dais_bus_v1.publish. DAIS_E_LIMIT when too many events wait for slow workers. */
DAIS_CHECK_RESULT int32_t bus_publish(const char *topic, struct dais_str key,
                                      struct dais_str payload);

/** As bus_publish, without the bridge: for what came from another node. [worker] */
DAIS_CHECK_RESULT int32_t bus_deliver(const struct dais_bus_event *event);

/** Sets or clears (NULL) the bridge. Before the workers start. [main thread] */
void bus_bridge(bus_bridge_fn bridge, void *context);

/**
 * Sets who calls a subscription: the host marks the worker as running plugin `owner` around
 * `row->handle(event)`. NULL: called directly. Before the workers start. [main thread]
 */
typedef void (*bus_call_fn)(uint32_t owner, const struct dais_subscription *row,
                            const struct dais_bus_event *event);
void bus_caller(bus_call_fn call);

/** Forgets all subscriptions. After the workers are gone. [main thread] */
void bus_close(void);
