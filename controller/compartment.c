/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/compartment.h"

#include <assert.h>
#include <string.h>

#define TO(state) (COMPARTMENT_##state + 1) /* 0, the default, means: ignore */

static const uint8_t table[COMPARTMENT_STATE_N][COMPARTMENT_CAUSE_N] = {
    [COMPARTMENT_FREE] =
        {
            [COMPARTMENT_LOAD] = TO(LOADING),
            [COMPARTMENT_INSPECT] = TO(CHECK),
            [COMPARTMENT_FORCE] = TO(FORCED),
            [COMPARTMENT_LOSE] = TO(OUT),
            [COMPARTMENT_DISAGREE] = TO(CHECK),
        },
    [COMPARTMENT_LOADING] =
        {
            [COMPARTMENT_CONFIRM] = TO(LOADED),
            [COMPARTMENT_ABANDON] = TO(CHECK),
            [COMPARTMENT_JAM] = TO(CHECK),
            [COMPARTMENT_WITHDRAW] = TO(CHECK),
            [COMPARTMENT_FORCE] = TO(FORCED),
            [COMPARTMENT_LOSE] = TO(OUT),
            [COMPARTMENT_RESTART] = TO(CHECK),
        },
    [COMPARTMENT_LOADED] =
        {
            [COMPARTMENT_PICKUP] = TO(OPENING),
            [COMPARTMENT_WITHDRAW] = TO(CHECK),
            [COMPARTMENT_INSPECT] = TO(CHECK),
            [COMPARTMENT_FORCE] = TO(FORCED),
            [COMPARTMENT_LOSE] = TO(OUT),
            [COMPARTMENT_DISAGREE] = TO(CHECK),
        },
    [COMPARTMENT_OPENING] =
        {
            [COMPARTMENT_COLLECT] = TO(TAKEN),
            [COMPARTMENT_UNCONFIRM] = TO(LOADED),
            [COMPARTMENT_JAM] = TO(CHECK),
            [COMPARTMENT_LEAVE] = TO(CHECK),
            [COMPARTMENT_WITHDRAW] = TO(CHECK),
            [COMPARTMENT_FORCE] = TO(FORCED),
            [COMPARTMENT_LOSE] = TO(OUT),
            [COMPARTMENT_RESTART] = TO(LOADED),
            [COMPARTMENT_REPORT] = TO(CHECK),
        },
    [COMPARTMENT_TAKEN] =
        {
            [COMPARTMENT_LOAD] = TO(LOADING),
            [COMPARTMENT_INSPECT] = TO(CHECK),
            [COMPARTMENT_FORCE] = TO(FORCED),
            [COMPARTMENT_LOSE] = TO(OUT),
            [COMPARTMENT_DISAGREE] = TO(CHECK),
            [COMPARTMENT_REPORT] = TO(CHECK),
        },
    [COMPARTMENT_CHECK] =
        {
            [COMPARTMENT_EMPTY] = TO(FREE),
            [COMPARTMENT_KEEP] = TO(LOADED),
            [COMPARTMENT_FORCE] = TO(FORCED),
            [COMPARTMENT_LOSE] = TO(OUT),
        },
    [COMPARTMENT_FORCED] = {[COMPARTMENT_INSPECT] = TO(CHECK)},
    [COMPARTMENT_OUT] = {[COMPARTMENT_INSPECT] = TO(CHECK), [COMPARTMENT_FORCE] = TO(FORCED)},
};

static const char *const state_names[COMPARTMENT_STATE_N] = {
    "FREE", "LOADING", "LOADED", "OPENING", "TAKEN", "CHECK", "FORCED", "OUT",
};

static const char *const cause_names[COMPARTMENT_CAUSE_N] = {
    "load",    "confirm", "abandon", "pickup", "collect", "unconfirm", "jam",      "leave",  "withdraw",
    "inspect", "empty",   "keep",    "force",  "lose",    "restart",   "disagree", "report",
};

enum compartment_state compartment_next(enum compartment_state state, enum compartment_cause cause)
{
    assert(state < COMPARTMENT_STATE_N && cause < COMPARTMENT_CAUSE_N);
    unsigned next = table[state][cause];
    return next == 0 ? state : (enum compartment_state)(next - 1);
}

bool compartment_step(struct compartment *c, enum compartment_cause cause)
{
    enum compartment_state next = compartment_next(c->state, cause);
    bool changed = next != c->state;
    c->state = next;
    return changed;
}

void compartment_bind(struct compartment *c, const uint8_t order[CODE_ORDER_LEN], uint32_t load)
{
    c->bound = true;
    memcpy(c->order, order, CODE_ORDER_LEN);
    c->load = load;
}

void compartment_unbind(struct compartment *c)
{
    c->bound = false;
    memset(c->order, 0, CODE_ORDER_LEN);
    c->load = 0;
}

bool compartment_is_offered(const struct compartment *c)
{
    return c->state == COMPARTMENT_FREE || c->state == COMPARTMENT_TAKEN;
}

bool compartment_needs_people(const struct compartment *c)
{
    return c->state == COMPARTMENT_CHECK || c->state == COMPARTMENT_FORCED || c->state == COMPARTMENT_OUT;
}

bool compartment_is_at_rest(const struct compartment *c)
{
    return c->state == COMPARTMENT_FREE || c->state == COMPARTMENT_LOADED || c->state == COMPARTMENT_TAKEN;
}

const char *compartment_state_name(enum compartment_state s)
{
    assert(s < COMPARTMENT_STATE_N);
    return state_names[s];
}

enum err compartment_state_parse(const char *text, enum compartment_state *out)
{
    for (unsigned i = 0; i < COMPARTMENT_STATE_N; i++) {
        if (strcmp(text, state_names[i]) == 0) {
            *out = (enum compartment_state)i;
            return ERR_OK;
        }
    }
    return ERR_UNKNOWN;
}

const char *compartment_cause_name(enum compartment_cause c)
{
    assert(c < COMPARTMENT_CAUSE_N);
    return cause_names[c];
}
