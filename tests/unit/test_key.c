/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "common/key.h"

struct place {
    char folder[64];
    char path[128];
};

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof(*p));

    if (p == NULL)
        return -1;
    (void)snprintf(p->folder, sizeof(p->folder), "/tmp/medlocker-key-XXXXXX");
    if (mkdtemp(p->folder) == NULL)
        return -1;
    (void)snprintf(p->path, sizeof(p->path), "%s/device.seed", p->folder);
    *state = p;
    return 0;
}

static unsigned count_files(const struct place *p)
{
    DIR *d = opendir(p->folder);
    unsigned n = 0;

    assert_non_null(d);
    while (readdir(d) != NULL)
        n++;
    (void)closedir(d);
    return n - 2;
}

static int remove_place(void **state)
{
    struct place *p = *state;

    (void)unlink(p->path);
    (void)rmdir(p->folder);
    free(p);
    return 0;
}

static void write_file(const struct place *p, const char *bytes, size_t len, mode_t mode)
{
    FILE *f = fopen(p->path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(p->path, mode), 0);
}

static void a_written_key_is_read_back(void **state)
{
    const struct place *p = *state;
    uint8_t key[32], back[32];
    struct stat st;

    randombytes_buf(key, sizeof(key));
    assert_int_equal(key_write_new(p->path, key, sizeof(key), NULL), ERR_OK);
    assert_int_equal(key_read(p->path, back, sizeof(back), NULL), ERR_OK);
    assert_memory_equal(key, back, sizeof(key));
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(count_files(p), 1);
}

static void an_existing_key_is_never_overwritten(void **state)
{
    const struct place *p = *state;
    uint8_t back[4];
    struct reason r;

    assert_int_equal(key_write_new(p->path, (const uint8_t *)"old!", 4, NULL), ERR_OK);
    assert_int_equal(key_write_new(p->path, (const uint8_t *)"new!", 4, &r), ERR_DUPLICATE);
    assert_non_null(strstr(r.text, p->path));
    assert_int_equal(key_read(p->path, back, 4, NULL), ERR_OK);
    assert_memory_equal(back, "old!", 4);
    assert_int_equal(count_files(p), 1);
}

static void a_key_that_others_may_open_is_refused(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610, 0601, 0644};
    const struct place *p = *state;

    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        uint8_t out[4] = "????";
        struct reason r;

        write_file(p, "abcd", 4, modes[i]);
        assert_int_equal(key_read(p->path, out, 4, &r), ERR_DENIED);
        assert_memory_equal(out, "????", 4);
        assert_non_null(strstr(r.text, "0600"));
    }
    write_file(p, "abcd", 4, 0400);
    uint8_t out[4];
    assert_int_equal(key_read(p->path, out, 4, NULL), ERR_OK);
}

static void a_key_of_another_length_is_refused(void **state)
{
    const struct place *p = *state;
    uint8_t out[8] = "???????";
    struct reason r;

    write_file(p, "abcd\n", 5, 0600);
    assert_int_equal(key_read(p->path, out, 4, &r), ERR_SYNTAX);
    assert_int_equal(key_read(p->path, out, 6, &r), ERR_SYNTAX);
    assert_memory_equal(out, "???????", 8);
    assert_null(strstr(r.text, "abcd"));
    assert_non_null(strstr(r.text, "5 bytes; it must be 6"));
}

static void a_missing_key_is_said_to_be_missing(void **state)
{
    const struct place *p = *state;
    uint8_t out[4];

    assert_int_equal(key_read(p->path, out, 4, NULL), ERR_NOT_FOUND);
}

static void what_is_no_plain_file_is_refused(void **state)
{
    const struct place *p = *state;
    uint8_t out[4];

    assert_int_equal(symlink("/etc/hostname", p->path), 0);
    assert_int_equal(key_read(p->path, out, 4, NULL), ERR_DENIED);
    assert_int_equal(unlink(p->path), 0);
    assert_int_equal(mkfifo(p->path, 0600), 0);
    assert_int_equal(key_read(p->path, out, 4, NULL), ERR_DENIED);
    assert_int_equal(key_read(p->folder, out, 4, NULL), ERR_DENIED);
}

static void a_folder_that_is_missing_is_reported(void **state)
{
    const struct place *p = *state;
    char path[160];

    (void)snprintf(path, sizeof(path), "%s/none/key", p->folder);
    assert_int_equal(key_write_new(path, (const uint8_t *)"x", 1, NULL), ERR_NOT_FOUND);
}

static void pem_is_the_example_of_rfc_8410(void **state)
{
    /* Section 10.3: the first private key. */
    static const uint8_t seed[32] = {0xD4, 0xEE, 0x72, 0xDB, 0xF9, 0x13, 0x58, 0x4A, 0xD5, 0xB6, 0xD8,
                                     0xF1, 0xF7, 0x69, 0xF8, 0xAD, 0x3A, 0xFE, 0x7C, 0x28, 0xCB, 0xF1,
                                     0xD4, 0xFB, 0xE0, 0x97, 0xA8, 0x8F, 0x44, 0x75, 0x58, 0x42};
    static const char pem[] = "-----BEGIN PRIVATE KEY-----\n"
                              "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
                              "-----END PRIVATE KEY-----\n";
    const struct place *p = *state;
    uint8_t text[sizeof(pem) - 1];

    assert_int_equal(key_write_pem(p->path, seed, NULL), ERR_OK);
    assert_int_equal(key_read(p->path, text, sizeof(text), NULL), ERR_OK);
    assert_memory_equal(text, pem, sizeof(text));
    assert_int_equal(key_write_pem(p->path, seed, NULL), ERR_DUPLICATE);
}

/* The 32 bytes that end the output of openssl, and what libsodium makes of the same seed. */
static void openssl_finds_the_same_public_key(void **state)
{
    const struct place *p = *state;
    uint8_t seed[32], public_key[32], secret[64], der[64];
    char command[256];
    FILE *out;
    size_t len;

    if (system("openssl version >/dev/null 2>&1") != 0) {
        print_message("SKIP: openssl is not installed\n");
        skip();
    }
    randombytes_buf(seed, sizeof(seed));
    assert_int_equal(crypto_sign_seed_keypair(public_key, secret, seed), 0);
    assert_int_equal(key_write_pem(p->path, seed, NULL), ERR_OK);
    (void)snprintf(command, sizeof(command), "openssl pkey -in %s -pubout -outform DER", p->path);
    out = popen(command, "r");
    assert_non_null(out);
    len = fread(der, 1, sizeof(der), out);
    assert_int_equal(pclose(out), 0);
    assert_int_equal(len, 44);
    assert_memory_equal(der + 12, public_key, 32);
}

static int set_up(void **state)
{
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

#define WITH_PLACE(f) cmocka_unit_test_setup_teardown(f, make_place, remove_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PLACE(a_written_key_is_read_back),
        WITH_PLACE(an_existing_key_is_never_overwritten),
        WITH_PLACE(a_key_that_others_may_open_is_refused),
        WITH_PLACE(a_key_of_another_length_is_refused),
        WITH_PLACE(a_missing_key_is_said_to_be_missing),
        WITH_PLACE(what_is_no_plain_file_is_refused),
        WITH_PLACE(a_folder_that_is_missing_is_reported),
        WITH_PLACE(pem_is_the_example_of_rfc_8410),
        WITH_PLACE(openssl_finds_the_same_public_key),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
