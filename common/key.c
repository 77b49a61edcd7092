/* SPDX-License-Identifier: Apache-2.0 */
#include "common/key.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"

#define KEY_CAP 1024
#define SEED_LEN 32
#define DER_LEN 48
#define BASE64_VARIANT sodium_base64_VARIANT_ORIGINAL
#define PEM_HEAD "-----BEGIN PRIVATE KEY-----\n"
#define PEM_TAIL "\n-----END PRIVATE KEY-----\n"
#define PEM_CAP (sizeof(PEM_HEAD) + sizeof(PEM_TAIL) + sodium_base64_ENCODED_LEN(DER_LEN, BASE64_VARIANT))

/* Reads until len bytes or the end of the file; false on an error. */
static bool read_up_to(int fd, uint8_t *out, size_t len, size_t *got)
{
    *got = 0;
    while (*got < len) {
        ssize_t n = read(fd, out + *got, len - *got);

        if (n == 0)
            return true;
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0)
            *got += (size_t)n;
    }
    return true;
}

static bool write_all(int fd, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);

        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            bytes += n;
            len -= (size_t)n;
        }
    }
    return true;
}

static enum err errno_error(struct reason *r, const char *path, const char *what)
{
    int code = errno;
    enum err e = ERR_IO;

    if (code == ENOENT || code == ENOTDIR)
        e = ERR_NOT_FOUND;
    else if (code == EACCES || code == EPERM || code == ELOOP)
        e = ERR_DENIED;
    else if (code == ENOSPC || code == EDQUOT)
        e = ERR_FULL;
    return err_because(r, e, "%s: %s: %s", path, what, strerror(code));
}

/* The file is a plain one, of the reader, for nobody else, and holds len bytes. */
static enum err check_file(int fd, const char *path, size_t len, struct reason *r)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return errno_error(r, path, "cannot be examined");
    if (!S_ISREG(st.st_mode))
        return err_because(r, ERR_DENIED, "%s: not a plain file", path);
    if (st.st_uid != geteuid())
        return err_because(r, ERR_DENIED, "%s: owned by user %u, not by the reader", path, (unsigned)st.st_uid);
    if ((st.st_mode & 077u) != 0)
        return err_because(r, ERR_DENIED, "%s: mode %04o lets others in; it must be 0600", path,
                           (unsigned)(st.st_mode & 07777u));
    if (st.st_size < 0 || (uintmax_t)st.st_size != len)
        return err_because(r, ERR_SYNTAX, "%s: %jd bytes; it must be %zu", path, (intmax_t)st.st_size, len);
    return ERR_OK;
}

enum err key_read(const char *path, uint8_t *out, size_t len, struct reason *r)
{
    uint8_t bytes[KEY_CAP];
    enum err e;
    size_t got;
    int fd;

    assert(len <= sizeof(bytes));
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return errno_error(r, path, "cannot be opened");
    e = check_file(fd, path, len, r);
    if (e != ERR_OK)
        goto done;
    if (!read_up_to(fd, bytes, len, &got)) {
        e = errno_error(r, path, "cannot be read");
        goto done;
    }
    if (got != len) {
        e = err_because(r, ERR_SYNTAX, "%s: ended after %zu bytes; it must be %zu", path, got, len);
        goto done;
    }
    memcpy(out, bytes, len);
done:
    sodium_memzero(bytes, sizeof(bytes));
    (void)close(fd);
    return e;
}

/* Fills and syncs the file at temporary, then gives it its name without ever replacing another. */
static enum err publish(int fd, const char *temporary, const char *path, const uint8_t *bytes, size_t len,
                        struct reason *r)
{
    if (fchmod(fd, 0600) != 0 || !write_all(fd, bytes, len) || fsync(fd) != 0)
        return errno_error(r, path, "cannot be written");
    if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
        return ERR_OK;
    if (errno == EEXIST)
        return err_because(r, ERR_DUPLICATE, "%s: exists already", path);
    return errno_error(r, path, "cannot be named");
}

enum err key_write_new(const char *path, const uint8_t *bytes, size_t len, struct reason *r)
{
    char temporary[FILE_PATH_CAP];
    enum err e;
    int fd;
    int n;

    n = snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
    if (n < 0 || (size_t)n >= sizeof(temporary))
        return err_because(r, ERR_TOO_LONG, "path of %zu bytes; at most %d are allowed", strlen(path),
                           FILE_PATH_CAP - 8);
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return errno_error(r, path, "cannot be created");
    e = publish(fd, temporary, path, bytes, len, r);
    (void)close(fd);
    if (e != ERR_OK) {
        (void)unlink(temporary);
        return e;
    }
    return file_sync_folder(path, r);
}

enum err key_write_pem(const char *path, const uint8_t seed[32], struct reason *r)
{
    /* PrivateKeyInfo of RFC 8410: version 0, id-Ed25519, an octet string in an octet string, then the seed. */
    static const uint8_t der_head[DER_LEN - SEED_LEN] = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                                         0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
    uint8_t der[DER_LEN];
    char body[sodium_base64_ENCODED_LEN(DER_LEN, BASE64_VARIANT)];
    char pem[PEM_CAP];
    enum err e;
    int n;

    memcpy(der, der_head, sizeof(der_head));
    memcpy(der + sizeof(der_head), seed, SEED_LEN);
    (void)sodium_bin2base64(body, sizeof(body), der, sizeof(der), BASE64_VARIANT);
    n = snprintf(pem, sizeof(pem), PEM_HEAD "%s" PEM_TAIL, body);
    assert(n > 0 && (size_t)n < sizeof(pem));
    e = key_write_new(path, (const uint8_t *)pem, (size_t)n, r);
    sodium_memzero(der, sizeof(der));
    sodium_memzero(body, sizeof(body));
    sodium_memzero(pem, sizeof(pem));
    return e;
}
