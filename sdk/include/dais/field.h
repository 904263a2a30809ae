/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Field tables: one description of a plain C struct from which the host parses, validates, writes
 * and documents. The same shape reads a JSON body, a query string, path parameters, a section of
 * the configuration or the arguments of a command, and writes an answer.
 *
 * A struct that is read begins with `uint64_t present`: bit i is set when row i was given. Rows
 * that were not given hold their fallback, or an absent view, 0, 0.0 or false.
 *
 * When a struct is written, a text that is absent and an object whose first eight bytes are 0
 * (`present`, or the pointer of its first text) are left out, unless their row is REQUIRED or
 * NULLABLE.
 */
#include "dais/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a row holds; the member's C type stands behind it. */
enum dais_field_kind {
    DAIS_KIND_STRING = 1, /**< struct dais_str; min and max count Unicode code points */
    DAIS_KIND_INT = 2,    /**< int64_t; min and max are inclusive */
    DAIS_KIND_NUMBER = 3, /**< double; min and max are inclusive */
    DAIS_KIND_BOOL = 4,   /**< uint8_t, 0 or 1 */
    DAIS_KIND_UUID = 5,   /**< struct dais_str of 36 characters, lower case */
    DAIS_KIND_TIME = 6,   /**< struct dais_str, RFC 3339 with a zone */
    DAIS_KIND_ENUM = 7,   /**< struct dais_str, one of `choices` */
    DAIS_KIND_EMAIL = 8,  /**< struct dais_str, an address in the form of RFC 5321 */
    DAIS_KIND_OBJECT = 9, /**< the nested struct itself, described by `shape` */
    DAIS_KIND_LIST = 10,  /**< struct dais_list of `shape` structs, without shape of dais_str */
    DAIS_KIND_JSON = 11   /**< struct dais_str, the JSON text of any value, depth bounded */
};

#define DAIS_FIELD_REQUIRED 1u /**< must be given; when writing: always there */
#define DAIS_FIELD_SECRET 2u   /**< never logged; a command asks for it without echo */
#define DAIS_FIELD_NULLABLE 4u /**< null is accepted, counts as present; absent is written null */
#define DAIS_FIELD_FIXED 8u    /**< of an operation's value: hooks see it and cannot change it */
#define DAIS_FIELD_POSITIONAL 16u /**< of a verb: optional, and may stand by its position */

/** A list as a struct member: `count` items one after another at `items`. */
struct dais_list {
    const void *items;
    uint64_t count;
};

struct dais_shape;

/** One member of a struct. */
struct dais_field {
    const char *name; /**< as clients spell it */
    uint32_t kind;    /**< enum dais_field_kind */
    uint32_t flags;   /**< DAIS_FIELD_… */
    uint32_t offset;  /**< of the member in the struct */
    uint32_t reserved;
    int64_t min; /**< bound by kind; for lists the number of items */
    int64_t max;
    const char *fallback; /**< value when absent, as text; NULL for none */
    const char *env;      /**< configuration: the environment variable that wins; NULL for none */
    const char *const *choices;     /**< for enums, ends with NULL */
    const struct dais_shape *shape; /**< for objects and lists */
    const char *prose;              /**< one line for the documentation, with the unit */
};

/** A struct: its rows end with one whose name is NULL. At most 64 rows. */
struct dais_shape {
    const char *name; /**< of the schema in the documents, in CamelCase */
    const struct dais_field *fields;
    uint32_t struct_bytes;
    uint32_t reserved;
};

/** DAIS_SHAPE(name, struct type, rows) initializes a shape. */
#define DAIS_SHAPE(shape_name, struct_type, rows)                                                  \
    {                                                                                              \
        (shape_name), (rows), (uint32_t)sizeof(struct_type), 0                                     \
    }

/** DAIS_FIELD(struct type, member, kind, flags, min, max, prose): a row named like its member. */
#define DAIS_FIELD(struct_type, member, field_kind, field_flags, low, high, text)                  \
    {                                                                                              \
        (#member), (field_kind), (field_flags), (uint32_t)offsetof(struct_type, member), 0, (low), \
            (high), NULL, NULL, NULL, NULL, (text)                                                 \
    }

/** As DAIS_FIELD, with the name that clients use. */
#define DAIS_FIELD_NAMED(field_name, struct_type, member, field_kind, field_flags, low, high,      \
                         text)                                                                     \
    {                                                                                              \
        (field_name), (field_kind), (field_flags), (uint32_t)offsetof(struct_type, member), 0,     \
            (low), (high), NULL, NULL, NULL, NULL, (text)                                          \
    }

/** A row of the configuration: with its default and its environment variable (or NULL). */
#define DAIS_FIELD_CONFIG(struct_type, member, field_kind, low, high, default_text, env_name,      \
                          text)                                                                    \
    {                                                                                              \
        (#member), (field_kind), 0, (uint32_t)offsetof(struct_type, member), 0, (low), (high),     \
            (default_text), (env_name), NULL, NULL, (text)                                         \
    }

/** An enum row. */
#define DAIS_FIELD_ENUM(field_name, struct_type, member, field_flags, list, default_text, text)    \
    {                                                                                              \
        (field_name), DAIS_KIND_ENUM, (field_flags), (uint32_t)offsetof(struct_type, member), 0,   \
            0, 0, (default_text), NULL, (list), NULL, (text)                                       \
    }

/** A nested object (DAIS_KIND_OBJECT) or list (DAIS_KIND_LIST) row. */
#define DAIS_FIELD_NESTED(field_name, struct_type, member, field_kind, field_flags, high, nested,  \
                          text)                                                                    \
    {                                                                                              \
        (field_name), (field_kind), (field_flags), (uint32_t)offsetof(struct_type, member), 0, 0,  \
            (high), NULL, NULL, NULL, (nested), (text)                                             \
    }

/** The row that ends a field table. */
#define DAIS_FIELD_END                                                                             \
    {                                                                                              \
        NULL, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL                                       \
    }

/** Whether row `index` of a read struct was given; `present` is the struct's first member. */
static inline int dais_has(uint64_t present, uint32_t index)
{
    return index < 64 && ((present >> index) & 1u) != 0;
}

#ifdef __cplusplus
}
#endif
