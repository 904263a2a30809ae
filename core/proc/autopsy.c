/* SPDX-License-Identifier: MIT */
#include "proc/autopsy.h"

#include "base/log.h"
#include "base/str.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* Overflows of other stacks fault this near to where the stack ended. */
#define OVERFLOW_BYTES 65536u
#define ADDRESS_BYTES 128u
#define SUSPECTS_MAX 8u

static bool has_record(const struct slots *slots)
{
    return atomic_load(&slots->crash.state) != SLOTS_CRASH_NONE;
}

static bool is_overflow(const struct slots_crash *crash)
{
    return crash->signal == SIGSEGV && crash->address != 0 &&
           crash->address < crash->stack_pointer + OVERFLOW_BYTES &&
           crash->address + OVERFLOW_BYTES > crash->stack_pointer;
}

static void describe_what(const struct slots_crash *crash, bool recorded, int signal,
                          const struct watchdog_stall *stall, struct autopsy *autopsy)
{
    const char *name = sigabbrev_np(signal);
    if (stall->found)
        snprintf(autopsy->what, sizeof autopsy->what, "loop stalled for %" PRIu64 " ms", stall->ms);
    else if (recorded && crash->fiber_overflow)
        snprintf(autopsy->what, sizeof autopsy->what, "fiber stack overflow");
    else if (recorded && is_overflow(crash))
        snprintf(autopsy->what, sizeof autopsy->what, "stack overflow");
    else
        snprintf(autopsy->what, sizeof autopsy->what, "SIG%s", name != NULL ? name : "?");
}

static void blame(struct autopsy *autopsy, enum autopsy_evidence evidence, uint32_t owner,
                  uint32_t generation)
{
    autopsy->evidence = evidence;
    autopsy->owner = owner;
    autopsy->generation = generation;
}

/* The only plugin that any thread was running, if there is one. */
static void blame_alone(const struct slots *slots, struct autopsy *autopsy)
{
    struct slots_suspect suspects[SUSPECTS_MAX];
    uint32_t count = slots_suspects(slots, suspects, SUSPECTS_MAX);
    for (uint32_t i = 1; i < count; i++) {
        if (suspects[i].owner.plugin != suspects[0].owner.plugin)
            return;
    }
    if (count > 0)
        blame(autopsy, AUTOPSY_ALONE, suspects[0].owner.plugin, suspects[0].owner.generation);
}

static void attribute(const struct slots *slots, int signal, const struct watchdog_stall *stall,
                      struct autopsy *autopsy)
{
    const struct slots_crash *crash = &slots->crash;
    bool recorded = has_record(slots);
    uint32_t code_generation = 0;
    uint32_t code = recorded ? slots_plugin_at(slots, crash->pc, &code_generation) : OWNER_CORE;
    slots_plugin_id(slots, code, autopsy->code_of);
    if (stall->found && stall->owner.plugin < HOST_OWNERS_MAX)
        blame(autopsy, AUTOPSY_SLOT, stall->owner.plugin, stall->owner.generation);
    else if (recorded && crash->owner.plugin != OWNER_CORE && crash->owner.plugin < HOST_OWNERS_MAX)
        blame(autopsy, AUTOPSY_SLOT, crash->owner.plugin, crash->owner.generation);
    else if (code != OWNER_CORE)
        blame(autopsy, AUTOPSY_CODE, code, code_generation);
    else if (!recorded && signal != SIGKILL && signal != SIGTERM)
        blame_alone(slots, autopsy);
}

/* "crasher/1-3fa9.so+0x11f9": what addr2line takes, below run/plugins for plugins. */
static void name_address(const struct slots *slots, uint64_t address, char ret_name[ADDRESS_BYTES])
{
    uint32_t generation = 0;
    uint32_t owner = slots_plugin_at(slots, address, &generation);
    const struct host_plugin_page *page = &slots->pages[owner];
    if (owner != OWNER_CORE) {
        uint64_t base = 0;
        char number[16];
        for (uint32_t i = 0; i < HOST_PAGE_TEXTS; i++)
            base = page->texts[i].generation == generation ? page->texts[i].base : base;
        const char *file = memrchr(page->path, '/', strnlen(page->path, sizeof page->path));
        bool known = file != NULL && atomic_load(&page->generation) == generation;
        snprintf(number, sizeof number, "%u", generation); /* it has not come to serve yet */
        snprintf(ret_name, ADDRESS_BYTES, "%.*s/%.*s+0x%" PRIx64, (int)sizeof page->id - 1,
                 page->id, 70, known ? file + 1 : number, address - base);
        return;
    }
    for (uint32_t i = 0; i < SLOTS_MODULES_MAX; i++) {
        const struct slots_module *module = &slots->modules[i];
        if (address < module->low || address >= module->high)
            continue;
        snprintf(ret_name, ADDRESS_BYTES, "%.*s+0x%" PRIx64, (int)sizeof module->name - 1,
                 module->name, address - module->base);
        return;
    }
    snprintf(ret_name, ADDRESS_BYTES, "0x%" PRIx64, address);
}

static void name_thread(uint32_t slot, char ret_name[24])
{
    if (slot < WORKERS_MAX)
        snprintf(ret_name, 24, "worker %u", slot);
    else if (slot < SLOTS_MAX - 1)
        snprintf(ret_name, 24, "job thread %u", slot - WORKERS_MAX);
    else
        snprintf(ret_name, 24, slot == SLOTS_MAX - 1 ? "main thread" : "a thread of its own");
}

static void write_line(const struct slots *slots, struct autopsy *autopsy)
{
    const struct slots_crash *crash = &slots->crash;
    char where[ADDRESS_BYTES], thread[24];
    if (!has_record(slots)) {
        snprintf(autopsy->line, sizeof autopsy->line, "%s, without a word", autopsy->what);
        return;
    }
    name_address(slots, crash->pc, where);
    name_thread(crash->slot, thread);
    const char *callback = crash->callback[0] != '\0' ? crash->callback : crash->fiber;
    snprintf(autopsy->line, sizeof autopsy->line, "%s in %.*s at %s on %s", autopsy->what,
             (int)sizeof crash->callback - 1, callback[0] != '\0' ? callback : "a callback", where,
             thread);
}

void autopsy_read(const struct slots *slots, int signal, const struct watchdog_stall *stall,
                  struct autopsy *ret_autopsy)
{
    *ret_autopsy = (struct autopsy){.evidence = AUTOPSY_NONE};
    describe_what(&slots->crash, has_record(slots), signal, stall, ret_autopsy);
    attribute(slots, signal, stall, ret_autopsy);
    slots_plugin_id(slots, ret_autopsy->owner, ret_autopsy->plugin);
    if (ret_autopsy->plugin[0] == '\0') {
        snprintf(ret_autopsy->plugin, sizeof ret_autopsy->plugin, "core");
        ret_autopsy->owner = OWNER_CORE;
    }
    write_line(slots, ret_autopsy);
}

static void log_frames(const struct slots *slots)
{
    STRBUF_AUTO struct strbuf text;
    const struct slots_crash *crash = &slots->crash;
    strbuf_init(&text, SLOTS_FRAMES_MAX * ADDRESS_BYTES);
    for (uint32_t i = 0; i < crash->frame_count && i < SLOTS_FRAMES_MAX; i++) {
        char name[ADDRESS_BYTES];
        name_address(slots, crash->frames[i], name);
        strbuf_addf(&text, "%s%s", i > 0 ? " " : "", name);
    }
    if (text.len > 0)
        LOG_ERROR("backtrace", log_str("frames", strbuf_view(&text)));
}

static const char *label(const char *text)
{
    return memchr(text, '\0', SLOTS_LABEL_BYTES) != NULL ? text : "";
}

void autopsy_log(const struct slots *slots, const struct autopsy *autopsy, int32_t pid,
                 uint32_t restart_in_ms)
{
    static const char *const evidence[] = {"none", "slot", "code", "alone"};
    const struct slots_crash *crash = &slots->crash;
    char address[24], where[ADDRESS_BYTES], thread[24], request[24];
    snprintf(address, sizeof address, "0x%" PRIx64, crash->address);
    snprintf(request, sizeof request, "%016" PRIx64, crash->owner.request);
    name_address(slots, crash->pc, where);
    name_thread(crash->slot, thread);
    if (!has_record(slots)) {
        LOG_ERROR("server process died", log_int("pid", pid), log_text("what", autopsy->what),
                  log_text("plugin", autopsy->plugin),
                  log_text("evidence", evidence[autopsy->evidence]),
                  log_uint("restart_in_ms", restart_in_ms));
        return;
    }
    LOG_ERROR("server process died", log_int("pid", pid), log_text("what", autopsy->what),
              log_text("plugin", autopsy->plugin), log_uint("generation", autopsy->generation),
              log_text("evidence", evidence[autopsy->evidence]),
              log_text("code_of", autopsy->code_of), log_text("callback", label(crash->callback)),
              log_text("fiber", label(crash->fiber)), log_text("request", request),
              log_text("thread", thread), log_text("address", address), log_text("pc", where),
              log_uint("restart_in_ms", restart_in_ms));
    log_frames(slots);
}
