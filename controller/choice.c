/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/choice.h"

#include "controller/locker.h"

static void take(struct locker *l, enum language language, const struct event *ev)
{
    struct pickup *p = &l->pickup;
    l->language = language;
    p->chose_language = true;
    pickup_lay_over(p, p->over_before, ev);
}

void choice_keep(struct locker *l, enum language language, const struct event *ev)
{
    l->pickup.over_before = l->pickup.over;
    take(l, language, ev);
}

void choice_ask(struct locker *l, const struct event *ev)
{
    l->pickup.language_before = l->language;
    l->pickup.over_before = l->pickup.over;
    pickup_lay_over(&l->pickup, PICKUP_OVER_LANGUAGES, ev);
}

bool choice_takes(enum event_key digit)
{
    return digit >= EVENT_KEY_1 && digit < EVENT_KEY_1 + LANGUAGE_N;
}

void choice_on_key(struct locker *l, enum event_key key, const struct event *ev)
{
    struct pickup *p = &l->pickup;
    if (key == EVENT_KEY_LANGUAGE) {
        l->language = (enum language)((l->language + 1) % LANGUAGE_N);
    } else if (choice_takes(key)) {
        take(l, (enum language)(key - EVENT_KEY_1), ev);
    } else if (key == EVENT_KEY_OK) {
        take(l, l->language, ev);
    } else if (key == EVENT_KEY_CLEAR) {
        l->language = p->language_before;
        pickup_lay_over(p, p->over_before, ev);
    }
}

void choice_offer(struct locker *l, enum language language)
{
    if (!l->pickup.chose_language)
        l->language = language;
}
