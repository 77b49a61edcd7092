/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/opening.h"

#include <stdlib.h>
#include <string.h>

#include "backend/ingest.h"
#include "backend/policy.h"
#include "common/json.h"
#include "common/log.h"

#define ASKED "order.open_asked"
#define HOUR_MS (INT64_C(60) * 60 * 1000)

struct opening {
    struct hub *hub;
    struct opening_wire wire;
    struct remote remote;
};

struct opening *opening_new(struct hub *hub, const struct opening_wire *wire)
{
    struct opening *x = calloc(1, sizeof(*x));

    if (x == NULL)
        abort(); /* out of memory: restart */
    x->hub = hub;
    x->wire = *wire;
    return x;
}

void opening_free(struct opening *x)
{
    free(x);
}

const struct remote_request *opening_find(const struct opening *x, const uint8_t order[ORDER_ID_LEN])
{
    return remote_find(&x->remote, order);
}

/* What went on, for the record; the act itself does not wait for it. */
static void note(struct opening *x, const struct remote_request *q, const char *action, const char *detail)
{
    struct reason r = {.text = ""};

    hub_touch(x->hub);
    if (act_note(x->hub, &q->who, action, q->order, q->door, detail, &r) != ERR_OK)
        log_error("opening", "%s is not in the audit: %s", action, r.text);
}

/* ---------------------------------------------------------------- asking */

static cJSON *body_of(const struct remote_request *q)
{
    cJSON *dat = json_new_object();

    json_put_hex(dat, "ord", q->order, sizeof(q->order));
    json_put_int(dat, "lod", q->load);
    json_put_text(dat, "door", q->door);
    return dat;
}

static enum err check_order(const struct order *o, struct reason *r)
{
    if ((o->state != ORDER_READY && o->state != ORDER_UNCONFIRMED) || o->door[0] == '\0')
        return err_because(r, ERR_STATE, "order %lld is %s: there is no door to open", (long long)o->number,
                           order_state_name(o->state));
    if (o->ask.cls == TOKEN_CLASS_CONTROLLED)
        return err_because(r, ERR_STATE, "a bag of the class controlled is not opened at a distance");
    return ERR_OK;
}

static enum err check_cap(struct opening *x, const struct act_who *who, bool *capped, struct reason *r)
{
    int64_t cap = policy_int(x->hub, "cap.open_hour");
    uint32_t asked = 0;
    enum err e =
        x->hub->store->ops->audit_count(x->hub->store, ASKED, who->name, NULL, clock_wall_ms() - HOUR_MS, &asked, r);

    if (e != ERR_OK)
        return hub_judge(x->hub, e, r);
    *capped = asked >= cap;
    return *capped
               ? err_because(r, ERR_BUSY, "you opened %u doors at a distance within the hour: ask a colleague", asked)
               : ERR_OK;
}

static enum err send_ask(struct opening *x, const struct remote_request *q, struct reason *r)
{
    cJSON *dat = body_of(q);
    enum err e = x->wire.send(x->wire.arg, q->locker, "open.ask.v1", dat);

    cJSON_Delete(dat);
    return e == ERR_OK ? e : err_because(r, ERR_STATE, "the locker cannot be reached now");
}

enum err opening_ask(struct opening *x, const struct act_who *who, const uint8_t order[ORDER_ID_LEN],
                     const char *reason_text, bool *capped, struct reason *r)
{
    struct remote_request q = {.who = *who};
    struct remote before = x->remote;
    struct order o;
    enum err e = hub_judge(x->hub, x->hub->store->ops->order_get(x->hub->store, order, &o, r), r);

    *capped = false;
    if (e == ERR_OK)
        e = check_order(&o, r);
    if (e == ERR_OK)
        e = check_cap(x, who, capped, r);
    if (e != ERR_OK)
        return e;
    memcpy(q.locker, o.locker, sizeof(q.locker));
    memcpy(q.order, o.id, sizeof(q.order));
    memcpy(q.door, o.door, sizeof(q.door));
    q.load = o.load;
    if (!x->wire.is_heard(x->wire.arg, q.locker, &q.told_at))
        return err_because(r, ERR_STATE, "the locker cannot be reached now");
    e = remote_ask(&x->remote, &q, clock_boot_ms(), r);
    if (e == ERR_OK) /* first the record: an offer that nobody made must not exist */
        e = act_note(x->hub, who, ASKED, o.id, o.door, reason_text, r);
    if (e == ERR_OK)
        e = send_ask(x, &q, r);
    if (e != ERR_OK)
        x->remote = before;
    hub_touch(x->hub);
    return e;
}

/* ---------------------------------------------------------------- what the locker says */

static enum err read_word(const uint8_t *locker, const struct msg *m, struct remote_word *w)
{
    int64_t load = 0;
    enum err e = json_get_hex(m->dat, "ord", w->order, sizeof(w->order), NULL);

    if (e == ERR_OK)
        e = json_get_int(m->dat, "lod", 1, UINT32_MAX, &load, NULL);
    memcpy(w->locker, locker, sizeof(w->locker));
    w->load = (uint32_t)load;
    w->seq = m->head.seq;
    w->told_at = ingest_told_at(m);
    return e;
}

static void answer(struct opening *x, const struct remote_request *q, const uint8_t nonce[REMOTE_NONCE_LEN])
{
    cJSON *dat = body_of(q);

    json_put_hex(dat, "nonce", nonce, REMOTE_NONCE_LEN);
    json_put_hex(dat, "staff", q->who.staff, sizeof(q->who.staff));
    note(x, q, "order.open_answered", NULL);
    if (!x->hub->broken && x->wire.send(x->wire.arg, q->locker, "open.answer.v1", dat) != ERR_OK)
        log_warning("opening", "an answer could not be sent");
    cJSON_Delete(dat);
}

static bool on_challenge(struct opening *x, const uint8_t *locker, const struct msg *m)
{
    static const char *const members[] = {"ord", "lod", "door", "nonce", NULL};
    struct remote_word w = {.load = 0};
    uint8_t nonce[REMOTE_NONCE_LEN];
    const struct remote_request *q;

    if (json_only(m->dat, members, NULL) != ERR_OK || read_word(locker, m, &w) != ERR_OK ||
        !ingest_door_of(m, w.door) || json_get_hex(m->dat, "nonce", nonce, sizeof(nonce), NULL) != ERR_OK)
        return false;
    q = remote_challenge(&x->remote, &w, clock_boot_ms());
    if (q != NULL)
        answer(x, q, nonce);
    else
        log_notice("opening", "a challenge that nobody waits for");
    return true;
}

static bool on_refused(struct opening *x, const uint8_t *locker, const struct msg *m)
{
    static const char *const members[] = {"ord", "lod", "cause", NULL};
    struct remote_word w = {.load = 0};
    const struct remote_request *q;
    const char *cause;

    if (json_only(m->dat, members, NULL) != ERR_OK || read_word(locker, m, &w) != ERR_OK ||
        json_get_text(m->dat, "cause", 1, STORE_TOKEN_CAP - 1, &cause, NULL) != ERR_OK ||
        strspn(cause, "abcdefghijklmnopqrstuvwxyz-") != strlen(cause))
        return false;
    q = remote_refuse(&x->remote, &w, cause);
    if (q != NULL)
        note(x, q, q->state == REMOTE_LAPSED ? "order.open_lapsed" : "order.open_refused", q->cause);
    return true;
}

bool opening_on_message(struct opening *x, const uint8_t locker[STORE_LOCKER_LEN], const struct msg *m)
{
    if (strcmp(m->head.typ, "open.challenge.v1") == 0)
        return on_challenge(x, locker, m);
    if (strcmp(m->head.typ, "open.refused.v1") == 0)
        return on_refused(x, locker, m);
    return false;
}

void opening_on_event(struct opening *x, const uint8_t locker[STORE_LOCKER_LEN], const struct msg *m)
{
    struct remote_word w = {.load = 0};
    const struct remote_request *q;

    if (strcmp(m->head.typ, "door.opened.v1") != 0 || read_word(locker, m, &w) != ERR_OK)
        return;
    q = remote_open(&x->remote, locker, w.order, w.load);
    if (q != NULL)
        note(x, q, "order.open_opened", NULL);
}

void opening_tick(struct opening *x, int64_t boot_ms)
{
    const struct remote_request *q;

    while (!x->hub->broken && (q = remote_lapse(&x->remote, boot_ms)) != NULL)
        note(x, q, "order.open_lapsed", q->cause);
}
