/* SPDX-License-Identifier: Apache-2.0 */
#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err failed(struct reason *r, const char *path, const char *what)
{
    int code = errno;

    return err_because(r, code == ENOENT || code == ENOTDIR ? ERR_NOT_FOUND : ERR_IO, "%s: %s: %s", path, what,
                       strerror(code));
}

enum err file_path(char *out, const char *folder, const char *name, struct reason *r)
{
    int n = snprintf(out, FILE_PATH_CAP, "%s/%s", folder, name);

    if (n < 0 || n >= FILE_PATH_CAP)
        return err_because(r, ERR_TOO_LONG, "path %.80s.../%s: longer than %d bytes", folder, name, FILE_PATH_CAP - 1);
    return ERR_OK;
}

/* Up to max + 1 bytes, so that the caller sees that there is more. */
static enum err slurp(int fd, const char *path, char *buf, size_t cap, size_t *got, struct reason *r)
{
    *got = 0;
    while (*got < cap) {
        ssize_t n = read(fd, buf + *got, cap - *got);

        if (n == 0)
            return ERR_OK;
        if (n < 0 && errno != EINTR)
            return failed(r, path, "cannot be read");
        if (n > 0)
            *got += (size_t)n;
    }
    return ERR_OK;
}

static enum err open_plain(const char *path, int *fd, struct reason *r)
{
    struct stat st;

    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0)
        return failed(r, path, "cannot be opened");
    if (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode))
        return ERR_OK;
    (void)close(*fd);
    return err_because(r, ERR_IO, "%s: not a plain file", path);
}

enum err file_read(const char *path, size_t max, char **out, size_t *len, struct reason *r)
{
    bool standard_input = strcmp(path, "-") == 0;
    int fd = STDIN_FILENO;
    size_t got = 0;
    enum err e;
    char *buf;

    if (!standard_input) {
        e = open_plain(path, &fd, r);
        if (e != ERR_OK)
            return e;
    }
    buf = malloc(max + 2);
    e = buf == NULL ? err_because(r, ERR_MEMORY, "%s: no memory", path) : slurp(fd, path, buf, max + 1, &got, r);
    if (e == ERR_OK && got > max)
        e = err_because(r, ERR_TOO_LONG, "%s: longer than %zu bytes", path, max);
    if (!standard_input)
        (void)close(fd);
    if (e != ERR_OK) {
        free(buf);
        return e;
    }
    buf[got] = '\0';
    *out = buf;
    if (len != NULL)
        *len = got;
    return ERR_OK;
}

static bool write_all(int fd, const char *bytes, size_t len)
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

enum err file_sync_folder(const char *path, struct reason *r)
{
    char folder[FILE_PATH_CAP];
    enum err e = ERR_OK;
    char *slash;
    int fd, n;

    n = snprintf(folder, sizeof(folder), "%s", path);
    if (n < 0 || (size_t)n >= sizeof(folder))
        return err_because(r, ERR_TOO_LONG, "path %.80s...: longer than %d bytes", path, FILE_PATH_CAP - 1);
    slash = strrchr(folder, '/');
    if (slash == NULL)
        (void)snprintf(folder, sizeof(folder), ".");
    else
        slash[slash == folder ? 1 : 0] = '\0';
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return failed(r, folder, "cannot be opened");
    if (fsync(fd) != 0)
        e = failed(r, folder, "cannot be synced");
    (void)close(fd);
    return e;
}

enum err file_replace(const char *path, const void *bytes, size_t len, unsigned mode, struct reason *r)
{
    char temporary[FILE_PATH_CAP];
    enum err e = ERR_OK;
    int fd, n;

    n = snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
    if (n < 0 || (size_t)n >= sizeof(temporary))
        return err_because(r, ERR_TOO_LONG, "path %.80s...: longer than %d bytes", path, FILE_PATH_CAP - 8);
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return failed(r, path, "cannot be created");
    if (fchmod(fd, (mode_t)mode) != 0 || !write_all(fd, bytes, len) || fsync(fd) != 0 || rename(temporary, path) != 0)
        e = failed(r, path, "cannot be written");
    (void)close(fd);
    if (e != ERR_OK) {
        (void)unlink(temporary);
        return e;
    }
    return file_sync_folder(path, r);
}

enum err file_make_folder(const char *path, struct reason *r)
{
    struct stat st;

    if (mkdir(path, 0700) == 0)
        return ERR_OK;
    if (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return ERR_OK;
    return failed(r, path, "cannot be made");
}
