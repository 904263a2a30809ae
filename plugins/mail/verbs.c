/* SPDX-License-Identifier: MIT */
#include "verbs.h"

#include "mailer.h"

struct test_input {
    uint64_t present;
    struct dais_str address;
};

static const struct dais_field TEST_FIELDS[] = {
    DAIS_FIELD(struct test_input, address, DAIS_KIND_EMAIL, DAIS_FIELD_REQUIRED, 3, 254,
               "who gets the letter"),
    DAIS_FIELD_END,
};
const struct dais_shape verbs_test_shape = DAIS_SHAPE("MailTest", struct test_input, TEST_FIELDS);

int32_t verbs_test(struct dais_cli *cli, const void *input)
{
    const struct test_input *in = input;
    const struct dais_mail mail = {
        .to = in->address,
        .subject = dais_cstr("A test letter of Dais"),
        .text = dais_cstr("This server can send letters.\n"),
        .kind = dais_cstr("test"),
        .life_s = 3600,
    };
    int32_t error = mailer_service.queue(NULL, &mail);
    if (error == DAIS_E_LIMIT)
        return dais_cli_verbs->fail(cli, error, "too many letters wait or went there already");
    if (error)
        return dais_cli_verbs->fail(cli, error, "the letter could not be queued");
    return dais_cli_verbs->print(cli, dais_cstr("queued; /metrics and the log tell how it goes\n"));
}
