/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What other plugins may amend, refuse and hear of: dais/hooks.h tells how. Whoever changes a
 * message begins the operation before its statement and ends it behind it. All are ordered by room:
 * after_commit hooks hear of one room's in their order.
 *
 * No operation stands for what takes many messages at once: the clear of a room or of an account in
 * it (chat:clear), what a bar deletes along (deleteMessages), what goes with an account or a room,
 * and what has become too old. Nor for rows that nobody wrote: gifts, joins, of the system.
 */
#include "chat.h"
#include "dais/hooks.h"

enum { OPERATIONS_CREATE, OPERATIONS_EDIT, OPERATIONS_DELETE, OPERATIONS_PIN };

/** chat.message.create, .edit, .delete and .pin. */
extern const struct dais_operation operations_table[];

/** What travels with chat.message.create; `message` may be amended. */
struct operations_create {
    uint64_t present;
    struct dais_str id;
    struct dais_str room_id;
    struct dais_str room_kind;
    struct dais_str author_id;
    struct dais_str author_name;
    struct dais_str type;
    struct dais_str message;
    struct dais_str reply_to;          /**< absent: it is no answer to another message */
    struct dais_str client_message_id; /**< absent: the client gave none */
};

/** What travels with chat.message.edit; `message` may be amended. */
struct operations_edit {
    uint64_t present;
    struct dais_str id;
    struct dais_str room_id;
    struct dais_str actor_id;
    struct dais_str message;
};

/** What travels with chat.message.delete. */
struct operations_delete {
    uint64_t present;
    struct dais_str id;
    struct dais_str room_id;
    struct dais_str actor_id;
    struct dais_str author_id;
};

/** What travels with chat.message.pin. */
struct operations_pin {
    uint64_t present;
    struct dais_str id;
    struct dais_str room_id;
    struct dais_str actor_id;
    uint8_t pinned; /**< whether it is pinned afterwards */
};

/**
 * [fiber] Holds what hooks made of a text to the room's rules, too. `*text` is it, and becomes what
 * is to be stored, as by chat_check_text; `before` is what the hooks were given. INVALID · MEMORY.
 */
DAIS_CHECK_RESULT int32_t operations_amended(const struct chat_settings *settings,
                                             const struct chat_sender *sender,
                                             struct dais_str before, struct dais_str *text,
                                             struct chat_verdict *ret_verdict);
