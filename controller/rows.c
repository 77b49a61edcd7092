/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/rows.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

const char *const rows_migration[STORE_SCHEMA] = {
    "CREATE TABLE meta (one INTEGER PRIMARY KEY CHECK (one = 1), boot INTEGER NOT NULL, epoch INTEGER NOT NULL,"
    " pulse INTEGER NOT NULL, described BLOB NOT NULL) STRICT;"
    "INSERT INTO meta VALUES (1, 0, 0, 0, zeroblob(32));"
    "CREATE TABLE compartment (door TEXT PRIMARY KEY, state TEXT NOT NULL, serial INTEGER NOT NULL, ord BLOB,"
    " lod INTEGER) STRICT, WITHOUT ROWID;"
    "CREATE TABLE order_local (slot INTEGER PRIMARY KEY, ord BLOB NOT NULL, lod INTEGER NOT NULL, newest INTEGER NOT "
    "NULL,"
    " state TEXT NOT NULL, ending INTEGER NOT NULL, door TEXT NOT NULL, class INTEGER NOT NULL,"
    " not_before_s INTEGER NOT NULL, not_after_s INTEGER NOT NULL, loaded_ms INTEGER NOT NULL,"
    " key_epoch INTEGER NOT NULL, has_v1 INTEGER NOT NULL, v1 BLOB NOT NULL, v2 BLOB NOT NULL, pulses INTEGER NOT NULL,"
    " first_pulse_ms INTEGER NOT NULL, first_pulse_boot INTEGER NOT NULL, first_pulse_boot_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE badge (slot INTEGER PRIMARY KEY, badge BLOB NOT NULL, revoked INTEGER NOT NULL, wrong INTEGER NOT "
    "NULL)"
    " STRICT;"
    "CREATE TABLE limiter (one INTEGER PRIMARY KEY CHECK (one = 1), packed BLOB NOT NULL) STRICT;"
    "CREATE TABLE timefloor (one INTEGER PRIMARY KEY CHECK (one = 1), floor_ms INTEGER NOT NULL, signed_ms INTEGER NOT "
    "NULL,"
    " contact_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE journal (id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, boot INTEGER NOT NULL, boot_ms INTEGER NOT "
    "NULL,"
    " wall_ms INTEGER NOT NULL, typ TEXT NOT NULL, body TEXT NOT NULL, prev BLOB NOT NULL, hash BLOB NOT NULL) STRICT;"
    "CREATE TABLE journal_end (one INTEGER PRIMARY KEY CHECK (one = 1), last_id INTEGER NOT NULL, head BLOB NOT NULL,"
    " base_id INTEGER NOT NULL, base BLOB NOT NULL) STRICT;"
    "INSERT INTO journal_end VALUES (1, 0, zeroblob(32), 0, zeroblob(32));"
    "CREATE TABLE outbox (seq INTEGER PRIMARY KEY, journal INTEGER NOT NULL, message TEXT NOT NULL) STRICT;"
    "CREATE TABLE cursor (stream TEXT PRIMARY KEY, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, acked INTEGER NOT "
    "NULL,"
    " hash BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "INSERT INTO cursor VALUES ('evt', 0, 0, 0, zeroblob(32)), ('cmd', 0, 0, 0, zeroblob(32));",

    /* wiring: NULL: never commissioned. A door that was loaded before this was asked for has proved itself in use; its
     * wiring is that of the next start. */
    "ALTER TABLE compartment ADD COLUMN wiring BLOB;"
    "UPDATE compartment SET wiring = zeroblob(16) WHERE serial > 0;",

    /* Bags of one person, the language of the screen; carers with a right of their own. */
    "ALTER TABLE order_local ADD COLUMN person BLOB NOT NULL DEFAULT (zeroblob(8));"
    "ALTER TABLE order_local ADD COLUMN language INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE order_local ADD COLUMN token BLOB;" /* NULL: the code was never renewed */
    "CREATE TABLE carer (slot INTEGER PRIMARY KEY, carer BLOB NOT NULL UNIQUE, ord BLOB NOT NULL, lod INTEGER NOT NULL,"
    " person BLOB NOT NULL, state INTEGER NOT NULL, not_after_s INTEGER NOT NULL, key_epoch INTEGER NOT NULL,"
    " has_v1 INTEGER NOT NULL, v1 BLOB NOT NULL, v2 BLOB NOT NULL) STRICT;",
};

/* ---------------------------------------------------------------- writing */

static enum err save_compartment(struct db *db, const struct locker *l, uint16_t door, struct reason *r)
{
    const struct compartment *c = &l->compartment[door];
    sqlite3_stmt *s = db_stmt(db, "INSERT OR REPLACE INTO compartment (door, state, serial, ord, lod, wiring)"
                                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    (void)sqlite3_bind_text(s, 1, l->cabinet.door[door].name, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(s, 2, compartment_state_name(c->state), -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(s, 3, c->serial);
    if (c->bound) {
        (void)sqlite3_bind_blob(s, 4, c->order, CODE_ORDER_LEN, SQLITE_STATIC);
        (void)sqlite3_bind_int64(s, 5, c->load);
    }
    if (c->proved)
        (void)sqlite3_bind_blob(s, 6, c->wiring, CABINET_WIRING_LEN, SQLITE_STATIC);
    return db_run(db, s, r);
}

static enum err delete_order(struct db *db, uint16_t slot, struct reason *r)
{
    sqlite3_stmt *s = db_stmt(db, "DELETE FROM order_local WHERE slot = ?1");
    (void)sqlite3_bind_int64(s, 1, slot);
    return db_run(db, s, r);
}

static enum err save_order(struct db *db, const struct order *o, uint16_t slot, struct reason *r)
{
    if (!o->used)
        return delete_order(db, slot, r);
    sqlite3_stmt *s = db_stmt(
        db, "INSERT OR REPLACE INTO order_local (slot, ord, lod, newest, state, ending, door, class,"
            " not_before_s, not_after_s, loaded_ms, key_epoch, has_v1, v1, v2, pulses,"
            " first_pulse_ms, first_pulse_boot, first_pulse_boot_ms, person, language, token) VALUES (?1, ?2, ?3,"
            " ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)");
    int i = 1;
    (void)sqlite3_bind_int64(s, i++, slot);
    (void)sqlite3_bind_blob(s, i++, o->id, CODE_ORDER_LEN, SQLITE_STATIC);
    (void)sqlite3_bind_int64(s, i++, o->load);
    (void)sqlite3_bind_int64(s, i++, o->newest);
    (void)sqlite3_bind_text(s, i++, order_state_name(o->state), -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(s, i++, (int64_t)o->end);
    (void)sqlite3_bind_text(s, i++, o->door_name, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(s, i++, (int64_t)o->cls);
    (void)sqlite3_bind_int64(s, i++, o->not_before_s);
    (void)sqlite3_bind_int64(s, i++, o->not_after_s);
    (void)sqlite3_bind_int64(s, i++, o->loaded_ms);
    (void)sqlite3_bind_int64(s, i++, o->key_epoch);
    (void)sqlite3_bind_int64(s, i++, o->has_v1 ? 1 : 0);
    (void)sqlite3_bind_blob(s, i++, o->v1, CODE_MAC_LEN, SQLITE_STATIC);
    (void)sqlite3_bind_blob(s, i++, o->v2, CODE_MAC_LEN, SQLITE_STATIC);
    (void)sqlite3_bind_int64(s, i++, o->pulses);
    (void)sqlite3_bind_int64(s, i++, o->first_pulse_ms);
    (void)sqlite3_bind_int64(s, i++, o->first_pulse_boot);
    (void)sqlite3_bind_int64(s, i++, o->first_pulse_boot_ms);
    (void)sqlite3_bind_blob(s, i++, o->person, TOKEN_PERSON_LEN, SQLITE_STATIC);
    (void)sqlite3_bind_int64(s, i++, (int64_t)o->language);
    if (o->recoded)
        (void)sqlite3_bind_blob(s, i, o->token, (int)sizeof o->token, SQLITE_STATIC);
    return db_run(db, s, r);
}

static enum err save_carer(struct db *db, const struct carer *c, uint16_t slot, struct reason *r)
{
    sqlite3_stmt *s =
        c->used ? db_stmt(db, "INSERT OR REPLACE INTO carer (slot, carer, ord, lod, person, state, not_after_s,"
                              " key_epoch, has_v1, v1, v2) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")
                : db_stmt(db, "DELETE FROM carer WHERE slot = ?1");
    int i = 1;
    (void)sqlite3_bind_int64(s, i++, slot);
    if (c->used) {
        (void)sqlite3_bind_blob(s, i++, c->right.id, CODE_CARER_LEN, SQLITE_STATIC);
        (void)sqlite3_bind_blob(s, i++, c->right.order, CODE_ORDER_LEN, SQLITE_STATIC);
        (void)sqlite3_bind_int64(s, i++, c->right.load);
        (void)sqlite3_bind_blob(s, i++, c->right.person, TOKEN_PERSON_LEN, SQLITE_STATIC);
        (void)sqlite3_bind_int64(s, i++, (int64_t)c->state);
        (void)sqlite3_bind_int64(s, i++, c->right.not_after_s);
        (void)sqlite3_bind_int64(s, i++, c->key_epoch);
        (void)sqlite3_bind_int64(s, i++, c->has_v1 ? 1 : 0);
        (void)sqlite3_bind_blob(s, i++, c->v1, CODE_MAC_LEN, SQLITE_STATIC);
        (void)sqlite3_bind_blob(s, i++, c->v2, CODE_MAC_LEN, SQLITE_STATIC);
    }
    return db_run(db, s, r);
}

static enum err save_badge(struct db *db, const struct badge *b, uint16_t slot, struct reason *r)
{
    sqlite3_stmt *s =
        b->used ? db_stmt(db, "INSERT OR REPLACE INTO badge (slot, badge, revoked, wrong) VALUES (?1, ?2, ?3, ?4)")
                : db_stmt(db, "DELETE FROM badge WHERE slot = ?1");
    (void)sqlite3_bind_int64(s, 1, slot);
    if (b->used) {
        (void)sqlite3_bind_blob(s, 2, b->id, BADGE_ID_LEN, SQLITE_STATIC);
        (void)sqlite3_bind_int64(s, 3, b->revoked ? 1 : 0);
        (void)sqlite3_bind_int64(s, 4, b->wrong);
    }
    return db_run(db, s, r);
}

static enum err save_limiter(struct db *db, const struct limiter *l, struct reason *r)
{
    uint8_t packed[LIMITER_PACKED_LEN];
    limiter_pack(l, packed);
    sqlite3_stmt *s = db_stmt(db, "INSERT OR REPLACE INTO limiter (one, packed) VALUES (1, ?1)");
    (void)sqlite3_bind_blob(s, 1, packed, (int)sizeof packed, SQLITE_STATIC);
    return db_run(db, s, r);
}

static enum err save_floor(struct db *db, const struct floor *f, struct reason *r)
{
    sqlite3_stmt *s =
        db_stmt(db, "INSERT OR REPLACE INTO timefloor (one, floor_ms, signed_ms, contact_ms) VALUES (1, ?1, ?2, ?3)");
    (void)sqlite3_bind_int64(s, 1, f->floor_ms);
    (void)sqlite3_bind_int64(s, 2, f->signed_ms);
    (void)sqlite3_bind_int64(s, 3, f->contact_ms);
    return db_run(db, s, r);
}

static enum err save_meta(struct db *db, const struct locker *l, struct reason *r)
{
    sqlite3_stmt *s = db_stmt(db, "UPDATE meta SET pulse = ?1, described = ?2 WHERE one = 1");
    (void)sqlite3_bind_int64(s, 1, (int64_t)l->pulse_serial);
    (void)sqlite3_bind_blob(s, 2, l->described, (int)sizeof l->described, SQLITE_STATIC);
    return db_run(db, s, r);
}

enum err rows_save(struct db *db, const struct locker *l, const struct effects *fx, struct reason *r)
{
    enum err e = ERR_OK;
    for (uint16_t i = 0; fx->compartments && i < l->cabinet.doors && e == ERR_OK; i++) {
        if (fx->compartment[i])
            e = save_compartment(db, l, i, r);
    }
    for (uint16_t i = 0; fx->orders && i < ORDER_SLOTS && e == ERR_OK; i++) {
        if (fx->order[i])
            e = save_order(db, &l->orders.slot[i], i, r);
    }
    for (uint16_t i = 0; fx->badges && i < BADGE_SLOTS && e == ERR_OK; i++) {
        if (fx->badge[i])
            e = save_badge(db, &l->badges.slot[i], i, r);
    }
    for (uint16_t i = 0; fx->carers && i < CARER_SLOTS && e == ERR_OK; i++) {
        if (fx->carer[i])
            e = save_carer(db, &l->carers.slot[i], i, r);
    }
    if (e == ERR_OK && fx->limiter)
        e = save_limiter(db, &l->limiter, r);
    if (e == ERR_OK && fx->floor)
        e = save_floor(db, &l->floor, r);
    if (e == ERR_OK && fx->meta)
        e = save_meta(db, l, r);
    return e;
}

/* ---------------------------------------------------------------- reading */

/* Reads columns in order and remembers the first that makes no sense. */
struct reader {
    sqlite3_stmt *s;
    int column;
    bool bad;
};

static int64_t take_int(struct reader *in, int64_t min, int64_t max)
{
    int64_t v = sqlite3_column_int64(in->s, in->column++);
    if (v < min || v > max) {
        in->bad = true;
        return min;
    }
    return v;
}

static void take_blob(struct reader *in, uint8_t *out, int len)
{
    int column = in->column++;
    if (sqlite3_column_bytes(in->s, column) != len)
        in->bad = true;
    else
        memcpy(out, sqlite3_column_blob(in->s, column), (size_t)len);
}

static const char *take_text(struct reader *in, int max_len)
{
    int column = in->column++;
    const char *text = (const char *)sqlite3_column_text(in->s, column);
    if (text == NULL || sqlite3_column_bytes(in->s, column) > max_len) {
        in->bad = true;
        return "";
    }
    return text;
}

typedef enum err (*read_fn)(struct reader *in, struct locker *l, struct reason *r);

static enum err each_row(struct db *db, sqlite3_stmt *s, struct locker *l, read_fn fn, struct reason *r)
{
    bool more;
    enum err e;
    while ((e = db_step(db, s, &more, r)) == ERR_OK && more) {
        struct reader in = {.s = s};
        e = fn(&in, l, r);
        if (e == ERR_CORRUPT && sqlite3_errcode(db_handle(db)) == SQLITE_NOMEM)
            e = err_because(r, ERR_MEMORY, "database: no memory"); /* says nothing about what is stored */
        if (e != ERR_OK)
            break;
    }
    (void)sqlite3_reset(s);
    return e;
}

static enum err read_order(struct reader *in, struct locker *l, struct reason *r)
{
    uint16_t slot = (uint16_t)take_int(in, 0, ORDER_SLOTS - 1);
    struct order o = {.used = true};
    take_blob(in, o.id, CODE_ORDER_LEN);
    o.load = (uint32_t)take_int(in, 0, UINT32_MAX);
    o.newest = (uint32_t)take_int(in, 0, UINT32_MAX);
    in->bad = order_state_parse(take_text(in, 16), &o.state) != ERR_OK || in->bad;
    o.end = (enum order_end)take_int(in, 0, ORDER_END_N - 1);
    const char *door = take_text(in, CABINET_NAME_CAP - 1);
    memcpy(o.door_name, door, strlen(door));
    o.door = door[0] == '\0' ? CABINET_NO_DOOR : cabinet_find_name(&l->cabinet, door);
    o.cls = (enum token_class)take_int(in, 0, TOKEN_CLASS_N - 1);
    o.not_before_s = take_int(in, 0, INT64_MAX / 1000);
    o.not_after_s = take_int(in, 0, INT64_MAX / 1000);
    o.loaded_ms = take_int(in, 0, INT64_MAX);
    o.key_epoch = (uint32_t)take_int(in, 0, UINT32_MAX);
    o.has_v1 = take_int(in, 0, 1) == 1;
    take_blob(in, o.v1, CODE_MAC_LEN);
    take_blob(in, o.v2, CODE_MAC_LEN);
    o.pulses = (uint8_t)take_int(in, 0, ORDER_PULSES_MAX);
    o.first_pulse_ms = take_int(in, 0, INT64_MAX);
    o.first_pulse_boot = (uint32_t)take_int(in, 0, UINT32_MAX);
    o.first_pulse_boot_ms = take_int(in, 0, INT64_MAX);
    take_blob(in, o.person, TOKEN_PERSON_LEN);
    o.language = (enum language)take_int(in, 0, LANGUAGE_N - 1);
    o.recoded = sqlite3_column_type(in->s, in->column) != SQLITE_NULL;
    if (o.recoded)
        take_blob(in, o.token, (int)sizeof o.token);
    if (in->bad || order_find(&l->orders, o.id) != ORDER_NONE)
        return err_because(r, ERR_CORRUPT, "order in slot %u makes no sense", slot);
    l->orders.slot[slot] = o;
    sodium_memzero(&o, sizeof o);
    return ERR_OK;
}

static enum err read_compartment(struct reader *in, struct locker *l, struct reason *r)
{
    struct compartment c = {0};
    const char *name = take_text(in, CABINET_NAME_CAP - 1);
    uint16_t door = cabinet_find_name(&l->cabinet, name);
    in->bad = compartment_state_parse(take_text(in, 16), &c.state) != ERR_OK || in->bad;
    c.serial = (uint32_t)take_int(in, 0, UINT32_MAX);
    c.bound = sqlite3_column_type(in->s, in->column) != SQLITE_NULL;
    if (c.bound) {
        take_blob(in, c.order, CODE_ORDER_LEN);
        c.load = (uint32_t)take_int(in, 0, UINT32_MAX);
    } else {
        in->column += 2;
    }
    c.proved = sqlite3_column_type(in->s, in->column) != SQLITE_NULL;
    if (c.proved)
        take_blob(in, c.wiring, CABINET_WIRING_LEN);
    if (in->bad)
        return err_because(r, ERR_CORRUPT, "compartment %.8s makes no sense", name);
    if (door != CABINET_NO_DOOR)
        l->compartment[door] = c;
    return ERR_OK;
}

static enum err read_badge(struct reader *in, struct locker *l, struct reason *r)
{
    uint16_t slot = (uint16_t)take_int(in, 0, BADGE_SLOTS - 1);
    struct badge b = {.used = true};
    take_blob(in, b.id, BADGE_ID_LEN);
    b.revoked = take_int(in, 0, 1) == 1;
    b.wrong = (uint8_t)take_int(in, 0, BADGE_PIN_TRIES_MAX);
    if (in->bad)
        return err_because(r, ERR_CORRUPT, "badge in slot %u makes no sense", slot);
    l->badges.slot[slot] = b;
    return ERR_OK;
}

static enum err read_carer(struct reader *in, struct locker *l, struct reason *r)
{
    uint16_t slot = (uint16_t)take_int(in, 0, CARER_SLOTS - 1);
    struct carer c = {.used = true};
    take_blob(in, c.right.id, CODE_CARER_LEN);
    take_blob(in, c.right.order, CODE_ORDER_LEN);
    c.right.load = (uint32_t)take_int(in, 0, UINT32_MAX);
    take_blob(in, c.right.person, TOKEN_PERSON_LEN);
    c.state = (enum carer_state)take_int(in, 0, CARER_STATE_N - 1);
    c.right.not_after_s = take_int(in, 0, INT64_MAX / 1000);
    c.key_epoch = (uint32_t)take_int(in, 0, UINT32_MAX);
    c.has_v1 = take_int(in, 0, 1) == 1;
    take_blob(in, c.v1, CODE_MAC_LEN);
    take_blob(in, c.v2, CODE_MAC_LEN);
    if (in->bad)
        return err_because(r, ERR_CORRUPT, "carer in slot %u makes no sense", slot);
    l->carers.slot[slot] = c;
    sodium_memzero(&c, sizeof c);
    return ERR_OK;
}

static enum err read_limiter(struct reader *in, struct locker *l, struct reason *r)
{
    const uint8_t *packed = sqlite3_column_blob(in->s, 0);
    if (packed == NULL || limiter_unpack(&l->limiter, packed, (size_t)sqlite3_column_bytes(in->s, 0)) != ERR_OK)
        return err_because(r, ERR_CORRUPT, "the limiter makes no sense");
    return ERR_OK;
}

static enum err read_floor(struct reader *in, struct locker *l, struct reason *r)
{
    int64_t floor_ms = take_int(in, 0, INT64_MAX / 4);
    int64_t signed_ms = take_int(in, 0, INT64_MAX / 4);
    int64_t contact_ms = take_int(in, 0, INT64_MAX / 4);
    if (in->bad)
        return err_because(r, ERR_CORRUPT, "the time floor makes no sense");
    /* A newer enrolment is signed time as well; locker_init put it there. */
    struct floor *f = &l->floor;
    f->floor_ms = floor_ms > f->floor_ms ? floor_ms : f->floor_ms;
    f->signed_ms = signed_ms > f->signed_ms ? signed_ms : f->signed_ms;
    f->contact_ms = contact_ms > f->contact_ms ? contact_ms : f->contact_ms;
    f->saved_ms = f->floor_ms;
    return ERR_OK;
}

static enum err read_meta(struct reader *in, struct locker *l, struct reason *r)
{
    l->pulse_serial = (uint64_t)take_int(in, 0, INT64_MAX - 1);
    take_blob(in, l->described, (int)sizeof l->described);
    return in->bad ? err_because(r, ERR_CORRUPT, "the meta row makes no sense") : ERR_OK;
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    return sodium_is_zero(bytes, len) == 1;
}

/* An order whose door is gone: no session is left that could bring it to its end. */
static void fit_order(struct order *o)
{
    o->door = CABINET_NO_DOOR;
    if (o->state == ORDER_KNOWN)
        order_forget(o);
    else
        (void)order_step(o, ORDER_UNCONFIRM);
}

/* A door may come back to the configuration in the middle of what ended without it. */
static bool runs_with(const struct compartment *c, const struct order *o)
{
    return (c->state == COMPARTMENT_OPENING) == (o->state == ORDER_OPENING) &&
           (c->state == COMPARTMENT_LOADING) == (o->state == ORDER_KNOWN);
}

/* Doors may have been renamed or taken out, and then what belonged together does not any more: people must look. */
static void fit_together(struct locker *l)
{
    for (uint16_t i = 0; i < l->cabinet.doors; i++) {
        struct compartment *c = &l->compartment[i];
        uint16_t slot = c->bound ? order_find(&l->orders, c->order) : ORDER_NONE;
        const struct order *o = slot != ORDER_NONE ? &l->orders.slot[slot] : NULL;
        bool fits = o != NULL && o->door == i && o->load == c->load && runs_with(c, o);
        bool needs =
            c->state == COMPARTMENT_LOADED || c->state == COMPARTMENT_OPENING || c->state == COMPARTMENT_LOADING;
        if ((c->bound || needs) && !fits) {
            compartment_unbind(c);
            if (!compartment_needs_people(c))
                c->state = COMPARTMENT_CHECK;
        }
    }
    for (uint16_t i = 0; i < ORDER_SLOTS; i++) {
        struct order *o = &l->orders.slot[i];
        if (!o->used)
            continue;
        const struct compartment *c = o->door != CABINET_NO_DOOR ? &l->compartment[o->door] : NULL;
        if (c == NULL || !c->bound || memcmp(c->order, o->id, CODE_ORDER_LEN) != 0)
            fit_order(o);
    }
}

enum err rows_load(struct db *db, struct locker *l, bool doors_unknown, struct reason *r)
{
    enum err e = each_row(db, db_stmt(db, "SELECT pulse, described FROM meta"), l, read_meta, r);
    bool first = is_zero(l->described, sizeof l->described);
    for (uint16_t i = 0; i < l->cabinet.doors; i++)
        l->compartment[i].state = first && !doors_unknown ? COMPARTMENT_FREE : COMPARTMENT_CHECK;
    if (e == ERR_OK)
        e = each_row(db,
                     db_stmt(db, "SELECT slot, ord, lod, newest, state, ending, door, class, not_before_s,"
                                 " not_after_s, loaded_ms, key_epoch, has_v1, v1, v2, pulses, first_pulse_ms,"
                                 " first_pulse_boot, first_pulse_boot_ms, person, language, token FROM order_local"),
                     l, read_order, r);
    if (e == ERR_OK)
        e = each_row(db, db_stmt(db, "SELECT door, state, serial, ord, lod, wiring FROM compartment"), l,
                     read_compartment, r);
    if (e == ERR_OK)
        e = each_row(db, db_stmt(db, "SELECT slot, badge, revoked, wrong FROM badge"), l, read_badge, r);
    if (e == ERR_OK)
        e = each_row(db,
                     db_stmt(db, "SELECT slot, carer, ord, lod, person, state, not_after_s, key_epoch, has_v1, v1, v2"
                                 " FROM carer"),
                     l, read_carer, r);
    if (e == ERR_OK)
        e = each_row(db, db_stmt(db, "SELECT packed FROM limiter"), l, read_limiter, r);
    if (e == ERR_OK)
        e = each_row(db, db_stmt(db, "SELECT floor_ms, signed_ms, contact_ms FROM timefloor"), l, read_floor, r);
    if (e == ERR_OK)
        fit_together(l);
    return e;
}
