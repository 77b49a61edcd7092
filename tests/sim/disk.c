/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/disk.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 4096 /* unit of sharing and of room; a multiple of DISK_SECTOR */
#define PPM 1000000
#define FREED_MAX 1024 /* freed pages that are remembered */
#define SIZE_MAX_BYTES (INT64_C(1) << 30)

/* Shared and then never changed, or owned by one list of pages. */
struct page {
    unsigned refs;
    uint8_t byte[PAGE];
};

/* NULL: a hole. */
struct pages {
    struct page **page;
    size_t cap;
    int64_t size;
};

/* A file or folder, whatever its names. */
struct node {
    struct disk *disk;
    uint64_t number;
    unsigned refs; /* names, changes that can be undone, open files */
    unsigned links, opens;
    bool is_folder;
    struct pages now, synced;
};

struct name {
    char path[DISK_PATH_CAP];
    struct node *node;
};

/* A change of names that is not synced: how it was before. */
struct change {
    char path[2][DISK_PATH_CAP]; /* the second one is empty unless it is a rename */
    struct node *before[2];      /* NULL: there was nothing */
};

struct disk_file {
    struct node *node;
    bool may_read, may_write;
    char path[DISK_PATH_CAP]; /* when it was opened: what a folder is synced by */
};

struct disk {
    struct dice *dice;
    struct disk_faults faults;
    struct disk_counts counts;
    bool frozen, cut_is_planned;
    enum disk_cut planned;
    disk_hook hook;
    void *hook_arg;
    uint64_t steps, last_number;
    struct name *name; /* sorted by path */
    size_t names, names_cap;
    struct change *change; /* the oldest first */
    size_t changes, changes_cap;
    struct page *freed[FREED_MAX]; /* a ring */
    unsigned freed_next;
};

static void *must(void *p)
{
    if (p == NULL)
        abort();
    return p;
}

static bool chance(struct disk *d, uint32_t ppm)
{
    return ppm > 0 && dice_below(d->dice, PPM) < ppm;
}

/* ---------------------------------------------------------------- pages */

/* Allocated, and all zero: never written to, because it is always shared. */
static struct page zeros = {.refs = 1};

static void page_unref(struct page *p)
{
    if (p != NULL && --p->refs == 0)
        free(p);
}

static struct page *page_ref(struct page *p)
{
    if (p != NULL)
        p->refs++;
    return p;
}

static const uint8_t *page_bytes(const struct page *p)
{
    return p != NULL ? p->byte : zeros.byte;
}

static struct page *page_at(const struct pages *l, size_t i)
{
    return i < l->cap ? l->page[i] : NULL;
}

static size_t page_count(const struct pages *l)
{
    return (size_t)((l->size + PAGE - 1) / PAGE);
}

static void pages_reserve(struct pages *l, size_t count)
{
    if (count <= l->cap)
        return;
    size_t cap = count + count / 2 + 4;
    l->page = must(reallocarray(l->page, cap, sizeof(struct page *)));
    memset(l->page + l->cap, 0, (cap - l->cap) * sizeof(struct page *));
    l->cap = cap;
}

static void pages_set(struct pages *l, size_t i, struct page *p)
{
    pages_reserve(l, i + 1);
    page_unref(l->page[i]);
    l->page[i] = p;
}

/* A page that may be written to. */
static struct page *pages_own(struct pages *l, size_t i)
{
    pages_reserve(l, i + 1);
    struct page *old = l->page[i];
    if (old != NULL && old->refs == 1)
        return old;
    struct page *p = must(malloc(sizeof *p));
    p->refs = 1;
    memcpy(p->byte, page_bytes(old), PAGE);
    pages_set(l, i, p);
    return p;
}

static void pages_clear(struct pages *l)
{
    for (size_t i = 0; i < l->cap; i++)
        page_unref(l->page[i]);
    free(l->page);
    *l = (struct pages){NULL, 0, 0};
}

static void pages_copy(struct pages *to, const struct pages *from)
{
    size_t count = page_count(from);
    pages_clear(to);
    pages_reserve(to, count);
    for (size_t i = 0; i < count && i < from->cap; i++)
        to->page[i] = page_ref(from->page[i]);
    to->size = from->size;
}

/* ---------------------------------------------------------------- room */

static void remember_freed(struct disk *d, struct page *p)
{
    if (p == NULL || p == &zeros)
        return;
    page_unref(d->freed[d->freed_next]);
    d->freed[d->freed_next] = page_ref(p);
    d->freed_next = (d->freed_next + 1) % FREED_MAX;
}

static bool take_room(struct disk *d, int64_t bytes)
{
    if (d->faults.room < 0)
        return true;
    if (d->faults.room < bytes) {
        d->counts.no_space++;
        return false;
    }
    d->faults.room -= bytes;
    return true;
}

static void give_room(struct disk *d, int64_t bytes)
{
    if (d->faults.room >= 0)
        d->faults.room += bytes;
}

/* Cuts off what is behind size; pages behind it are free again. */
static void shrink(struct disk *d, struct pages *l, int64_t size)
{
    size_t keep = (size_t)((size + PAGE - 1) / PAGE);
    for (size_t i = keep; i < l->cap; i++) {
        if (l->page[i] == NULL)
            continue;
        remember_freed(d, l->page[i]);
        give_room(d, PAGE);
        pages_set(l, i, NULL);
    }
    if (size % PAGE != 0 && page_at(l, keep - 1) != NULL && size < l->size) {
        remember_freed(d, l->page[keep - 1]);
        struct page *p = pages_own(l, keep - 1);
        memset(p->byte + size % PAGE, 0, (size_t)(PAGE - size % PAGE));
    }
    l->size = size;
}

/* ---------------------------------------------------------------- nodes */

static struct node *node_new(struct disk *d, bool is_folder)
{
    struct node *n = must(calloc(1, sizeof *n));
    n->disk = d;
    n->number = ++d->last_number;
    n->is_folder = is_folder;
    return n;
}

static struct node *node_ref(struct node *n)
{
    if (n != NULL)
        n->refs++;
    return n;
}

static void node_unref(struct node *n)
{
    if (n == NULL || --n->refs > 0)
        return;
    pages_clear(&n->now);
    pages_clear(&n->synced);
    free(n);
}

/* Nobody can reach it any more: its room is free. What stood there stays readable for whoever takes the disk apart. */
static void node_release(struct node *n)
{
    if (n == NULL || n->links > 0 || n->opens > 0)
        return;
    for (size_t i = 0; i < n->now.cap; i++) {
        if (n->now.page[i] != NULL) {
            remember_freed(n->disk, n->now.page[i]);
            give_room(n->disk, PAGE);
        }
    }
}

/* ---------------------------------------------------------------- names */

/* One slash between parts, none at the end. */
static bool tidy(const char *path, char out[DISK_PATH_CAP])
{
    size_t n = 0;
    for (const char *c = path; *c != '\0'; c++) {
        if (*c == '/' && n > 0 && out[n - 1] == '/')
            continue;
        if (n >= DISK_PATH_CAP - 1)
            return false;
        out[n++] = *c;
    }
    while (n > 1 && out[n - 1] == '/')
        n--;
    out[n] = '\0';
    return n > 0;
}

static size_t position(const struct disk *d, const char *path, bool *found)
{
    size_t low = 0, high = d->names;
    *found = false;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = strcmp(d->name[mid].path, path);
        if (order == 0) {
            *found = true;
            return mid;
        }
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static struct node *find(const struct disk *d, const char *path)
{
    bool found;
    size_t i = position(d, path, &found);
    return found ? d->name[i].node : NULL;
}

/* NULL: the name goes. Takes a reference of its own. */
static void set_name(struct disk *d, const char *path, struct node *n)
{
    bool found;
    size_t i = position(d, path, &found);
    struct node *before = found ? d->name[i].node : NULL;
    if (n != NULL) {
        (void)node_ref(n);
        n->links++;
    }
    if (found && n != NULL) {
        d->name[i].node = n;
    } else if (found) {
        memmove(&d->name[i], &d->name[i + 1], (d->names - i - 1) * sizeof *d->name);
        d->names--;
    } else if (n != NULL) {
        if (d->names == d->names_cap) {
            d->names_cap = d->names_cap * 2 + 16;
            d->name = must(reallocarray(d->name, d->names_cap, sizeof *d->name));
        }
        memmove(&d->name[i + 1], &d->name[i], (d->names - i) * sizeof *d->name);
        (void)snprintf(d->name[i].path, DISK_PATH_CAP, "%s", path);
        d->name[i].node = n;
        d->names++;
    }
    if (before != NULL) {
        before->links--;
        node_release(before);
        node_unref(before);
    }
}

/* "" for a path without a folder, "/" for the top. */
static void folder_of(const char *path, char out[DISK_PATH_CAP])
{
    const char *slash = strrchr(path, '/');
    size_t n = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
    memcpy(out, path, n);
    out[n] = '\0';
}

static bool has_folder(const struct disk *d, const char *path)
{
    char folder[DISK_PATH_CAP];
    folder_of(path, folder);
    if (strcmp(folder, "/") == 0)
        return true;
    const struct node *n = find(d, folder);
    return n != NULL && n->is_folder;
}

/* Changes one or two names at once, and notes how to undo it. */
static void change_names(struct disk *d, const char *a, struct node *to_a, const char *b, struct node *to_b)
{
    if (d->changes == d->changes_cap) {
        d->changes_cap = d->changes_cap * 2 + 16;
        d->change = must(reallocarray(d->change, d->changes_cap, sizeof *d->change));
    }
    struct change *c = &d->change[d->changes++];
    (void)snprintf(c->path[0], DISK_PATH_CAP, "%s", a);
    (void)snprintf(c->path[1], DISK_PATH_CAP, "%s", b != NULL ? b : "");
    c->before[0] = node_ref(find(d, a));
    c->before[1] = b != NULL ? node_ref(find(d, b)) : NULL;
    (void)node_ref(to_b);
    set_name(d, a, to_a);
    if (b != NULL)
        set_name(d, b, to_b);
    node_unref(to_b);
}

static void drop_change(struct change *c)
{
    node_unref(c->before[0]);
    node_unref(c->before[1]);
}

static bool is_in(const char *path, const char *folder)
{
    char of[DISK_PATH_CAP];
    folder_of(path, of);
    return path[0] != '\0' && strcmp(of, folder) == 0;
}

static void sync_names(struct disk *d, const char *folder)
{
    size_t kept = 0;
    for (size_t i = 0; i < d->changes; i++) {
        struct change *c = &d->change[i];
        if (is_in(c->path[0], folder) || is_in(c->path[1], folder))
            drop_change(c);
        else
            d->change[kept++] = *c;
    }
    d->changes = kept;
}

static void undo_names(struct disk *d, size_t keep)
{
    while (d->changes > keep) {
        struct change *c = &d->change[--d->changes];
        if (c->path[1][0] != '\0')
            set_name(d, c->path[1], c->before[1]);
        set_name(d, c->path[0], c->before[0]);
        drop_change(c);
        d->counts.lost_names++;
    }
    for (size_t i = 0; i < d->changes; i++)
        drop_change(&d->change[i]);
    d->changes = 0;
}

/* ---------------------------------------------------------------- the disk */

struct disk *disk_new(struct dice *dice)
{
    struct disk *d = must(calloc(1, sizeof *d));
    d->dice = dice;
    d->faults.room = -1;
    return d;
}

struct disk *disk_clone(const struct disk *from, struct dice *dice)
{
    struct disk *d = disk_new(dice);
    for (size_t i = 0; i < from->names; i++) {
        struct node *n = node_new(d, from->name[i].node->is_folder);
        pages_copy(&n->synced, &from->name[i].node->synced);
        pages_copy(&n->now, &n->synced);
        set_name(d, from->name[i].path, n);
    }
    return d;
}

void disk_free(struct disk *d)
{
    if (d == NULL)
        return;
    for (size_t i = 0; i < d->changes; i++)
        drop_change(&d->change[i]);
    d->changes = 0;
    while (d->names > 0)
        set_name(d, d->name[d->names - 1].path, NULL);
    for (size_t i = 0; i < FREED_MAX; i++)
        page_unref(d->freed[i]);
    free(d->name);
    free(d->change);
    free(d);
}

struct disk_faults *disk_faults(struct disk *d)
{
    return &d->faults;
}

const struct disk_counts *disk_counts(const struct disk *d)
{
    return &d->counts;
}

void disk_freeze(struct disk *d, bool frozen)
{
    d->frozen = frozen;
}

void disk_set_hook(struct disk *d, disk_hook hook, void *arg)
{
    d->hook = hook;
    d->hook_arg = arg;
}

uint64_t disk_steps(const struct disk *d)
{
    return d->steps;
}

/* false: the step must not take effect. */
static bool step(struct disk *d, bool is_sync)
{
    if (d->frozen)
        return false;
    uint64_t cuts = d->counts.cuts;
    d->steps++;
    if (d->hook != NULL)
        d->hook(d->hook_arg, d->steps, is_sync);
    return !d->frozen && d->counts.cuts == cuts;
}

/* ---------------------------------------------------------------- power cut */

/* Bytes that differ from what is synced are the ones that were being written: only they may be damaged. */
static void spoil(struct disk *d, uint8_t *now, const uint8_t *old)
{
    size_t first = 0, last = DISK_SECTOR - 1;
    while (now[first] == old[first])
        first++;
    while (now[last] == old[last])
        last--;
    for (size_t i = first; i <= last; i++)
        now[i] = (uint8_t)dice_next(d->dice);
}

static void cut_sector(struct disk *d, enum disk_cut how, uint8_t *now, const uint8_t *old)
{
    size_t kept = 0;
    switch (how) {
    case DISK_CUT_NEW:
        kept = DISK_SECTOR;
        break;
    case DISK_CUT_OLD:
        break;
    case DISK_CUT_MIX:
        kept = dice_below(d->dice, 2) * DISK_SECTOR;
        break;
    case DISK_CUT_TORN:
        kept = dice_below(d->dice, DISK_SECTOR + 1);
        break;
    case DISK_CUT_GARBAGE:
    case DISK_CUT_N:
    default:
        if (dice_below(d->dice, 2) == 0) {
            spoil(d, now, old);
            kept = DISK_SECTOR;
            d->counts.lost_sectors++;
        }
        break;
    }
    memcpy(now + kept, old + kept, DISK_SECTOR - kept);
    d->counts.lost_sectors += kept < DISK_SECTOR;
}

static void cut_page(struct disk *d, struct node *n, size_t i, enum disk_cut how)
{
    struct page *now = page_at(&n->now, i), *old = page_at(&n->synced, i);
    if (now == old || memcmp(page_bytes(now), page_bytes(old), PAGE) == 0)
        return;
    struct page *p = pages_own(&n->now, i);
    for (size_t at = 0; at < PAGE; at += DISK_SECTOR) {
        if (memcmp(p->byte + at, page_bytes(old) + at, DISK_SECTOR) != 0)
            cut_sector(d, how, p->byte + at, page_bytes(old) + at);
    }
}

static void cut_file(struct disk *d, struct node *n, enum disk_cut how)
{
    int64_t old_size = n->synced.size, new_size = n->now.size;
    if (how != DISK_CUT_NEW) {
        size_t count = page_count(&n->now) > page_count(&n->synced) ? page_count(&n->now) : page_count(&n->synced);
        for (size_t i = 0; i < count; i++)
            cut_page(d, n, i, how);
    }
    bool is_old = how == DISK_CUT_OLD || (how != DISK_CUT_NEW && dice_below(d->dice, 2) == 0);
    n->now.size = is_old ? old_size : new_size;
    /* What is behind the end reads as zero when the file grows again. */
    struct pages whole = n->now;
    whole.size = (int64_t)whole.cap * PAGE;
    shrink(d, &whole, n->now.size);
    n->now = whole;
    pages_copy(&n->synced, &n->now);
}

void disk_plan_cut(struct disk *d, enum disk_cut how)
{
    d->cut_is_planned = true;
    d->planned = how;
}

void disk_power_cut(struct disk *d, enum disk_cut how)
{
    if (d->cut_is_planned)
        how = d->planned;
    d->cut_is_planned = false;
    d->counts.cuts++;
    size_t keep = how == DISK_CUT_OLD   ? 0
                  : how == DISK_CUT_NEW ? d->changes
                                        : dice_below(d->dice, (uint32_t)d->changes + 1);
    undo_names(d, keep);
    for (size_t i = 0; i < d->names; i++) {
        if (!d->name[i].node->is_folder)
            cut_file(d, d->name[i].node, how);
    }
    d->frozen = false;
}

/* ---------------------------------------------------------------- files */

static bool wants(int flags, int mode)
{
    return (flags & O_ACCMODE) == mode || (flags & O_ACCMODE) == O_RDWR;
}

static int create(struct disk *d, const char *path, bool is_folder, struct node **out)
{
    if (!has_folder(d, path))
        return -ENOENT;
    if (!step(d, false))
        return -EIO;
    if (d->faults.room >= 0 && d->faults.room < PAGE) {
        d->counts.no_space++;
        return -ENOSPC;
    }
    struct node *n = node_new(d, is_folder);
    change_names(d, path, n, NULL, NULL);
    *out = n;
    return 0;
}

int disk_open(struct disk *d, const char *path, int flags, unsigned mode, struct disk_file **out)
{
    char p[DISK_PATH_CAP];
    (void)mode;
    if (!tidy(path, p))
        return -ENAMETOOLONG;
    struct node *n = find(d, p);
    if (n != NULL && (flags & O_CREAT) != 0 && (flags & O_EXCL) != 0)
        return -EEXIST;
    if (n == NULL && (flags & O_CREAT) == 0)
        return -ENOENT;
    if (n != NULL && !n->is_folder && (flags & O_DIRECTORY) != 0)
        return -ENOTDIR;
    if (n != NULL && n->is_folder && wants(flags, O_WRONLY))
        return -EISDIR;
    if (n == NULL) {
        int rc = create(d, p, false, &n);
        if (rc < 0)
            return rc;
    }
    struct disk_file *f = must(calloc(1, sizeof *f));
    f->node = node_ref(n);
    n->opens++;
    f->may_read = wants(flags, O_RDONLY);
    f->may_write = wants(flags, O_WRONLY);
    (void)snprintf(f->path, sizeof f->path, "%s", p);
    if ((flags & O_TRUNC) != 0 && f->may_write && n->now.size > 0) {
        int rc = disk_truncate(f, 0);
        if (rc < 0) {
            disk_close(f);
            return rc;
        }
    }
    *out = f;
    return 0;
}

void disk_close(struct disk_file *f)
{
    if (f == NULL)
        return;
    f->node->opens--;
    node_release(f->node);
    node_unref(f->node);
    free(f);
}

static void flip(struct disk *d, uint8_t *bytes, size_t len)
{
    if (len > 0 && chance(d, d->faults.flip_ppm)) {
        uint32_t bit = dice_below(d->dice, (uint32_t)len * 8);
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        d->counts.flips++;
    }
}

int64_t disk_read(struct disk_file *f, void *to, size_t len, int64_t at)
{
    struct disk *d = f->node->disk;
    const struct pages *l = &f->node->now;
    if (f->node->is_folder)
        return -EISDIR;
    if (!f->may_read)
        return -EBADF;
    if (at < 0)
        return -EINVAL;
    if (chance(d, d->faults.read_eio_ppm)) {
        d->counts.read_eio++;
        return -EIO;
    }
    if (at >= l->size)
        return 0;
    if ((int64_t)len > l->size - at)
        len = (size_t)(l->size - at);
    for (size_t done = 0; done < len;) {
        size_t offset = (size_t)(at + (int64_t)done) % PAGE;
        size_t part = PAGE - offset < len - done ? PAGE - offset : len - done;
        const struct page *p = page_at(l, (size_t)(at + (int64_t)done) / PAGE);
        memcpy((uint8_t *)to + done, page_bytes(p) + offset, part);
        done += part;
    }
    flip(d, to, len);
    return (int64_t)len;
}

/* Pages that a range still needs. */
static int64_t missing(const struct pages *l, int64_t at, int64_t len)
{
    int64_t count = 0;
    for (int64_t i = at / PAGE; len > 0 && i <= (at + len - 1) / PAGE; i++)
        count += page_at(l, (size_t)i) == NULL;
    return count;
}

static int may_change(struct disk_file *f, int64_t end)
{
    if (f->node->is_folder)
        return -EISDIR;
    if (!f->may_write)
        return -EBADF;
    if (end < 0)
        return -EINVAL;
    if (end > SIZE_MAX_BYTES)
        return -EFBIG;
    return step(f->node->disk, false) ? 0 : -EIO;
}

int64_t disk_write(struct disk_file *f, const void *from, size_t len, int64_t at)
{
    struct disk *d = f->node->disk;
    struct pages *l = &f->node->now;
    int rc = at < 0 ? -EINVAL : may_change(f, at + (int64_t)len);
    if (rc < 0)
        return rc;
    if (chance(d, d->faults.write_eio_ppm)) {
        d->counts.write_eio++;
        return -EIO;
    }
    if (!take_room(d, missing(l, at, (int64_t)len) * PAGE))
        return -ENOSPC;
    for (size_t done = 0; done < len;) {
        size_t offset = (size_t)(at + (int64_t)done) % PAGE;
        size_t part = PAGE - offset < len - done ? PAGE - offset : len - done;
        struct page *p = pages_own(l, (size_t)(at + (int64_t)done) / PAGE);
        memcpy(p->byte + offset, (const uint8_t *)from + done, part);
        done += part;
    }
    if (at + (int64_t)len > l->size)
        l->size = at + (int64_t)len;
    return (int64_t)len;
}

int disk_truncate(struct disk_file *f, int64_t size)
{
    int rc = may_change(f, size);
    if (rc < 0)
        return rc;
    if (size < f->node->now.size)
        shrink(f->node->disk, &f->node->now, size);
    f->node->now.size = size;
    return 0;
}

int disk_allocate(struct disk_file *f, int64_t at, int64_t len)
{
    struct pages *l = &f->node->now;
    int rc = at < 0 || len <= 0 ? -EINVAL : may_change(f, at + len);
    if (rc < 0)
        return rc;
    if (!take_room(f->node->disk, missing(l, at, len) * PAGE))
        return -ENOSPC;
    for (int64_t i = at / PAGE; i <= (at + len - 1) / PAGE; i++) {
        if (page_at(l, (size_t)i) == NULL)
            pages_set(l, (size_t)i, page_ref(&zeros));
    }
    if (at + len > l->size)
        l->size = at + len;
    return 0;
}

int disk_sync(struct disk_file *f)
{
    struct disk *d = f->node->disk;
    if (!step(d, true))
        return -EIO;
    if (chance(d, d->faults.sync_eio_ppm)) {
        d->counts.sync_eio++;
        return -EIO;
    }
    if (d->faults.sync_lies) {
        d->counts.lies++;
        return 0;
    }
    if (f->node->is_folder)
        sync_names(d, f->path);
    else
        pages_copy(&f->node->synced, &f->node->now);
    return 0;
}

int64_t disk_size(const struct disk_file *f)
{
    return f->node->now.size;
}

bool disk_is_folder(const struct disk_file *f)
{
    return f->node->is_folder;
}

uint64_t disk_file_number(const struct disk_file *f)
{
    return f->node->number;
}

/* ---------------------------------------------------------------- names, from outside */

static bool is_empty(const struct disk *d, const char *folder)
{
    char name[DISK_PATH_CAP];
    return !disk_list(d, folder, 0, name);
}

int disk_rename(struct disk *d, const char *from, const char *to, bool no_replace)
{
    char a[DISK_PATH_CAP], b[DISK_PATH_CAP];
    if (!tidy(from, a) || !tidy(to, b))
        return -ENAMETOOLONG;
    struct node *n = find(d, a);
    const struct node *there = find(d, b);
    if (n == NULL || !has_folder(d, b))
        return -ENOENT;
    if (there != NULL && no_replace)
        return -EEXIST;
    if (there != NULL && there->is_folder != n->is_folder)
        return there->is_folder ? -EISDIR : -ENOTDIR;
    if (n->is_folder && !is_empty(d, a))
        return -ENOTEMPTY; /* the simulated programs move no folders */
    if (!step(d, false))
        return -EIO;
    if (there != n)
        change_names(d, a, NULL, b, n);
    return 0;
}

int disk_unlink(struct disk *d, const char *path)
{
    char p[DISK_PATH_CAP];
    if (!tidy(path, p))
        return -ENAMETOOLONG;
    const struct node *n = find(d, p);
    if (n == NULL)
        return -ENOENT;
    if (n->is_folder)
        return -EISDIR;
    if (!step(d, false))
        return -EIO;
    change_names(d, p, NULL, NULL, NULL);
    return 0;
}

int disk_stat(const struct disk *d, const char *path, bool *is_folder, int64_t *size)
{
    char p[DISK_PATH_CAP];
    if (!tidy(path, p))
        return -ENAMETOOLONG;
    const struct node *n = find(d, p);
    if (n == NULL && strcmp(p, "/") != 0)
        return -ENOENT;
    if (is_folder != NULL)
        *is_folder = n == NULL || n->is_folder;
    if (size != NULL)
        *size = n != NULL ? n->now.size : 0;
    return 0;
}

int disk_mkdir(struct disk *d, const char *path)
{
    char p[DISK_PATH_CAP];
    struct node *n;
    if (!tidy(path, p))
        return -ENAMETOOLONG;
    if (find(d, p) != NULL || strcmp(p, "/") == 0)
        return -EEXIST;
    return create(d, p, true, &n);
}

int disk_sync_folder(struct disk *d, const char *path)
{
    struct disk_file *f;
    int rc = disk_open(d, path, O_RDONLY | O_DIRECTORY, 0, &f);
    if (rc < 0)
        return rc;
    rc = disk_sync(f);
    disk_close(f);
    return rc;
}

bool disk_list(const struct disk *d, const char *folder, unsigned n, char name[DISK_PATH_CAP])
{
    char p[DISK_PATH_CAP];
    if (!tidy(folder, p))
        return false;
    size_t skip = strcmp(p, "/") == 0 ? 1 : strlen(p) + 1;
    for (size_t i = 0; i < d->names; i++) {
        if (is_in(d->name[i].path, p) && n-- == 0) {
            (void)snprintf(name, DISK_PATH_CAP, "%s", d->name[i].path + skip);
            return true;
        }
    }
    return false;
}

bool disk_put(struct disk *d, const char *path, const void *bytes, size_t len)
{
    struct disk_file *f;
    char folder[DISK_PATH_CAP], p[DISK_PATH_CAP];
    if (!tidy(path, p) || disk_open(d, p, O_WRONLY | O_CREAT | O_TRUNC, 0600, &f) < 0)
        return false;
    folder_of(p, folder);
    bool done = disk_write(f, bytes, len, 0) == (int64_t)len && disk_sync(f) == 0;
    disk_close(f);
    sync_names(d, folder);
    return done;
}

/* ---------------------------------------------------------------- searching */

/* Pages are searched with the beginning of the next one, so that nothing hides on the edge. */
static bool pages_have(const struct pages *l, const void *needle, size_t len)
{
    uint8_t window[PAGE + 256];
    for (size_t i = 0; i < page_count(l); i++) {
        const struct page *p = page_at(l, i);
        if ((p == NULL || p == &zeros) && i > 0)
            continue;
        memcpy(window, page_bytes(p), PAGE);
        memcpy(window + PAGE, page_bytes(page_at(l, i + 1)), 256);
        if (memmem(window, PAGE + (len < 256 ? len : 256), needle, len) != NULL)
            return true;
    }
    return false;
}

const char *disk_find(const struct disk *d, const void *needle, size_t len)
{
    assert(len > 0 && len <= 256);
    for (size_t i = 0; i < d->names; i++) {
        const struct node *n = d->name[i].node;
        if (pages_have(&n->now, needle, len) || pages_have(&n->synced, needle, len))
            return d->name[i].path;
    }
    for (size_t i = 0; i < FREED_MAX; i++) {
        if (d->freed[i] != NULL && memmem(d->freed[i]->byte, PAGE, needle, len) != NULL)
            return "(free)";
    }
    return NULL;
}
