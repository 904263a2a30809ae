/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a plugin's file must and must not contain, read from the file itself: ELF of this machine,
 * complete, one exported symbol, a build id, and none of the properties that break loading a second
 * generation beside the first. Nothing of the file is executed. The file is judged, never trusted:
 * every offset is checked against its size.
 */
#include "dais/error.h"
#include "dais/types.h"

#include <stdint.h>

#define ELF_BUILD_ID_BYTES_MAX 32u
#define ELF_SYMBOL_BYTES_MAX 128u

/** Properties of a shared object that a plugin must not have. */
#define ELF_UNIQUE_SYMBOLS 1u   /**< STB_GNU_UNIQUE: shared between generations */
#define ELF_STATIC_TLS 2u       /**< DF_STATIC_TLS: used up after a few generations */
#define ELF_TEXT_RELOCATIONS 4u /**< DT_TEXTREL */
#define ELF_EXEC_STACK 8u       /**< wants an executable stack */
#define ELF_ORIGIN_PATH 16u     /**< $ORIGIN in a search path: it is loaded from a copy */
#define ELF_NO_BUILD_ID 32u

/** What was found. */
struct elf_info {
    uint32_t findings;       /**< ELF_… */
    uint32_t export_count;   /**< symbols that others can see */
    uint32_t foreign_export; /**< 1: one of them is not `dais_plugin` */
    uint32_t build_id_bytes;
    uint8_t build_id[ELF_BUILD_ID_BYTES_MAX];
    char export_name[ELF_SYMBOL_BYTES_MAX]; /**< of the first symbol that is not `dais_plugin` */
    uint32_t has_descriptor; /**< 1: it has `dais_plugin`, and what follows is read */
    uint32_t abi_major;
    uint64_t magic;
    uint64_t draft_hash;
};

/**
 * Reads the shared object in `file`, the bytes of the whole file. DAIS_E_INVALID when it is none,
 * or not complete; `ret_problem` then says why, in a few words that live for ever.
 */
DAIS_CHECK_RESULT int32_t elf_read(struct dais_str file, struct elf_info *ret_info,
                                   const char **ret_problem);
