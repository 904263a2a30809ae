/* SPDX-License-Identifier: MIT */
/*
 * One certificate and its key, read into a context of its own.
 */
#include "net/tls_alpn.h"
#include "net/tls_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <h2o.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/** OpenSSL's measure: at least 112 bits of security, as RSA of 2048 bits has. */
#define SECURITY_LEVEL 2

static const char http_1_1[] = "http/1.1";
#define HTTP_1_1_BYTES (sizeof http_1_1 - 1)

void tls_refuse_http(SSL *ssl)
{
    SSL_set_app_data(ssl, (char *)(uintptr_t)http_1_1);
}

/* A client that speaks nothing we do is told so (RFC 7301 §3.2). Where a plugin's protocol is
 * served, a browser that was led there by somebody ends here. */
static int check_hello(SSL *ssl, int *alert, void *arg)
{
    const unsigned char *list;
    size_t len;
    bool web = SSL_get_app_data(ssl) != (const void *)http_1_1;
    (void)arg;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &list,
                                  &len) != 1 ||
        tls_alpn_offers(list, len, http_1_1) == web)
        return SSL_CLIENT_HELLO_SUCCESS;
    *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
    return SSL_CLIENT_HELLO_ERROR;
}

/* OpenSSL would ask on the terminal. */
static int no_password(char *buf, int size, int writing, void *arg)
{
    bool *asked = arg;
    (void)buf;
    (void)size;
    (void)writing;
    *asked = true;
    return 0;
}

static SSL_CTX *make_context(void)
{
    static const h2o_iovec_t protocols[] = {{(char *)(uintptr_t)http_1_1, HTTP_1_1_BYTES}, {0}};
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (!context)
        return NULL;
    SSL_CTX_set_security_level(context, SECURITY_LEVEL);
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF); /* tickets need no memory */
    SSL_CTX_set_client_hello_cb(context, check_hello, NULL);
    h2o_ssl_register_alpn_protocols(context, protocols);
    return context;
}

static int32_t refuse(char message[TLS_MESSAGE_BYTES], const char *path, const char *reason)
{
    snprintf(message, TLS_MESSAGE_BYTES, "%s: %s", path, reason);
    ERR_clear_error();
    return DAIS_E_INVALID;
}

static int32_t check_readable(const char *path, char message[TLS_MESSAGE_BYTES])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return refuse(message, path, strerror(errno));
    close(fd);
    return DAIS_OK;
}

/* The first error says what was found, those behind it say who noticed. */
static const char *reason_of(const char *missing)
{
    unsigned long error = ERR_peek_error();
    const char *text = ERR_reason_error_string(error);
    bool nothing = ERR_GET_LIB(error) == ERR_LIB_PEM ? ERR_GET_REASON(error) == PEM_R_NO_START_LINE
                                                     : ERR_GET_LIB(error) == ERR_LIB_OSSL_DECODER;
    if (nothing)
        return missing;
    return text ? text : "cannot be read";
}

static int32_t use_key(SSL_CTX *context, const struct tls_pair *pair,
                       char message[TLS_MESSAGE_BYTES])
{
    bool asked = false;
    SSL_CTX_set_default_passwd_cb(context, no_password);
    SSL_CTX_set_default_passwd_cb_userdata(context, &asked);
    int used = SSL_CTX_use_PrivateKey_file(context, pair->key.ptr, SSL_FILETYPE_PEM);
    SSL_CTX_set_default_passwd_cb_userdata(context, NULL);
    if (used != 1 && asked)
        return refuse(message, pair->key.ptr, "has a password; a server's key must have none");
    if (used != 1 && ERR_GET_LIB(ERR_peek_last_error()) != ERR_LIB_X509)
        return refuse(message, pair->key.ptr, reason_of("holds no private key in PEM"));
    if (SSL_CTX_check_private_key(context) == 1)
        return DAIS_OK;
    char reason[TLS_MESSAGE_BYTES];
    snprintf(reason, sizeof reason, "is not the key of %s", pair->certificate.ptr);
    return refuse(message, pair->key.ptr, reason);
}

static int32_t use_files(SSL_CTX *context, const struct tls_pair *pair,
                         char message[TLS_MESSAGE_BYTES])
{
    const char *certificate = pair->certificate.ptr;
    int32_t code = check_readable(certificate, message);
    if (code == DAIS_OK)
        code = check_readable(pair->key.ptr, message);
    if (code != DAIS_OK)
        return code;
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
        return refuse(message, certificate, reason_of("holds no certificate in PEM"));
    return use_key(context, pair, message);
}

static int64_t seconds_of(const ASN1_TIME *time)
{
    struct tm parts;
    return ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) : 0;
}

int32_t tls_pair_load(const struct tls_pair *pair, struct tls_loaded *ret_loaded,
                      char ret_message[TLS_MESSAGE_BYTES])
{
    SSL_CTX *context = make_context();
    if (!context) {
        snprintf(ret_message, TLS_MESSAGE_BYTES, "no memory");
        return DAIS_E_MEMORY;
    }
    int32_t code = use_files(context, pair, ret_message);
    if (code != DAIS_OK) {
        SSL_CTX_free(context);
        return code;
    }
    X509 *certificate = SSL_CTX_get0_certificate(context);
    *ret_loaded = (struct tls_loaded){
        .context = context,
        .certificate = certificate,
        .facts = {.begins_s = seconds_of(X509_get0_notBefore(certificate)),
                  .ends_s = seconds_of(X509_get0_notAfter(certificate))},
    };
    return DAIS_OK;
}

int32_t tls_examine(const struct tls_pair *pair, struct tls_facts *ret_facts,
                    char ret_message[TLS_MESSAGE_BYTES])
{
    struct tls_loaded loaded;
    int32_t code = tls_pair_load(pair, &loaded, ret_message);
    if (code != DAIS_OK)
        return code;
    *ret_facts = loaded.facts;
    SSL_CTX_free(loaded.context);
    return DAIS_OK;
}
