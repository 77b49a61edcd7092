/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk: a disk with files in memory, that remembers for each 512-byte sector what is synced and what was written since,
 * and which changes of names (new, renamed, removed) are synced. A power cut decides for every unsynced sector and name
 * what is left: sectors each for itself, names as a journalling file system does: the oldest changes stay, the youngest
 * are undone. Syncing a file does not sync its name; syncing the folder does.
 *
 * Used by the SQLite VFS (vfs.h) and by the file calls of the daemons (os_file.c) alike, so that both see one truth.
 * Pure memory; chance from the dice it is given. Clones share what they have in common.
 */
#ifndef MEDLOCKER_SIM_DISK_H
#define MEDLOCKER_SIM_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hw/sim/dice.h"

#define DISK_SECTOR 512
#define DISK_PATH_CAP 256

struct disk;
struct disk_file; /* an open file, lives until disk_close; a crash or rename does not free it */

/* What a power cut leaves of each unsynced sector: what was there before, what was written, one of the two, the
 * beginning of the new and the end of the old, or anything in the bytes that were being written. */
enum disk_cut { DISK_CUT_OLD, DISK_CUT_NEW, DISK_CUT_MIX, DISK_CUT_TORN, DISK_CUT_GARBAGE, DISK_CUT_N };

/* Faults that can be switched on at any time. */
struct disk_faults {
    bool sync_lies;         /* sync answers OK and syncs nothing */
    int64_t room;           /* bytes that can still be allocated before "no space"; -1: enough */
    uint32_t write_eio_ppm; /* chance of EIO for each write, each sync, each read */
    uint32_t sync_eio_ppm;
    uint32_t read_eio_ppm;
    uint32_t flip_ppm; /* chance that a read has one bit wrong, once */
};

/* How often a fault really happened. */
struct disk_counts {
    uint64_t lies, no_space, write_eio, sync_eio, read_eio, flips;
    uint64_t cuts, lost_sectors, lost_names; /* lost: unsynced and not kept as written */
};

struct disk *disk_new(struct dice *dice);
struct disk *disk_clone(const struct disk *d, struct dice *dice); /* synced content only; no faults, no hook */
void disk_free(struct disk *d);                                   /* its open files are closed by their owners first */
/* Puts a whole file there, synced; false: its folder is missing. */
bool disk_put(struct disk *d, const char *path, const void *bytes, size_t len);

struct disk_faults *disk_faults(struct disk *d);
const struct disk_counts *disk_counts(const struct disk *d);
void disk_power_cut(struct disk *d, enum disk_cut how);
/* The next power cut is of this kind, whatever it asks for: for sweeps. */
void disk_plan_cut(struct disk *d, enum disk_cut how);
/* While frozen nothing changes what is on it (between a crash and the cut). A power cut ends it. */
void disk_freeze(struct disk *d, bool frozen);
/* Called before each write, truncation, allocation, sync and change of a name takes effect, with its number from 1: a
 * sweep crashes there. A step during which the disk was frozen or cut does not take effect. */
typedef void (*disk_hook)(void *arg, uint64_t number, bool is_sync);
void disk_set_hook(struct disk *d, disk_hook hook, void *arg);
uint64_t disk_steps(const struct disk *d); /* so far */

/* As the system calls: 0 or more, or -errno. flags as of open(2): O_CREAT, O_EXCL, O_TRUNC, O_DIRECTORY, access mode.
 * A folder can be opened to sync it. */
int disk_open(struct disk *d, const char *path, int flags, unsigned mode, struct disk_file **out);
void disk_close(struct disk_file *f);
int64_t disk_read(struct disk_file *f, void *to, size_t len, int64_t at); /* fewer bytes: the end */
int64_t disk_write(struct disk_file *f, const void *from, size_t len, int64_t at);
int disk_truncate(struct disk_file *f, int64_t size);
int disk_allocate(struct disk_file *f, int64_t at, int64_t len); /* posix_fallocate */
int disk_sync(struct disk_file *f);
int64_t disk_size(const struct disk_file *f);
bool disk_is_folder(const struct disk_file *f);
/* The same number: the same file, whatever it is called now. */
uint64_t disk_file_number(const struct disk_file *f);
int disk_rename(struct disk *d, const char *from, const char *to, bool no_replace);
int disk_unlink(struct disk *d, const char *path);
int disk_stat(const struct disk *d, const char *path, bool *is_folder, int64_t *size);
int disk_mkdir(struct disk *d, const char *path);
int disk_sync_folder(struct disk *d, const char *path);
/* The n-th name in a folder, in order; false: no more. */
bool disk_list(const struct disk *d, const char *folder, unsigned n, char name[DISK_PATH_CAP]);

/* Where the needle occurs in what is on the disk now: files, their synced content, and sectors that were freed and not
 * used again ("(free)"); NULL: nowhere. For the search after codes and keys that must not be there. */
const char *disk_find(const struct disk *d, const void *needle, size_t len);

#endif
