/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The inside of delivery.c and delivery_turn.c: a subscriber, and one turn of handing it its rows.
 */
#include "base/list.h"
#include "host/delivery.h"
#include "host/plugin.h"
#include "loop/mail.h"
#include "loop/timer.h"

#define SUBSCRIBER_NAME_BYTES (PLUGIN_ID_BYTES_MAX + 1u + DAIS_OPERATION_NAME_BYTES_MAX)

/** An after_commit hook of a plugin, whichever generation it is of. */
struct subscriber {
    char name[SUBSCRIBER_NAME_BYTES + 1]; /* "plugin/hook" */
    struct plugin *plugin;
    struct generation *generation; /* who hears now, NULL: nobody; changes [parked] */
    const struct dais_hook *row;
    _Atomic uint32_t woken; /* the mail is on its way */
    struct mail mail;
    /* Of the home worker alone. */
    struct timer retry;
    uint8_t running;
    uint8_t again; /* there may be more than this turn sees */
    uint8_t known; /* its name was written since the last turn that found it */
};

/** What a turn came to. */
struct turn {
    uint32_t told;
    uint32_t failed;
    uint64_t retry_ms; /* until the first failed row is due again; 0: none */
    bool more;         /* there were as many rows as a turn takes */
};

/** Registers the metrics of turns. [main thread] */
DAIS_CHECK_RESULT int32_t delivery_turn_init(void);

/**
 * One turn of `subscriber`, whose generation does not change meanwhile. An error: nothing was
 * told for good. `stop` is looked at between rows. [fiber, suspends]
 */
DAIS_CHECK_RESULT int32_t delivery_turn(struct subscriber *subscriber, const bool *stop,
                                        struct turn *ret_turn);
