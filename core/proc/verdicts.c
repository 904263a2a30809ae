/* SPDX-License-Identifier: MIT */
#include "proc/verdicts.h"

#include "base/limits.h"

#include <stdio.h>
#include <string.h>

static struct verdict *find(struct verdicts *verdicts, const char *id)
{
    for (uint32_t i = 0; i < verdicts->count; i++) {
        if (strcmp(verdicts->rows[i].id, id) == 0)
            return &verdicts->rows[i];
    }
    return NULL;
}

const struct verdict *verdicts_find(const struct verdicts *verdicts, const char *id)
{
    return find((struct verdicts *)(uintptr_t)verdicts, id);
}

/* There are as many rows as plugins of one process; ids of earlier configurations give way. */
static struct verdict *add(struct verdicts *verdicts, const char *id)
{
    if (verdicts->count == HOST_OWNERS_MAX) {
        memmove(verdicts->rows, verdicts->rows + 1,
                (HOST_OWNERS_MAX - 1) * sizeof verdicts->rows[0]);
        verdicts->count--;
    }
    struct verdict *row = &verdicts->rows[verdicts->count++];
    *row = (struct verdict){.crashes = 0};
    snprintf(row->id, sizeof row->id, "%s", id);
    return row;
}

static void add_time(struct verdict *row, uint64_t now_ms)
{
    if (row->time_count == VERDICTS_TIMES_MAX)
        memmove(row->times_ms, row->times_ms + 1, --row->time_count * sizeof row->times_ms[0]);
    row->times_ms[row->time_count++] = now_ms;
}

static uint32_t count_since(const struct verdict *row, uint64_t from_ms)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < row->time_count; i++)
        count += row->times_ms[i] >= from_ms;
    return count;
}

static void send_back(struct verdict *row, const struct verdicts_crash *crash)
{
    snprintf(row->pinned, sizeof row->pinned, "%s", crash->previous);
    snprintf(row->pinned_reason, sizeof row->pinned_reason,
             "the copy before the last reload serves, since the newer one crashed: %s",
             crash->line);
}

enum verdict_outcome verdicts_crash(struct verdicts *verdicts, const struct verdicts_crash *crash)
{
    struct verdict *row = find(verdicts, crash->id);
    uint64_t window_ms = (uint64_t)limit_get(LIMIT_CRASH_WINDOW_MS);
    if (row == NULL)
        row = add(verdicts, crash->id);
    row->crashes++;
    snprintf(row->last, sizeof row->last, "%s", crash->line);
    if (crash->previous != NULL && crash->previous[0] != '\0') {
        send_back(row, crash);
        return VERDICT_RETURNED;
    }
    add_time(row, crash->now_ms);
    uint64_t from_ms = crash->now_ms > window_ms ? crash->now_ms - window_ms : 0;
    uint32_t recent = count_since(row, from_ms);
    if (recent < (uint32_t)limit_get(LIMIT_CRASH_COUNT))
        return VERDICT_COUNTED;
    row->quarantined = true;
    snprintf(row->reason, sizeof row->reason,
             "left out after %u crashes within %u s; `dais plugin release %s` brings it back; "
             "the last one: %s",
             recent, (unsigned)(window_ms / 1000), row->id, crash->line);
    return VERDICT_QUARANTINED;
}

bool verdicts_release(struct verdicts *verdicts, const char *id)
{
    struct verdict *row = find(verdicts, id);
    if (row == NULL)
        return false;
    uint32_t at = (uint32_t)(row - verdicts->rows);
    memmove(row, row + 1, (verdicts->count - at - 1) * sizeof *row);
    verdicts->count--;
    return true;
}

void verdicts_unpin(struct verdicts *verdicts, const char *id)
{
    struct verdict *row = find(verdicts, id);
    if (row != NULL)
        row->pinned[0] = row->pinned_reason[0] = '\0';
}

void verdicts_print(const struct verdicts *verdicts, struct strbuf *out)
{
    for (uint32_t i = 0; i < verdicts->count; i++) {
        const struct verdict *row = &verdicts->rows[i];
        const char *state = row->quarantined ? "quarantined" : row->pinned[0] ? "returned" : "runs";
        strbuf_addf(out, "%s  %s  crashes: %u  last: %s\n", row->id, state, row->crashes,
                    row->last);
    }
}

void verdicts_write(const struct verdicts *verdicts, struct slots_note ret_notes[HOST_OWNERS_MAX])
{
    memset(ret_notes, 0, HOST_OWNERS_MAX * sizeof ret_notes[0]);
    for (uint32_t i = 0; i < verdicts->count; i++) {
        const struct verdict *row = &verdicts->rows[i];
        struct slots_note *note = &ret_notes[i];
        memcpy(note->id, row->id, sizeof note->id);
        memcpy(note->last, row->last, sizeof note->last);
        memcpy(note->reason, row->reason, sizeof note->reason);
        memcpy(note->pinned, row->pinned, sizeof note->pinned);
        memcpy(note->pinned_reason, row->pinned_reason, sizeof note->pinned_reason);
        note->quarantined = row->quarantined;
        atomic_store(&note->crashes, row->crashes);
    }
}
