/* SPDX-License-Identifier: MIT */
#include "plugin_config.h"

#include "chat.h"
#include "dais/config.h"

static const struct dais_field FIELDS[] = {
    DAIS_FIELD_CONFIG(struct plugin_config, text_max, DAIS_KIND_INT, CHAT_MESSAGE_MAX,
                      CHAT_MESSAGE_MAX_MAX, "500", NULL,
                      "characters of a message that a room may allow at most"),
    DAIS_FIELD_CONFIG(struct plugin_config, history_days, DAIS_KIND_INT, 0, 36500, "90", NULL,
                      "days for which messages are kept; 0: for ever"),
    DAIS_FIELD_END,
};
static const struct dais_shape SHAPE = DAIS_SHAPE("ChatConfig", struct plugin_config, FIELDS);

static struct plugin_config config;

int32_t plugin_config_read(void)
{
    return dais_config->read(&SHAPE, &config);
}

const struct plugin_config *plugin_config(void)
{
    return &config;
}
