/* SPDX-License-Identifier: Apache-2.0 */
/* oracle: what is judged while the run goes on. What is judged at the end is in oracle_end.c. */
#include "tests/sim/oracle.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/faults.h"

#define EXPLAIN_US INT64_C(3000000) /* from intent to current: the lease, and the line */
#define DECIDE_GAP_US INT64_C(800000)
#define CALM_US INT64_C(5000000)
#define ID_TEXT_CAP 33
#define SHOWN_US INT64_C(1800000000) /* the ten minutes of the tries, and several bags */

static const char *hex_of(const uint8_t *bytes, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    return out;
}

void oracle_excuse(struct site *s, const char *why)
{
    world_count(s->w, why);
    s->ghost->sum.outside++;
}

/* Something disturbed wires or boards not long ago: what was seen may be old or wrong. */
static bool is_calm(const struct site *s)
{
    return world_now_us(s->w) - s->calm_us > CALM_US;
}

static bool has_slept(struct site *s, struct ghost_locker *l)
{
    int64_t slept_us = world_leapt_us(s->w);
    bool has = slept_us != l->slept_us;
    l->slept_us = slept_us;
    return has;
}

/* ---------------------------------------------------------------- strikes and doors */

static const struct ghost_intent *explain(struct site *s, unsigned i, uint16_t door, int64_t now_us)
{
    struct ghost_locker *g = &s->ghost->locker[i];
    struct ghost_intent *in = ghost_explain(g, door, now_us, EXPLAIN_US);
    const struct cabinet *c = plant_cabinet(s->locker[i].plant);
    for (uint16_t d = 0; in == NULL && d < c->layout.doors; d++) {
        if (d != door && c->door[d].strike_to == door)
            in = ghost_explain(g, d, now_us, EXPLAIN_US);
    }
    if (in != NULL)
        in->strikes++;
    return in;
}

static bool is_well_wired(const struct site *s, unsigned i, uint16_t door)
{
    const struct cabinet *c = plant_cabinet(s->locker[i].plant);
    const struct cabinet_door *d = &c->door[door];
    return d->strike_to == door && d->contact_from == door && d->lock.stick == LOCK_STICK_OFF && !s->miswired;
}

/* INV-05: no second door while one is truly open, but for what nobody could have seen. */
static void judge_other_doors(struct site *s, unsigned i, uint16_t door, int64_t now_us)
{
    struct ghost_locker *g = &s->ghost->locker[i];
    const struct cabinet *c = plant_cabinet(s->locker[i].plant);
    if (observe_is_up(s->observe, i) && observe_compartment(s->observe, i, door) == OBSERVE_CHECK)
        return; /* inspection: by session, one bank */
    for (uint16_t d = 0; d < c->layout.doors; d++) {
        if (d == door || !c->door[d].lock.open)
            continue;
        /* Opened by others behind a board that was given up. */
        bool unseen =
            !g->door[d].by_us && observe_is_up(s->observe, i) && observe_compartment(s->observe, i, d) == OBSERVE_OUT;
        if (unseen || now_us - g->door[d].moved_us <= ORACLE_DETECT_US || !is_calm(s) || !is_well_wired(s, i, d) ||
            c->door[d].lock.bounce_us > 0)
            oracle_excuse(s, "excuse-other-door-not-seen-yet");
        else
            world_fail(s->w, "INV-05 no second door is pulsed while one is open: door %u of locker %u, door %u is open",
                       door, i, d);
    }
}

/* Somebody who collects, not staff at the locker. */
static bool is_patient(enum observe_actor actor)
{
    return actor == OBSERVE_CODE || actor == OBSERVE_TOKEN || actor == OBSERVE_CARER || actor == OBSERVE_REMOTE;
}

/* INV-02: what a patient's pulse opens holds his bag. */
static void judge_content(struct site *s, unsigned i, uint16_t door, const struct ghost_intent *in)
{
    uint8_t key[16];
    uint32_t load = 0;
    if (!is_patient(in->actor))
        return;
    if (observed_content(i, door, key, &load) == 0)
        return; /* gone already: stolen, or taken at an earlier try */
    if (in->has_order && memcmp(key, in->order, sizeof key) == 0 && load == in->load)
        return;
    if (s->ghost->locker[i].door[door].excused || s->miswired)
        oracle_excuse(s, "excuse-content-not-as-told");
    else
        world_fail(s->w, "INV-02 a patient's pulse opens what holds his bag: door %u of locker %u holds another", door,
                   i);
}

/* The current that this lock has now is its relay's own. */
static bool is_own_fault(const struct ghost_locker *g, uint16_t door)
{
    for (size_t k = g->strikes; k > 0; k--) {
        const struct ghost_strike *st = &g->strike[k - 1];
        if (st->door == door)
            return st->excused || st->pulse == 0 || g->coil_us >= st->on_us;
    }
    return false;
}

/* The door whose relay gives current to this lock: another one when wires are swapped. */
static uint16_t relay_of(const struct cabinet *c, uint16_t door)
{
    for (uint16_t d = 0; d < c->layout.doors; d++) {
        if (d != door && c->door[d].strike_to == door)
            return d;
    }
    return door;
}

static void on_current(struct site *s, unsigned i, const struct cabinet_event *ev)
{
    struct ghost_locker *g = &s->ghost->locker[i];
    struct plant *p = s->locker[i].plant;
    struct ghost_strike *strike = ghost_add_strike(g, ev->door, ev->at_us);
    const struct cabinet *cab = plant_cabinet(p);
    const struct layout_door *wire = &cab->layout.door[relay_of(cab, ev->door)];
    const struct board *board = &cab->board[wire->board].board;
    strike->excused = board->stuck[wire->channel] != BOARD_STUCK_FREE || board->power != BOARD_ON ||
                      board->lose_us != 0 || board->lost_us != BOARD_NEVER;
    s->ghost->sum.strikes++;
    if (plant_is_foreign(p, ev->door)) {
        oracle_excuse(s, "excuse-foreign-current");
        return;
    }
    const struct ghost_intent *in = explain(s, i, ev->door, ev->at_us);
    if (in == NULL) {
        if (s->miswired)
            oracle_excuse(s, "excuse-wires-swapped");
        else
            world_fail(s->w, "INV-01 current in a lock without a durable intent of its own: door %u of locker %u",
                       ev->door, i);
        return;
    }
    strike->pulse = in->pulse;
    if (in->pulse > g->struck_serial)
        g->struck_serial = in->pulse;
    const struct cabinet *c = plant_cabinet(p);
    for (uint16_t d = 0; d < c->layout.doors; d++) {
        if (d == ev->door || !c->door[d].lock.energised)
            continue;
        if (plant_is_foreign(p, d) || !is_calm(s) || is_own_fault(g, d))
            oracle_excuse(s, "excuse-foreign-current");
        else
            world_fail(s->w, "INV-05 no two locks have current at the same time: doors %u and %u of locker %u",
                       ev->door, d, i);
    }
    judge_other_doors(s, i, ev->door, ev->at_us);
    judge_content(s, i, ev->door, in);
}

static void on_no_current(struct site *s, unsigned i, const struct cabinet_event *ev)
{
    struct ghost_locker *g = &s->ghost->locker[i];
    for (size_t k = g->strikes; k > 0; k--) {
        struct ghost_strike *st = &g->strike[k - 1];
        if (st->door != ev->door || st->off_us >= 0)
            continue;
        st->off_us = ev->at_us;
        if (ev->at_us - st->on_us <= ORACLE_STRIKE_US)
            return;
        if (st->pulse == 0 || st->excused || g->coil_us >= st->on_us - CALM_US ||
            plant_is_foreign(s->locker[i].plant, ev->door))
            oracle_excuse(s, "excuse-long-current-by-board");
        else
            world_fail(s->w, "INV-06 current ends within 1.5 s: door %u of locker %u had it for %" PRId64 " ms",
                       ev->door, i, (ev->at_us - st->on_us) / 1000);
        return;
    }
}

static void on_door(struct site *s, unsigned i, const struct cabinet_event *ev)
{
    struct ghost_locker *g = &s->ghost->locker[i];
    struct ghost_door *d = &g->door[ev->door];
    d->truly_open = ev->on;
    d->by_us = ev->cause == LOCK_BY_PULSE && !plant_is_foreign(s->locker[i].plant, ev->door);
    d->moved_us = ev->at_us;
    if (!ev->on && d->forced_us != 0) {
        d->forced_us = 0; /* closed again before it had to be seen */
        g->forced--;
    }
    if (ev->on && (ev->cause == LOCK_BY_FORCE || ev->cause == LOCK_BY_WEAKNESS) && d->forced_us == 0) {
        d->forced_us = ev->at_us;
        g->forced++;
    }
}

static void on_cabinet(void *arg, const struct cabinet_event *ev)
{
    struct site_locker *sl = arg;
    struct site *s = sl->site;
    world_tell(s->w, "cabinet", "locker %u door %u %s", sl->index, ev->door,
               ev->kind == CABINET_STRIKE ? (ev->on ? "has current" : "has no current")
               : ev->on                   ? "opens"
                                          : "closes");
    if (ev->kind == CABINET_DOOR)
        on_door(s, sl->index, ev);
    else if (ev->on)
        on_current(s, sl->index, ev);
    else
        on_no_current(s, sl->index, ev);
}

void oracle_attach(struct site *s)
{
    for (unsigned i = 0; i < s->cfg.lockers; i++)
        plant_set_watcher(s->locker[i].plant, on_cabinet, &s->locker[i]);
}

/* ---------------------------------------------------------------- what the locker does */

void observed_start(unsigned i, uint64_t pulse_serial, int64_t seq)
{
    struct site *s = site_current();
    struct ghost_locker *g = &s->ghost->locker[i];
    g->starts++;
    g->decided_us = 0;
    world_tell(s->w, "locker", "%u has loaded its state: last pulse %" PRIu64 ", last event %" PRId64, i, pulse_serial,
               seq);
    bool remembers = ghost_settle_records(g, seq);
    if (s->disk_lied) {
        if (!remembers || pulse_serial < g->struck_serial)
            oracle_excuse(s, "excuse-disk-lied");
        return;
    }
    if (!remembers)
        world_fail(s->w, "INV-22 what was committed is still there after a crash: locker %u knows %" PRId64 " events",
                   i, seq);
    if (pulse_serial < g->struck_serial)
        world_fail(
            s->w, "INV-01 a pulse's intent was synced before it: locker %u knows pulse %" PRIu64 ", lock felt %" PRIu64,
            i, pulse_serial, g->struck_serial);
}

/* As compartment_is_at_rest, from the documents: nobody is allowed to have such a door open. */
static bool is_at_rest(enum observe_state state)
{
    return state == OBSERVE_FREE || state == OBSERVE_LOADED || state == OBSERVE_TAKEN;
}

/* INV-16: a door forced open is not at rest in the locker's mind for longer than a poll. */
static void judge_forced(struct site *s, unsigned i, int64_t now_us)
{
    struct ghost_locker *g = &s->ghost->locker[i];
    unsigned doors = observe_doors(s->observe, i);
    for (uint16_t d = 0; d < doors && g->forced > 0; d++) {
        struct ghost_door *door = &g->door[d];
        if (door->forced_us == 0 || now_us - door->forced_us <= ORACLE_DETECT_US + 1000000)
            continue;
        bool told = !is_at_rest(observe_compartment(s->observe, i, d));
        door->forced_us = 0;
        g->forced--;
        if (told)
            continue;
        if (!is_calm(s) || !is_well_wired(s, i, d) || !observe_knows_boards(s->observe, i) ||
            s->stalled_us > door->moved_us)
            oracle_excuse(s, "excuse-force-not-seen-yet");
        else
            world_fail(s->w, "INV-16 a door opened without a pulse is FORCED within a second: door %u of locker %u", d,
                       i);
    }
}

void observed_decision(unsigned i, int event_kind, bool pulses)
{
    struct site *s = site_current();
    struct ghost_locker *g = &s->ghost->locker[i];
    int64_t now_us = world_now_us(s->w);
    int64_t gap_us = g->decided_us == 0 ? 0 : now_us - g->decided_us;
    (void)event_kind;
    (void)pulses;
    bool slept = has_slept(s, g);
    g->decided_us = now_us;
    if (gap_us > DECIDE_GAP_US && !slept) {
        if (s->stalled_us >= now_us - gap_us)
            oracle_excuse(s, "excuse-stalled");
        else
            world_fail(s->w,
                       "INV-29 the loop never blocks for more than 500 ms: locker %u was silent for %" PRId64 " ms", i,
                       gap_us / 1000);
    }
    if (slept) /* nobody could look meanwhile */
        for (uint16_t d = 0; d < SITE_DOORS_MAX && g->forced > 0; d++)
            g->door[d].forced_us = g->door[d].forced_us == 0 ? 0 : now_us;
    if (g->forced > 0)
        judge_forced(s, i, now_us);
}

/* INV-02: a patient's pulse is for the bag whose code or token was shown, or for another one of the same person. */
static void judge_person(struct site *s, unsigned i, const struct ghost_order *o)
{
    int64_t since_us = world_now_us(s->w) - SHOWN_US;
    for (unsigned k = 0; k < s->ghost->orders; k++) {
        const struct ghost_order *shown = &s->ghost->order[k];
        if (shown->shown_us != 0 && shown->shown_us >= since_us && ghost_is_kin(shown, o))
            return;
    }
    world_fail(s->w, "INV-02 a patient's pulse is for a bag of that patient: nobody showed a code of %.8s to locker %u",
               o->id, i);
}

/* What its patient said was wrong is for people to look at, not collected, over every start. */
static void judge_reported(struct site *s, unsigned i, const struct observed_record *rec)
{
    struct ghost_order *o = rec->has_order ? ghost_find(s->ghost, rec->order) : NULL;
    if (o == NULL)
        return;
    if (strcmp(rec->typ, "order.reported.v1") == 0)
        o->reported = true;
    else if (strcmp(rec->typ, "order.collected.v1") == 0 && o->reported && !s->disk_lied)
        world_fail(s->w, "INV-19 a bag of which its patient said that it is wrong is not collected: %.8s in locker %u",
                   o->id, i);
    else if (strcmp(rec->typ, "order.loaded.v1") == 0)
        o->reported = false;
}

/* INV-18 over the fleet: no other locker has a live order of this bag. */
static void judge_fleet(struct site *s, unsigned i, const struct observed_record *rec)
{
    for (unsigned other = 0; other < s->cfg.lockers; other++) {
        uint32_t load;
        enum observe_order state;
        int door;
        if (other == i || !observe_order(s->observe, other, rec->order, &load, &state, &door))
            continue;
        if (state == OBSERVE_READY || state == OBSERVE_ORDER_OPENING)
            world_fail(s->w, "INV-18 an order is ready in one locker at most: %u and %u", i, other);
    }
}

void observed_record(unsigned i, const struct observed_record *rec, bool sure)
{
    struct site *s = site_current();
    struct ghost_locker *g = &s->ghost->locker[i];
    char id[ID_TEXT_CAP] = "";
    if (rec->has_order)
        (void)hex_of(rec->order, 4, id);
    world_tell(s->w, "journal", "locker %u %" PRId64 " %s door %d order %s%s", i, rec->seq, rec->typ, rec->door, id,
               sure ? "" : " (not committed for sure)");
    if (sure && (int64_t)g->records >= 1) {
        const struct ghost_record *last = &g->record[g->records - 1];
        if (last->sure && rec->seq != last->seq + 1 && !s->disk_lied)
            world_fail(s->w, "INV-22 events are numbered without gaps: locker %u wrote %" PRId64 " after %" PRId64, i,
                       rec->seq, last->seq);
    }
    ghost_add_record(g, rec, sure);
    if (rec->pulse != 0 && strcmp(rec->typ, "door.pulsed.v1") == 0) {
        if (sure)
            ghost_add_intent(g, rec, world_now_us(s->w));
        struct ghost_order *o = rec->has_order ? ghost_find(s->ghost, rec->order) : NULL;
        if (o != NULL && sure && (rec->actor == OBSERVE_CODE || rec->actor == OBSERVE_TOKEN))
            judge_person(s, i, o);
        if (o != NULL && sure && is_patient(rec->actor))
            o->pulses++;
        if (o != NULL && o->pulses > ORACLE_PULSES && !s->disk_lied)
            world_fail(s->w, "INV-04 an order has three pulses of its patient in its life: %.8s has %u in locker %u",
                       o->id, o->pulses, i);
    }
    if (sure)
        judge_reported(s, i, rec);
    if (sure && strcmp(rec->typ, "order.loaded.v1") == 0)
        judge_fleet(s, i, rec);
}

/* INV-22: what leaves the outbox was applied by the hub, in a transaction that had ended. */
void observed_outbox_ack(unsigned i, int64_t seq, bool done)
{
    struct site *s = site_current();
    struct ghost_locker *g = &s->ghost->locker[i];
    int64_t most = g->applied_maybe > g->applied ? g->applied_maybe : g->applied;
    if (!done)
        return;
    if (seq > most && !s->disk_lied)
        world_fail(s->w,
                   "INV-22 only what the hub has committed leaves the outbox: locker %u deleted up to %" PRId64
                   ", the hub has %" PRId64,
                   i, seq, g->applied);
    if (seq > g->deleted)
        g->deleted = seq;
}

void observed_broken(unsigned i, unsigned invariant, const char *name)
{
    struct site *s = site_current();
    if (s->disk_lied)
        oracle_excuse(s, "excuse-disk-lied");
    else
        world_fail(s->w, "INV-%02u %s (locker %u)", invariant, name, i);
}

void observed_chain(const char *who, const char *why)
{
    struct site *s = site_current();
    if (s == NULL || why == NULL)
        return;
    if (s->disk_lied)
        oracle_excuse(s, "excuse-disk-lied");
    else
        world_fail(s->w, "INV-25 the chain of the %s's record holds: %s", who, why);
}

/* ---------------------------------------------------------------- what the hub does */

void observed_applied(const uint8_t locker[8], uint32_t epoch, int64_t seq, const char *typ, bool sure)
{
    struct site *s = site_current();
    struct ghost_locker *g = NULL;
    unsigned i = 0;
    for (; i < s->cfg.lockers && g == NULL; i++) {
        if (memcmp(s->locker[i].key, locker, sizeof s->locker[i].key) == 0)
            g = &s->ghost->locker[i];
    }
    if (g == NULL) {
        if (sure)
            world_fail(s->w, "INV-09 the hub applied an event of a locker that does not exist");
        return;
    }
    if (!sure) {
        if (seq > g->applied_maybe)
            g->applied_maybe = seq;
        return;
    }
    if (s->disk_lied) {
        g->applied = seq > g->applied ? seq : g->applied;
        return;
    }
    (void)epoch;
    if (seq <= g->applied)
        world_fail(s->w, "INV-23 the hub applies an event once: %" PRId64 " of locker %u again", seq, i - 1);
    else if (seq != g->applied + 1 && seq > g->applied_maybe + 1)
        world_fail(s->w, "INV-23 the hub applies events in order: %" PRId64 " of locker %u after %" PRId64, seq, i - 1,
                   g->applied);
    g->applied = seq;
    const struct ghost_record *rec = seq >= 1 && (size_t)seq <= g->records ? &g->record[seq - 1] : NULL;
    if (rec == NULL || rec->seq != seq)
        world_fail(s->w, "INV-24 the hub applied event %" PRId64 ", which locker %u never wrote", seq, i - 1);
    else if (strcmp(rec->typ, typ) != 0)
        world_fail(s->w, "INV-21 event %" PRId64 " of locker %u is %s, at the hub %s", seq, i - 1, rec->typ, typ);
}

/* ---------------------------------------------------------------- INV-26: logs */

void observed_log(int level, const char *module, const char *text)
{
    struct site *s = site_current();
    if (s == NULL)
        return;
    struct process *p = process_current();
    world_tell(s->w, p == NULL ? "?" : process_name(p), "<%d>%s: %s", level, module, text);
    const char *found = oracle_secret_in(s, text, strlen(text));
    if (found != NULL)
        world_fail(s->w, "INV-26 no secret in a log: %s in \"%s\"", found, text);
}

const char *oracle_secret_in(const struct site *s, const char *text, size_t len)
{
    for (unsigned i = 0; i < s->ghost->orders; i++) {
        const struct ghost_order *o = &s->ghost->order[i];
        for (uint32_t load = 1; load <= o->load && load <= GHOST_LOADS_MAX; load++) {
            if (o->code[load][0] != '\0' && memmem(text, len, o->code[load], 10) != NULL)
                return "a pickup code";
        }
        if (o->carer_code[0] != '\0' && memmem(text, len, o->carer_code, 10) != NULL)
            return "the code of a carer";
        if (memmem(text, len, o->patient, strlen(o->patient)) != NULL)
            return "the name of a patient";
        if (memmem(text, len, o->birth_date, strlen(o->birth_date)) != NULL)
            return "a birth date";
    }
    return NULL;
}
