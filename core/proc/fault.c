/* SPDX-License-Identifier: MIT */
#include "proc/fault.h"

#include "base/log.h"
#include "base/sanitize.h"
#include "loop/fiber.h"
#include "proc/slots.h"

#include <execinfo.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

/* The unwinder and the largest signal frame of any processor. */
#define STACK_BYTES 65536u
#define GUARD_BYTES 4096u
/* Of the handler itself and of the kernel's trampoline. */
#define FRAMES_OF_HANDLER 4u

static const int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};

/* The page of this process; NULL until fault_open. */
static struct slots *page;
static _Thread_local uint32_t own_slot = SLOTS_MAX;

static uint64_t program_counter(const ucontext_t *context)
{
#if defined(__x86_64__)
    return (uint64_t)context->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    return context->uc_mcontext.pc;
#endif
}

static uint64_t stack_pointer(const ucontext_t *context)
{
#if defined(__x86_64__)
    return (uint64_t)context->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
    return context->uc_mcontext.sp;
#endif
}

/* Copies a text that may not be there: the kernel reads it, and says so when it can't. */
static void copy_label(char ret_label[SLOTS_LABEL_BYTES], const char *text)
{
    struct iovec to = {ret_label, SLOTS_LABEL_BYTES - 1};
    struct iovec from = {(void *)(uintptr_t)text, SLOTS_LABEL_BYTES - 1};
    if (text == NULL)
        return;
    /* Near the end of a mapping less can be read than a whole label. */
    while (from.iov_len > 0 && process_vm_readv(getpid(), &to, 1, &from, 1, 0) <= 0)
        from.iov_len /= 2;
    ret_label[from.iov_len] = '\0';
}

static void note_fiber(struct slots_crash *crash)
{
    const char *overflowed = fiber_overflow((const void *)(uintptr_t)crash->address);
    crash->fiber_overflow = crash->signal == SIGSEGV && overflowed != NULL;
    copy_label(crash->fiber, fiber_name());
}

/* The innermost frame is the crash itself; what the handler adds is left out. */
static void note_frames(struct slots_crash *crash)
{
    void *frames[SLOTS_FRAMES_MAX + FRAMES_OF_HANDLER];
    int count = backtrace(frames, SLOTS_FRAMES_MAX + FRAMES_OF_HANDLER);
    int first = 0;
    while (first < count && (uint64_t)(uintptr_t)frames[first] != crash->pc)
        first++;
    if (first == count) /* it jumped to where no code is */
        first = 0;
    for (int i = first; i < count && crash->frame_count < SLOTS_FRAMES_MAX; i++)
        crash->frames[crash->frame_count++] = (uint64_t)(uintptr_t)frames[i];
}

static void note(struct slots_crash *crash, const siginfo_t *info, const ucontext_t *context)
{
    crash->signal = info->si_signo;
    crash->code = info->si_code;
    crash->slot = own_slot;
    crash->owner = owner_get();
    crash->address = info->si_code > 0 ? (uint64_t)(uintptr_t)info->si_addr : 0;
    crash->pc = program_counter(context);
    crash->stack_pointer = stack_pointer(context);
    (void)prctl(PR_GET_NAME, crash->thread_name);
    copy_label(crash->callback, owner_callback_name(&crash->owner));
    note_fiber(crash);
    note_frames(crash); /* last: on a broken stack it may crash itself */
    atomic_store(&crash->state, SLOTS_CRASH_TOLD);
}

static void handle(int number, siginfo_t *info, void *context)
{
    struct slots_crash *crash = &page->crash;
    const int32_t thread = (int32_t)syscall(SYS_gettid);
    uint32_t none = SLOTS_CRASH_NONE;
    if (atomic_compare_exchange_strong(&crash->state, &none, SLOTS_CRASH_BEGUN)) {
        crash->thread = thread;
        note(crash, info, context);
    } else if (crash->thread != thread) {
        for (;;) /* another thread is telling; the process ends with it */
            pause();
    }
    signal(number, SIG_DFL);
    (void)syscall(SYS_tgkill, getpid(), thread, number); /* held back until this returns */
}

static int add_module(struct dl_phdr_info *info, size_t bytes, void *arg)
{
    uint32_t *count = arg;
    struct slots_module *module = &page->modules[*count];
    const char *slash = strrchr(info->dlpi_name, '/');
    (void)bytes;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X))
            continue;
        module->low = info->dlpi_addr + segment->p_vaddr;
        module->high = module->low + segment->p_memsz;
    }
    module->base = info->dlpi_addr;
    /* The program is the first one and has no name. */
    snprintf(module->name, sizeof module->name, "%s",
             *count == 0 ? "dais" : (slash ? slash + 1 : info->dlpi_name));
    return ++*count == SLOTS_MODULES_MAX;
}

int32_t fault_open(struct slots *slots)
{
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    if (SANITIZE_ADDRESS || SANITIZE_THREAD)
        return DAIS_OK;
    void *frame;
    uint32_t modules = 0;
    page = slots;
    (void)backtrace(&frame, 1); /* loads the unwinder, which the handler can't */
    (void)dl_iterate_phdr(add_module, &modules);
    sigemptyset(&action.sa_mask);
    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (sigaction(numbers[i], &action, NULL) != 0)
            return DAIS_E_INTERNAL;
    }
    return DAIS_OK;
}

void fault_thread_start(uint32_t slot)
{
    own_slot = slot;
    if (page == NULL)
        return;
    /* Never unmapped: threads that run plugins live as long as the process. */
    uint8_t *mapping = mmap(NULL, GUARD_BYTES + STACK_BYTES, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    const stack_t stack = {.ss_sp = mapping + GUARD_BYTES, .ss_size = STACK_BYTES};
    if (mapping == MAP_FAILED || mprotect(mapping, GUARD_BYTES, PROT_NONE) != 0 ||
        sigaltstack(&stack, NULL) != 0)
        LOG_WARN("an overflow of this thread's stack would not be told");
}
