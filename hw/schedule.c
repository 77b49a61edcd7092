/* SPDX-License-Identifier: Apache-2.0 */
#include "hw/schedule.h"

#include <string.h>

#define STEADY_US 60000000 /* a board that ran this long is no longer suspected of flapping */
#define SENTINEL_US 40000  /* estimate of an identity read, part of what a silence costs */
#define WATCH_PATIENCE_US 10000000

static uint32_t all_locks(const struct schedule_board *b)
{
    return b->cfg.locks >= 32 ? UINT32_MAX : (1U << b->cfg.locks) - 1U;
}

static bool is_live(const struct schedule_board *b)
{
    return b->state == SCHEDULE_STARTING || b->state == SCHEDULE_RUNNING;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void begin(struct schedule_board *b, int64_t now_us)
{
    b->state = SCHEDULE_STARTING;
    memcpy(b->owes, b->cfg.has, sizeof b->owes);
    b->offs = all_locks(b);
    b->silent = 0;
    b->off_failures = 0;
    memset(b->failures, 0, sizeof b->failures);
    for (unsigned r = 0; r < PROFILE_READ_N; r++)
        b->due_us[r] = now_us;
}

void schedule_init(struct schedule *s, const struct schedule_board_cfg *cfg, uint8_t n, int64_t now_us)
{
    memset(s, 0, sizeof *s);
    s->boards = n;
    for (unsigned i = 0; i < n; i++) {
        s->board[i].cfg = cfg[i];
        begin(&s->board[i], now_us);
    }
}

void schedule_up(struct schedule *s, int64_t now_us)
{
    for (unsigned i = 0; i < s->boards; i++)
        begin(&s->board[i], now_us);
    s->quiet_us = now_us;
    s->sentinel = false;
    s->drain = false;
}

void schedule_down(struct schedule *s)
{
    for (unsigned i = 0; i < s->boards; i++) {
        s->board[i].state = SCHEDULE_LOST;
        s->board[i].probe_us = INT64_MAX;
    }
}

static bool is_watched(const struct schedule_board *b, int64_t now_us)
{
    return b->state == SCHEDULE_RUNNING && b->cfg.has[PROFILE_INPUTS] && b->watched_us > now_us;
}

static bool any_watched(const struct schedule *s, int64_t now_us)
{
    for (unsigned i = 0; i < s->boards; i++)
        if (is_watched(&s->board[i], now_us))
            return true;
    return false;
}

/* A candidate for the next request; due INT64_MAX: none. */
struct candidate {
    struct schedule_step step;
    int64_t due_us;
};

static void offer(struct candidate *best, struct schedule_step step, int64_t due_us)
{
    if (due_us < best->due_us)
        *best = (struct candidate){step, due_us};
}

static struct schedule_step read_step(uint8_t board, enum profile_read read)
{
    return (struct schedule_step){.kind = SCHEDULE_READ, .board = board, .read = read};
}

/* What a starting board owes goes in the order of the enum, with the locks switched off right after the identity. */
static void offer_start(struct candidate *best, const struct schedule_board *b, uint8_t i)
{
    if (!b->owes[PROFILE_IDENTITY] && b->offs != 0) {
        struct schedule_step off = {.kind = SCHEDULE_OFF, .board = i, .lock = (uint8_t)__builtin_ctz(b->offs)};
        offer(best, off, b->due_us[PROFILE_COILS]);
        return;
    }
    unsigned r = 0;
    while (r < PROFILE_READ_N - 1 && !b->owes[r])
        r++;
    offer(best, read_step(i, (enum profile_read)r), b->due_us[r]);
}

static void offer_running(struct candidate *best, const struct schedule_board *b, uint8_t i, int64_t now_us)
{
    if (b->offs != 0) {
        struct schedule_step off = {.kind = SCHEDULE_OFF, .board = i, .lock = (uint8_t)__builtin_ctz(b->offs)};
        offer(best, off, b->due_us[PROFILE_COILS]);
    }
    for (unsigned r = 0; r < PROFILE_READ_N; r++) {
        if (!b->cfg.has[r] || (r == PROFILE_INPUTS && is_watched(b, now_us)))
            continue;
        offer(best, read_step(i, (enum profile_read)r), b->due_us[r]);
    }
}

static struct candidate pick_regular(const struct schedule *s, int64_t now_us)
{
    struct candidate best = {.due_us = INT64_MAX};
    /* A probe of a lost board can silence the line for a second: not while somebody waits for a door, if it can wait.
     */
    int64_t patience_us = any_watched(s, now_us) ? WATCH_PATIENCE_US : 0;
    for (uint8_t i = 0; i < s->boards; i++) {
        const struct schedule_board *b = &s->board[i];
        switch (b->state) {
        case SCHEDULE_STARTING:
            offer_start(&best, b, i);
            break;
        case SCHEDULE_RUNNING:
            offer_running(&best, b, i, now_us);
            break;
        case SCHEDULE_LOST:
        case SCHEDULE_FOREIGN:
            if (b->probe_us != INT64_MAX)
                offer(&best, read_step(i, PROFILE_IDENTITY), b->probe_us + patience_us);
            break;
        }
    }
    return best;
}

static struct candidate pick_watched(const struct schedule *s, int64_t now_us)
{
    struct candidate best = {.due_us = INT64_MAX};
    for (uint8_t i = 0; i < s->boards; i++) {
        const struct schedule_board *b = &s->board[i];
        int64_t gap_us = b->cfg.poll_us > SCHEDULE_WATCH_US ? SCHEDULE_WATCH_US : b->cfg.poll_us;
        if (is_watched(b, now_us))
            offer(&best, read_step(i, PROFILE_INPUTS), b->inputs_us + gap_us);
    }
    return best;
}

/* Whose identity shows that the line is in step again: the board that failed, or else the one that waits longest. */
static bool pick_sentinel(const struct schedule *s, struct schedule_step *out)
{
    if (is_live(&s->board[s->suspect])) {
        *out = read_step(s->suspect, PROFILE_IDENTITY);
        return true;
    }
    int64_t oldest_us = INT64_MAX;
    for (uint8_t i = 0; i < s->boards; i++) {
        const struct schedule_board *b = &s->board[i];
        if (is_live(b) && b->due_us[PROFILE_IDENTITY] < oldest_us) {
            oldest_us = b->due_us[PROFILE_IDENTITY];
            *out = read_step(i, PROFILE_IDENTITY);
        }
    }
    return oldest_us != INT64_MAX;
}

static int64_t take(struct schedule *s, struct schedule_step step, struct schedule_step *out)
{
    *out = step;
    out->drain = s->drain;
    s->drain = false;
    return 0;
}

int64_t schedule_next(struct schedule *s, int64_t now_us, struct schedule_step *out)
{
    struct schedule_step sentinel;
    if (now_us < s->quiet_us)
        return s->quiet_us;
    if (s->sentinel && pick_sentinel(s, &sentinel))
        return take(s, sentinel, out);
    s->sentinel = false;
    struct candidate regular = pick_regular(s, now_us);
    struct candidate watched = pick_watched(s, now_us);
    bool regular_due = regular.due_us <= now_us;
    bool watched_due = watched.due_us <= now_us;
    if (watched_due && (!s->was_watched || !regular_due)) {
        s->was_watched = true;
        return take(s, watched.step, out);
    }
    if (regular_due) {
        s->was_watched = false;
        return take(s, regular.step, out);
    }
    return watched.due_us < regular.due_us ? watched.due_us : regular.due_us;
}

bool schedule_is_quiet(const struct schedule *s, int64_t now_us)
{
    return s->sentinel || s->drain || now_us < s->quiet_us;
}

static void lose(struct schedule_board *b, int64_t end_us)
{
    bool flapping = b->state != SCHEDULE_RUNNING || end_us - b->running_us < STEADY_US;
    b->rest_us = flapping && b->was_lost ? b->rest_us * 2 : SCHEDULE_PROBE_MIN_US;
    b->was_lost = true;
    if (b->rest_us > SCHEDULE_PROBE_MAX_US)
        b->rest_us = SCHEDULE_PROBE_MAX_US;
    int64_t rest_us = later(b->rest_us, b->cost_us * SCHEDULE_PROBE_COST);
    b->probe_us = end_us + (rest_us < SCHEDULE_REST_MAX_US ? rest_us : SCHEDULE_REST_MAX_US);
    b->cost_us = 0;
    b->state = SCHEDULE_LOST;
}

/* Failures in a row of one kind of request; a pulse that failed is the controller's to judge. */
static uint8_t *failure_count(struct schedule_board *b, const struct schedule_step *step)
{
    switch (step->kind) {
    case SCHEDULE_READ:
        return &b->failures[step->read];
    case SCHEDULE_OFF:
        return &b->off_failures;
    case SCHEDULE_PULSE:
        break;
    }
    return NULL;
}

static void fail(struct schedule_board *b, const struct schedule_step *step, int64_t end_us)
{
    uint8_t *count = failure_count(b, step);
    /* One try is enough for a board that is lost, or that was lost before it started this time. */
    uint8_t tries = b->state == SCHEDULE_RUNNING ? SCHEDULE_TRIES : (uint8_t)(b->was_lost ? 1 : SCHEDULE_TRIES - 1);
    if (count != NULL && *count < UINT8_MAX)
        (*count)++;
    if (step->kind == SCHEDULE_READ)
        b->due_us[step->read] = end_us;
    if (b->silent >= tries || (count != NULL && *count >= tries))
        lose(b, end_us);
}

static void settle_start(struct schedule_board *b, int64_t end_us)
{
    if (b->state != SCHEDULE_STARTING || b->offs != 0)
        return;
    for (unsigned r = 0; r < PROFILE_READ_N; r++)
        if (b->owes[r])
            return;
    b->state = SCHEDULE_RUNNING;
    b->running_us = end_us;
}

static void advance(struct schedule_board *b, const struct schedule_step *step, int64_t start_us, int64_t end_us)
{
    uint8_t *count = failure_count(b, step);
    b->silent = 0;
    if (count != NULL)
        *count = 0;
    if (b->state == SCHEDULE_LOST || b->state == SCHEDULE_FOREIGN)
        begin(b, end_us);
    if (step->kind == SCHEDULE_OFF) {
        b->offs &= ~(1U << step->lock);
        b->due_us[PROFILE_COILS] = start_us;
    }
    if (step->kind == SCHEDULE_READ) {
        static const int64_t interval_us[PROFILE_READ_N] = {
            [PROFILE_IDENTITY] = SCHEDULE_IDENTITY_US,
            [PROFILE_COILS] = SCHEDULE_COILS_US,
            [PROFILE_CLIMATE] = SCHEDULE_CLIMATE_US,
        };
        b->owes[step->read] = false;
        b->due_us[step->read] = end_us + interval_us[step->read];
        if (step->read == PROFILE_INPUTS) {
            b->due_us[PROFILE_INPUTS] = b->cfg.poll_us == 0 ? end_us : start_us + b->cfg.poll_us;
            b->inputs_us = end_us;
        }
    }
    settle_start(b, end_us);
}

static void fall_quiet(struct schedule *s, uint8_t board, int64_t late_us, int64_t end_us)
{
    s->quiet_us = later(s->quiet_us, end_us + late_us);
    s->sentinel = true;
    s->drain = true;
    s->suspect = board;
}

static int64_t longest_late(const struct schedule *s)
{
    int64_t late_us = 0;
    for (unsigned i = 0; i < s->boards; i++)
        late_us = later(late_us, s->board[i].cfg.late_us);
    return late_us;
}

void schedule_result(struct schedule *s, const struct schedule_step *step, enum schedule_outcome outcome,
                     int64_t start_us, int64_t end_us)
{
    struct schedule_board *b = &s->board[step->board];
    bool is_identity = step->kind == SCHEDULE_READ && step->read == PROFILE_IDENTITY;
    if (is_identity && outcome != SCHEDULE_SILENT && outcome != SCHEDULE_UNSENT)
        s->sentinel = false;
    switch (outcome) {
    case SCHEDULE_ANSWERED:
        advance(b, step, start_us, end_us);
        break;
    case SCHEDULE_EXCEPTION:
        b->silent = 0;
        fail(b, step, end_us);
        break;
    case SCHEDULE_SILENT:
        b->silent++;
        b->cost_us += end_us - start_us + b->cfg.late_us + SENTINEL_US;
        fall_quiet(s, step->board, b->cfg.late_us, end_us);
        fail(b, step, end_us);
        break;
    case SCHEDULE_STRANGER:
        b->state = SCHEDULE_FOREIGN;
        b->probe_us = end_us + SCHEDULE_FOREIGN_US;
        break;
    case SCHEDULE_UNSENT:
        /* Whoever sends unasked may never stop: then no board behind it can be believed to be reachable. */
        b->silent++;
        fall_quiet(s, step->board, longest_late(s), end_us);
        fail(b, step, end_us);
        break;
    }
}

void schedule_watch(struct schedule *s, uint8_t board, int64_t until_us)
{
    if (board < s->boards)
        s->board[board].watched_us = later(s->board[board].watched_us, until_us);
}

void schedule_hint(struct schedule *s, uint8_t board, int64_t now_us)
{
    if (board < s->boards && s->board[board].due_us[PROFILE_INPUTS] > now_us)
        s->board[board].due_us[PROFILE_INPUTS] = now_us;
}

void schedule_off(struct schedule *s, uint8_t board, uint32_t locks, int64_t now_us)
{
    if (board >= s->boards)
        return;
    s->board[board].offs |= locks & all_locks(&s->board[board]);
    s->board[board].due_us[PROFILE_COILS] = now_us;
}

enum schedule_state schedule_state(const struct schedule *s, uint8_t board)
{
    return s->board[board].state;
}

bool schedule_is_settled(const struct schedule *s)
{
    for (unsigned i = 0; i < s->boards; i++)
        if (s->board[i].state == SCHEDULE_STARTING)
            return false;
    return true;
}
