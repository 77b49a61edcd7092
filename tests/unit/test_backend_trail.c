/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/trail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/print.h"
#include "tests/unit/backend_bed.h"

#define OK(call) assert_int_equal(call, ERR_OK)

static const uint8_t LOCKER[STORE_LOCKER_LEN] = {0xAA, 1};

struct fixture {
    struct bed bed;
    struct order order;
    struct store_user user;
    struct text *text[2];
};

static int set_up(void **state)
{
    static const uint8_t key[32], id[ORDER_ID_LEN] = {7};
    struct fixture *f = calloc(1, sizeof(*f));
    struct store *s;
    struct request q;

    assert_non_null(f);
    bed_open(&f->bed);
    s = f->bed.hub.store;
    bed_add_user(&f->bed, "anna", STORE_ROLE_PHARMACIST, "");
    bed_add_locker(&f->bed, "Dorpsrand", LOCKER, key);
    OK(s->ops->user_get(s, "anna", &f->user, NULL));
    request_init(&q, REQUEST_JSON);
    (void)snprintf(q.patient, sizeof(q.patient), "J. <b>Jansen");
    order_init(&f->order, id, &q, 1);
    OK(s->ops->begin(s, NULL));
    OK(s->ops->order_insert(s, &f->order, NULL, NULL));
    OK(s->ops->commit(s, NULL));
    OK(text_load(&f->text[0], "backend/web/nl.json", NULL));
    OK(text_load(&f->text[1], "backend/web/en.json", NULL));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    text_free(f->text[0]);
    text_free(f->text[1]);
    bed_close(&f->bed);
    free(f);
    return 0;
}

/* The locker told this at at_ms; dat with 's for quotes. */
static void tell(struct fixture *f, const char *typ, int64_t at_ms, const char *dat)
{
    struct store *s = f->bed.hub.store;
    struct store_event ev = {.epoch = 1, .told_ms = at_ms, .received_ms = at_ms, .has_order = true};
    char payload[400], coded[600], text[700];

    (void)snprintf(payload, sizeof(payload), "{'dat':{%s}}", dat);
    for (char *p = payload; *p != '\0'; p++)
        *p = *p == '\'' ? '"' : *p;
    (void)sodium_bin2base64(coded, sizeof(coded), (const uint8_t *)payload, strlen(payload),
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    (void)snprintf(text, sizeof(text), "e30.%s.sig", coded);
    (void)snprintf(ev.typ, sizeof(ev.typ), "%s", typ);
    memcpy(ev.locker, LOCKER, sizeof(LOCKER));
    memcpy(ev.order, f->order.id, sizeof(ev.order));
    ev.text = text;
    ev.len = strlen(text);
    OK(s->ops->begin(s, NULL));
    OK(s->ops->event_append(s, &ev, NULL));
    OK(s->ops->commit(s, NULL));
}

static void act(struct fixture *f, const char *actor, const char *action, int64_t at_ms)
{
    struct store *s = f->bed.hub.store;
    struct store_audit a = {.at_ms = at_ms, .has_order = true};

    (void)snprintf(a.actor, sizeof(a.actor), "%s", actor);
    (void)snprintf(a.action, sizeof(a.action), "%s", action);
    memcpy(a.order, f->order.id, sizeof(a.order));
    OK(s->ops->begin(s, NULL));
    OK(s->ops->audit_append(s, &a, NULL));
    OK(s->ops->commit(s, NULL));
}

/* Fails unless the page has these in this order. */
static void expect(struct fixture *f, unsigned language, const char *const *says)
{
    const char *at;
    char *html;

    OK(trail_page(&f->bed.hub, f->text[language], &f->order, &html, NULL));
    at = html;
    for (; *says != NULL; says++) {
        const char *found = strstr(at, *says);

        if (found == NULL)
            fail_msg("no \"%s\" after %s", *says, at);
        at = found;
    }
    print_free(html);
}

static void a_patient_reads_who_opened_which_door_and_when(void **state)
{
    static const char *const nl[] = {"J. &lt;b&gt;Jansen",
                                     "Mx anna (apotheek) maakte de bestelling.",
                                     "Mx anna (apotheek) legde uw zak achter deur A3. <small>Dorpsrand</small>",
                                     "Deur A3 ging open met uw code.",
                                     "Deur A3 ging dicht.",
                                     "De zak is opgehaald achter deur A3.",
                                     NULL};
    static const char *const en[] = {"Mx anna (pharmacy) made the order.", "Door A3 opened with your code.", NULL};
    struct fixture *f = *state;
    char dat[80], hex[2 * ORDER_STAFF_LEN + 1] = "";

    for (unsigned i = 0; i < ORDER_STAFF_LEN; i++)
        (void)snprintf(hex + 2 * (size_t)i, 3, "%02x", f->user.staff[i]);
    (void)snprintf(dat, sizeof(dat), "'door':'A3','staff':'%s'", hex);
    tell(f, "order.loaded.v1", 2000, dat);
    tell(f, "door.pulsed.v1", 3000, "'door':'A3','actor':{'kind':'code'}");
    tell(f, "door.opened.v1", 3001, "'door':'A3'");
    tell(f, "door.closed.v1", 3002, "'door':'A3'");
    tell(f, "order.collected.v1", 3002, "'door':'A3'");
    act(f, "anna", "order.registered", 1000); /* told later, happened first */
    expect(f, 0, nl);
    expect(f, 1, en);
}

static void an_opening_names_whose_right_it_had(void **state)
{
    static const char *const says[] = {"Deur A1 ging open met uw papier.",
                                       "Deur A1 ging open voor uw mantelzorger.",
                                       "Mx anna (apotheek) opende deur A1.",
                                       "Mx anna (apotheek) opende deur A1 op afstand.",
                                       "Een medewerker opende deur A1.",
                                       "Deur A1 ging open.",
                                       NULL};
    struct fixture *f = *state;
    char dat[100], hex[2 * ORDER_STAFF_LEN + 1] = "";
    static const char *const kinds[] = {"staff", "remote"};

    for (unsigned i = 0; i < ORDER_STAFF_LEN; i++)
        (void)snprintf(hex + 2 * (size_t)i, 3, "%02x", f->user.staff[i]);
    tell(f, "door.pulsed.v1", 1, "'door':'A1','actor':{'kind':'token'}");
    tell(f, "door.opened.v1", 1, "'door':'A1'");
    tell(f, "door.pulsed.v1", 2, "'door':'A1','actor':{'kind':'carer','carer':'0102030405060708'}");
    tell(f, "door.opened.v1", 2, "'door':'A1'");
    for (unsigned i = 0; i < 2; i++) {
        (void)snprintf(dat, sizeof(dat), "'door':'A1','actor':{'kind':'%s','staff':'%s'}", kinds[i], hex);
        tell(f, "door.pulsed.v1", 3 + i, dat);
        tell(f, "door.opened.v1", 3 + i, "'door':'A1'");
    }
    tell(f, "door.pulsed.v1", 5, "'door':'A1','actor':{'kind':'staff','staff':'ffffffffffffffff'}");
    tell(f, "door.opened.v1", 5, "'door':'A1'");
    tell(f, "door.pulsed.v1", 6, "'door':'A1'");
    tell(f, "door.opened.v1", 6, "'door':'A1'");
    expect(f, 0, says);
}

static void give(struct fixture *f, uint8_t mark, bool strip)
{
    struct store *s = f->bed.hub.store;
    struct store_carer c = {.carer = {mark}, .strip = strip};

    memcpy(c.order, f->order.id, sizeof(c.order));
    OK(s->ops->begin(s, NULL));
    OK(s->ops->carer_insert(s, &c, NULL));
    OK(s->ops->commit(s, NULL));
}

static void act_about(struct fixture *f, const char *action, const char *subject, int64_t at_ms)
{
    struct store *s = f->bed.hub.store;
    struct store_audit a = {.actor = "anna", .at_ms = at_ms, .has_order = true};

    (void)snprintf(a.action, sizeof(a.action), "%s", action);
    (void)snprintf(a.subject, sizeof(a.subject), "%s", subject);
    memcpy(a.order, f->order.id, sizeof(a.order));
    OK(s->ops->begin(s, NULL));
    OK(s->ops->audit_append(s, &a, NULL));
    OK(s->ops->commit(s, NULL));
}

static void the_strip_is_told_apart_from_carers_and_from_the_patient(void **state)
{
    static const char *const nl[] = {"Mx anna (apotheek) maakte een strook aan uw papier.",
                                     "Mx anna (apotheek) gaf uw mantelzorger het recht om op te halen.",
                                     "Deur A1 ging open met de strook van uw papier.",
                                     "Iemand met de strook van uw papier haalde de zak op.",
                                     "Deur A1 ging open voor uw mantelzorger.",
                                     "Uw mantelzorger haalde de zak op.",
                                     "Mx anna (apotheek) zorgde dat de strook van uw papier niet meer werkt.",
                                     NULL};
    static const char *const en[] = {"Door A1 opened with the strip of your paper.",
                                     "Somebody with the strip of your paper collected the bag.", NULL};
    struct fixture *f = *state;

    give(f, 1, true);
    give(f, 2, false);
    act_about(f, "carer.granted", "0100000000000000", 1);
    act_about(f, "carer.granted", "0200000000000000", 2);
    tell(f, "door.pulsed.v1", 3, "'door':'A1','actor':{'kind':'carer','carer':'0100000000000000'}");
    tell(f, "door.opened.v1", 3, "'door':'A1'");
    act_about(f, "order.collected_by_carer", "0100000000000000", 4);
    tell(f, "door.pulsed.v1", 5, "'door':'A1','actor':{'kind':'carer','carer':'0200000000000000'}");
    tell(f, "door.opened.v1", 5, "'door':'A1'");
    act_about(f, "order.collected_by_carer", "0200000000000000", 6);
    act_about(f, "carer.revoked", "0100000000000000", 7);
    expect(f, 0, nl);
    expect(f, 1, en);
}

static void nothing_is_left_out_for_want_of_words(void **state)
{
    static const char *const says[] = {
        "De server vroeg de zak nog een keer terug.", "Een beheerder van de server deed iets met uw bestelling.",
        "De kluis meldde iets over uw bestelling.",   "Iemand meldde bij deur A1: leeg.",
        "Dorpsrand deed iets met uw bestelling.",     NULL};
    struct fixture *f = *state;

    act(f, "system", "order.withdraw_again", 1);
    act(f, "hubctl", "order.invented", 2);
    tell(f, "order.invented.v1", 3, "'door':'A1'");
    tell(f, "order.reported.v1", 4, "'door':'A1','what':'empty'");
    act(f, "Dorpsrand", "order.invented", 5);
    expect(f, 0, says);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_patient_reads_who_opened_which_door_and_when, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_opening_names_whose_right_it_had, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_strip_is_told_apart_from_carers_and_from_the_patient, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_left_out_for_want_of_words, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
