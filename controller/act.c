/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/act.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "controller/ballast.h"
#include "controller/effect.h"
#include "controller/record.h"

#define TICK_MS 250
#define COMPACT_MS 60000
#define PENDING_MAX 16
#define STRETCHES_MAX 4

/* One Argon2id job; wiped when it is free again. */
struct stretch {
    struct act *act;
    bool busy;
    uint64_t try_id;
    char secret[CODE_DIGITS + 1];
    uint8_t out[CODE_STRETCHED_LEN];
    enum err result;
};

struct act {
    struct act_cfg cfg;
    struct act_callbacks cb;
    struct hw *hw;
    struct work *work;
    sd_event_source *timer;
    struct effects *fx;
    struct screen out_of_service;
    struct event pending[PENDING_MAX];
    unsigned pending_count;
    struct stretch stretch[STRETCHES_MAX];
    bool in_turn, fatal;
    uint64_t turns;
    int64_t ticked_ms, compacted_ms;
};

static void turn(struct act *a, struct event *ev, const struct stream_cursor *cursor);

void act_now(const struct act *a, struct clock_now *out)
{
    *out = (struct clock_now){.boot = store_boot(a->cfg.store),
                              .boot_ms = clock_boot_ms(),
                              .wall_ms = clock_wall_ms(),
                              .quality = clock_system_quality()};
}

/* ---------------------------------------------------------------- effects */

static void push(struct act *a, const struct event *ev)
{
    assert(a->pending_count < PENDING_MAX);
    a->pending[a->pending_count++] = *ev;
}

static void push_verdict(struct act *a, uint64_t try_id, enum err result)
{
    struct event ev = {.kind = EVENT_VERDICT};
    ev.u.verdict.try_id = try_id;
    ev.u.verdict.result = result;
    push(a, &ev);
}

static void do_pulse(struct act *a, const struct effect *e)
{
    struct hw_pulse pulse = {.id = e->u.pulse.serial, .intent = e->u.pulse.serial, .door = e->u.pulse.door};
    enum err refused = a->hw == NULL ? ERR_STATE : hw_submit_pulse(a->hw, &pulse);
    if (refused == ERR_OK) {
        return;
    }
    log_warning("act", "pulse %llu was refused: %s", (unsigned long long)pulse.id, err_name(refused));
    struct event ev = {.kind = EVENT_HW};
    ev.u.hw.kind = HW_EVENT_COMPLETION;
    ev.u.hw.boot_ms = clock_boot_ms();
    ev.u.hw.u.completion.id = pulse.id;
    ev.u.hw.u.completion.door = pulse.door;
    ev.u.hw.u.completion.status = HW_REFUSED;
    push(a, &ev);
}

static void run_stretch(void *arg)
{
    struct stretch *s = arg;
    const struct identity *id = s->act->cfg.id;
    s->result = code_stretch(&id->key, id->terms.locker, &id->terms.cost, s->secret, s->out);
}

static void finish_stretch(void *arg)
{
    struct stretch *s = arg;
    struct act *a = s->act;
    struct event ev = {.kind = EVENT_VERDICT};
    ev.u.verdict.try_id = s->try_id;
    ev.u.verdict.result = s->result;
    memcpy(ev.u.verdict.a, s->out, sizeof s->out);
    sodium_memzero(s, sizeof *s);
    turn(a, &ev, NULL);
    sodium_memzero(&ev, sizeof ev);
}

static void do_stretch(struct act *a, const struct effect *e)
{
    unsigned i = 0;
    while (i < STRETCHES_MAX && a->stretch[i].busy) {
        i++;
    }
    if (i == STRETCHES_MAX || a->work == NULL) {
        push_verdict(a, e->u.stretch.try_id, ERR_MEMORY);
        return;
    }
    if (e->u.stretch.key_epoch != a->cfg.id->key.epoch) {
        push_verdict(a, e->u.stretch.try_id, ERR_NOT_FOUND);
        return;
    }
    struct stretch *s = &a->stretch[i];
    s->act = a;
    s->busy = true;
    s->try_id = e->u.stretch.try_id;
    memcpy(s->secret, e->u.stretch.secret, sizeof s->secret);
    struct work_job job = {.run = run_stretch, .done = finish_stretch, .arg = s};
    if (work_submit(a->work, &job) != ERR_OK) {
        sodium_memzero(s, sizeof *s);
        push_verdict(a, e->u.stretch.try_id, ERR_MEMORY);
    }
}

static void release_stopped(struct act *a, uint8_t board)
{
    struct reason r;
    if (act_release_board(a, board, &r) != ERR_OK) {
        log_info("act", "%s", r.text); /* somebody else released it meanwhile */
    }
}

static void do_effect(struct act *a, const struct effect *e)
{
    switch (e->kind) {
    case EFFECT_PULSE:
        do_pulse(a, e);
        break;
    case EFFECT_STRETCH:
        do_stretch(a, e);
        break;
    case EFFECT_WATCH:
        if (a->hw != NULL) {
            hw_watch(a->hw, e->u.watch.door, e->u.watch.until_boot_ms);
        }
        break;
    case EFFECT_SCREEN:
        a->cb.screen(a->cb.arg);
        break;
    case EFFECT_SOUND:
        a->cb.sound(a->cb.arg, e->u.sound);
        break;
    case EFFECT_BOARD_RELEASE:
        release_stopped(a, e->u.board);
        break;
    case EFFECT_RPC:
        a->cb.say(a->cb.arg, &e->u.rpc);
        break;
    case EFFECT_KIND_N:
        break;
    }
}

/* ---------------------------------------------------------------- the turn */

static void give_up(struct act *a, enum err e, const struct reason *why)
{
    a->fatal = true;
    a->out_of_service.reference = screen_reference(clock_wall_ms());
    log_error("act", "out of service, nothing is done any more: %s", why->text);
    if (e == ERR_FULL) {
        ballast_drop(a->cfg.state_dir);
    }
    (void)sd_event_source_set_enabled(a->timer, SD_EVENT_OFF);
    a->cb.screen(a->cb.arg);
    a->cb.fatal(a->cb.arg, why);
}

void act_fail(struct act *a, enum err e, const struct reason *why)
{
    if (!a->fatal) {
        give_up(a, e, why);
    }
}

static void log_records(const struct act *a)
{
    const struct cabinet *cab = &a->cfg.locker->cabinet;
    for (unsigned i = 0; i < a->fx->records; i++) {
        const struct record *rec = &a->fx->record[i];
        log_info("journal", "%s%s%s", record_type(rec->kind), rec->door < cab->doors ? " door " : "",
                 rec->door < cab->doors ? cab->door[rec->door].name : "");
    }
}

static bool commit(struct act *a, const struct event *ev, const struct stream_cursor *cursor)
{
    struct reason r;
    if (cursor == NULL && !effects_are_durable(a->fx)) {
        return true;
    }
    enum err e = store_commit(a->cfg.store, a->cfg.locker, a->fx, cursor, &ev->now, &r);
    if (e != ERR_OK) {
        give_up(a, e, &r);
        return false;
    }
    log_records(a);
    a->cb.committed(a->cb.arg);
    return true;
}

static void arm_timer(struct act *a)
{
    int64_t due_ms = a->ticked_ms + TICK_MS;
    if (a->fx->wake_boot_ms != 0 && a->fx->wake_boot_ms < due_ms) {
        due_ms = a->fx->wake_boot_ms;
    }
    (void)sd_event_source_set_time(a->timer, (uint64_t)(due_ms > 0 ? due_ms : 0) * 1000);
    (void)sd_event_source_set_enabled(a->timer, SD_EVENT_ONESHOT);
}

static void decide(struct act *a, struct event *ev, const struct stream_cursor *cursor)
{
    a->turns++;
    act_now(a, &ev->now);
    randombytes_buf(ev->random, sizeof ev->random);
    ev->outbox = store_outbox_rows(a->cfg.store);
    effects_clear(a->fx);
    locker_decide(a->cfg.locker, ev, a->fx);
    if (commit(a, ev, cursor)) {
        for (unsigned i = 0; i < a->fx->effects; i++) {
            do_effect(a, &a->fx->effect[i]);
        }
        arm_timer(a);
    }
    effects_clear(a->fx);
}

/* Effects may push events; each is a whole decision of its own. */
static void turn(struct act *a, struct event *ev, const struct stream_cursor *cursor)
{
    if (a->fatal) {
        return;
    }
    if (a->in_turn) {
        assert(cursor == NULL);
        push(a, ev);
        return;
    }
    a->in_turn = true;
    decide(a, ev, cursor);
    while (a->pending_count > 0 && !a->fatal) {
        struct event next = a->pending[0];
        a->pending_count--;
        memmove(&a->pending[0], &a->pending[1], a->pending_count * sizeof a->pending[0]);
        decide(a, &next, NULL);
    }
    a->in_turn = false;
}

/* Journal and WAL are tidied up when nobody is there. */
static void compact(struct act *a, int64_t now_ms)
{
    struct reason r;
    if (a->fatal || now_ms - a->compacted_ms < COMPACT_MS || !locker_is_idle(a->cfg.locker)) {
        return;
    }
    a->compacted_ms = now_ms;
    enum err e = store_compact(a->cfg.store, floor_now_ms(&a->cfg.locker->floor), &r);
    if (e != ERR_OK) {
        give_up(a, e, &r);
    }
}

static int on_timer(sd_event_source *s, uint64_t usec, void *arg)
{
    (void)s;
    (void)usec;
    struct act *a = arg;
    struct event ev = {.kind = EVENT_TICK};
    a->ticked_ms = clock_boot_ms();
    turn(a, &ev, NULL);
    compact(a, a->ticked_ms);
    return 0;
}

/* ---------------------------------------------------------------- events */

void act_on_hw(void *arg, const struct hw_event *hw_event)
{
    struct event ev = {.kind = EVENT_HW};
    ev.u.hw = *hw_event;
    turn(arg, &ev, NULL);
}

void act_key(struct act *a, enum event_key key)
{
    assert(key < EVENT_KEY_N);
    struct event ev = {.kind = EVENT_KEY};
    ev.u.key = key;
    turn(a, &ev, NULL);
}

void act_scan(struct act *a, const char *text)
{
    struct event ev = {.kind = EVENT_SCAN};
    struct reason r;
    enum err e = token_decode(text, a->cfg.id->terms.token_key, &ev.u.scan, &r);
    if (e != ERR_OK) {
        log_info("act", "scan refused: %s", r.text);
        ev = (struct event){.kind = EVENT_BAD_SCAN};
    }
    turn(a, &ev, NULL);
    sodium_memzero(&ev, sizeof ev);
}

void act_command(struct act *a, const struct event *command, const struct stream_cursor *cursor)
{
    struct event ev = *command;
    turn(a, &ev, cursor);
}

void act_call(struct act *a, const struct event *call)
{
    struct event ev = *call;
    turn(a, &ev, NULL);
}

void act_contact(struct act *a, int64_t hub_wall_ms)
{
    struct event ev = {.kind = EVENT_CONTACT};
    ev.u.hub_wall_ms = hub_wall_ms;
    turn(a, &ev, NULL);
}

enum err act_release_board(struct act *a, uint8_t board, struct reason *r)
{
    const char *name = a->cfg.locker->cabinet.board[board];
    if (a->hw == NULL) {
        return err_because(r, ERR_STATE, "the hardware is not open");
    }
    if (!hw_board_release(a->hw, board)) {
        return err_because(r, ERR_STATE, "board %s is not stopped: there is nothing to release", name);
    }
    log_notice("act", "board %s is released", name);
    return ERR_OK;
}

void act_start(struct act *a)
{
    struct event ev = {.kind = EVENT_START};
    enum ballast ballast = ballast_ensure(a->cfg.state_dir);
    bool first_run = store_outbox_last(a->cfg.store) == 0;
    a->ticked_ms = a->compacted_ms = clock_boot_ms();
    turn(a, &ev, NULL);
    if (ballast == BALLAST_THERE || (ballast == BALLAST_MADE && first_run)) {
        return;
    }
    struct event lost = {.kind = EVENT_STORE};
    lost.u.store = ballast == BALLAST_MADE ? EVENT_STORE_BALLAST : EVENT_STORE_FULL;
    turn(a, &lost, NULL);
}

/* ---------------------------------------------------------------- the rest */

void act_set_work(struct act *a, struct work *work)
{
    a->work = work;
}

void act_set_hw(struct act *a, struct hw *hw)
{
    a->hw = hw;
}

const struct screen *act_screen(const struct act *a)
{
    return a->fatal ? &a->out_of_service : locker_screen(a->cfg.locker);
}

bool act_is_fatal(const struct act *a)
{
    return a->fatal;
}

uint64_t act_turns(const struct act *a)
{
    return a->turns;
}

enum err act_open(struct act **out, const struct act_cfg *cfg, const struct act_callbacks *cb, sd_event *loop,
                  struct reason *r)
{
    struct act *a = calloc(1, sizeof *a);
    struct effects *fx = calloc(1, sizeof *fx);
    if (a == NULL || fx == NULL) {
        free(fx);
        free(a);
        return err_because(r, ERR_MEMORY, "act: no memory");
    }
    a->cfg = *cfg;
    a->cb = *cb;
    a->fx = fx;
    a->out_of_service.id = SCREEN_OUT_OF_SERVICE;
    a->out_of_service.language = cfg->locker->cabinet.language;
    effects_clear(fx);
    int rc = sd_event_add_time(loop, &a->timer, CLOCK_BOOTTIME, UINT64_MAX, 1000, on_timer, a);
    if (rc < 0) {
        free(fx);
        free(a);
        return err_because(r, ERR_IO, "act: timer: %s", strerror(-rc));
    }
    (void)sd_event_source_set_enabled(a->timer, SD_EVENT_OFF);
    (void)sd_event_source_set_description(a->timer, "tick");
    *out = a;
    return ERR_OK;
}

void act_free(struct act *a)
{
    if (a == NULL) {
        return;
    }
    sd_event_source_disable_unref(a->timer);
    effects_clear(a->fx);
    free(a->fx);
    sodium_memzero(a, sizeof *a);
    free(a);
}
