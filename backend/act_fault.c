/* SPDX-License-Identifier: Apache-2.0 */
/* act: tickets, and what people say about excursions. */
#include <stdio.h>
#include <string.h>

#include "backend/act.h"
#include "backend/outbox.h"
#include "backend/ticket.h"

/* A board or sensor that its locker has not named for so long, while it told other things, is not there any more. */
#define GONE_MS (10 * 60 * 1000)

static enum err begin(struct hub *hub, struct reason *r)
{
    return hub_judge(hub, hub->store->ops->begin(hub->store, r), r);
}

static enum err check_comment(const char *comment, struct reason *r)
{
    size_t len = strlen(comment);

    if (len == 0)
        return err_because(r, ERR_MISSING, "comment: say what was found");
    return len <= ACT_COMMENT_MAX ? ERR_OK : err_because(r, ERR_TOO_LONG, "comment: too long");
}

static enum err open_fault(struct hub *hub, int64_t id, struct store_fault *f, struct reason *r)
{
    enum err e = hub->store->ops->fault_get(hub->store, id, f, r);

    if (e == ERR_OK && f->closed_ms != 0)
        e = err_because(r, ERR_STATE, "fault %lld is closed already", (long long)id);
    return e;
}

static enum err note(struct hub *hub, const struct act_who *who, const struct store_fault *f, enum store_note what,
                     const char *text, struct reason *r)
{
    struct store_fault_note n = {.fault = f->id, .at_ms = clock_wall_ms(), .what = what};

    (void)snprintf(n.actor, sizeof(n.actor), "%s", who->name); /* same capacity */
    (void)snprintf(n.text, sizeof(n.text), "%s", text);        /* checked before */
    return hub->store->ops->fault_note_append(hub->store, &n, r);
}

static enum err audit(struct hub *hub, const struct act_who *who, const char *action, const struct store_fault *f,
                      const char *comment, struct reason *r)
{
    char detail[STORE_TEXT_CAP];

    (void)snprintf(detail, sizeof(detail), "%s%s%s", store_fault_name(f->kind), comment[0] != '\0' ? ": " : "",
                   comment);
    return act_audit(hub, who, action, NULL, f->subject, detail, r);
}

/* ---------------------------------------------------------------- can evidence still come? */

struct heard {
    const char *board;
    int64_t told_ms;
};

static bool find_board(void *arg, const struct store_board *b)
{
    struct heard *h = arg;

    if (strcmp(b->board, h->board) == 0)
        h->told_ms = b->told_ms;
    return true;
}

/* When the locker last named what the fault is about; never: 0. */
static enum err last_told(struct hub *hub, const struct store_fault *f, int64_t *told_ms, struct reason *r)
{
    struct store *s = hub->store;
    struct store_compartment c = {.door = ""};
    struct store_sample t = {.at_ms = 0};
    struct heard h = {.board = f->subject};
    enum err e = ERR_OK;

    switch (ticket_subject_of(f->kind)) {
    case TICKET_DOOR:
        e = s->ops->compartment_get(s, f->locker, f->subject, &c, r);
        h.told_ms = e == ERR_OK ? INT64_MAX : 0; /* described: it is there */
        break;
    case TICKET_BOARD:
        e = s->ops->board_list(s, f->locker, find_board, &h, r);
        break;
    case TICKET_SENSOR:
        e = s->ops->sample_last(s, f->locker, f->subject, &t, r);
        h.told_ms = e == ERR_OK ? t.at_ms : 0;
        break;
    case TICKET_NOTHING:
    case TICKET_INPUT:
    case TICKET_ORDER:
        h.told_ms = INT64_MAX;
        break;
    }
    *told_ms = h.told_ms;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err act_may_close_fault(struct hub *hub, const struct store_fault *f, bool *may, struct reason *r)
{
    struct store_locker l;
    int64_t told_ms = 0;
    enum err e;

    *may = true;
    if (!ticket_closes_on_evidence(f->kind))
        return ERR_OK;
    e = hub->store->ops->locker_get(hub->store, f->locker, &l, r);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    if (l.state != STORE_LOCKER_ACTIVE)
        return ERR_OK;
    e = last_told(hub, f, &told_ms, r);
    *may = e == ERR_OK && told_ms < l.seen_ms - GONE_MS;
    return e;
}

/* ---------------------------------------------------------------- tickets */

static enum err take_inside(struct hub *hub, const struct act_who *who, int64_t id, struct reason *r)
{
    struct store_fault f;
    enum err e = open_fault(hub, id, &f, r);

    if (e != ERR_OK)
        return e;
    (void)snprintf(f.taken_by, sizeof(f.taken_by), "%s", who->name);
    e = hub->store->ops->fault_update(hub->store, &f, r);
    if (e == ERR_OK)
        e = note(hub, who, &f, STORE_NOTE_TAKEN, "", r);
    return e == ERR_OK ? audit(hub, who, "fault.taken", &f, "", r) : e;
}

enum err act_take_fault(struct hub *hub, const struct act_who *who, int64_t id, struct reason *r)
{
    enum err e = begin(hub, r);

    return e != ERR_OK ? e : hub_end(hub, take_inside(hub, who, id, r), r);
}

static enum err comment_inside(struct hub *hub, const struct act_who *who, int64_t id, const char *comment,
                               struct reason *r)
{
    struct store_fault f;
    enum err e = hub->store->ops->fault_get(hub->store, id, &f, r); /* also to a closed one */

    if (e == ERR_OK)
        e = note(hub, who, &f, STORE_NOTE_COMMENT, comment, r);
    return e == ERR_OK ? audit(hub, who, "fault.comment", &f, comment, r) : e;
}

enum err act_comment_fault(struct hub *hub, const struct act_who *who, int64_t id, const char *comment,
                           struct reason *r)
{
    enum err e = check_comment(comment, r);

    if (e == ERR_OK)
        e = begin(hub, r);
    return e != ERR_OK ? e : hub_end(hub, comment_inside(hub, who, id, comment, r), r);
}

static enum err close_inside(struct hub *hub, const struct act_who *who, int64_t id, const char *comment,
                             struct reason *r)
{
    struct store_fault f;
    bool may = false;
    enum err e = open_fault(hub, id, &f, r);

    if (e == ERR_OK)
        e = act_may_close_fault(hub, &f, &may, r);
    if (e == ERR_OK && !may)
        e = err_because(r, ERR_STATE, "%s: the locker closes it itself when it is over", store_fault_name(f.kind));
    if (e != ERR_OK)
        return e;
    f.closed_ms = clock_wall_ms();
    (void)snprintf(f.closed_by, sizeof(f.closed_by), "%s", who->name);
    (void)snprintf(f.comment, sizeof(f.comment), "%s", comment);
    e = hub->store->ops->fault_update(hub->store, &f, r);
    if (e == ERR_OK)
        e = note(hub, who, &f, STORE_NOTE_CLOSED, comment, r);
    if (e == ERR_OK && f.kind == STORE_FAULT_GUESSING)
        e = outbox_reset_guesses(hub, f.locker, who->staff, r);
    return e == ERR_OK ? audit(hub, who, "fault.closed", &f, comment, r) : e;
}

enum err act_close_fault(struct hub *hub, const struct act_who *who, int64_t id, const char *comment, struct reason *r)
{
    enum err e = check_comment(comment, r);

    if (e == ERR_OK)
        e = begin(hub, r);
    if (e != ERR_OK)
        return e;
    e = hub_end(hub, close_inside(hub, who, id, comment, r), r);
    if (e == ERR_OK)
        act_tell_commands(hub);
    return e;
}

/* ---------------------------------------------------------------- excursions */

static bool see_sample(void *arg, const struct store_sample *t)
{
    (void)t;
    *(bool *)arg = true;
    return false;
}

static enum err note_inside(struct hub *hub, const struct act_who *who, const struct store_excursion_note *x,
                            struct reason *r)
{
    struct store *s = hub->store;
    bool told = false;
    enum err e = s->ops->sample_list(s, x->locker, x->sensor, x->start_ms, x->start_ms + 1, see_sample, &told, r);

    if (e == ERR_OK && !told)
        e = err_because(r, ERR_NOT_FOUND, "nothing was told of this sensor at that time");
    if (e == ERR_OK)
        e = s->ops->excursion_note_append(s, x, r);
    return e == ERR_OK ? act_audit(hub, who, "excursion.seen", NULL, x->sensor, x->text, r) : e;
}

enum err act_note_excursion(struct hub *hub, const struct act_who *who, struct store_excursion_note *x,
                            struct reason *r)
{
    enum err e = check_comment(x->text, r);

    if (e != ERR_OK)
        return e;
    (void)snprintf(x->actor, sizeof(x->actor), "%s", who->name);
    x->at_ms = clock_wall_ms();
    e = begin(hub, r);
    return e != ERR_OK ? e : hub_end(hub, note_inside(hub, who, x, r), r);
}
