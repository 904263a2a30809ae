/* SPDX-License-Identifier: MIT */
/*
 * The layout of what never changes: the root objects of the ABI, the views, the error numbers. A
 * failure here is a plugin that loads and then reads the wrong bytes; mend the header, not the
 * figure.
 */
#include "dais/abi.h"
#include "dais/events.h"
#include "dais/hooks.h"
#include "dais/mem.h"
#include "dais/random.h"
#include "dais/rooms.h"
#include "dais/services.h"
#include "dais/svc/chat.h"
#include "dais/svc/roomsource.h"

#define AT(type, member, offset)                                                                   \
    _Static_assert(offsetof(struct type, member) == (offset), #type "." #member " moved")
#define SIZE(type, bytes) _Static_assert(sizeof(struct type) == (bytes), #type " changed its size")

SIZE(dais_str, 16);
AT(dais_str, ptr, 0);
AT(dais_str, len, 8);

SIZE(dais_host, 16);
AT(dais_host, abi_major, 0);
AT(dais_host, query, 8);

SIZE(dais_need, 24);
AT(dais_need, name, 0);
AT(dais_need, slot, 8);
AT(dais_need, flags, 16);

SIZE(dais_offer, 16);
AT(dais_offer, name, 0);
AT(dais_offer, table, 8);

SIZE(dais_plugin, 120);
AT(dais_plugin, magic, 0);
AT(dais_plugin, abi_major, 8);
AT(dais_plugin, draft_hash, 16);
AT(dais_plugin, id, 24);
AT(dais_plugin, version, 32);
AT(dais_plugin, summary, 40);
AT(dais_plugin, needs, 48);
AT(dais_plugin, offers, 56);
AT(dais_plugin, init, 64);
AT(dais_plugin, start, 72);
AT(dais_plugin, stop, 80);
AT(dais_plugin, worker_start, 88);
AT(dais_plugin, worker_stop, 96);
AT(dais_plugin, fini, 104);
AT(dais_plugin, query, 112);

SIZE(dais_buf, 16);
AT(dais_buf, data, 0);
AT(dais_buf, len, 8);

SIZE(dais_operation, 32);
AT(dais_operation, name, 0);
AT(dais_operation, value, 8);
AT(dais_operation, key, 16);
AT(dais_operation, summary, 24);

SIZE(dais_hook, 64);
AT(dais_hook, name, 0);
AT(dais_hook, operation, 8);
AT(dais_hook, when, 16);
AT(dais_hook, policy, 20);
AT(dais_hook, priority, 24);
AT(dais_hook, timeout_ms, 28);
AT(dais_hook, flags, 32);
AT(dais_hook, value, 40);
AT(dais_hook, run, 48);
AT(dais_hook, summary, 56);

AT(dais_hook_event, operation, 0);
AT(dais_hook_event, key, 16);
AT(dais_hook_event, tx, 32);
AT(dais_hook_event, arena, 40);
AT(dais_hook_event, delivery, 48);
AT(dais_hook_event, attempt, 56);
AT(dais_hook_event, when, 60);

SIZE(dais_hooks_v1, 56);

SIZE(dais_event, 72);
AT(dais_event, name, 0);
AT(dais_event, space, 8);
AT(dais_event, access, 16);
AT(dais_event, roles, 20);
AT(dais_event, rate_class, 24);
AT(dais_event, flags, 32);
AT(dais_event, reserved, 36);
AT(dais_event, data_shape, 40);
AT(dais_event, ack_shape, 48);
AT(dais_event, handler, 56);
AT(dais_event, summary, 64);

SIZE(dais_event_out, 32);
AT(dais_event_out, name, 0);
AT(dais_event_out, space, 8);
AT(dais_event_out, shape, 16);
AT(dais_event_out, summary, 24);

SIZE(dais_space, 48);
AT(dais_space, name, 0);
AT(dais_space, flags, 8);
AT(dais_space, reserved, 12);
AT(dais_space, connect, 16);
AT(dais_space, ready, 24);
AT(dais_space, gone, 32);
AT(dais_space, summary, 40);

SIZE(dais_endpoint, 56);
AT(dais_endpoint, path, 0);
AT(dais_endpoint, protocol, 8);
AT(dais_endpoint, reserved, 12);
AT(dais_endpoint, connect, 16);
AT(dais_endpoint, ready, 24);
AT(dais_endpoint, message, 32);
AT(dais_endpoint, gone, 40);
AT(dais_endpoint, summary, 48);

SIZE(dais_rendering, 64);
AT(dais_rendering, dialect, 0);
AT(dais_rendering, event, 8);
AT(dais_rendering, shape, 16);
AT(dais_rendering, value, 24);
AT(dais_rendering, json, 32);
AT(dais_rendering, attachments, 48);
AT(dais_rendering, attachment_count, 56);
AT(dais_rendering, reserved, 60);

SIZE(dais_emit, 32);
AT(dais_emit, renderings, 0);
AT(dais_emit, delivery, 8);
AT(dais_emit, key, 12);
AT(dais_emit, except, 16);
AT(dais_emit, flags, 24);
AT(dais_emit, reserved, 28);

SIZE(dais_room, 32);
AT(dais_room, kind, 0);
AT(dais_room, id, 16);

SIZE(dais_room_count, 32);
AT(dais_room_count, epoch, 0);
AT(dais_room_count, seq, 8);
AT(dais_room_count, viewers, 16);
AT(dais_room_count, members, 20);
AT(dais_room_count, peak, 24);
AT(dais_room_count, reserved, 28);

SIZE(dais_room_entry, 72);
AT(dais_room_entry, room, 0);
AT(dais_room_entry, identity, 32);
AT(dais_room_entry, viewer, 40);
AT(dais_room_entry, socket, 56);
AT(dais_room_entry, dialect, 64);

SIZE(dais_presence, 88);
AT(dais_presence, room, 0);
AT(dais_presence, what, 32);
AT(dais_presence, reserved, 36);
AT(dais_presence, viewer, 40);
AT(dais_presence, count, 56);

SIZE(dais_room_kind, 40);
AT(dais_room_kind, name, 0);
AT(dais_room_kind, flags, 8);
AT(dais_room_kind, members_max, 12);
AT(dais_room_kind, admit, 16);
AT(dais_room_kind, presence, 24);
AT(dais_room_kind, summary, 32);

SIZE(dais_room_join, 64);
AT(dais_room_join, room, 0);
AT(dais_room_join, dialect, 32);
AT(dais_room_join, epoch, 40);
AT(dais_room_join, seq, 48);
AT(dais_room_join, flags, 56);
AT(dais_room_join, reserved, 60);

SIZE(dais_room_joined, 40);
AT(dais_room_joined, count, 0);
AT(dais_room_joined, resumed, 32);
AT(dais_room_joined, replayed, 36);

SIZE(dais_room_watch, 32);
AT(dais_room_watch, kind, 0);
AT(dais_room_watch, flags, 8);
AT(dais_room_watch, reserved, 12);
AT(dais_room_watch, presence, 16);
AT(dais_room_watch, summary, 24);

SIZE(dais_room_found, 72);
AT(dais_room_found, kind, 0);
AT(dais_room_found, id, 16);
AT(dais_room_found, owner_id, 32);
AT(dais_room_found, title, 48);
AT(dais_room_found, flags, 64);
AT(dais_room_found, reserved, 68);

SIZE(dais_roomsource_v1, 24);
AT(dais_roomsource_v1, kind, 0);
AT(dais_roomsource_v1, find, 8);
AT(dais_roomsource_v1, default_of, 16);

SIZE(dais_chat_row, 88);
AT(dais_chat_row, kind, 0);
AT(dais_chat_row, type, 8);
AT(dais_chat_row, room_id, 16);
AT(dais_chat_row, user_id, 32);
AT(dais_chat_row, text, 48);
AT(dais_chat_row, data, 64);
AT(dais_chat_row, reserved, 80);

SIZE(dais_chat_v1, 8);
AT(dais_chat_v1, post, 0);

SIZE(dais_events_v1, 184);
SIZE(dais_random_v1, 16);
SIZE(dais_rooms_v1, 88);
SIZE(dais_services_v1, 24);

_Static_assert(sizeof(dais_handle) == 8, "dais_handle changed its size");
_Static_assert(DAIS_E_INVALID == -1 && DAIS_E_UNAUTHENTICATED == -2 && DAIS_E_DENIED == -3 &&
                   DAIS_E_NOT_FOUND == -4 && DAIS_E_CONFLICT == -5 && DAIS_E_TOO_LARGE == -6 &&
                   DAIS_E_MISMATCH == -7 && DAIS_E_LIMIT == -8 && DAIS_E_UNAVAILABLE == -9 &&
                   DAIS_E_TIMEOUT == -10 && DAIS_E_CANCELLED == -11 && DAIS_E_GONE == -12 &&
                   DAIS_E_STATE == -13 && DAIS_E_INTERNAL == -14,
               "an error number changed");
