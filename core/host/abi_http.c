/* SPDX-License-Identifier: MIT */
/* dais.http/1: registration is the host's, everything else is net's. */
#include "host/abi.h"
#include "host/registration.h"
#include "host/state.h"

static int32_t routes(const struct dais_route *table)
{
    struct generation *generation = registration_check("http.routes");
    if (!generation)
        return DAIS_E_STATE;
    int32_t error = http_routes_check(table);
    if (error)
        return registration_refuse(generation, error, "routes: %s", http_problem());
    return registration_add(generation, REGISTRATION_ROUTES, table, dais_str(NULL, 0));
}

static int32_t statics(const struct dais_static *table)
{
    struct generation *generation = registration_check("http.statics");
    if (!generation)
        return DAIS_E_STATE;
    return registration_add(generation, REGISTRATION_STATICS, table, dais_str(NULL, 0));
}

const struct dais_http_v1 abi_http = {
    .routes = routes,
    .statics = statics,
    .identity = http_identity,
    .arena = http_arena,
    .header = http_header,
    .peer = http_peer,
    .query_string = http_query_string,
    .origin = http_origin,
    .header_set = http_header_set,
    .reply = http_reply,
    .reply_fields = http_reply_fields,
    .reply_buf = http_reply_buf,
    .reply_rows = http_reply_rows,
    .fail = http_fail,
};
