/* SPDX-License-Identifier: Apache-2.0 */
/* Carers at the hub: what a right is worth, where it reaches, and when it is over. */
#include "backend/carer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backend/recode.h"
#include "backend/view.h"
#include "tests/unit/bag_bed.h"

static struct carer_grant a_grant(struct bag_bed *b, const struct order *o, bool standing, bool with_code)
{
    struct carer_grant g = {.who = b->anna, .standing = standing, .with_code = with_code};

    memcpy(g.order, o->id, sizeof(g.order));
    (void)snprintf(g.name, sizeof(g.name), "Bea Buur");
    return g;
}

static struct carer_grant given(struct bag_bed *b, const struct order *o, bool standing, bool with_code)
{
    struct carer_grant g = a_grant(b, o, standing, with_code);
    struct reason r = {""};

    if (carer_begin(&b->bed.hub, &g, &r) != ERR_OK)
        fail_msg("%s", r.text);
    if (with_code)
        mint_stretch(&g.job);
    if (carer_finish(&b->bed.hub, &g, &r) != ERR_OK)
        fail_msg("%s", r.text);
    return g;
}

static struct order packed(struct bag_bed *b, const char *birth_date)
{
    struct order o = bag_ask(b, "J. de Wit", birth_date);

    return bag_pack(b, &o);
}

static struct token_carer card_of(struct bag_bed *b, const uint8_t *carer, const uint8_t *locker)
{
    struct store_carer_place p;
    struct store_carer c;
    char text[TOKEN_TEXT_CAP];
    struct token t;

    BAG_OK(carer_card(&b->bed.hub, carer, locker, &c, &p, text, NULL));
    BAG_OK(token_decode(text, b->bed.hub.mint.token_secret + 32, &t, NULL));
    assert_int_equal(t.kind, TOKEN_CARER);
    return t.u.carer;
}

/* "valid" ... of the only right in the list of o. */
static void assert_state(struct bag_bed *b, const struct order *o, const char *want)
{
    cJSON *tree = json_new_object();
    const struct order now = bag_now(b, o);
    const char *state;
    const cJSON *list;

    BAG_OK(view_carers(&b->bed.hub, &now, tree, NULL));
    list = cJSON_GetObjectItemCaseSensitive(tree, "carers");
    assert_int_equal(cJSON_GetArraySize(list), 1);
    BAG_OK(json_get_text(cJSON_GetArrayItem(list, 0), "state", 1, 20, &state, NULL));
    assert_string_equal(state, want);
    cJSON_Delete(tree);
}

/* ---------------------------------------------------------------- rights */

static void a_card_for_one_bag_needs_nothing_from_the_locker(void **state)
{
    static const uint8_t anywhere[STORE_LOCKER_LEN];
    struct bag_bed *b = *state;
    struct order o = packed(b, "");
    struct carer_grant g = given(b, &o, false, false);
    struct token_carer card = card_of(b, g.carer.carer, anywhere);

    assert_int_equal(b->told, 0);
    assert_memory_equal(card.bind.order, o.id, ORDER_ID_LEN);
    assert_int_equal(card.bind.load, 1);
    assert_memory_equal(card.bind.locker, BAG_LOCKER, STORE_LOCKER_LEN);
    assert_int_equal(card.not_after_s, o.ask.not_after_s);
    assert_state(b, &o, "valid");
}

static void a_standing_card_is_for_the_person_and_for_no_bag(void **state)
{
    static const uint8_t nothing[ORDER_ID_LEN];
    struct bag_bed *b = *state;
    struct order o = packed(b, "1937-07-13");
    struct carer_grant g = given(b, &o, true, false);
    struct token_carer card = card_of(b, g.carer.carer, BAG_LOCKER);

    assert_memory_equal(card.bind.order, nothing, ORDER_ID_LEN);
    assert_int_equal(card.bind.load, 0);
    assert_memory_equal(card.person, o.person, sizeof(card.person));
    assert_true(card.not_after_s > clock_wall_ms() / 1000 + 364 * 86400);
}

static void wrong_rights_are_refused(void **state)
{
    struct bag_bed *b = *state;
    struct order o = packed(b, "1937-07-13"), alone = bag_ask(b, "K.", "1937-07-13"), asked = bag_ask(b, "L.", "");
    struct carer_grant g = a_grant(b, &asked, false, false);
    int64_t now_s = clock_wall_ms() / 1000;

    assert_int_equal(carer_begin(&b->bed.hub, &g, NULL), ERR_STATE); /* not packed */
    alone = bag_pack_as(b, &alone, BAG_LOCKER, true);
    g = a_grant(b, &alone, true, false);
    assert_int_equal(carer_begin(&b->bed.hub, &g, NULL), ERR_STATE);
    g = a_grant(b, &o, true, false);
    g.not_after_s = now_s - 1;
    assert_int_equal(carer_begin(&b->bed.hub, &g, NULL), ERR_RANGE);
    g.not_after_s = now_s + 367 * 86400;
    assert_int_equal(carer_begin(&b->bed.hub, &g, NULL), ERR_RANGE);
    g.not_after_s = now_s + 10;
    BAG_OK(carer_begin(&b->bed.hub, &g, NULL));
    g = a_grant(b, &o, false, false);
    g.not_after_s = o.ask.not_after_s + 1;
    assert_int_equal(carer_begin(&b->bed.hub, &g, NULL), ERR_RANGE);
    g = a_grant(b, &o, false, false);
    (void)snprintf(g.name, sizeof(g.name), "  ");
    assert_int_equal(carer_begin(&b->bed.hub, &g, NULL), ERR_SYNTAX);
    g = a_grant(b, &o, false, false);
    g.order[0] ^= 1;
    assert_int_equal(carer_begin(&b->bed.hub, &g, NULL), ERR_NOT_FOUND);
}

/* ---------------------------------------------------------------- codes */

static void assert_hex(const cJSON *dat, const char *key, const uint8_t *want, size_t len)
{
    uint8_t got[64];

    BAG_OK(json_get_hex(dat, key, got, len, NULL));
    assert_memory_equal(got, want, len);
}

static void an_own_code_goes_to_the_locker_as_verifiers(void **state)
{
    struct bag_bed *b = *state;
    struct order o = packed(b, "1937-07-13");
    struct carer_grant g = given(b, &o, true, true);
    struct bag_command c = bag_last_command(b);
    uint8_t mac[CODE_MAC_LEN];

    assert_int_equal(b->told, 1);
    assert_string_equal(c.typ, "carer.grant.v1");
    assert_hex(c.msg.dat, "carer", g.carer.carer, sizeof(g.carer.carer));
    assert_hex(c.msg.dat, "person", o.person, sizeof(o.person));
    assert_null(cJSON_GetObjectItemCaseSensitive(c.msg.dat, "ord"));
    code_mac_carer1(&g.job.key, BAG_LOCKER, g.carer.carer, g.job.a, mac);
    assert_hex(c.msg.dat, "v1", mac, sizeof(mac));
    code_mac_carer2(&g.job.key, BAG_LOCKER, g.carer.carer, g.job.a, "1307", mac);
    assert_hex(c.msg.dat, "v2", mac, sizeof(mac));
    assert_int_equal(g.place.grant, STORE_REPLY_PENDING);
    assert_string_not_equal(g.job.secret, b->code);
    msg_fini(&c.msg);
}

static void a_code_for_one_bag_of_a_strict_class_needs_the_birthday(void **state)
{
    struct bag_bed *b = *state;
    struct order o = bag_ask(b, "J. de Wit", "1937-07-13");
    struct store *s = b->bed.hub.store;
    struct bag_command c;

    o.ask.cls = TOKEN_CLASS_SENSITIVE;
    BAG_OK(s->ops->begin(s, NULL));
    BAG_OK(s->ops->order_update(s, &o, NULL));
    BAG_OK(s->ops->commit(s, NULL));
    o = bag_pack(b, &o);
    (void)given(b, &o, false, true);
    c = bag_last_command(b);
    assert_hex(c.msg.dat, "ord", o.id, sizeof(o.id));
    assert_null(cJSON_GetObjectItemCaseSensitive(c.msg.dat, "v1"));
    assert_non_null(cJSON_GetObjectItemCaseSensitive(c.msg.dat, "v2"));
    msg_fini(&c.msg);
}

static struct store_carer_place place_of(struct bag_bed *b, const struct carer_grant *g)
{
    struct store_carer_place p;

    BAG_OK(b->bed.hub.store->ops->carer_place_get(b->bed.hub.store, g->carer.carer, BAG_LOCKER, &p, NULL));
    return p;
}

static unsigned audited(struct bag_bed *b, const char *action)
{
    uint32_t n;

    BAG_OK(b->bed.hub.store->ops->audit_count(b->bed.hub.store, action, NULL, NULL, 0, &n, NULL));
    return n;
}

static void a_code_works_when_the_locker_says_so(void **state)
{
    struct bag_bed *b = *state;
    struct order o = packed(b, "1937-07-13");
    struct carer_grant yes = given(b, &o, true, true), no = given(b, &o, false, true);

    assert_false(
        bag_tell(b, "command.done.v1", "{\"seq\":%d,\"result\":\"done\"}", (int)yes.place.grant_seq).contradiction);
    assert_false(
        bag_tell(b, "command.done.v1", "{\"seq\":%d,\"result\":\"refused\",\"cause\":\"key\"}", (int)no.place.grant_seq)
            .contradiction);
    assert_int_equal(place_of(b, &yes).grant, STORE_REPLY_DONE);
    assert_true(place_of(b, &yes).code_live);
    assert_int_equal(place_of(b, &no).grant, STORE_REPLY_REFUSED);
    assert_false(place_of(b, &no).code_live);
    assert_int_equal(audited(b, "carer.code_works"), 1);
    assert_int_equal(audited(b, "carer.code_refused"), 1);
}

/* ---------------------------------------------------------------- the end */

static void a_revoked_right_is_pending_until_the_locker_confirms(void **state)
{
    struct bag_bed *b = *state;
    struct order o = packed(b, "1937-07-13");
    struct carer_grant g = given(b, &o, true, true);
    char text[TOKEN_TEXT_CAP];
    struct store_carer_place p;
    struct store_carer carer;
    struct bag_command c;

    BAG_OK(carer_revoke(&b->bed.hub, &b->anna, g.carer.carer, NULL));
    assert_int_equal(carer_revoke(&b->bed.hub, &b->anna, g.carer.carer, NULL), ERR_STATE);
    assert_int_equal(carer_card(&b->bed.hub, g.carer.carer, BAG_LOCKER, &carer, &p, text, NULL), ERR_STATE);
    c = bag_last_command(b);
    assert_string_equal(c.typ, "carer.revoke.v1");
    assert_hex(c.msg.dat, "carer", g.carer.carer, sizeof(g.carer.carer));
    msg_fini(&c.msg);
    assert_state(b, &o, "revoking");
    assert_true(place_of(b, &g).code_live); /* it may still work there */
    (void)bag_tell(b, "command.done.v1", "{\"seq\":%d,\"result\":\"done\"}", (int)g.place.grant_seq);
    assert_state(b, &o, "revoking"); /* that was the answer to the other command */
    (void)bag_tell(b, "command.done.v1", "{\"seq\":%d,\"result\":\"done\"}", (int)c.seq);
    assert_state(b, &o, "revoked");
    assert_false(place_of(b, &g).code_live);
    assert_int_equal(audited(b, "carer.revoked"), 1);
    assert_int_equal(audited(b, "carer.revoke_confirmed"), 1);
}

static void a_locker_that_cannot_revoke_is_a_fault(void **state)
{
    struct bag_bed *b = *state;
    struct order o = packed(b, "1937-07-13");
    struct carer_grant g = given(b, &o, false, false);
    struct bag_command c;

    BAG_OK(carer_revoke(&b->bed.hub, &b->anna, g.carer.carer, NULL));
    c = bag_last_command(b);
    msg_fini(&c.msg);
    assert_true(bag_tell(b, "command.done.v1", "{\"seq\":%d,\"result\":\"refused\",\"cause\":\"full\"}", (int)c.seq)
                    .contradiction);
    assert_state(b, &o, "revoking");
    assert_int_equal(place_of(b, &g).revoke, STORE_REPLY_REFUSED);
}

static void a_right_for_one_bag_is_used_up_with_it(void **state)
{
    struct bag_bed *b = *state;
    struct order o = packed(b, "1937-07-13");
    struct carer_grant g = given(b, &o, false, false);
    char order[2 * ORDER_ID_LEN + 1], carer[2 * TOKEN_CARER_LEN + 1];
    cJSON *tree = json_new_object();
    const cJSON *proof = NULL;
    const char *name = "";

    num_to_hex(g.carer.carer, sizeof(g.carer.carer), carer);
    o = bag_load(b, &o, "A3");
    (void)bag_tell(b, "order.collected.v1",
                   "{" BAG_ORD ",\"actor\":{\"kind\":\"carer\",\"carer\":\"%s\"},\"pulses\":1,\"pulsed_ms\":1,"
                   "\"opened_ms\":2,\"closed_ms\":3,\"proof\":\"opened-closed\"}",
                   bag_hex(o.id, sizeof(o.id), order), o.load, "A3", carer);
    assert_state(b, &o, "used");
    assert_int_equal(audited(b, "order.collected_by_carer"), 1);
    o = bag_now(b, &o);
    BAG_OK(view_order(&b->bed.hub, STORE_ROLE_PHARMACIST, &o, tree, NULL));
    BAG_OK(json_get_object(tree, "proof", &proof, NULL));
    BAG_OK(json_get_text(proof, "carer_name", 1, STORE_NAME_CAP, &name, NULL));
    assert_string_equal(name, "Bea Buur");
    cJSON_Delete(tree);
    tree = json_new_object(); /* others see that it was a carer, not who */
    BAG_OK(view_order(&b->bed.hub, STORE_ROLE_LOGISTICS, &o, tree, NULL));
    BAG_OK(json_get_object(tree, "proof", &proof, NULL));
    assert_null(cJSON_GetObjectItemCaseSensitive(proof, "carer_name"));
    cJSON_Delete(tree);
}

/* ---------------------------------------------------------------- following */

static void a_standing_right_follows_its_person_to_another_locker(void **state)
{
    struct bag_bed *b = *state;
    struct order first = packed(b, "1937-07-13"), second = bag_ask(b, "j. de wit", "1937-07-13");
    struct order other = bag_ask(b, "K. de Wit", "1937-07-13");
    struct carer_grant g = given(b, &first, true, false);
    char text[TOKEN_TEXT_CAP];
    struct store_carer_place p;
    struct store_carer c;

    other = bag_pack_as(b, &other, BAG_OTHER, false);
    assert_int_equal(carer_card(&b->bed.hub, g.carer.carer, BAG_OTHER, &c, &p, text, NULL), ERR_NOT_FOUND);
    second = bag_pack_as(b, &second, BAG_OTHER, false);
    assert_memory_equal(card_of(b, g.carer.carer, BAG_OTHER).person, second.person, sizeof(second.person));
    assert_memory_equal(card_of(b, g.carer.carer, BAG_LOCKER).person, first.person, sizeof(first.person));
    assert_int_equal(audited(b, "carer.followed"), 1);
    assert_state(b, &second, "valid");
    BAG_OK(carer_revoke(&b->bed.hub, &b->anna, g.carer.carer, NULL)); /* reaches both */
    BAG_OK(b->bed.hub.store->ops->carer_place_get(b->bed.hub.store, g.carer.carer, BAG_OTHER, &p, NULL));
    assert_int_equal(p.revoke, STORE_REPLY_PENDING);
    assert_int_equal(place_of(b, &g).revoke, STORE_REPLY_PENDING);
    first = bag_ask(b, "J. de Wit", "1937-07-13");
    (void)bag_pack_as(b, &first, BAG_OTHER, false);
    assert_int_equal(audited(b, "carer.followed"), 1);
}

static void a_right_goes_nowhere_where_taking_it_back_would_not_reach(void **state)
{
    struct bag_bed *b = *state;
    struct order first = packed(b, "1937-07-13"), second = bag_ask(b, "J. de Wit", "1937-07-13");
    struct carer_grant g = given(b, &first, true, false);
    struct store_carer_place p = place_of(b, &g);

    for (unsigned i = 1; i < 64; i++) {
        memset(p.locker, (int)(0x80 + i), sizeof(p.locker));
        BAG_OK(b->bed.hub.store->ops->begin(b->bed.hub.store, NULL));
        BAG_OK(b->bed.hub.store->ops->carer_place_put(b->bed.hub.store, &p, NULL));
        BAG_OK(b->bed.hub.store->ops->commit(b->bed.hub.store, NULL));
    }
    (void)bag_pack_as(b, &second, BAG_OTHER, false);
    assert_int_equal(audited(b, "carer.followed"), 0);
    assert_int_equal(audited(b, "carer.not_followed"), 1);
    assert_int_equal(b->bed.hub.store->ops->carer_place_get(b->bed.hub.store, g.carer.carer, BAG_OTHER, &p, NULL),
                     ERR_NOT_FOUND);
}

/* ---------------------------------------------------------------- the strip of a slip */

static struct order packed_with_strip(struct bag_bed *b)
{
    struct order o = bag_ask(b, "J. de Wit", "1937-07-13");

    return bag_pack_by(b, &o, BAG_LOCKER, &(struct pack){.strip = true});
}

/* Whose card is on the strip. */
static struct token_carer strip_of(struct bag_bed *b, const struct order *o)
{
    const struct order now = bag_now(b, o);
    char text[TOKEN_TEXT_CAP];
    struct token t;

    BAG_OK(carer_strip(&b->bed.hub, &now, text, NULL));
    BAG_OK(token_decode(text, b->bed.hub.mint.token_secret + 32, &t, NULL));
    assert_int_equal(t.kind, TOKEN_CARER);
    return t.u.carer;
}

static void assert_no_strip(struct bag_bed *b, const struct order *o)
{
    const struct order now = bag_now(b, o);
    char text[TOKEN_TEXT_CAP] = "x";

    BAG_OK(carer_strip(&b->bed.hub, &now, text, NULL));
    assert_string_equal(text, "");
}

/* Member `key` of the i-th right of o; "" when null. */
static void right(struct bag_bed *b, const struct order *o, int i, const char *key, char out[STORE_NAME_CAP])
{
    const struct order now = bag_now(b, o);
    cJSON *tree = json_new_object();
    const cJSON *row;
    const char *text = "";

    BAG_OK(view_carers(&b->bed.hub, &now, tree, NULL));
    row = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(tree, "carers"), i);
    assert_non_null(row);
    if (!cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(row, key)))
        BAG_OK(json_get_text(row, key, 1, STORE_NAME_CAP - 1, &text, NULL));
    (void)snprintf(out, STORE_NAME_CAP, "%s", text);
    cJSON_Delete(tree);
}

static void assert_right(struct bag_bed *b, const struct order *o, int i, const char *key, const char *want)
{
    char text[STORE_NAME_CAP];

    right(b, o, i, key, text);
    assert_string_equal(text, want);
}

static void a_strip_is_a_card_for_that_bag_and_names_nobody(void **state)
{
    struct bag_bed *b = *state;
    struct order o = packed_with_strip(b);
    struct token_carer card = strip_of(b, &o), again = strip_of(b, &o);
    char text[TOKEN_TEXT_CAP];
    struct store_carer_place p;
    struct store_carer c;

    assert_memory_equal(card.bind.order, o.id, ORDER_ID_LEN);
    assert_int_equal(card.bind.load, o.load);
    assert_int_equal(card.not_after_s, o.ask.not_after_s);
    assert_memory_equal(card.carer, again.carer, sizeof(card.carer)); /* printed again: no second right */
    assert_int_equal(b->told, 0);                                     /* nothing need reach the locker */
    assert_right(b, &o, 0, "kind", "strip");
    assert_right(b, &o, 0, "name", "");
    assert_right(b, &o, 0, "state", "valid");
    assert_int_equal(carer_card(&b->bed.hub, card.carer, BAG_LOCKER, &c, &p, text, NULL), ERR_STATE);
}

static void a_bag_packed_without_has_no_strip(void **state)
{
    struct bag_bed *b = *state;
    struct order o = packed(b, "1937-07-13");

    (void)given(b, &o, false, false); /* a card of somebody by name is no strip */
    assert_no_strip(b, &o);
    BAG_OK(b->bed.hub.store->ops->begin(b->bed.hub.store, NULL));
    BAG_OK(carer_renew_strip(&b->bed.hub, &b->anna, &o, NULL));
    BAG_OK(b->bed.hub.store->ops->commit(b->bed.hub.store, NULL));
    assert_no_strip(b, &o);
}

static void a_revoked_strip_is_not_printed_and_does_not_come_back(void **state)
{
    struct bag_bed *b = *state;
    struct order o = packed_with_strip(b);
    struct bag_command c;

    BAG_OK(carer_revoke(&b->bed.hub, &b->anna, strip_of(b, &o).carer, NULL));
    c = bag_last_command(b);
    assert_string_equal(c.typ, "carer.revoke.v1");
    msg_fini(&c.msg);
    assert_no_strip(b, &o);
    assert_right(b, &o, 0, "state", "revoking");
    o = bag_pack_by(b, &o, BAG_LOCKER, &(struct pack){.repack = true, .reason = "slip lost"});
    assert_no_strip(b, &o);
}

static void a_strip_that_is_over_is_not_printed(void **state)
{
    struct bag_bed *b = *state;
    struct store *s = b->bed.hub.store;
    struct order o = packed_with_strip(b);
    struct carer_grant g = {.strip = true};

    BAG_OK(carer_revoke(&b->bed.hub, &b->anna, strip_of(b, &o).carer, NULL));
    o.ask.not_after_s = clock_wall_ms() / 1000 - 1;
    g.who = b->anna;
    BAG_OK(s->ops->begin(s, NULL));
    BAG_OK(carer_give_strip(&b->bed.hub, &g.who, &o, NULL));
    BAG_OK(s->ops->commit(s, NULL));
    assert_no_strip(b, &o);
}

static void a_bag_packed_again_has_a_new_strip_and_the_old_one_is_replaced(void **state)
{
    struct bag_bed *b = *state;
    struct order o = packed_with_strip(b);
    struct token_carer first = strip_of(b, &o), second;

    o = bag_pack_by(b, &o, BAG_LOCKER, &(struct pack){.repack = true, .reason = "slip lost"});
    second = strip_of(b, &o);
    assert_int_equal(second.bind.load, 2);
    assert_memory_not_equal(first.carer, second.carer, sizeof(first.carer));
    assert_right(b, &o, 0, "state", "valid");
    assert_right(b, &o, 1, "state", "replaced");
}

static void a_new_code_for_a_bag_that_lies_ready_ends_the_strip_of_the_lost_slip(void **state)
{
    struct bag_bed *b = *state;
    struct order o = packed_with_strip(b);
    struct token_carer first = strip_of(b, &o), second;
    struct recode x = {.who = b->anna, .reason = "slip lost"};
    struct bag_command c;

    o = bag_load(b, &o, "A3");
    memcpy(x.order, o.id, sizeof(x.order));
    BAG_OK(recode_begin(&b->bed.hub, &x, NULL));
    mint_stretch(&x.job);
    BAG_OK(recode_finish(&b->bed.hub, &x, NULL));
    mint_wipe(&x.job);
    c = bag_last_command(b);
    assert_string_equal(c.typ, "carer.revoke.v1");
    assert_hex(c.msg.dat, "carer", first.carer, sizeof(first.carer));
    msg_fini(&c.msg);
    second = strip_of(b, &o);
    assert_memory_not_equal(first.carer, second.carer, sizeof(first.carer));
    assert_right(b, &o, 0, "state", "valid");
    assert_right(b, &o, 1, "state", "revoking");
}

static void who_collects_with_the_strip_has_no_name(void **state)
{
    struct bag_bed *b = *state;
    struct order o = packed_with_strip(b);
    char order[2 * ORDER_ID_LEN + 1], carer[2 * TOKEN_CARER_LEN + 1];
    const struct token_carer card = strip_of(b, &o);
    cJSON *tree = json_new_object();
    const cJSON *proof = NULL;

    num_to_hex(card.carer, sizeof(card.carer), carer);
    o = bag_load(b, &o, "A3");
    (void)bag_tell(b, "order.collected.v1",
                   "{" BAG_ORD ",\"actor\":{\"kind\":\"carer\",\"carer\":\"%s\"},\"pulses\":1,\"pulsed_ms\":1,"
                   "\"opened_ms\":2,\"closed_ms\":3,\"proof\":\"opened-closed\"}",
                   bag_hex(o.id, sizeof(o.id), order), o.load, "A3", carer);
    assert_right(b, &o, 0, "state", "used");
    o = bag_now(b, &o);
    BAG_OK(view_order(&b->bed.hub, STORE_ROLE_PHARMACIST, &o, tree, NULL));
    BAG_OK(json_get_object(tree, "proof", &proof, NULL));
    assert_true(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(proof, "strip")));
    assert_null(cJSON_GetObjectItemCaseSensitive(proof, "carer_name"));
    cJSON_Delete(tree);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, bag_bed_open, bag_bed_close)
    const struct CMUnitTest tests[] = {
        CASE(a_card_for_one_bag_needs_nothing_from_the_locker),
        CASE(a_standing_card_is_for_the_person_and_for_no_bag),
        CASE(wrong_rights_are_refused),
        CASE(an_own_code_goes_to_the_locker_as_verifiers),
        CASE(a_code_for_one_bag_of_a_strict_class_needs_the_birthday),
        CASE(a_code_works_when_the_locker_says_so),
        CASE(a_revoked_right_is_pending_until_the_locker_confirms),
        CASE(a_locker_that_cannot_revoke_is_a_fault),
        CASE(a_right_for_one_bag_is_used_up_with_it),
        CASE(a_standing_right_follows_its_person_to_another_locker),
        CASE(a_right_goes_nowhere_where_taking_it_back_would_not_reach),
        CASE(a_strip_is_a_card_for_that_bag_and_names_nobody),
        CASE(a_bag_packed_without_has_no_strip),
        CASE(a_revoked_strip_is_not_printed_and_does_not_come_back),
        CASE(a_strip_that_is_over_is_not_printed),
        CASE(a_bag_packed_again_has_a_new_strip_and_the_old_one_is_replaced),
        CASE(a_new_code_for_a_bag_that_lies_ready_ends_the_strip_of_the_lost_slip),
        CASE(who_collects_with_the_strip_has_no_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
