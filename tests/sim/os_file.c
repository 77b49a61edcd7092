/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/os_file.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/sim/os_fd.h"
#include "tests/sim/process.h"

#define STREAMS_MAX 16
#define TEMPORARIES_MAX 1000

struct open_file {
    struct disk_file *on;
    int64_t at;
};

static bool is_simulated(const char *path)
{
    return strcmp(path, "/sim") == 0 || strncmp(path, "/sim/", 5) == 0;
}

static struct disk *disk_here(void)
{
    return process_machine(process_current())->disk;
}

/* As the system answers. */
static int answer(int64_t rc)
{
    if (rc >= 0)
        return (int)rc;
    errno = (int)-rc;
    return -1;
}

static bool may(enum os_call kind)
{
    if (process_may(kind))
        return true;
    errno = EIO;
    return false;
}

/* ---------------------------------------------------------------- files by number */

static ssize_t read_it(void *it, void *to, size_t len)
{
    struct open_file *f = it;
    if (!may(OS_FILE))
        return -1;
    int64_t n = disk_read(f->on, to, len, f->at);
    if (n > 0)
        f->at += n;
    return answer(n);
}

static ssize_t write_it(void *it, const void *from, size_t len)
{
    struct open_file *f = it;
    if (!may(OS_FILE))
        return -1;
    int64_t n = disk_write(f->on, from, len, f->at);
    if (n > 0)
        f->at += n;
    return answer(n);
}

static void close_it(void *it)
{
    struct open_file *f = it;
    disk_close(f->on);
    free(f);
}

static const struct os_fd_kind kind_file = {.name = "file", .read = read_it, .write = write_it, .close = close_it};

static int open_simulated(const char *path, int flags, mode_t mode)
{
    struct disk_file *on;
    int rc = disk_open(disk_here(), path, flags, mode, &on);
    if (rc < 0)
        return answer(rc);
    struct open_file *f = calloc(1, sizeof *f);
    if (f == NULL)
        abort();
    f->on = on;
    int fd = os_fd_new(&kind_file, f);
    if (fd < 0)
        close_it(f);
    return fd;
}

int os_open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    if ((flags & O_CREAT) != 0) {
        va_list list;
        va_start(list, flags);
        mode = va_arg(list, mode_t);
        va_end(list);
    }
    if (!may(OS_FILE))
        return -1;
    return is_simulated(path) ? open_simulated(path, flags, mode) : open(path, flags, mode);
}

int os_fsync(int fd)
{
    const struct open_file *f = os_fd_it(fd, &kind_file);
    if (!may(OS_SYNC))
        return -1;
    return f != NULL ? answer(disk_sync(f->on)) : fsync(fd);
}

static void fill(struct stat *st, bool is_folder, int64_t size)
{
    memset(st, 0, sizeof *st);
    st->st_mode = is_folder ? S_IFDIR | 0700 : S_IFREG | 0600;
    st->st_size = size;
    st->st_uid = geteuid();
    st->st_nlink = 1;
}

int os_fstat(int fd, struct stat *st)
{
    const struct open_file *f = os_fd_it(fd, &kind_file);
    if (!may(OS_FILE))
        return -1;
    if (f == NULL)
        return fstat(fd, st);
    fill(st, disk_is_folder(f->on), disk_size(f->on));
    return 0;
}

int os_fchmod(int fd, mode_t mode)
{
    if (!may(OS_FILE))
        return -1;
    return os_fd_it(fd, &kind_file) != NULL ? 0 : fchmod(fd, mode);
}

/* Answers the error instead of setting errno. */
int os_posix_fallocate(int fd, off_t at, off_t len)
{
    const struct open_file *f = os_fd_it(fd, &kind_file);
    if (!process_may(OS_FILE))
        return EIO;
    return f != NULL ? -disk_allocate(f->on, at, len) : EBADF;
}

int os_mkostemp(char *path, int flags)
{
    size_t len = strlen(path);
    assert(len >= 6 && strcmp(path + len - 6, "XXXXXX") == 0);
    if (!may(OS_FILE))
        return -1;
    if (!is_simulated(path)) {
        errno = EROFS; /* the daemons write nowhere else */
        return -1;
    }
    for (unsigned i = 0; i < TEMPORARIES_MAX; i++) {
        (void)snprintf(path + len - 6, 7, "t%05u", i);
        int fd = open_simulated(path, flags | O_RDWR | O_CREAT | O_EXCL, 0600);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

/* ---------------------------------------------------------------- names */

int os_renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    assert(from_folder == AT_FDCWD && to_folder == AT_FDCWD);
    if (!may(OS_FILE))
        return -1;
    if (!is_simulated(from) || !is_simulated(to))
        return answer(-EROFS);
    return answer(disk_rename(disk_here(), from, to, (flags & RENAME_NOREPLACE) != 0));
}

int os_rename(const char *from, const char *to)
{
    return os_renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int os_unlink(const char *path)
{
    if (!may(OS_FILE))
        return -1;
    return answer(is_simulated(path) ? disk_unlink(disk_here(), path) : -EROFS);
}

int os_mkdir(const char *path, mode_t mode)
{
    (void)mode;
    if (!may(OS_FILE))
        return -1;
    return answer(is_simulated(path) ? disk_mkdir(disk_here(), path) : -EROFS);
}

int os_stat(const char *path, struct stat *st)
{
    bool is_folder = false;
    int64_t size = 0;
    if (!may(OS_FILE))
        return -1;
    if (!is_simulated(path))
        return stat(path, st);
    int rc = disk_stat(disk_here(), path, &is_folder, &size);
    if (rc == 0)
        fill(st, is_folder, size);
    return answer(rc);
}

int os_access(const char *path, int mode)
{
    if (!may(OS_FILE))
        return -1;
    return is_simulated(path) ? answer(disk_stat(disk_here(), path, NULL, NULL)) : access(path, mode);
}

/* ---------------------------------------------------------------- folders */

/* What the daemon holds as a DIR. */
struct folder {
    DIR *real; /* NULL: simulated */
    char path[DISK_PATH_CAP];
    unsigned next;
    struct dirent entry;
};

DIR *os_opendir(const char *path)
{
    bool is_folder = false;
    if (!may(OS_FILE))
        return NULL;
    struct folder *f = calloc(1, sizeof *f);
    if (f == NULL)
        abort();
    if (is_simulated(path)) {
        int rc = disk_stat(disk_here(), path, &is_folder, NULL);
        errno = rc < 0 ? -rc : ENOTDIR;
        (void)snprintf(f->path, sizeof f->path, "%s", path);
    } else {
        f->real = opendir(path);
    }
    if (f->real == NULL && !is_folder) {
        free(f);
        return NULL;
    }
    return (DIR *)f;
}

struct dirent *os_readdir(DIR *dir)
{
    struct folder *f = (struct folder *)dir;
    if (!may(OS_FILE))
        return NULL;
    if (f->real != NULL)
        return readdir(f->real);
    return disk_list(disk_here(), f->path, f->next++, f->entry.d_name) ? &f->entry : NULL;
}

int os_closedir(DIR *dir)
{
    struct folder *f = (struct folder *)dir;
    if (f->real != NULL)
        (void)closedir(f->real);
    free(f);
    return 0;
}

/* ---------------------------------------------------------------- streams */

/* Which descriptor is behind a stream of a simulated file. */
static struct stream {
    FILE *file;
    int fd;
} streams[STREAMS_MAX];

static ssize_t read_stream(void *cookie, char *to, size_t len)
{
    struct open_file *f = os_fd_it(((const struct stream *)cookie)->fd, &kind_file);
    return f != NULL ? read_it(f, to, len) : answer(-EBADF);
}

int os_close(int fd); /* os_fd.c */

static int close_stream(void *cookie)
{
    struct stream *s = cookie;
    int rc = os_close(s->fd);
    s->file = NULL;
    return rc;
}

static FILE *open_stream(const char *path)
{
    static const cookie_io_functions_t calls = {.read = read_stream, .close = close_stream};
    static unsigned last;
    int fd = open_simulated(path, O_RDONLY, 0);
    if (fd < 0)
        return NULL;
    /* The oldest place is used again when a process ended without closing its streams. */
    unsigned tries = 0;
    do
        last = (last + 1) % STREAMS_MAX;
    while (streams[last].file != NULL && ++tries < STREAMS_MAX);
    struct stream *s = &streams[last];
    s->fd = fd;
    s->file = fopencookie(s, "r", calls);
    if (s->file == NULL)
        abort();
    return s->file;
}

FILE *os_fopen(const char *path, const char *mode)
{
    if (!may(OS_FILE))
        return NULL;
    if (!is_simulated(path))
        return fopen(path, mode);
    assert(mode[0] == 'r');
    return open_stream(path);
}

int os_fileno(FILE *f)
{
    for (unsigned i = 0; i < STREAMS_MAX; i++) {
        if (streams[i].file == f)
            return streams[i].fd;
    }
    return fileno(f);
}
