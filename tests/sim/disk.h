/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk: a disk with files in memory, that remembers for each 512-byte sector what is synced and what was written since,
 * and for each folder which names are synced. A power cut decides for every unsynced sector and name what is left.
 *
 * Used by the SQLite VFS (vfs.h) and by the file calls of the daemons (os_file.c) alike, so that both see one truth.
 * Pure memory; chance from the dice it is given.
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

/* What a power cut leaves of each unsynced sector. */
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

struct disk *disk_new(struct dice *dice);
struct disk *disk_clone(const struct disk *d, struct dice *dice); /* synced content only */
void disk_free(struct disk *d);
/* Reads every plain file below a real folder into the disk under the path `as`, synced. false: told on stderr. */
bool disk_import(struct disk *d, const char *real_folder, const char *as);

struct disk_faults *disk_faults(struct disk *d);
void disk_power_cut(struct disk *d, enum disk_cut how);
/* While frozen nothing changes what is on it (between a crash and the cut). */
void disk_freeze(struct disk *d, bool frozen);
/* Called before each write, truncation, rename, unlink and sync takes effect, with its number from 1: a sweep crashes
 * there. */
typedef void (*disk_hook)(void *arg, uint64_t number, bool is_sync);
void disk_set_hook(struct disk *d, disk_hook hook, void *arg);
uint64_t disk_steps(const struct disk *d); /* writes and syncs so far */

/* As the system calls: 0 or more, or -errno. flags as of open(2): O_CREAT, O_EXCL, O_TRUNC, access mode. */
int disk_open(struct disk *d, const char *path, int flags, unsigned mode, struct disk_file **out);
void disk_close(struct disk_file *f);
int64_t disk_read(struct disk_file *f, void *to, size_t len, int64_t at);
int64_t disk_write(struct disk_file *f, const void *from, size_t len, int64_t at);
int disk_truncate(struct disk_file *f, int64_t size);
int disk_sync(struct disk_file *f);
int64_t disk_size(const struct disk_file *f);
int disk_rename(struct disk *d, const char *from, const char *to, bool no_replace);
int disk_unlink(struct disk *d, const char *path);
int disk_stat(const struct disk *d, const char *path, bool *is_folder, int64_t *size);
int disk_mkdir(struct disk *d, const char *path);
int disk_sync_folder(struct disk *d, const char *path);
/* The n-th name in a folder, in order; false: no more. */
bool disk_list(const struct disk *d, const char *folder, unsigned n, char name[DISK_PATH_CAP]);

/* Where any of the needles occurs in what is on the disk now, freed sectors of files included; NULL: nowhere. For the
 * search after codes and keys that must not be there. */
const char *disk_find(const struct disk *d, const void *needle, size_t len);

#endif
