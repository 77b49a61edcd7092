/* SPDX-License-Identifier: Apache-2.0 */
/* Orders and their packings in SQLite. */
#include <stdlib.h>
#include <string.h>

#include "backend/store_sqlite_part.h"

#define O(kind, member) ROW_MEMBER(kind, struct order, member)
#define OE(member, count) ROW_MEMBER_ENUM(struct order, member, count)
static const struct row_col order_cols[] = {
    O(ROW_BLOB, id),
    OE(state, ORDER_STATE_N),
    O(ROW_U32, load),
    O(ROW_BLOB, locker),
    O(ROW_TEXT, door),
    OE(cause, ORDER_CAUSE_N),
    OE(proof.actor, ORDER_ACTOR_N),
    O(ROW_BLOB, proof.staff),
    O(ROW_BLOB, proof.carer),
    O(ROW_I64, proof.pulsed_ms),
    O(ROW_I64, proof.opened_ms),
    O(ROW_I64, proof.closed_ms),
    O(ROW_U32, proof.pulses),
    O(ROW_BLOB, person),
    O(ROW_I64, created_ms),
    O(ROW_I64, changed_ms),
    O(ROW_I64, packed_ms),
    O(ROW_I64, ready_ms),
    OE(ask.source, REQUEST_SOURCE_N),
    O(ROW_TEXT, ask.reference),
    O(ROW_TEXT, ask.patient),
    O(ROW_TEXT, ask.birth_date),
    O(ROW_TEXT, ask.medicine),
    O(ROW_TEXT, ask.quantity),
    O(ROW_TEXT, ask.destination),
    O(ROW_TEXT, ask.language),
    O(ROW_TEXT, ask.pharmacy),
    OE(ask.cls, TOKEN_CLASS_N),
    OE(ask.size, TOKEN_SIZE_N),
    O(ROW_BOOL, ask.size_given),
    OE(ask.zone, TOKEN_ZONE_N),
    O(ROW_BOOL, ask.low_door),
    O(ROW_I64, ask.not_before_s),
    O(ROW_I64, ask.not_after_s),
    O(ROW_I64, number), /* last: the condition of UPDATE */
};
#define ORDER_N ROW_COUNT(order_cols)
#define ORDER_NAMES                                                                                                    \
    "id,state,load,locker,door,cause,proof_actor,proof_staff,proof_carer,pulsed_ms,opened_ms,closed_ms,pulses,person," \
    "created_ms,changed_ms,packed_ms,ready_ms,source,reference,patient,birth_date,medicine,quantity,destination,"      \
    "language,pharmacy,class,"                                                                                         \
    "size,size_given,zone,low_door,not_before_s,not_after_s"
#define ORDER_MARKS "?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?"

#define P(kind, member) ROW_MEMBER(kind, struct store_packing, member)
static const struct row_col packing_cols[] = {
    P(ROW_BLOB, order),     P(ROW_U32, load),      P(ROW_BLOB, locker),     P(ROW_U32, key_epoch),
    P(ROW_TEXT, voucher),   P(ROW_TEXT, pickup),   P(ROW_BLOB, code_index), P(ROW_BOOL, code_live),
    P(ROW_BOOL, code_kept), P(ROW_BLOB, code_box), P(ROW_I64, packed_ms),   P(ROW_TEXT, packed_by),
};
#define PACKING_NAMES                                                                                                  \
    "ord,load,locker,key_epoch,voucher,pickup,code_index,code_live,code_kept,code_box,packed_ms,packed_by"

static enum err order_insert(struct store *s, struct order *o, const char *kept, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q = db_stmt(db, "INSERT INTO orders(" ORDER_NAMES ") VALUES(" ORDER_MARKS ")");
    enum err e = store_sqlite_put(db, q, order_cols, ORDER_N - 1, o, r);

    if (e != ERR_OK) {
        return e;
    }
    int64_t number = sqlite3_last_insert_rowid(db_handle(db));
    if (kept != NULL) {
        q = db_stmt(db, "INSERT INTO order_kept(id,text) VALUES(?,?)");
        if (sqlite3_bind_blob(q, 1, o->id, ORDER_ID_LEN, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_bind_text(q, 2, kept, -1, SQLITE_STATIC) != SQLITE_OK) {
            return db_error(db, r);
        }
        e = db_run(db, q, r);
    }
    if (e == ERR_OK) {
        o->number = number;
    }
    return e;
}

static enum err order_update(struct store *s, const struct order *o, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q = db_stmt(db, "UPDATE orders SET (" ORDER_NAMES ")=(" ORDER_MARKS ") WHERE number=?");

    if (row_bind(q, 1, order_cols, ORDER_N, o) != ERR_OK) {
        return db_error(db, r);
    }
    return store_sqlite_change(db, q, "order", r);
}

static enum err order_get(struct store *s, const uint8_t id[ORDER_ID_LEN], struct order *o, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " ORDER_NAMES ",number FROM orders WHERE id=?");

    if (sqlite3_bind_blob(q, 1, id, ORDER_ID_LEN, SQLITE_STATIC) != SQLITE_OK) {
        return db_error(db, r);
    }
    return store_sqlite_one(db, q, order_cols, ORDER_N, o, "order", r);
}

static enum err order_find(struct store *s, int64_t number, struct order *o, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " ORDER_NAMES ",number FROM orders WHERE number=?");

    if (sqlite3_bind_int64(q, 1, number) != SQLITE_OK) {
        return db_error(db, r);
    }
    return store_sqlite_one(db, q, order_cols, ORDER_N, o, "order", r);
}

static enum err order_find_reference(struct store *s, enum request_source source, const char *reference,
                                     struct order *o, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q =
        db_stmt(db, "SELECT " ORDER_NAMES ",number FROM orders WHERE source=? AND reference=? AND reference <> ''");

    if (sqlite3_bind_int64(q, 1, source) != SQLITE_OK ||
        sqlite3_bind_text(q, 2, reference, -1, SQLITE_STATIC) != SQLITE_OK) {
        return db_error(db, r);
    }
    return store_sqlite_one(db, q, order_cols, ORDER_N, o, "order", r);
}

static enum err order_kept(struct store *s, const uint8_t id[ORDER_ID_LEN], char **kept, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT text FROM order_kept WHERE id=?");
    bool more = false;
    char *copy = NULL;

    if (sqlite3_bind_blob(q, 1, id, ORDER_ID_LEN, SQLITE_STATIC) != SQLITE_OK) {
        return db_error(db, r);
    }
    enum err e = db_step(db, q, &more, r);
    if (e == ERR_OK && more) {
        const unsigned char *text = sqlite3_column_text(q, 0);
        copy = text == NULL ? NULL : strdup((const char *)text);
        e = copy == NULL ? err_because(r, ERR_MEMORY, "store: out of memory") : ERR_OK;
    }
    (void)sqlite3_reset(q);
    if (e == ERR_OK) {
        *kept = copy;
    }
    return e;
}

/* Parameters: 1 to 15 the states, 16 locker, 17 number below, 18 end before, 19 search, 20 limit, 21 person, 22 created
 * from, 23 created before, 24 search numbers only, 25 offset, 26 what it is sorted by. */
#define ORDER_STATES " state IN (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15) AND"
#define ORDER_FILTER                                                                                                   \
    " (?16 IS NULL OR locker=?16) AND (?17=0 OR number<?17) AND (?18=0 OR (not_after_s>0 AND not_after_s<?18))"        \
    " AND (?21 IS NULL OR person=?21) AND (?22=0 OR created_ms>=?22) AND (?23=0 OR created_ms<?23)"
/* LIKE folds ASCII letters as lower() does and takes a third of its time; nothing in what is looked for has a meaning.
 */
#define ORDER_PATTERN "'%'||replace(replace(replace(?19,'!','!!'),'%','!%'),'_','!_')||'%' ESCAPE '!'"
#define ORDER_WORDS "(patient LIKE " ORDER_PATTERN " OR reference LIKE " ORDER_PATTERN ")"
#define ORDER_KEY                                                                                                      \
    " CASE ?26 WHEN 1 THEN number WHEN 2 THEN state WHEN 3 THEN NULLIF(lower(patient),'')"                             \
    " WHEN 4 THEN NULLIF(not_after_s,0) WHEN 5 THEN changed_ms END"
#define ORDER_SORTED(way) " ORDER BY" ORDER_KEY " IS NULL," ORDER_KEY way ",number DESC"
#define ORDER_PAGE " LIMIT ?20 OFFSET ?25"
#define ORDER_SELECT "SELECT " ORDER_NAMES ",number FROM orders WHERE"
#define ORDER_LISTS(scope)                                                                                             \
    {                                                                                                                  \
        ORDER_SELECT scope ORDER_FILTER " ORDER BY number DESC" ORDER_PAGE,                                            \
            ORDER_SELECT scope ORDER_FILTER ORDER_SORTED("") ORDER_PAGE,                                               \
            ORDER_SELECT scope ORDER_FILTER ORDER_SORTED(" DESC") ORDER_PAGE                                           \
    }

/* Each asks an index first: all orders that of numbers, some states that of states, words in all of them the index
 * that holds just these words, which is a tenth of the table. */
#define ORDER_ALL ""
#define ORDER_SOME ORDER_STATES " (?19 IS NULL OR number=?19 OR (?24=0 AND " ORDER_WORDS ")) AND"
#define ORDER_SAID                                                                                                     \
    " number IN (SELECT number FROM orders INDEXED BY orders_words WHERE ?24=0 AND " ORDER_WORDS                       \
    " UNION ALL SELECT number FROM orders WHERE number=?19) AND"

static const char *const order_lists[3][3] = {ORDER_LISTS(ORDER_ALL), ORDER_LISTS(ORDER_SOME), ORDER_LISTS(ORDER_SAID)};
static const char *const order_counts[3] = {
    "SELECT count(*) FROM orders WHERE" ORDER_ALL ORDER_FILTER,
    "SELECT count(*) FROM orders WHERE" ORDER_SOME ORDER_FILTER,
    "SELECT count(*) FROM orders WHERE" ORDER_SAID ORDER_FILTER,
};

static int scope_of(const struct store_order_filter *f)
{
    return f->states != 0 ? 1 : f->search != NULL ? 2 : 0;
}

static enum err bind_filter(struct db *db, sqlite3_stmt *q, const struct store_order_filter *f, struct reason *r)
{
    _Static_assert(ORDER_STATE_N == 15, "the filter lists every state");
    int code = SQLITE_OK;

    for (int st = 0; st < 15 && f->states != 0; st++) {
        code |= sqlite3_bind_int(q, st + 1, (f->states >> st & 1u) != 0 ? st : -1);
    }
    if (f->has_locker) {
        code |= sqlite3_bind_blob(q, 16, f->locker, STORE_LOCKER_LEN, SQLITE_STATIC);
    }
    code |= sqlite3_bind_int64(q, 17, f->below_number);
    code |= sqlite3_bind_int64(q, 18, f->ends_before_s);
    if (f->search != NULL) {
        code |= sqlite3_bind_text(q, 19, f->search, -1, SQLITE_STATIC);
        code |= sqlite3_bind_int(q, 24, f->search_number ? 1 : 0);
    }
    if (f->has_person) {
        code |= sqlite3_bind_blob(q, 21, f->person, TOKEN_PERSON_LEN, SQLITE_STATIC);
    }
    code |= sqlite3_bind_int64(q, 22, f->created_from_ms);
    code |= sqlite3_bind_int64(q, 23, f->created_before_ms);
    return code == SQLITE_OK ? ERR_OK : db_error(db, r);
}

static enum err bind_page(struct db *db, sqlite3_stmt *q, const struct store_order_filter *f, struct reason *r)
{
    int code = sqlite3_bind_int64(q, 20, f->limit);

    code |= sqlite3_bind_int64(q, 25, f->offset);
    if (f->sort != STORE_ORDER_NEWEST) {
        code |= sqlite3_bind_int(q, 26, (int)f->sort);
    }
    return code == SQLITE_OK ? ERR_OK : db_error(db, r);
}

static enum err order_list(struct store *s, const struct store_order_filter *f,
                           bool (*each)(void *arg, const struct order *o), void *arg, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    int way = f->sort == STORE_ORDER_NEWEST ? 0 : f->down ? 2 : 1;
    sqlite3_stmt *q = db_stmt(db, order_lists[scope_of(f)][way]);
    struct order o;
    bool more = true;
    enum err e = bind_filter(db, q, f, r);

    if (e == ERR_OK) {
        e = bind_page(db, q, f, r);
    }
    while (e == ERR_OK) {
        e = store_sqlite_next(db, q, order_cols, ORDER_N, &o, &more, r);
        if (e != ERR_OK || !more || !each(arg, &o)) {
            break;
        }
    }
    (void)sqlite3_reset(q);
    return e;
}

static enum err order_matches(struct store *s, const struct store_order_filter *f, int64_t *n, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, order_counts[scope_of(f)]);
    struct store_order_filter all = *f;
    bool more = false;

    all.below_number = 0;
    enum err e = bind_filter(db, q, &all, r);
    if (e == ERR_OK) {
        e = db_step(db, q, &more, r);
    }
    if (e == ERR_OK) {
        *n = more ? sqlite3_column_int64(q, 0) : 0;
    }
    (void)sqlite3_reset(q);
    return e;
}

static enum err order_count(struct store *s, uint32_t count[ORDER_STATE_N], struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT state,count(*) FROM orders GROUP BY state");
    uint32_t found[ORDER_STATE_N] = {0};
    bool more = true;
    enum err e = ERR_OK;

    while (e == ERR_OK && more) {
        e = db_step(db, q, &more, r);
        int64_t st = more ? sqlite3_column_int64(q, 0) : -1;
        if (e == ERR_OK && st >= 0 && st < ORDER_STATE_N) {
            found[st] = (uint32_t)sqlite3_column_int64(q, 1);
        }
    }
    (void)sqlite3_reset(q);
    if (e == ERR_OK) {
        memcpy(count, found, sizeof(found));
    }
    return e;
}

static enum err packing_insert(struct store *s, const struct store_packing *p, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q = db_stmt(db, "INSERT INTO packings(" PACKING_NAMES ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?)");

    enum err e = p->code_live ? store_sqlite_code_free(s, p->locker, p->code_index, r) : ERR_OK;

    return e != ERR_OK ? e : store_sqlite_put(db, q, packing_cols, ROW_COUNT(packing_cols), p, r);
}

static enum err bind_load(struct db *db, sqlite3_stmt *q, const uint8_t order[ORDER_ID_LEN], uint32_t load,
                          struct reason *r)
{
    if (sqlite3_bind_blob(q, 1, order, ORDER_ID_LEN, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_bind_int64(q, 2, load) != SQLITE_OK) {
        return db_error(db, r);
    }
    return ERR_OK;
}

static enum err packing_get(struct store *s, const uint8_t order[ORDER_ID_LEN], uint32_t load, struct store_packing *p,
                            struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " PACKING_NAMES " FROM packings WHERE ord=? AND load=?");
    enum err e = bind_load(db, q, order, load, r);

    return e != ERR_OK ? e : store_sqlite_one(db, q, packing_cols, ROW_COUNT(packing_cols), p, "packing", r);
}

static enum err packing_forget_code(struct store *s, const uint8_t order[ORDER_ID_LEN], uint32_t load, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q =
        db_stmt(db, "UPDATE packings SET code_kept=0,code_box=zeroblob(length(code_box)) WHERE ord=? AND load=?");
    enum err e = bind_load(db, q, order, load, r);

    return e != ERR_OK ? e : store_sqlite_change(db, q, "packing", r);
}

static enum err packing_end_code(struct store *s, const uint8_t order[ORDER_ID_LEN], uint32_t load, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q =
        db_stmt(db, "UPDATE packings SET code_live=0,code_kept=0,code_box=zeroblob(length(code_box)),"
                    "code_index=zeroblob(length(code_index)),voucher='',pickup='' WHERE ord=? AND load=?");
    enum err e = bind_load(db, q, order, load, r);

    return e != ERR_OK ? e : store_sqlite_change(db, q, "packing", r);
}

static enum err code_is_live(struct store *s, const uint8_t locker[STORE_LOCKER_LEN],
                             const uint8_t index[STORE_HASH_LEN], bool *live, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q =
        db_stmt(db, "SELECT 1 FROM packings WHERE locker=?1 AND code_index=?2 AND code_live=1 UNION ALL "
                    "SELECT 1 FROM carer_places WHERE locker=?1 AND code_index=?2 AND code_live=1 UNION ALL "
                    "SELECT 1 FROM recodes WHERE locker=?1 AND code_index=?2 AND code_live=1");
    bool more = false;

    if (sqlite3_bind_blob(q, 1, locker, STORE_LOCKER_LEN, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_bind_blob(q, 2, index, STORE_HASH_LEN, SQLITE_STATIC) != SQLITE_OK) {
        return db_error(db, r);
    }
    enum err e = db_step(db, q, &more, r);
    (void)sqlite3_reset(q);
    if (e == ERR_OK) {
        *live = more;
    }
    return e;
}

enum err store_sqlite_code_free(struct store *s, const uint8_t locker[STORE_LOCKER_LEN],
                                const uint8_t index[STORE_HASH_LEN], struct reason *r)
{
    bool live = false;
    enum err e = code_is_live(s, locker, index, &live, r);

    return e == ERR_OK && live ? err_because(r, ERR_DUPLICATE, "this code is live at that locker") : e;
}

void store_sqlite_orders(struct store_ops *ops)
{
    ops->order_insert = order_insert;
    ops->order_update = order_update;
    ops->order_get = order_get;
    ops->order_find = order_find;
    ops->order_find_reference = order_find_reference;
    ops->order_kept = order_kept;
    ops->order_matches = order_matches;
    ops->order_list = order_list;
    ops->order_count = order_count;
    ops->packing_insert = packing_insert;
    ops->packing_get = packing_get;
    ops->packing_forget_code = packing_forget_code;
    ops->packing_end_code = packing_end_code;
    ops->code_is_live = code_is_live;
}
