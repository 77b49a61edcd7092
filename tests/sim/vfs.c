/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/vfs.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/sim/os_memory.h"
#include "tests/sim/process.h"

#define UNIX_EPOCH_MS INT64_C(210866760000000) /* since the beginning of the Julian day count */

int os_clock_gettime(clockid_t clock, struct timespec *t); /* os_clock.c */

struct file {
    sqlite3_file base; /* first */
    struct disk_file *on;
    struct disk *disk;
    const struct process *owner; /* NULL: opened outside */
    unsigned run, world;         /* which start of the owner, which world */
    int lock;
    bool sync_folder, remove_at_close;
    char path[DISK_PATH_CAP];
    struct file *next;
};

/* The one VFS of the program; SQLite wants it to be global. */
static struct {
    struct world *w;
    struct dice *dice;
    struct disk *outside;
    struct file *open; /* of this world */
    unsigned world, temporaries;
    int last_errno;
} vfs;

static struct file *file_of(sqlite3_file *f)
{
    return (struct file *)f;
}

/* ---------------------------------------------------------------- who asks */

static struct disk *disk_here(void)
{
    const struct process *p = process_current();
    return p != NULL ? process_machine(p)->disk : vfs.outside;
}

static int failed(int code, int error)
{
    vfs.last_errno = error;
    if (error == ENOSPC)
        return SQLITE_FULL;
    return code;
}

/* false: the call must fail with an I/O error. */
static bool may(enum os_call kind)
{
    return process_current() == NULL || process_may(kind);
}

static bool is_gone(const struct file *f)
{
    return f->world != vfs.world || (f->owner != NULL && process_is_dead(f->owner));
}

static bool may_file(const struct file *f, enum os_call kind)
{
    if (!is_gone(f) && may(kind))
        return true;
    vfs.last_errno = EIO;
    return false;
}

/* ---------------------------------------------------------------- locks */

/* The locks of a process end with it, also when it had no time to close its files. */
static bool holds(const struct file *f)
{
    return f->lock > SQLITE_LOCK_NONE && !is_gone(f) && (f->owner == NULL || process_starts(f->owner) == f->run);
}

/* The highest lock that another one holds on the same file. */
static int others(const struct file *f)
{
    int highest = SQLITE_LOCK_NONE;
    for (const struct file *o = vfs.open; o != NULL; o = o->next) {
        if (o != f && o->disk == f->disk && disk_file_number(o->on) == disk_file_number(f->on) && holds(o) &&
            o->lock > highest)
            highest = o->lock;
    }
    return highest;
}

static int lock_file(sqlite3_file *base, int want)
{
    struct file *f = file_of(base);
    if (!may_file(f, OS_FILE))
        return SQLITE_IOERR_LOCK;
    if (f->lock >= want)
        return SQLITE_OK;
    int other = others(f);
    bool free_for_it = want == SQLITE_LOCK_SHARED     ? other < SQLITE_LOCK_PENDING
                       : want == SQLITE_LOCK_RESERVED ? other < SQLITE_LOCK_RESERVED
                                                      : other == SQLITE_LOCK_NONE;
    if (!free_for_it)
        return SQLITE_BUSY;
    f->lock = want;
    return SQLITE_OK;
}

static int unlock_file(sqlite3_file *base, int to)
{
    struct file *f = file_of(base);
    if (f->lock > to)
        f->lock = to;
    return SQLITE_OK;
}

static int check_reserved(sqlite3_file *base, int *out)
{
    const struct file *f = file_of(base);
    *out = f->lock >= SQLITE_LOCK_RESERVED || others(f) >= SQLITE_LOCK_RESERVED;
    return SQLITE_OK;
}

/* ---------------------------------------------------------------- reading and writing */

static int close_file(sqlite3_file *base)
{
    struct file *f = file_of(base);
    for (struct file **p = &vfs.open; *p != NULL; p = &(*p)->next) {
        if (*p == f) {
            *p = f->next;
            break;
        }
    }
    if (f->world != vfs.world)
        return SQLITE_OK; /* its disk is gone */
    if (f->remove_at_close && !is_gone(f))
        (void)disk_unlink(f->disk, f->path);
    disk_close(f->on);
    f->on = NULL;
    return SQLITE_OK;
}

static int read_file(sqlite3_file *base, void *to, int len, sqlite3_int64 at)
{
    struct file *f = file_of(base);
    if (!may_file(f, OS_FILE))
        return SQLITE_IOERR_READ;
    int64_t n = disk_read(f->on, to, (size_t)len, at);
    if (n < 0)
        return failed(SQLITE_IOERR_READ, (int)-n);
    if (n == len)
        return SQLITE_OK;
    memset((uint8_t *)to + n, 0, (size_t)(len - n));
    return SQLITE_IOERR_SHORT_READ;
}

static int write_file(sqlite3_file *base, const void *from, int len, sqlite3_int64 at)
{
    struct file *f = file_of(base);
    if (!may_file(f, OS_FILE))
        return SQLITE_IOERR_WRITE;
    int64_t n = disk_write(f->on, from, (size_t)len, at);
    return n < 0 ? failed(SQLITE_IOERR_WRITE, (int)-n) : SQLITE_OK;
}

static int truncate_file(sqlite3_file *base, sqlite3_int64 size)
{
    struct file *f = file_of(base);
    if (!may_file(f, OS_FILE))
        return SQLITE_IOERR_TRUNCATE;
    int rc = disk_truncate(f->on, size);
    return rc < 0 ? failed(SQLITE_IOERR_TRUNCATE, -rc) : SQLITE_OK;
}

static int sync_folder_of(struct disk *d, const char *path)
{
    char folder[DISK_PATH_CAP];
    (void)snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash == NULL || slash == folder)
        return 0;
    *slash = '\0';
    return disk_sync_folder(d, folder);
}

static int sync_file(sqlite3_file *base, int flags)
{
    struct file *f = file_of(base);
    (void)flags;
    if (!may_file(f, OS_SYNC))
        return SQLITE_IOERR_FSYNC;
    int rc = disk_sync(f->on);
    if (rc < 0)
        return failed(SQLITE_IOERR_FSYNC, -rc);
    if (f->sync_folder) {
        /* As the unix VFS does: the name of a new WAL or journal is synced once, and an error of that is ignored. */
        f->sync_folder = false;
        (void)sync_folder_of(f->disk, f->path);
    }
    return SQLITE_OK;
}

static int size_of_file(sqlite3_file *base, sqlite3_int64 *out)
{
    const struct file *f = file_of(base);
    if (!may_file(f, OS_FILE))
        return SQLITE_IOERR_FSTAT;
    *out = disk_size(f->on);
    return SQLITE_OK;
}

static int control_file(sqlite3_file *base, int op, void *arg)
{
    (void)base;
    (void)op;
    (void)arg;
    return SQLITE_NOTFOUND;
}

static int sector_size(sqlite3_file *base)
{
    (void)base;
    return DISK_SECTOR;
}

static int characteristics(sqlite3_file *base)
{
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods methods = {
    .iVersion = 1, /* no shared memory: WAL works with exclusive locking only, which is how the product opens */
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = size_of_file,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_reserved,
    .xFileControl = control_file,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
};

/* ---------------------------------------------------------------- names */

static int system_flags(int flags)
{
    int out = (flags & SQLITE_OPEN_READWRITE) != 0 ? O_RDWR : O_RDONLY;
    if ((flags & SQLITE_OPEN_CREATE) != 0)
        out |= O_CREAT;
    if ((flags & SQLITE_OPEN_EXCLUSIVE) != 0)
        out |= O_EXCL;
    return out;
}

static int open_file(sqlite3_vfs *self, const char *name, sqlite3_file *base, int flags, int *out_flags)
{
    struct file *f = file_of(base);
    struct disk *d = disk_here();
    const int journals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;
    (void)self;
    memset(f, 0, sizeof *f);
    if (d == NULL || !may(OS_FILE))
        return failed(SQLITE_CANTOPEN, EIO);
    if (name != NULL)
        (void)snprintf(f->path, sizeof f->path, "%s", name);
    else
        (void)snprintf(f->path, sizeof f->path, "/sqlite-temporary-%u", ++vfs.temporaries);
    int rc = disk_open(d, f->path, system_flags(flags), 0600, &f->on);
    if (rc < 0)
        return failed(SQLITE_CANTOPEN, -rc);
    f->base.pMethods = &methods;
    f->disk = d;
    f->owner = process_current();
    f->run = f->owner != NULL ? process_starts(f->owner) : 0;
    f->world = vfs.world;
    f->remove_at_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    f->sync_folder = (flags & SQLITE_OPEN_CREATE) != 0 && (flags & journals) != 0;
    f->next = vfs.open;
    vfs.open = f;
    if (out_flags != NULL)
        *out_flags = flags;
    return SQLITE_OK;
}

static int delete_file(sqlite3_vfs *self, const char *name, int sync_folder)
{
    struct disk *d = disk_here();
    (void)self;
    if (d == NULL || !may(OS_FILE))
        return failed(SQLITE_IOERR_DELETE, EIO);
    int rc = disk_unlink(d, name);
    if (rc == -ENOENT)
        return failed(SQLITE_IOERR_DELETE_NOENT, ENOENT);
    if (rc < 0)
        return failed(SQLITE_IOERR_DELETE, -rc);
    if (sync_folder != 0 && (!may(OS_SYNC) || sync_folder_of(d, name) < 0))
        return failed(SQLITE_IOERR_DIR_FSYNC, EIO);
    return SQLITE_OK;
}

static int access_file(sqlite3_vfs *self, const char *name, int flags, int *out)
{
    struct disk *d = disk_here();
    int64_t size = 0;
    (void)self;
    if (d == NULL || !may(OS_FILE))
        return failed(SQLITE_IOERR_ACCESS, EIO);
    bool there = disk_stat(d, name, NULL, &size) == 0;
    /* As the unix VFS: an empty file does not exist, when existence is asked for. */
    *out = there && (flags != SQLITE_ACCESS_EXISTS || size > 0);
    return SQLITE_OK;
}

static int full_name(sqlite3_vfs *self, const char *name, int cap, char *out)
{
    (void)self;
    int n = snprintf(out, (size_t)cap, "%s", name);
    return n < 0 || n >= cap || n >= DISK_PATH_CAP ? SQLITE_CANTOPEN : SQLITE_OK;
}

/* ---------------------------------------------------------------- chance and time */

static int random_bytes(sqlite3_vfs *self, int len, char *out)
{
    (void)self;
    for (int i = 0; i < len; i++)
        out[i] = (char)(vfs.dice != NULL ? dice_next(vfs.dice) & 0xff : 0);
    return len;
}

static int sleep_us(sqlite3_vfs *self, int us)
{
    (void)self;
    if (vfs.w != NULL && fiber_self(vfs.w) != NULL)
        fiber_sleep(vfs.w, us);
    return us;
}

static int time_ms(sqlite3_vfs *self, sqlite3_int64 *out)
{
    struct timespec t = {0, 0};
    (void)self;
    if (process_current() != NULL && os_clock_gettime(CLOCK_REALTIME, &t) != 0)
        return SQLITE_ERROR;
    *out = UNIX_EPOCH_MS + (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
    return SQLITE_OK;
}

static int time_days(sqlite3_vfs *self, double *out)
{
    sqlite3_int64 ms = 0;
    int rc = time_ms(self, &ms);
    *out = (double)ms / 86400000.0;
    return rc;
}

static int last_error(sqlite3_vfs *self, int len, char *out)
{
    (void)self;
    (void)len;
    (void)out;
    return vfs.last_errno;
}

bool vfs_register(void)
{
    static sqlite3_vfs self = {
        .iVersion = 2,
        .szOsFile = sizeof(struct file),
        .mxPathname = DISK_PATH_CAP,
        .zName = "medlocker-sim",
        .xOpen = open_file,
        .xDelete = delete_file,
        .xAccess = access_file,
        .xFullPathname = full_name,
        .xRandomness = random_bytes,
        .xSleep = sleep_us,
        .xCurrentTime = time_days,
        .xGetLastError = last_error,
        .xCurrentTimeInt64 = time_ms,
    };
    /* One thread; and a fiber that ended inside of SQLite must not leave a mutex behind. */
    int rc = sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    if (rc == SQLITE_OK)
        rc = memory_install();
    if (rc == SQLITE_OK)
        rc = sqlite3_initialize();
    if (rc == SQLITE_OK)
        rc = sqlite3_vfs_register(&self, 1);
    if (rc != SQLITE_OK)
        (void)fprintf(stderr, "SQLite on the simulated disk: %s\n", sqlite3_errstr(rc));
    return rc == SQLITE_OK;
}

void vfs_use(struct world *w)
{
    vfs.w = w;
    vfs.dice = w != NULL ? world_dice(w, "sqlite") : NULL;
    vfs.open = NULL;
    vfs.world++;
    vfs.temporaries = 0;
    vfs.last_errno = 0;
    vfs.outside = NULL;
    sqlite3_randomness(0, NULL); /* is seeded again when it is needed */
}

void vfs_outside(struct disk *d)
{
    vfs.outside = d;
}
