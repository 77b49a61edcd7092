/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/ca.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <sodium.h>

#define NOW INT64_C(1790000000)

struct fixture {
    uint8_t seed[CA_SEED_LEN], device[CA_SEED_LEN];
    char *root;
    struct ca *ca;
};

static int set_up(void **state)
{
    static struct fixture f;

    if (sodium_init() < 0)
        return -1;
    memset(f.seed, 7, sizeof(f.seed));
    memset(f.device, 9, sizeof(f.device));
    if (ca_make_root(f.seed, "a hub", NOW, &f.root, NULL) != ERR_OK || ca_open(&f.ca, f.seed, f.root, NULL) != ERR_OK)
        return -1;
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    ca_free(f->ca);
    free(f->root);
    return 0;
}

static gnutls_x509_crt_t read_crt(const char *pem)
{
    gnutls_datum_t datum = {.data = (unsigned char *)(uintptr_t)pem, .size = (unsigned)strlen(pem)};
    gnutls_x509_crt_t crt;

    assert_int_equal(gnutls_x509_crt_init(&crt), 0);
    assert_int_equal(gnutls_x509_crt_import(crt, &datum, GNUTLS_X509_FMT_PEM), 0);
    return crt;
}

/* The status of GnuTLS for a chain of one below the root; crl_pem may be NULL. */
static unsigned verify(const struct fixture *f, const char *pem, const char *crl_pem, const char *purpose,
                       const char *host)
{
    gnutls_x509_trust_list_t list;
    gnutls_x509_crt_t root = read_crt(f->root), crt = read_crt(pem);
    gnutls_typed_vdata_st wanted[] = {
        {.type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (unsigned char *)(uintptr_t)purpose},
        {.type = GNUTLS_DT_DNS_HOSTNAME, .data = (unsigned char *)(uintptr_t)host},
    };
    unsigned status = ~0u;

    assert_int_equal(gnutls_x509_trust_list_init(&list, 0), 0);
    assert_int_equal(gnutls_x509_trust_list_add_cas(list, &root, 1, 0), 1);
    if (crl_pem != NULL) {
        gnutls_datum_t datum = {.data = (unsigned char *)(uintptr_t)crl_pem, .size = (unsigned)strlen(crl_pem)};

        assert_int_equal(gnutls_x509_trust_list_add_trust_mem(list, NULL, &datum, GNUTLS_X509_FMT_PEM, 0, 0), 1);
    }
    assert_int_equal(gnutls_x509_trust_list_verify_crt2(list, &crt, 1, wanted, host == NULL ? 1 : 2,
                                                        GNUTLS_VERIFY_DISABLE_TIME_CHECKS, &status, NULL),
                     0);
    gnutls_x509_crt_deinit(crt);
    gnutls_x509_trust_list_deinit(list, 1);
    return status;
}

static struct ca_subject device_subject(const struct fixture *f)
{
    struct ca_subject s = {.cn = "0123456789abcdef", .purpose = CA_CLIENT, .now_s = NOW, .days = 365};

    ca_public_key(f->device, s.public_key);
    return s;
}

static void device_certificate_names_the_locker_and_holds_its_key(void **state)
{
    struct fixture *f = *state;
    struct ca_subject s = device_subject(f);
    uint8_t serial[CA_SERIAL_LEN], got[64];
    size_t len = sizeof(got);
    gnutls_ecc_curve_t curve;
    gnutls_datum_t x, y;
    gnutls_x509_crt_t crt;
    char cn[65];
    char *pem;

    assert_int_equal(ca_issue(f->ca, &s, &pem, serial, NULL), ERR_OK);
    crt = read_crt(pem);
    assert_int_equal(gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, cn, &(size_t){sizeof(cn)}),
                     0);
    assert_string_equal(cn, s.cn);
    assert_int_equal(gnutls_x509_crt_get_serial(crt, got, &len), 0);
    assert_int_equal(len, CA_SERIAL_LEN);
    assert_memory_equal(got, serial, CA_SERIAL_LEN);
    assert_int_equal(gnutls_x509_crt_get_pk_ecc_raw(crt, &curve, &x, &y), 0);
    assert_int_equal(curve, GNUTLS_ECC_CURVE_ED25519);
    assert_int_equal(x.size, CA_PUBLIC_LEN);
    assert_memory_equal(x.data, s.public_key, CA_PUBLIC_LEN);
    gnutls_free(x.data);
    gnutls_free(y.data);
    gnutls_x509_crt_deinit(crt);
    free(pem);
}

static void device_certificate_is_good_for_a_client_only(void **state)
{
    struct fixture *f = *state;
    struct ca_subject s = device_subject(f);
    uint8_t serial[CA_SERIAL_LEN];
    char *pem;

    assert_int_equal(ca_issue(f->ca, &s, &pem, serial, NULL), ERR_OK);
    assert_int_equal(verify(f, pem, NULL, GNUTLS_KP_TLS_WWW_CLIENT, NULL), 0);
    assert_int_not_equal(verify(f, pem, NULL, GNUTLS_KP_TLS_WWW_SERVER, NULL), 0);
    free(pem);
}

static void broker_certificate_is_good_for_its_names(void **state)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "::1", "broker.example", NULL};
    struct fixture *f = *state;
    struct ca_subject s = device_subject(f);
    uint8_t serial[CA_SERIAL_LEN];
    char *pem;

    s.cn = "localhost";
    s.purpose = CA_SERVER;
    s.names = names;
    assert_int_equal(ca_issue(f->ca, &s, &pem, serial, NULL), ERR_OK);
    for (size_t i = 0; names[i] != NULL; i++)
        assert_int_equal(verify(f, pem, NULL, GNUTLS_KP_TLS_WWW_SERVER, names[i]), 0);
    assert_int_not_equal(verify(f, pem, NULL, GNUTLS_KP_TLS_WWW_SERVER, "other.example"), 0);
    assert_int_not_equal(verify(f, pem, NULL, GNUTLS_KP_TLS_WWW_CLIENT, NULL), 0);
    free(pem);
}

static void listed_certificate_is_revoked_and_others_are_not(void **state)
{
    struct fixture *f = *state;
    struct ca_subject s = device_subject(f);
    struct ca_revoked bad = {.at_s = NOW};
    uint8_t serial[CA_SERIAL_LEN];
    char *first, *second, *list;

    assert_int_equal(ca_issue(f->ca, &s, &first, bad.serial, NULL), ERR_OK);
    assert_int_equal(ca_issue(f->ca, &s, &second, serial, NULL), ERR_OK);
    assert_memory_not_equal(bad.serial, serial, CA_SERIAL_LEN);
    assert_int_equal(ca_revocation_list(f->ca, &bad, 1, 2, NOW, &list, NULL), ERR_OK);
    assert_true((verify(f, first, list, GNUTLS_KP_TLS_WWW_CLIENT, NULL) & GNUTLS_CERT_REVOKED) != 0);
    assert_int_equal(verify(f, second, list, GNUTLS_KP_TLS_WWW_CLIENT, NULL), 0);
    free(first);
    free(second);
    free(list);
}

static void root_of_another_key_is_refused(void **state)
{
    struct fixture *f = *state;
    uint8_t other[CA_SEED_LEN] = {1};
    struct ca *ca = NULL;

    assert_int_equal(ca_open(&ca, other, f->root, NULL), ERR_SIGNATURE);
    assert_int_equal(ca_open(&ca, f->seed, "no certificate", NULL), ERR_SYNTAX);
    assert_null(ca);
}

static void odd_subjects_are_refused(void **state)
{
    static const char long_name[] = "0123456789012345678901234567890123456789012345678901234567890123x";
    struct fixture *f = *state;
    struct ca_subject s = device_subject(f);
    uint8_t serial[CA_SERIAL_LEN];
    char *pem = NULL;

    s.cn = "";
    assert_int_equal(ca_issue(f->ca, &s, &pem, serial, NULL), ERR_RANGE);
    s.cn = long_name;
    assert_int_equal(ca_issue(f->ca, &s, &pem, serial, NULL), ERR_RANGE);
    s = device_subject(f);
    s.days = 0;
    assert_int_equal(ca_issue(f->ca, &s, &pem, serial, NULL), ERR_RANGE);
    assert_null(pem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(device_certificate_names_the_locker_and_holds_its_key),
        cmocka_unit_test(device_certificate_is_good_for_a_client_only),
        cmocka_unit_test(broker_certificate_is_good_for_its_names),
        cmocka_unit_test(listed_certificate_is_revoked_and_others_are_not),
        cmocka_unit_test(root_of_another_key_is_refused),
        cmocka_unit_test(odd_subjects_are_refused),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
