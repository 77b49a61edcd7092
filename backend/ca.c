/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/ca.h"

#include <arpa/inet.h>
#include <assert.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/num.h"

#define DAY_S 86400
#define ROOT_DAYS (20 * 365)
#define DAYS_MAX 7300
#define BACKDATE_S 3600 /* clocks of lockers may be somewhat behind */
#define CN_MAX 64
#define NAME_MAX_LEN 253

struct ca {
    gnutls_x509_privkey_t key;
    gnutls_privkey_t signer;
    gnutls_x509_crt_t root;
    int64_t root_ends_s;
};

static enum err refused(struct reason *r, const char *what, int code)
{
    enum err e = code == GNUTLS_E_MEMORY_ERROR ? ERR_MEMORY : ERR_IO;

    return err_because(r, e, "%s: %s", what, gnutls_strerror(code));
}

void ca_public_key(const uint8_t seed[CA_SEED_LEN], uint8_t out[CA_PUBLIC_LEN])
{
    uint8_t secret[crypto_sign_SECRETKEYBYTES];

    (void)crypto_sign_seed_keypair(out, secret, seed); /* always 0 */
    sodium_memzero(secret, sizeof(secret));
}

/* Takes a GnuTLS datum over as a NUL-terminated text of ours. */
static enum err to_text(gnutls_datum_t *datum, char **out, struct reason *r)
{
    char *text = malloc((size_t)datum->size + 1);

    if (text == NULL) {
        gnutls_free(datum->data);
        return err_because(r, ERR_MEMORY, "certificate: no memory");
    }
    memcpy(text, datum->data, datum->size);
    text[datum->size] = '\0';
    gnutls_free(datum->data);
    *out = text;
    return ERR_OK;
}

static enum err import_key(const uint8_t seed[CA_SEED_LEN], gnutls_x509_privkey_t *out, struct reason *r)
{
    uint8_t public_key[CA_PUBLIC_LEN];
    uint8_t copy[CA_SEED_LEN];
    gnutls_datum_t x = {.data = public_key, .size = sizeof(public_key)};
    gnutls_datum_t k = {.data = copy, .size = sizeof(copy)};
    gnutls_x509_privkey_t key;
    int code;

    code = gnutls_x509_privkey_init(&key);
    if (code < 0)
        return refused(r, "CA key", code);
    ca_public_key(seed, public_key);
    memcpy(copy, seed, sizeof(copy));
    code = gnutls_x509_privkey_import_ecc_raw(key, GNUTLS_ECC_CURVE_ED25519, &x, NULL, &k);
    sodium_memzero(copy, sizeof(copy));
    if (code < 0) {
        gnutls_x509_privkey_deinit(key);
        return refused(r, "CA key", code);
    }
    *out = key;
    return ERR_OK;
}

/* What every certificate has: version, random positive serial, name, time. */
static int set_common(gnutls_x509_crt_t crt, const char *cn, int64_t now_s, int64_t days, uint8_t serial[CA_SERIAL_LEN])
{
    int code;

    randombytes_buf(serial, CA_SERIAL_LEN);
    serial[0] = (uint8_t)((serial[0] & 0x3fu) | 0x40u); /* positive, and always of the full length */
    code = gnutls_x509_crt_set_version(crt, 3);
    if (code >= 0)
        code = gnutls_x509_crt_set_serial(crt, serial, CA_SERIAL_LEN);
    if (code >= 0)
        code = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, cn, (unsigned)strlen(cn));
    if (code >= 0)
        code = gnutls_x509_crt_set_activation_time(crt, (time_t)(now_s - BACKDATE_S));
    if (code >= 0)
        code = gnutls_x509_crt_set_expiration_time(crt, (time_t)(now_s + days * DAY_S));
    return code;
}

static int set_key_ids(gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer)
{
    uint8_t id[64];
    size_t len = sizeof(id);
    int code = gnutls_x509_crt_get_key_id(crt, 0, id, &len);

    if (code >= 0)
        code = gnutls_x509_crt_set_subject_key_id(crt, id, len);
    if (code < 0 || issuer == NULL)
        return code;
    len = sizeof(id);
    code = gnutls_x509_crt_get_key_id(issuer, 0, id, &len);
    if (code >= 0)
        code = gnutls_x509_crt_set_authority_key_id(crt, id, len);
    return code;
}

static enum err export_crt(gnutls_x509_crt_t crt, char **pem, struct reason *r)
{
    gnutls_datum_t datum;
    int code = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &datum);

    if (code < 0)
        return refused(r, "certificate", code);
    return to_text(&datum, pem, r);
}

enum err ca_make_root(const uint8_t seed[CA_SEED_LEN], const char *name, int64_t now_s, char **pem, struct reason *r)
{
    uint8_t serial[CA_SERIAL_LEN];
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t crt;
    enum err e;
    int code;

    e = import_key(seed, &key, r);
    if (e != ERR_OK)
        return e;
    code = gnutls_x509_crt_init(&crt);
    if (code < 0) {
        e = refused(r, "root certificate", code);
        goto no_crt;
    }
    code = set_common(crt, name, now_s, ROOT_DAYS, serial);
    if (code >= 0)
        code = gnutls_x509_crt_set_key(crt, key);
    if (code >= 0)
        code = gnutls_x509_crt_set_basic_constraints(crt, 1, 0);
    if (code >= 0)
        code = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN);
    if (code >= 0)
        code = set_key_ids(crt, NULL);
    if (code >= 0)
        code = gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA512, 0);
    e = code < 0 ? refused(r, "root certificate", code) : export_crt(crt, pem, r);
    gnutls_x509_crt_deinit(crt);
no_crt:
    gnutls_x509_privkey_deinit(key);
    return e;
}

/* The root must be of this very key. */
static enum err check_pair(const struct ca *ca, struct reason *r)
{
    uint8_t of_key[64], of_root[64];
    size_t key_len = sizeof(of_key), root_len = sizeof(of_root);

    if (gnutls_x509_privkey_get_key_id(ca->key, 0, of_key, &key_len) < 0 ||
        gnutls_x509_crt_get_key_id(ca->root, 0, of_root, &root_len) < 0 || key_len != root_len ||
        memcmp(of_key, of_root, key_len) != 0)
        return err_because(r, ERR_SIGNATURE, "the root certificate is not of the CA key");
    return ERR_OK;
}

static enum err load_root(struct ca *ca, const char *root_pem, struct reason *r)
{
    uint8_t copy[CA_PEM_MAX];
    size_t len = strlen(root_pem);
    gnutls_datum_t datum = {.data = copy, .size = (unsigned)len};
    int code;

    if (len >= sizeof(copy))
        return err_because(r, ERR_TOO_LONG, "root certificate of %zu bytes; at most %d are read", len, CA_PEM_MAX);
    memcpy(copy, root_pem, len + 1);
    code = gnutls_x509_crt_import(ca->root, &datum, GNUTLS_X509_FMT_PEM);
    if (code < 0)
        return err_because(r, ERR_SYNTAX, "root certificate: %s", gnutls_strerror(code));
    ca->root_ends_s = (int64_t)gnutls_x509_crt_get_expiration_time(ca->root);
    return check_pair(ca, r);
}

enum err ca_open(struct ca **out, const uint8_t seed[CA_SEED_LEN], const char *root_pem, struct reason *r)
{
    struct ca *ca = calloc(1, sizeof(*ca));
    enum err e;
    int code;

    if (ca == NULL)
        return err_because(r, ERR_MEMORY, "CA: no memory");
    e = import_key(seed, &ca->key, r);
    if (e != ERR_OK)
        goto fail_alloc;
    code = gnutls_privkey_init(&ca->signer);
    if (code < 0) {
        e = refused(r, "CA key", code);
        goto fail_key;
    }
    code = gnutls_privkey_import_x509(ca->signer, ca->key, 0);
    if (code >= 0)
        code = gnutls_x509_crt_init(&ca->root);
    if (code < 0) {
        e = refused(r, "CA key", code);
        goto fail_signer;
    }
    e = load_root(ca, root_pem, r);
    if (e != ERR_OK)
        goto fail_root;
    *out = ca;
    return ERR_OK;
fail_root:
    gnutls_x509_crt_deinit(ca->root);
fail_signer:
    gnutls_privkey_deinit(ca->signer);
fail_key:
    gnutls_x509_privkey_deinit(ca->key);
fail_alloc:
    free(ca);
    return e;
}

void ca_free(struct ca *ca)
{
    if (ca == NULL)
        return;
    gnutls_x509_crt_deinit(ca->root);
    gnutls_privkey_deinit(ca->signer);
    gnutls_x509_privkey_deinit(ca->key);
    free(ca);
}

static int set_name(gnutls_x509_crt_t crt, const char *name)
{
    uint8_t address[16];

    if (inet_pton(AF_INET, name, address) == 1)
        return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, address, 4, GNUTLS_FSAN_APPEND);
    if (inet_pton(AF_INET6, name, address) == 1)
        return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, address, 16, GNUTLS_FSAN_APPEND);
    return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, name, (unsigned)strlen(name),
                                                GNUTLS_FSAN_APPEND);
}

static int set_public_key(gnutls_x509_crt_t crt, const uint8_t public_key[CA_PUBLIC_LEN])
{
    uint8_t copy[CA_PUBLIC_LEN];
    gnutls_datum_t x = {.data = copy, .size = sizeof(copy)};
    gnutls_pubkey_t key;
    int code = gnutls_pubkey_init(&key);

    if (code < 0)
        return code;
    memcpy(copy, public_key, sizeof(copy));
    code = gnutls_pubkey_import_ecc_raw(key, GNUTLS_ECC_CURVE_ED25519, &x, NULL);
    if (code >= 0)
        code = gnutls_x509_crt_set_pubkey(crt, key);
    gnutls_pubkey_deinit(key);
    return code;
}

static int fill(gnutls_x509_crt_t crt, const struct ca *ca, const struct ca_subject *s, uint8_t serial[CA_SERIAL_LEN])
{
    const char *purpose = s->purpose == CA_SERVER ? GNUTLS_KP_TLS_WWW_SERVER : GNUTLS_KP_TLS_WWW_CLIENT;
    int code = set_common(crt, s->cn, s->now_s, s->days, serial);

    if (code >= 0)
        code = set_public_key(crt, s->public_key);
    if (code >= 0)
        code = gnutls_x509_crt_set_basic_constraints(crt, 0, -1);
    if (code >= 0)
        code = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
    if (code >= 0)
        code = gnutls_x509_crt_set_key_purpose_oid(crt, purpose, 0);
    for (size_t i = 0; code >= 0 && s->names != NULL && s->names[i] != NULL; i++)
        code = set_name(crt, s->names[i]);
    if (code >= 0)
        code = set_key_ids(crt, ca->root);
    if (code >= 0)
        code = gnutls_x509_crt_privkey_sign(crt, ca->root, ca->signer, GNUTLS_DIG_SHA512, 0);
    return code;
}

static enum err check_subject(const struct ca_subject *s, struct reason *r)
{
    size_t len = strlen(s->cn);
    size_t count = 0;

    if (len == 0 || len > CN_MAX)
        return err_because(r, ERR_RANGE, "certificate: the name has %zu bytes; 1 to %d are allowed", len, CN_MAX);
    if (s->days < 1 || s->days > DAYS_MAX)
        return err_because(r, ERR_RANGE, "certificate: %lld days; 1 to %d are allowed", (long long)s->days, DAYS_MAX);
    while (s->names != NULL && s->names[count] != NULL) {
        if (count == CA_NAMES_MAX)
            return err_because(r, ERR_TOO_LONG, "certificate: more than %d host names", CA_NAMES_MAX);
        len = strlen(s->names[count]);
        if (len == 0 || len > NAME_MAX_LEN)
            return err_because(r, ERR_RANGE, "certificate: host name %zu has %zu bytes", count + 1, len);
        count++;
    }
    return ERR_OK;
}

enum err ca_issue(const struct ca *ca, const struct ca_subject *s, char **pem, uint8_t serial[CA_SERIAL_LEN],
                  struct reason *r)
{
    uint8_t number[CA_SERIAL_LEN];
    gnutls_x509_crt_t crt;
    enum err e = check_subject(s, r);
    int code;

    if (e != ERR_OK)
        return e;
    code = gnutls_x509_crt_init(&crt);
    if (code < 0)
        return refused(r, "certificate", code);
    code = fill(crt, ca, s, number);
    e = code < 0 ? refused(r, "certificate", code) : export_crt(crt, pem, r);
    if (e == ERR_OK)
        memcpy(serial, number, CA_SERIAL_LEN);
    gnutls_x509_crt_deinit(crt);
    return e;
}

static int fill_list(gnutls_x509_crl_t crl, const struct ca *ca, const struct ca_revoked *list, size_t count,
                     int64_t number, int64_t now_s)
{
    uint8_t be[8], id[64];
    size_t len = sizeof(id);
    int code = gnutls_x509_crl_set_version(crl, 2);

    num_put_be(be, (uint64_t)number, sizeof(be));
    if (code >= 0)
        code = gnutls_x509_crl_set_this_update(crl, (time_t)(now_s - BACKDATE_S));
    if (code >= 0)
        code = gnutls_x509_crl_set_next_update(crl, (time_t)ca->root_ends_s);
    for (size_t i = 0; code >= 0 && i < count; i++)
        code = gnutls_x509_crl_set_crt_serial(crl, list[i].serial, CA_SERIAL_LEN, (time_t)list[i].at_s);
    if (code >= 0)
        code = gnutls_x509_crl_set_number(crl, be, sizeof(be));
    if (code >= 0)
        code = gnutls_x509_crt_get_key_id(ca->root, 0, id, &len);
    if (code >= 0)
        code = gnutls_x509_crl_set_authority_key_id(crl, id, len);
    if (code >= 0)
        code = gnutls_x509_crl_privkey_sign(crl, ca->root, ca->signer, GNUTLS_DIG_SHA512, 0);
    return code;
}

enum err ca_revocation_list(const struct ca *ca, const struct ca_revoked *list, size_t count, int64_t number,
                            int64_t now_s, char **pem, struct reason *r)
{
    gnutls_datum_t datum;
    gnutls_x509_crl_t crl;
    enum err e;
    int code;

    assert(number >= 0);
    code = gnutls_x509_crl_init(&crl);
    if (code < 0)
        return refused(r, "revocation list", code);
    code = fill_list(crl, ca, list, count, number, now_s);
    if (code >= 0)
        code = gnutls_x509_crl_export2(crl, GNUTLS_X509_FMT_PEM, &datum);
    e = code < 0 ? refused(r, "revocation list", code) : to_text(&datum, pem, r);
    gnutls_x509_crl_deinit(crl);
    return e;
}
