/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/remote.h"

#include <stdio.h>
#include <string.h>

const char *remote_state_name(enum remote_state s)
{
    static const char *const names[REMOTE_STATE_N] = {"asked", "opening", "opened", "refused", "lapsed"};

    return names[s];
}

static bool is_alive(const struct remote_request *q)
{
    return q->used && (q->state == REMOTE_ASKED || q->state == REMOTE_OPENING);
}

static bool is_at(const struct remote_request *q, const uint8_t locker[STORE_LOCKER_LEN])
{
    return memcmp(q->locker, locker, STORE_LOCKER_LEN) == 0;
}

static bool is_for(const struct remote_request *q, const struct remote_word *w)
{
    return is_alive(q) && is_at(q, w->locker) && memcmp(q->order, w->order, sizeof(q->order)) == 0 &&
           q->load == w->load && w->seq > q->last_seq;
}

static bool is_same(const struct remote_request *x, const uint8_t order[ORDER_ID_LEN])
{
    return x->used && memcmp(x->order, order, ORDER_ID_LEN) == 0;
}

/* Which of two slots a new request takes: that of the same order, so that it has one; a free one; the oldest. */
static bool is_rather(const struct remote_request *x, const struct remote_request *at,
                      const uint8_t order[ORDER_ID_LEN])
{
    if (at == NULL || is_same(x, order) || is_same(at, order))
        return at == NULL || is_same(x, order);
    return at->used && (!x->used || x->asked_ms < at->asked_ms);
}

enum err remote_ask(struct remote *m, const struct remote_request *q, int64_t now_ms, struct reason *r)
{
    struct remote_request *at = NULL;

    for (unsigned i = 0; i < REMOTE_MAX; i++) {
        struct remote_request *x = &m->slot[i];

        if (is_alive(x) && is_at(x, q->locker))
            return err_because(r, ERR_BUSY, "a door of this locker is being opened at a distance already");
        if (!is_alive(x) && is_rather(x, at, q->order))
            at = x;
    }
    if (at == NULL)
        return err_because(r, ERR_BUSY, "too many doors are being opened at a distance; try again");
    *at = *q;
    at->used = true;
    at->state = REMOTE_ASKED;
    at->cause[0] = '\0';
    at->asked_ms = now_ms;
    at->answered_ms = 0;
    at->last_seq = 0;
    at->answers = 0;
    return ERR_OK;
}

struct remote_request *remote_challenge(struct remote *m, const struct remote_word *w, int64_t now_ms)
{
    for (unsigned i = 0; i < REMOTE_MAX; i++) {
        struct remote_request *q = &m->slot[i];

        if (!is_for(q, w) || strcmp(q->door, w->door) != 0)
            continue;
        if (w->told_at <= q->told_at || now_ms - q->asked_ms >= REMOTE_ALIVE_MS || q->answers >= REMOTE_ANSWERS_MAX)
            return NULL; /* made before the request, too late, too often */
        q->state = REMOTE_OPENING;
        q->answered_ms = now_ms;
        q->last_seq = w->seq;
        q->answers++;
        return q;
    }
    return NULL;
}

struct remote_request *remote_refuse(struct remote *m, const struct remote_word *w, const char *cause)
{
    for (unsigned i = 0; i < REMOTE_MAX; i++) {
        struct remote_request *q = &m->slot[i];

        if (!is_for(q, w) || w->told_at <= q->told_at)
            continue;
        q->state = strcmp(cause, "time") == 0 ? REMOTE_LAPSED : REMOTE_REFUSED;
        q->last_seq = w->seq;
        (void)snprintf(q->cause, sizeof(q->cause), "%s", cause);
        return q;
    }
    return NULL;
}

struct remote_request *remote_open(struct remote *m, const uint8_t locker[STORE_LOCKER_LEN],
                                   const uint8_t order[ORDER_ID_LEN], uint32_t load)
{
    for (unsigned i = 0; i < REMOTE_MAX; i++) {
        struct remote_request *q = &m->slot[i];

        if (q->used && q->state == REMOTE_OPENING && is_at(q, locker) &&
            memcmp(q->order, order, sizeof(q->order)) == 0 && q->load == load) {
            q->state = REMOTE_OPENED;
            return q;
        }
    }
    return NULL;
}

struct remote_request *remote_lapse(struct remote *m, int64_t now_ms)
{
    for (unsigned i = 0; i < REMOTE_MAX; i++) {
        struct remote_request *q = &m->slot[i];
        bool silent = is_alive(q) && q->state == REMOTE_ASKED && now_ms - q->asked_ms >= REMOTE_ALIVE_MS;
        bool shut = is_alive(q) && q->state == REMOTE_OPENING && now_ms - q->answered_ms >= REMOTE_DOOR_MS;

        if (silent || shut) {
            q->state = REMOTE_LAPSED;
            (void)snprintf(q->cause, sizeof(q->cause), "%s", silent ? "silent" : "door");
            return q;
        }
    }
    return NULL;
}

const struct remote_request *remote_find(const struct remote *m, const uint8_t order[ORDER_ID_LEN])
{
    const struct remote_request *found = NULL;

    for (unsigned i = 0; i < REMOTE_MAX; i++) {
        const struct remote_request *q = &m->slot[i];

        if (q->used && memcmp(q->order, order, sizeof(q->order)) == 0 &&
            (found == NULL || is_alive(q) || q->asked_ms > found->asked_ms))
            found = q;
    }
    return found;
}
