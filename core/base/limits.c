/* SPDX-License-Identifier: MIT */
#include "base/limits.h"

#include "base/check.h"

static const struct limit_row rows[LIMIT_COUNT] = {
#define LIMIT_ROW(NAME, name, value, min, max, unit, prose)                                        \
    [LIMIT_##NAME] = {#name, value, min, max, unit, prose},
    LIMITS(LIMIT_ROW)
#undef LIMIT_ROW
};

int64_t limit_values[LIMIT_COUNT] = {
#define LIMIT_VALUE(NAME, name, value, min, max, unit, prose) [LIMIT_##NAME] = value,
    LIMITS(LIMIT_VALUE)
#undef LIMIT_VALUE
};

int32_t limit_set(struct dais_str name, int64_t value)
{
    for (uint32_t i = 0; i < LIMIT_COUNT; i++) {
        if (!dais_str_eq(name, dais_cstr(rows[i].name)))
            continue;
        if (value < rows[i].min || value > rows[i].max)
            return DAIS_E_RANGE;
        limit_values[i] = value;
        return DAIS_OK;
    }
    return DAIS_E_NOT_FOUND;
}

void limits_reset(void)
{
    for (uint32_t i = 0; i < LIMIT_COUNT; i++)
        limit_values[i] = rows[i].initial;
}

const struct limit_row *limit_describe(enum limit limit)
{
    CHECK((uint32_t)limit < LIMIT_COUNT);
    return &rows[limit];
}
