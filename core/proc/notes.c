/* SPDX-License-Identifier: MIT */
#include "proc/notes.h"

#include "proc/uplink.h"

#include <string.h>

/* As the host options want them; one host a process. */
static struct {
    struct slots_note *rows;
    struct host_quarantine quarantine[HOST_OWNERS_MAX];
    struct host_pinned pinned[HOST_OWNERS_MAX];
    struct host_crashes crashes[HOST_OWNERS_MAX];
} notes;

static int32_t release(const char *id)
{
    for (uint32_t i = 0; i < HOST_OWNERS_MAX && notes.rows[i].id[0] != '\0'; i++) {
        if (strcmp(notes.rows[i].id, id) != 0)
            continue;
        int32_t error = uplink_release(id);
        if (error == DAIS_OK)
            atomic_store(&notes.rows[i].crashes, 0);
        return error;
    }
    return DAIS_E_NOT_FOUND;
}

static void add(const struct slots_note *note, struct host_options *options)
{
    notes.crashes[options->crashes_count++] = (struct host_crashes){
        .id = note->id, .count = &note->crashes, .last = note->last};
    if (note->quarantined)
        notes.quarantine[options->quarantine_count++] = (struct host_quarantine){
            .id = note->id, .reason = note->reason};
    else if (note->pinned[0] != '\0')
        notes.pinned[options->pinned_count++] = (struct host_pinned){
            .id = note->id, .path = note->pinned, .reason = note->pinned_reason};
}

void notes_apply(struct slots *slots, struct host_options *options)
{
    notes.rows = slots->notes;
    for (uint32_t i = 0; i < HOST_OWNERS_MAX && slots->notes[i].id[0] != '\0'; i++)
        add(&slots->notes[i], options);
    options->quarantine = notes.quarantine;
    options->pinned = notes.pinned;
    options->crashes = notes.crashes;
    options->release = release;
}
