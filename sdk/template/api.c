/* SPDX-License-Identifier: MIT */
#include "api.h"

#include "cheer.h"

int32_t api_cheer(struct dais_req *req, const struct dais_input *input)
{
    const struct dais_caller caller = dais_caller_http(req);
    struct cheer in = *(const struct cheer *)input->body;
    in.room_id = ((const struct cheer *)input->path)->room_id;
    return cheer_add(&caller, &in);
}
