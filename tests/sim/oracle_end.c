/* SPDX-License-Identifier: Apache-2.0 */
/* oracle: what is judged at the end of a run, when everything is well again. */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/oracle.h"
#include "tests/sim/people/people.h"

#define HUB_DATABASE "/sim/hub/hub.sqlite"
#define LOCKER_DATABASE "/sim/locker/locker.db"
#define WAL_MARK 18 /* two bytes of the header: 2 means WAL */
#define MESSAGE_CAP 65536
#define KNOWN_US (90 * SECOND_US)
#define DRAINED_US (120 * SECOND_US)
#define SERVED_US (75 * SECOND_US) /* LIV-03: 35 s to be let in, the rest is his own time at the door */

/* ---------------------------------------------------------------- liveness */

static bool is_drained(const struct site *s)
{
    for (unsigned i = 0; i < s->cfg.lockers; i++) {
        if (!observe_is_up(s->observe, i) || observe_outbox(s->observe, i) != 0)
            return false;
    }
    return true;
}

static bool wait_drained(struct site *s)
{
    int64_t until_us = world_now_us(s->w) + DRAINED_US;
    while (!is_drained(s)) {
        if (world_now_us(s->w) >= until_us || world_is_ending(s->w))
            return false;
        fiber_sleep(s->w, SECOND_US);
    }
    return true;
}

static void shut_all(struct site *s)
{
    for (unsigned i = 0; i < s->cfg.lockers; i++) {
        const struct cabinet *c = plant_cabinet(s->locker[i].plant);
        for (uint16_t d = 0; d < c->layout.doors; d++) {
            if (c->door[d].lock.open)
                (void)door_shut(s, i, d);
        }
    }
}

static unsigned doors_for_people(const struct site *s, unsigned i)
{
    unsigned n = 0;
    for (uint16_t d = 0; d < observe_doors(s->observe, i); d++) {
        enum observe_state st = observe_compartment(s->observe, i, d);
        n += st == OBSERVE_CHECK || st == OBSERVE_FORCED || st == OBSERVE_OUT ? 1u : 0u;
    }
    return n;
}

/* LIV-05: people can bring every door back. */
static void judge_return(struct site *s)
{
    for (unsigned i = 0; i < s->cfg.lockers; i++) {
        for (unsigned k = 0; k < 3 && doors_for_people(s, i) > 0; k++)
            (void)people_inspect(s, i, false);
        if (doors_for_people(s, i) > 0 && !world_is_ending(s->w))
            world_fail(s->w, "LIV-05 staff can free every door: %u are left in locker %u", doors_for_people(s, i), i);
    }
}

/* LIV-03: whoever is in the right is served, whatever went before. */
static void judge_service(struct site *s)
{
    static const struct people_manner plain = {.takes_us = 4 * SECOND_US, .one_bag = true};
    unsigned served = 0;
    for (unsigned i = 0; i < s->ghost->orders && served < 3 && !world_is_ending(s->w); i++) {
        struct ghost_order *o = &s->ghost->order[i];
        uint32_t load;
        enum observe_order state;
        int door;
        char hub_state[24];
        if (o->place != GHOST_DOOR || o->excused || o->pulses > 0 ||
            !observe_order(s->observe, o->locker, o->key, &load, &state, &door) || state != OBSERVE_READY ||
            load != o->load || observe_is_stopped(s->observe, o->locker, o->door) || !desk_state(s, o, hub_state) ||
            strcmp(hub_state, "ready") != 0)
            continue;
        int64_t began_us = world_now_us(s->w);
        enum people_outcome got = people_pickup(s, o->locker, o, &plain);
        int64_t took_us = world_now_us(s->w) - began_us;
        served++;
        if (got != PEOPLE_DONE && !s->disk_lied)
            world_fail(s->w, "LIV-03 a patient with a valid code is served: order %.8s at locker %u was not (%s)",
                       o->id, o->locker, people_outcome_name(got));
        else if (took_us > SERVED_US)
            world_fail(s->w, "LIV-03 a patient with a valid code is served within 35 s: it took %" PRId64 " s",
                       took_us / SECOND_US);
    }
}

void oracle_liveness(struct site *s)
{
    fiber_sleep(s->w, 5 * SECOND_US); /* what was broken at the last moment is noticed a moment later */
    if (!site_wait_ready(s, KNOWN_US)) {
        if (!world_is_ending(s->w))
            world_fail(s->w, "LIV-01 within 60 s after everything is well every board is known");
        return;
    }
    shut_all(s);
    if (!wait_drained(s) && !world_is_ending(s->w) && !s->disk_lied)
        world_fail(s->w, "LIV-02 within 120 s the outbox is empty when broker and hub are up");
    judge_return(s);
    judge_service(s);
}

void oracle_settle(struct site *s)
{
    if (world_is_ending(s->w))
        return;
    fiber_sleep(s->w, 15 * SECOND_US);
    if (!wait_drained(s) && !world_is_ending(s->w) && !s->disk_lied)
        world_fail(s->w, "LIV-02 within 120 s the outbox is empty when broker and hub are up");
}

/* ---------------------------------------------------------------- secrets */

static void judge_text(struct site *s, const char *where, const char *text, size_t len)
{
    const char *found = oracle_secret_in(s, text, len);
    if (found != NULL)
        world_fail(s->w, "INV-26 no secret outside its place: %s in %s", found, where);
}

/* A message as it went over the broker: its parts are base64url. */
static void judge_message(struct site *s, const char *topic, const char *text, size_t len)
{
    static unsigned char plain[MESSAGE_CAP];
    judge_text(s, "a topic", topic, strlen(topic));
    judge_text(s, "a message", text, len);
    const char *part = memchr(text, '.', len);
    const char *end = part == NULL ? NULL : memchr(part + 1, '.', len - (size_t)(part + 1 - text));
    size_t n;
    if (end != NULL && sodium_base642bin(plain, sizeof plain, part + 1, (size_t)(end - part - 1), NULL, &n, NULL,
                                         sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0)
        judge_text(s, "the payload of a message", (const char *)plain, n);
}

static void judge_disk(struct site *s, struct disk *d, bool is_hub)
{
    for (unsigned i = 0; i < s->ghost->orders; i++) {
        const struct ghost_order *o = &s->ghost->order[i];
        const char *where = NULL, *what = "a pickup code";
        for (uint32_t load = 1; load <= o->load && load <= GHOST_LOADS_MAX && where == NULL; load++)
            where = o->code[load][0] == '\0' ? NULL : disk_find(d, o->code[load], 10);
        if (where == NULL && !is_hub) {
            what = "the name of a patient";
            where = disk_find(d, o->patient, strlen(o->patient));
        }
        if (where != NULL)
            world_fail(s->w, "INV-26 no secret outside its place: %s on a disk, %s", what, where);
    }
}

void oracle_secrets(struct site *s)
{
    const char *topic, *text;
    size_t len;
    for (uint64_t n = 0; n < broker_seen(s->broker); n++) {
        if (broker_message(s->broker, n, &topic, &text, &len))
            judge_message(s, topic, text, len);
    }
    if (s->cfg.seed % 8 != 0)
        return; /* whole disks are searched in some runs only */
    judge_disk(s, s->hub_machine.disk, true);
    for (unsigned i = 0; i < s->cfg.lockers; i++)
        judge_disk(s, s->locker[i].machine.disk, false);
}

/* ---------------------------------------------------------------- row by row */

/* A database as it lies on a disk after a clean end: all of it is in the one file. */
static sqlite3 *open_copy(struct site *s, struct disk *d, const char *path)
{
    struct disk_file *f;
    sqlite3 *db = NULL;
    if (disk_open(d, path, 0, 0, &f) < 0) {
        world_fail(s->w, "INV-25 the database %s is there after a clean end", path);
        return NULL;
    }
    int64_t size = disk_size(f);
    unsigned char *copy = sqlite3_malloc64((sqlite3_uint64)size + 1);
    if (copy == NULL || disk_read(f, copy, (size_t)size, 0) != size || size < 100)
        abort();
    disk_close(f);
    copy[WAL_MARK] = copy[WAL_MARK + 1] = 1;
    if (sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY, NULL) !=
            SQLITE_OK ||
        sqlite3_deserialize(db, "main", copy, size, size,
                            SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE) != SQLITE_OK)
        abort();
    return db;
}

static sqlite3_stmt *ask(struct site *s, sqlite3 *db, const char *sql)
{
    sqlite3_stmt *q = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) != SQLITE_OK)
        world_fail(s->w, "INV-25 a database can be read: %s", sqlite3_errmsg(db));
    return q;
}

static const char *column(sqlite3_stmt *q, int i)
{
    const unsigned char *text = sqlite3_column_text(q, i);
    return text == NULL ? "" : (const char *)text;
}

static bool column_is(sqlite3_stmt *q, int i, const uint8_t *bytes, size_t len)
{
    return sqlite3_column_bytes(q, i) == (int)len && memcmp(sqlite3_column_blob(q, i), bytes, len) == 0;
}

/* The member dat of a signed text; NULL when it cannot be read. */
static cJSON *read_dat(const char *text)
{
    static char plain[MESSAGE_CAP];
    size_t n, len = strlen(text);
    const char *part = strchr(text, '.');
    const char *end = part == NULL ? NULL : strchr(part + 1, '.');
    if (end == NULL || len >= sizeof plain ||
        sodium_base642bin((unsigned char *)plain, sizeof plain - 1, part + 1, (size_t)(end - part - 1), NULL, &n, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
        return NULL;
    plain[n] = '\0';
    return cJSON_Parse(plain);
}

/* INV-21: a pulse at the hub names the same door, order and number as the lock felt. */
static void compare_pulse(struct site *s, unsigned i, const struct ghost_record *rec, const char *text)
{
    cJSON *tree = read_dat(text);
    const cJSON *dat = cJSON_GetObjectItemCaseSensitive(tree, "dat");
    const cJSON *pulse = cJSON_GetObjectItemCaseSensitive(dat, "pulse");
    const cJSON *door = cJSON_GetObjectItemCaseSensitive(dat, "door");
    const cJSON *ord = cJSON_GetObjectItemCaseSensitive(dat, "ord");
    const struct cabinet *c = plant_cabinet(s->locker[i].plant);
    uint8_t key[16];
    bool same = cJSON_IsNumber(pulse) && (uint64_t)pulse->valuedouble == rec->pulse && cJSON_IsString(door) &&
                strcmp(door->valuestring, c->layout.door[rec->door].name) == 0 &&
                cJSON_IsString(ord) == rec->has_order &&
                (!rec->has_order || (ghost_hex(ord->valuestring, key, 16) && memcmp(key, rec->order, 16) == 0));
    if (!same)
        world_fail(s->w, "INV-21 a pulse has one record at the hub, equal to the truth: event %" PRId64 " of locker %u",
                   rec->seq, i);
    cJSON_Delete(tree);
}

static void compare_events(struct site *s, sqlite3 *hub, unsigned i)
{
    struct ghost_locker *g = &s->ghost->locker[i];
    sqlite3_stmt *q = ask(s, hub, "SELECT seq, typ, text FROM events WHERE locker = ?1 ORDER BY id");
    size_t n = 0;
    (void)sqlite3_bind_blob(q, 1, s->locker[i].key, sizeof s->locker[i].key, SQLITE_STATIC);
    for (; sqlite3_step(q) == SQLITE_ROW && world_failure(s->w) == NULL; n++) {
        const struct ghost_record *rec = n < g->records ? &g->record[n] : NULL;
        if (rec == NULL || sqlite3_column_int64(q, 0) != rec->seq || strcmp(column(q, 1), rec->typ) != 0) {
            world_fail(s->w, "INV-21 the hub has the events of locker %u once each and in order: row %zu is %lld %s", i,
                       n + 1, sqlite3_column_int64(q, 0), column(q, 1));
        } else if (strcmp(rec->typ, "door.pulsed.v1") == 0) {
            compare_pulse(s, i, rec, column(q, 2));
        }
    }
    if (n != g->records && world_failure(s->w) == NULL)
        world_fail(s->w, "INV-21 the hub has every event of locker %u: %zu of %zu", i, n, g->records);
    (void)sqlite3_finalize(q);
}

/* What the locker believes of a door, against the truth and against the hub. */
static void compare_door(struct site *s, sqlite3 *hub, unsigned i, sqlite3_stmt *q)
{
    const char *name = column(q, 0), *state = column(q, 1);
    uint8_t key[16];
    uint32_t load = 0;
    int door = door_by_name(s, i, name);
    if (door < 0)
        return;
    bool excused = observed_is_excused(i, (uint16_t)door);
    unsigned bags = observed_content(i, (uint16_t)door, key, &load);
    bool offered = strcmp(state, "FREE") == 0 || strcmp(state, "TAKEN") == 0;
    if (offered && bags > 0 && !excused)
        world_fail(s->w, "INV-14 door %s of locker %u is %s, and a bag lies in it", name, i, state);
    if (strcmp(state, "LOADED") == 0 && !excused) {
        struct ghost_order *o = bags == 1 ? ghost_find(s->ghost, key) : NULL;
        bool right = o != NULL && column_is(q, 2, key, sizeof key) && (uint32_t)sqlite3_column_int64(q, 3) == load;
        struct ghost_order *bound =
            sqlite3_column_bytes(q, 2) == 16 ? ghost_find(s->ghost, sqlite3_column_blob(q, 2)) : NULL;
        if (!right && !(bound != NULL && bound->excused)) {
            uint32_t known;
            enum observe_order st = OBSERVE_KNOWN;
            int at;
            /* A pickup of unknown end may have taken it. */
            bool in_doubt = bound != NULL && bound->pulses > 0;
            (void)observe_order(s->observe, i, key, &known, &st, &at);
            if (!in_doubt)
                world_fail(s->w, "INV-14 door %s of locker %u is LOADED with what truly lies in it", name, i);
        }
    }
    sqlite3_stmt *h = ask(s, hub, "SELECT state FROM compartments WHERE locker = ?1 AND door = ?2");
    (void)sqlite3_bind_blob(h, 1, s->locker[i].key, sizeof s->locker[i].key, SQLITE_STATIC);
    (void)sqlite3_bind_text(h, 2, name, -1, SQLITE_STATIC);
    bool there = sqlite3_step(h) == SQLITE_ROW;
    if (!there || strcmp(column(h, 0), state) != 0)
        world_fail(s->w, "LIV-04 the hub shows door %s of locker %u as it is: %s, not %s", name, i, state,
                   there ? column(h, 0) : "nothing");
    (void)sqlite3_finalize(h);
}

static void compare_doors(struct site *s, sqlite3 *hub, unsigned i)
{
    sqlite3 *db = open_copy(s, s->locker[i].machine.disk, LOCKER_DATABASE);
    if (db == NULL)
        return;
    sqlite3_stmt *q = ask(s, db, "SELECT door, state, ord, lod FROM compartment");
    while (sqlite3_step(q) == SQLITE_ROW && world_failure(s->w) == NULL)
        compare_door(s, hub, i, q);
    (void)sqlite3_finalize(q);
    (void)sqlite3_close(db);
}

/* As enum order_state of the hub has them. */
enum hub_order {
    HUB_REGISTERED,
    HUB_PACKED,
    HUB_IN_TRANSIT,
    HUB_READY,
    HUB_UNCONFIRMED,
    HUB_WITHDRAWING,
    HUB_WITHDRAWN,
    HUB_EXPIRED,
    HUB_RECALLED,
    HUB_RETURNED,
    HUB_COLLECTED,
    HUB_RESTOCKED
};

static void compare_order(struct site *s, const struct ghost_order *o, sqlite3_stmt *q)
{
    int state = sqlite3_column_int(q, 1);
    const char *door = column(q, 4);
    const struct cabinet *c = plant_cabinet(s->locker[o->locker].plant);
    const char *wrong = NULL;
    if (state == HUB_WITHDRAWING) {
        world_fail(s->w, "LIV-02 a withdrawal is answered when everything is well: order %.8s is not", o->id);
        return;
    }
    if (o->excused || (o->place == GHOST_DOOR && s->ghost->locker[o->locker].door[o->door].excused))
        return;
    switch ((int)o->place) {
    case GHOST_DOOR:
        if (state == HUB_COLLECTED || state == HUB_RETURNED || state == HUB_RESTOCKED)
            wrong = "it lies behind a door, and the hub says that it does not";
        else if (state == HUB_READY && strcmp(door, c->layout.door[o->door].name) != 0)
            wrong = "the hub names another door";
        break;
    case GHOST_PATIENT:
        if (state <= HUB_READY)
            wrong = "the patient has it, and the hub says that it waits";
        break;
    case GHOST_PHARMACY:
        if (state == HUB_READY || state == HUB_COLLECTED)
            wrong = "the pharmacy has it, and the hub says that it was brought or collected";
        break;
    default:
        break;
    }
    if (wrong != NULL)
        world_fail(s->w, "INV-18 ghost and hub agree on order %.8s (hub state %d, door \"%s\"): %s", o->id, state, door,
                   wrong);
}

static void compare_orders(struct site *s, sqlite3 *hub)
{
    sqlite3_stmt *q = ask(s, hub, "SELECT id, state, load, locker, door FROM orders");
    unsigned n = 0;
    for (; sqlite3_step(q) == SQLITE_ROW && world_failure(s->w) == NULL; n++) {
        const struct ghost_order *o =
            sqlite3_column_bytes(q, 0) == 16 ? ghost_find(s->ghost, sqlite3_column_blob(q, 0)) : NULL;
        if (o != NULL)
            compare_order(s, o, q);
    }
    (void)sqlite3_finalize(q);
}

void oracle_compare(struct site *s)
{
    sqlite3 *hub = s->disk_lied ? NULL : open_copy(s, s->hub_machine.disk, HUB_DATABASE);
    if (hub == NULL)
        return;
    compare_orders(s, hub);
    for (unsigned i = 0; i < s->cfg.lockers && world_failure(s->w) == NULL; i++) {
        compare_events(s, hub, i);
        compare_doors(s, hub, i);
    }
    (void)sqlite3_close(hub);
}
