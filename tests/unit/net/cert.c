/* SPDX-License-Identifier: MIT */
#include "cert.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rig.h"

#include <cmocka.h>

#define DAY_S 86400L
#define HEARD_BYTES 4096u

static char folder[] = "/tmp/dais-cert-XXXXXX";
static char template[sizeof folder];

void cert_open(void)
{
    memcpy(template, folder, sizeof folder);
    assert_non_null(mkdtemp(template));
}

void cert_close(void)
{
    char command[sizeof template + 16];
    snprintf(command, sizeof command, "rm -rf %s", template);
    assert_int_equal(system(command), 0);
}

static void set_subject(X509 *certificate, const char *names)
{
    X509_NAME *subject = X509_get_subject_name(certificate);
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, NID_subject_alt_name, names);
    assert_non_null(extension);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)"dais test", -1,
                               -1, 0);
    X509_set_issuer_name(certificate, subject);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static void write_files(const struct cert *cert, X509 *certificate, EVP_PKEY *key)
{
    FILE *file = fopen(cert->certificate, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    fclose(file);
    file = fopen(cert->key, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
}

struct cert cert_write(const char *file, const char *names, int days)
{
    struct cert cert;
    X509 *certificate = X509_new();
    EVP_PKEY *key = EVP_EC_gen("P-256");
    snprintf(cert.certificate, sizeof cert.certificate, "%s/%s.pem", template, file);
    snprintf(cert.key, sizeof cert.key, "%s/%s.key", template, file);
    assert_non_null(certificate);
    assert_non_null(key);
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -30 * DAY_S);
    X509_gmtime_adj(X509_getm_notAfter(certificate), days * DAY_S);
    X509_set_pubkey(certificate, key);
    set_subject(certificate, names);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    write_files(&cert, certificate, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return cert;
}

void cert_spoil(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

struct tls_pair cert_pair(const struct cert *cert)
{
    return (struct tls_pair){dais_cstr(cert->certificate), dais_cstr(cert->key)};
}

static void set_alpn(SSL *ssl, const struct client_options *options)
{
    unsigned char list[200];
    unsigned len = 0;
    const char *const names[] = {options->alpn, options->alpn2};
    for (int i = 0; i < 2 && names[i]; i++) {
        size_t bytes = strlen(names[i]);
        list[len] = (unsigned char)bytes;
        memcpy(list + len + 1, names[i], bytes);
        len += (unsigned)bytes + 1;
    }
    if (len > 0)
        assert_int_equal(SSL_set_alpn_protos(ssl, list, len), 0);
}

static void set_cork(int fd, int on)
{
    assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on), 0);
}

int client_open(struct client *client, uint32_t port, const struct client_options *options)
{
    client->fd = rig_connect_to(port);
    client->context = SSL_CTX_new(TLS_client_method());
    assert_non_null(client->context);
    SSL_CTX_set_security_level(client->context, 0); /* so that old versions can be tried */
    client->ssl = SSL_new(client->context);
    assert_non_null(client->ssl);
    assert_int_equal(SSL_set_fd(client->ssl, client->fd), 1);
    SSL_set_min_proto_version(client->ssl, options->version ? options->version : TLS1_VERSION);
    SSL_set_max_proto_version(client->ssl, options->version);
    if (options->name)
        SSL_set_tlsext_host_name(client->ssl, options->name);
    set_alpn(client->ssl, options);
    if (options->session)
        SSL_set_session(client->ssl, options->session);
    set_cork(client->fd, options->corked);
    return SSL_connect(client->ssl) == 1;
}

void client_uncork(struct client *client)
{
    set_cork(client->fd, 0);
}

void client_close(struct client *client)
{
    SSL_set_quiet_shutdown(client->ssl, 1);
    SSL_shutdown(client->ssl); /* a session that broke off could not be resumed */
    SSL_free(client->ssl);
    SSL_CTX_free(client->context);
    close(client->fd);
}

void client_send(struct client *client, const char *text, size_t len)
{
    assert_int_equal(SSL_write(client->ssl, text, (int)len), len);
}

unsigned char *client_seal(struct client *client, const char *text, size_t len, size_t *ret_len)
{
    BIO *wire = BIO_new(BIO_s_mem());
    unsigned char *bytes = NULL;
    assert_non_null(wire);
    SSL_set0_wbio(client->ssl, wire);
    assert_int_equal(SSL_write(client->ssl, text, (int)len), len);
    *ret_len = BIO_pending(wire);
    bytes = malloc(*ret_len);
    assert_non_null(bytes);
    assert_int_equal(BIO_read(wire, bytes, (int)*ret_len), *ret_len);
    SSL_set0_wbio(client->ssl, BIO_new_socket(client->fd, BIO_NOCLOSE));
    return bytes;
}

int client_expect(struct client *client, const char *text)
{
    char heard[HEARD_BYTES];
    size_t len = 0;
    int got = 1;
    while (got > 0 && len < sizeof heard - 1) {
        got = SSL_read(client->ssl, heard + len, (int)(sizeof heard - 1 - len));
        len += got > 0 ? (size_t)got : 0;
        heard[len] = '\0';
        if (strstr(heard, text))
            return 1;
    }
    return 0;
}

int client_ended(struct client *client)
{
    char scrap[HEARD_BYTES];
    int got;
    while ((got = SSL_read(client->ssl, scrap, sizeof scrap)) > 0)
        ;
    int what = SSL_get_error(client->ssl, got);
    return what == SSL_ERROR_ZERO_RETURN || what == SSL_ERROR_SSL ||
           (what == SSL_ERROR_SYSCALL && rig_closed_within(client->fd, 20000));
}

int client_saw(struct client *client, const char *name)
{
    X509 *certificate = SSL_get1_peer_certificate(client->ssl);
    assert_non_null(certificate);
    int is_for = X509_check_host(certificate, name, 0, 0, NULL) == 1;
    X509_free(certificate);
    return is_for;
}
