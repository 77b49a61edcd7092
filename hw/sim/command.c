/* SPDX-License-Identifier: Apache-2.0 */
#include "hw/sim/command.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/num.h"

#define WORDS_MAX 16
#define FRAMES_MAX 200 /* in one answer */
#define MS_MAX 86400000

struct word {
    const char *text;
    unsigned column;
};

/* One command being carried out. */
struct command {
    struct cabinet *cabinet;
    int64_t now_us;
    char line[COMMAND_LINE_CAP];
    struct word word[WORDS_MAX];
    unsigned words;
    unsigned end_column;
    cJSON *answer;
    struct command_wait *wait;
};

typedef enum command_then (*command_fn)(struct command *k);

struct verb {
    const char *name;
    command_fn run;
    unsigned min, max; /* words after the name */
    const char *usage;
};

static void put_usages(cJSON *list);

/* ---------------------------------------------------------------- answers */

static cJSON *error_text(unsigned column, const char *text)
{
    char full[REASON_CAP];
    cJSON *o = json_new_object();
    if (column > 0) {
        (void)snprintf(full, sizeof full, "column %u: %s", column, text);
    } else {
        (void)snprintf(full, sizeof full, "%s", text);
    }
    json_put_text(o, "error", full);
    return o;
}

cJSON *command_error(unsigned column, const char *fmt, ...)
{
    char text[REASON_CAP - 32];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return error_text(column, text);
}

static ERR_PRINTF(3, 4) bool refuse(struct command *k, unsigned word, const char *fmt, ...)
{
    char text[REASON_CAP - 32];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    cJSON_Delete(k->answer);
    k->answer = error_text(word < k->words ? k->word[word].column : k->end_column, text);
    return false;
}

static cJSON *ok(struct command *k)
{
    k->answer = json_new_object();
    json_put_bool(k->answer, "ok", true);
    return k->answer;
}

static enum command_then done(struct command *k)
{
    (void)ok(k);
    return COMMAND_ANSWERED;
}

/* ---------------------------------------------------------------- words */

static bool is(const struct command *k, unsigned word, const char *text)
{
    return word < k->words && strcmp(k->word[word].text, text) == 0;
}

static bool want_door(struct command *k, unsigned word, uint16_t *out)
{
    return cabinet_find_door(k->cabinet, k->word[word].text, out) ||
           refuse(k, word, "no door \"%s\"", k->word[word].text);
}

static bool want_int(struct command *k, unsigned word, int64_t min, int64_t max, int64_t *out)
{
    if (word >= k->words) {
        return refuse(k, word, "a number is missing");
    }
    enum err e = num_parse(k->word[word].text, min, max, out);
    return e == ERR_OK || refuse(k, word, "\"%s\" is not a whole number from %lld to %lld", k->word[word].text,
                                 (long long)min, (long long)max);
}

/* A number with up to `places` decimals, as an integer of that unit. */
static bool want_decimal(struct command *k, unsigned word, unsigned places, int64_t limit, int64_t *out)
{
    char digits[24];
    size_t n = 0;
    unsigned decimals = 0;
    bool point = false;
    const char *text = word < k->words ? k->word[word].text : "";
    bool negative = text[0] == '-';
    for (const char *at = text + (negative ? 1 : 0); *at != '\0' && n < sizeof digits - 8; at++) {
        if (*at == '.' && !point && n > 0) {
            point = true;
            continue;
        }
        if (*at < '0' || *at > '9' || decimals == places) {
            return refuse(k, word, "\"%s\" is not a number with at most %u decimals", text, places);
        }
        decimals += point ? 1 : 0;
        if (n != 1 || digits[0] != '0') {
            digits[n++] = *at;
        } else {
            digits[0] = *at; /* no leading zero */
        }
    }
    if (n == 0 || (point && decimals == 0)) {
        return refuse(k, word, "\"%s\" is not a number", text);
    }
    for (; decimals < places && !(n == 1 && digits[0] == '0'); decimals++) {
        digits[n++] = '0';
    }
    digits[n] = '\0';
    int64_t value = 0;
    if (num_parse(digits, 0, limit, &value) != ERR_OK) {
        return refuse(k, word, "\"%s\" is too large", text);
    }
    *out = negative ? -value : value;
    return true;
}

static bool want_choice(struct command *k, unsigned word, const char *const *names, unsigned *out)
{
    for (unsigned i = 0; names[i] != NULL; i++) {
        if (is(k, word, names[i])) {
            *out = i;
            return true;
        }
    }
    char list[128] = "";
    size_t len = 0;
    for (unsigned i = 0; names[i] != NULL && len < sizeof list; i++) {
        int n = snprintf(list + len, sizeof list - len, "%s%s", i > 0 ? ", " : "", names[i]);
        len += n > 0 ? (size_t)n : 0;
    }
    return refuse(k, word, "one of %s is expected", list);
}

static bool want_switch(struct command *k, unsigned word, bool *out)
{
    static const char *const names[] = {"off", "on", NULL};
    unsigned choice = 0;
    if (!want_choice(k, word, names, &choice)) {
        return false;
    }
    *out = choice == 1;
    return true;
}

static bool want_end(struct command *k, unsigned word)
{
    return word >= k->words || refuse(k, word, "\"%s\" is not expected here", k->word[word].text);
}

/* ---------------------------------------------------------------- doors */

static void put_bags(cJSON *parent, const struct cabinet_door *d)
{
    cJSON *list = json_put_array(parent, "content");
    for (uint8_t i = 0; i < d->bags; i++) {
        json_put_text(list, NULL, d->bag[i]);
    }
}

static void put_door(const struct command *k, cJSON *o, uint16_t door)
{
    const struct cabinet *c = k->cabinet;
    const struct cabinet_door *d = &c->door[door];
    json_put_text(o, "door", c->layout.door[door].name);
    json_put_bool(o, "open", d->lock.open);
    json_put_bool(o, "latched", d->lock.latched);
    json_put_text(o, "contact", cabinet_contact_open(c, door, k->now_us) ? "open" : "closed");
    json_put_text(o, "input", cabinet_input_open(c, door, k->now_us) ? "open" : "closed");
    json_put_bool(o, "energised", d->lock.energised);
    json_put_int(o, "pulses", d->lock.pulses);
    json_put_text(o, "cause", lock_cause_name(d->lock.cause));
    json_put_text(o, "person", person_kind_name(d->person.kind));
    put_bags(o, d);
}

static enum command_then do_doors(struct command *k)
{
    cJSON *list = json_put_array(ok(k), "doors");
    for (uint16_t i = 0; i < k->cabinet->layout.doors; i++) {
        put_door(k, json_put_object(list, NULL), i);
    }
    return COMMAND_ANSWERED;
}

static enum command_then do_door(struct command *k)
{
    uint16_t door = 0;
    if (want_door(k, 1, &door)) {
        put_door(k, ok(k), door);
    }
    return COMMAND_ANSWERED;
}

static enum command_then do_close(struct command *k)
{
    uint16_t door = 0;
    if (want_door(k, 1, &door)) {
        cabinet_close_door(k->cabinet, door, k->now_us);
        return done(k);
    }
    return COMMAND_ANSWERED;
}

static enum command_then do_open(struct command *k)
{
    uint16_t door = 0;
    if (want_door(k, 1, &door)) {
        cabinet_open_door(k->cabinet, door, is(k, 0, "force") ? LOCK_BY_FORCE : LOCK_BY_KEY, k->now_us);
        return done(k);
    }
    return COMMAND_ANSWERED;
}

static bool want_bag(struct command *k, unsigned word, const char **out)
{
    *out = word < k->words ? k->word[word].text : "";
    return strlen(*out) < PERSON_BAG_CAP || refuse(k, word, "a bag's name has at most %d bytes", PERSON_BAG_CAP - 1);
}

static enum command_then do_put(struct command *k)
{
    uint16_t door = 0;
    const char *bag = "";
    if (!want_door(k, 1, &door) || !want_bag(k, 2, &bag)) {
        return COMMAND_ANSWERED;
    }
    enum err e = is(k, 0, "put") ? cabinet_put(k->cabinet, door, bag) : cabinet_take(k->cabinet, door, bag);
    if (e == ERR_OK) {
        return done(k);
    }
    if (e == ERR_STATE) {
        (void)refuse(k, 1, "door %s is closed", k->word[1].text);
    } else if (e == ERR_FULL) {
        (void)refuse(k, 1, "door %s holds %d bags already", k->word[1].text, CABINET_BAGS_MAX);
    } else {
        (void)refuse(k, 2, "no bag \"%s\" behind door %s", bag, k->word[1].text);
    }
    return COMMAND_ANSWERED;
}

static enum command_then do_content(struct command *k)
{
    cJSON *list = json_put_array(ok(k), "doors");
    for (uint16_t i = 0; i < k->cabinet->layout.doors; i++) {
        if (k->cabinet->door[i].bags > 0) {
            cJSON *o = json_put_object(list, NULL);
            json_put_text(o, "door", k->cabinet->layout.door[i].name);
            put_bags(o, &k->cabinet->door[i]);
        }
    }
    return COMMAND_ANSWERED;
}

/* ---------------------------------------------------------------- people */

static bool read_person(struct command *k, struct person *out)
{
    static const char *const kinds[] = {"none", "collect", "load", "close", NULL};
    unsigned kind = 0, at = 3;
    int64_t after_ms = 1000;
    const char *bag = "";
    bool once = false;
    if (!want_choice(k, 2, kinds, &kind)) {
        return false;
    }
    if (kind == PERSON_LOAD && at < k->words && !is(k, at, "after") && !is(k, at, "once") && !want_bag(k, at++, &bag)) {
        return false;
    }
    if (is(k, at, "after")) {
        if (!want_int(k, at + 1, 0, MS_MAX, &after_ms)) {
            return false;
        }
        at += 2;
    }
    if (is(k, at, "once")) {
        once = true;
        at++;
    }
    person_init(out, (enum person_kind)kind, after_ms * 1000, once);
    (void)snprintf(out->bag, sizeof out->bag, "%s", bag);
    return want_end(k, at);
}

static enum command_then do_person(struct command *k)
{
    uint16_t first = 0, last = 0;
    struct person person;
    if (is(k, 1, "*")) {
        last = (uint16_t)(k->cabinet->layout.doors - 1);
    } else if (want_door(k, 1, &first)) {
        last = first;
    } else {
        return COMMAND_ANSWERED;
    }
    if (!read_person(k, &person)) {
        return COMMAND_ANSWERED;
    }
    for (uint16_t i = first; i <= last; i++) {
        cabinet_place(k->cabinet, i, &person, k->now_us);
    }
    return done(k);
}

static enum command_then do_wait(struct command *k)
{
    static const char *const kinds[COMMAND_WAIT_N + 1] = {
        [COMMAND_WAIT_OPENED] = "opened", [COMMAND_WAIT_CLOSED] = "closed", [COMMAND_WAIT_PULSED] = "pulsed"};
    unsigned kind = 0;
    uint16_t door = 0;
    int64_t timeout_ms = 0;
    if (!want_choice(k, 1, kinds, &kind) || !want_door(k, 2, &door) || !want_int(k, 3, 0, MS_MAX, &timeout_ms)) {
        return COMMAND_ANSWERED;
    }
    *k->wait = (struct command_wait){.kind = (enum command_wait_kind)kind,
                                     .door = door,
                                     .pulses = k->cabinet->door[door].lock.pulses,
                                     .since_us = k->now_us,
                                     .deadline_us = k->now_us + timeout_ms * 1000};
    return COMMAND_WAITS;
}

static bool wait_is_over(const struct cabinet *c, const struct command_wait *wait)
{
    const struct lock *lock = &c->door[wait->door].lock;
    switch (wait->kind) {
    case COMMAND_WAIT_OPENED:
        return lock->open;
    case COMMAND_WAIT_CLOSED:
        return !lock->open;
    case COMMAND_WAIT_PULSED:
        return lock->pulses != wait->pulses;
    case COMMAND_WAIT_N:
        break;
    }
    assert(false);
    return true;
}

cJSON *command_waited(const struct cabinet *c, const struct command_wait *wait, int64_t now_us)
{
    const char *door = c->layout.door[wait->door].name;
    if (wait_is_over(c, wait)) {
        cJSON *o = json_new_object();
        json_put_bool(o, "ok", true);
        json_put_text(o, "door", door);
        json_put_int(o, "at_us", now_us);
        json_put_int(o, "after_ms", (now_us - wait->since_us) / 1000);
        return o;
    }
    if (now_us < wait->deadline_us) {
        return NULL;
    }
    return command_error(0, "timeout: it did not happen to door %s within %lld ms", door,
                         (long long)((wait->deadline_us - wait->since_us) / 1000));
}

static enum command_then do_events(struct command *k)
{
    (void)ok(k);
    return COMMAND_EVENTS;
}

static enum command_then do_quit(struct command *k)
{
    (void)ok(k);
    return COMMAND_QUIT;
}

cJSON *command_event(const struct cabinet *c, const struct cabinet_event *event)
{
    cJSON *o = json_new_object();
    bool is_door = event->kind == CABINET_DOOR;
    json_put_text(o, "event", is_door ? "door" : "strike");
    json_put_text(o, "door", c->layout.door[event->door].name);
    json_put_bool(o, is_door ? "open" : "energised", event->on);
    if (is_door) {
        json_put_text(o, "cause", lock_cause_name(event->cause));
    }
    json_put_int(o, "at_us", event->at_us);
    return o;
}

/* ---------------------------------------------------------------- faults of doors */

static enum command_then do_jam(struct command *k)
{
    static const char *const names[] = {"off", "on", "next", NULL};
    uint16_t door = 0;
    unsigned choice = 0;
    if (!want_door(k, 1, &door) || !want_choice(k, 2, names, &choice)) {
        return COMMAND_ANSWERED;
    }
    k->cabinet->door[door].lock.jammed = choice == 1;
    k->cabinet->door[door].lock.jam_next = choice == 2;
    return done(k);
}

static enum command_then do_bounce(struct command *k)
{
    uint16_t door = 0;
    int64_t ms = 0;
    if (!want_door(k, 1, &door) || !want_int(k, 2, 0, 60000, &ms)) {
        return COMMAND_ANSWERED;
    }
    k->cabinet->door[door].lock.bounce_us = (uint32_t)ms * 1000u;
    return done(k);
}

static enum command_then do_stick(struct command *k)
{
    static const char *const names[] = {
        [LOCK_STICK_OFF] = "off", [LOCK_STICK_OPEN] = "open", [LOCK_STICK_CLOSED] = "closed", NULL};
    uint16_t door = 0;
    unsigned choice = 0;
    if (!want_door(k, 1, &door) || !want_choice(k, 2, names, &choice)) {
        return COMMAND_ANSWERED;
    }
    k->cabinet->door[door].lock.stick = (enum lock_stick)choice;
    return done(k);
}

static enum command_then do_weak(struct command *k)
{
    uint16_t door = 0;
    bool on = false;
    if (!want_door(k, 1, &door) || !want_switch(k, 2, &on)) {
        return COMMAND_ANSWERED;
    }
    k->cabinet->door[door].lock.weak = on;
    return done(k);
}

static enum command_then do_wire(struct command *k)
{
    static const char *const names[] = {"contact", "strike", NULL};
    uint16_t a = 0, b = 0;
    unsigned choice = 0;
    if (!want_door(k, 1, &a) || !want_door(k, 2, &b) || (k->words > 3 && !want_choice(k, 3, names, &choice))) {
        return COMMAND_ANSWERED;
    }
    if (choice == 0) {
        cabinet_swap_contacts(k->cabinet, a, b);
    } else {
        cabinet_swap_strikes(k->cabinet, a, b, k->now_us);
    }
    return done(k);
}

/* ---------------------------------------------------------------- faults of boards and buses */

static bool want_board(struct command *k, unsigned word, uint8_t *out)
{
    return cabinet_find_board(k->cabinet, k->word[word].text, out) ||
           refuse(k, word, "no board \"%s\"", k->word[word].text);
}

static enum command_then do_boards(struct command *k)
{
    cJSON *list = json_put_array(ok(k), "boards");
    for (uint8_t i = 0; i < k->cabinet->layout.boards; i++) {
        const struct board *b = &k->cabinet->board[i].board;
        cJSON *o = json_put_object(list, NULL);
        json_put_text(o, "board", k->cabinet->layout.board[i].name);
        json_put_text(o, "kind", board_kind_name(b->kind));
        json_put_text(o, "bus", k->cabinet->layout.bus[k->cabinet->layout.board[i].bus].name);
        json_put_int(o, "unit", b->unit);
        json_put_text(o, "power", board_power_name(b->power));
        cJSON *on = json_put_array(o, "on");
        for (unsigned j = 0; j < BOARD_CHANNELS; j++) {
            if (b->on[j]) {
                json_put_int(on, NULL, j);
            }
        }
        json_put_int(o, "executed", (int64_t)b->executed);
    }
    return COMMAND_ANSWERED;
}

static bool board_power(struct command *k, struct board *b)
{
    static const char *const names[] = {[BOARD_ON] = "on", [BOARD_OFF] = "off", [BOARD_HUNG] = "hang", NULL};
    unsigned power = 0;
    if (!want_choice(k, 2, names, &power) || !want_end(k, 3)) {
        return false;
    }
    board_set_power(b, (enum board_power)power);
    return true;
}

static bool board_reboots(struct command *k, struct board *b)
{
    bool coils = false;
    if (k->words > 3 && !is(k, 3, "coils")) {
        return refuse(k, 3, "\"coils on\" or \"coils off\" is expected");
    }
    if ((k->words > 3 && !want_switch(k, 4, &coils)) || !want_end(k, 5)) {
        return false;
    }
    board_reboot(b, coils, k->now_us);
    return true;
}

static bool board_address(struct command *k, struct board *b)
{
    int64_t unit = 0;
    if (!want_int(k, 3, 1, 247, &unit) || !want_end(k, 4)) {
        return false;
    }
    b->unit = (uint8_t)unit;
    return true;
}

static bool board_stuck(struct command *k, struct board *b)
{
    static const char *const names[] = {
        [BOARD_STUCK_FREE] = "free", [BOARD_STUCK_ON] = "on", [BOARD_STUCK_OFF] = "off", NULL};
    int64_t coil = 0;
    unsigned how = BOARD_STUCK_ON;
    if (!want_int(k, 3, 0, (int64_t)board_outputs(b->kind) - 1, &coil) ||
        (k->words > 4 && !want_choice(k, 4, names, &how)) || !want_end(k, 5)) {
        return false;
    }
    board_stick(b, (unsigned)coil, (enum board_stuck)how);
    return true;
}

static bool board_lost(struct command *k, struct board *b)
{
    unsigned at = 3;
    int64_t ms = 200;
    if (is(k, at, "ms")) {
        if (!want_int(k, at + 1, 1, 60000, &ms)) {
            return false;
        }
        at += 2;
    }
    bool keeps = is(k, at, "keep");
    if (!want_end(k, at + (keeps ? 1 : 0))) {
        return false;
    }
    b->lose_us = (uint32_t)ms * 1000u;
    b->lost_keeps = keeps;
    return true;
}

static enum command_then do_board(struct command *k)
{
    static const struct {
        const char *name;
        bool (*act)(struct command *k, struct board *b);
    } acts[] = {{"on", board_power},       {"off", board_power},       {"hang", board_power},
                {"reboot", board_reboots}, {"address", board_address}, {"stuck-coil", board_stuck},
                {"lost", board_lost}};
    uint8_t board = 0;
    if (!want_board(k, 1, &board)) {
        return COMMAND_ANSWERED;
    }
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        if (is(k, 2, acts[i].name)) {
            if (!acts[i].act(k, &k->cabinet->board[board].board)) {
                return COMMAND_ANSWERED;
            }
            cabinet_board_changed(k->cabinet, k->now_us);
            return done(k);
        }
    }
    (void)refuse(k, 2, "one of on, off, hang, reboot, address, stuck-coil, lost is expected");
    return COMMAND_ANSWERED;
}

static bool bus_is(struct command *k, uint8_t bus, enum layout_bus_kind kind)
{
    return k->cabinet->layout.bus[bus].kind == kind ||
           refuse(k, 2, "bus %s is %s", k->word[1].text, kind == LAYOUT_TCP ? "serial" : "TCP");
}

static enum command_then do_bus(struct command *k)
{
    static const char *const names[] = {"refuse", "clients", "drop", "unplug", "plug", NULL};
    uint8_t bus = 0;
    unsigned choice = 0;
    int64_t clients = 0;
    bool on = false;
    if (!cabinet_find_bus(k->cabinet, k->word[1].text, &bus)) {
        (void)refuse(k, 1, "no bus \"%s\"", k->word[1].text);
        return COMMAND_ANSWERED;
    }
    struct cabinet_bus *b = &k->cabinet->bus[bus];
    if (!want_choice(k, 2, names, &choice) || !bus_is(k, bus, choice < 3 ? LAYOUT_TCP : LAYOUT_RTU) ||
        (choice == 0 && !want_switch(k, 3, &on)) || (choice == 1 && !want_int(k, 3, 1, 16, &clients)) ||
        !want_end(k, choice < 2 ? 4 : 3)) {
        return COMMAND_ANSWERED;
    }
    b->refuse = choice == 0 ? on : b->refuse;
    b->clients = choice == 1 ? (uint8_t)clients : b->clients;
    b->drops += choice == 2 ? 1 : 0;
    b->unplugged = choice == 3 || (choice != 4 && b->unplugged);
    return done(k);
}

/* ---------------------------------------------------------------- faults of the line */

static bool want_place(struct command *k, unsigned word, struct line_rule *rule)
{
    rule->bus = LINE_ANY;
    rule->board = LINE_ANY;
    return is(k, word, "*") || cabinet_find_board(k->cabinet, k->word[word].text, &rule->board) ||
           cabinet_find_bus(k->cabinet, k->word[word].text, &rule->bus) ||
           refuse(k, word, "no board or bus \"%s\"", k->word[word].text);
}

static bool want_fault(struct command *k, unsigned word, struct line_rule *rule)
{
    const char *names[LINE_FAULT_N + 1] = {NULL};
    for (unsigned i = 0; i < LINE_FAULT_N; i++) {
        names[i] = line_fault_name((enum line_fault)i);
    }
    unsigned fault = 0;
    if (!want_choice(k, word, names, &fault)) {
        return false;
    }
    rule->fault = (enum line_fault)fault;
    uint8_t bus = rule->board != LINE_ANY ? k->cabinet->layout.board[rule->board].bus : rule->bus;
    bool serial = bus == LINE_ANY || k->cabinet->layout.bus[bus].kind == LAYOUT_RTU;
    return serial || !line_fault_is_serial(rule->fault) || refuse(k, word, "cannot happen on a TCP bus");
}

static bool want_strength(struct command *k, unsigned word, struct line_rule *rule)
{
    uint32_t usual = 0, min = 0, max = 0;
    int64_t value = 0;
    line_fault_amount(rule->fault, &usual, &min, &max);
    if (is(k, word, "count")) {
        bool good = want_int(k, word + 1, 1, 1000000, &value);
        rule->left = (uint32_t)value;
        return good;
    }
    if (is(k, word, "prob")) {
        bool good = want_decimal(k, word + 1, 3, 1000, &value) && (value >= 0 || refuse(k, word + 1, "0 to 1"));
        rule->permille = (uint32_t)value;
        return good;
    }
    if (max > 0 && is(k, word, line_fault_unit(rule->fault))) {
        bool good = want_int(k, word + 1, min, max, &value);
        rule->amount = (uint32_t)value;
        return good;
    }
    return refuse(k, word, "\"count N\", \"prob P\"%s%s is expected", max > 0 ? " or the strength in " : "",
                  line_fault_unit(rule->fault));
}

static enum command_then add_fault(struct command *k)
{
    struct line_rule rule = {.permille = 1000};
    uint32_t min = 0, max = 0;
    if (!want_place(k, 1, &rule) || !want_fault(k, 2, &rule)) {
        return COMMAND_ANSWERED;
    }
    line_fault_amount(rule.fault, &rule.amount, &min, &max);
    for (unsigned at = 3; at < k->words; at += 2) {
        if (!want_strength(k, at, &rule)) {
            return COMMAND_ANSWERED;
        }
    }
    if (line_add(&k->cabinet->line, &rule) != ERR_OK) {
        (void)refuse(k, 0, "%d faults are set already", LINE_RULES_MAX);
        return COMMAND_ANSWERED;
    }
    return done(k);
}

static void put_fault(const struct cabinet *c, cJSON *o, const struct line_rule *rule)
{
    const char *place = "*";
    if (rule->board != LINE_ANY) {
        place = c->layout.board[rule->board].name;
    } else if (rule->bus != LINE_ANY) {
        place = c->layout.bus[rule->bus].name;
    }
    json_put_text(o, "place", place);
    json_put_text(o, "fault", line_fault_name(rule->fault));
    json_put_int(o, "left", rule->left);
    json_put_int(o, "permille", rule->permille);
    json_put_int(o, "amount", rule->amount);
}

static enum command_then do_fault(struct command *k)
{
    if (k->words == 2 && is(k, 1, "clear")) {
        line_clear(&k->cabinet->line);
        return done(k);
    }
    if (k->words > 2) {
        return add_fault(k);
    }
    if (k->words == 2) {
        (void)refuse(k, 1, "\"clear\", or a board or bus and a fault, is expected");
        return COMMAND_ANSWERED;
    }
    cJSON *list = json_put_array(ok(k), "faults");
    for (size_t i = 0; i < LINE_RULES_MAX; i++) {
        if (k->cabinet->line.rule[i].used) {
            put_fault(k->cabinet, json_put_object(list, NULL), &k->cabinet->line.rule[i]);
        }
    }
    return COMMAND_ANSWERED;
}

/* ---------------------------------------------------------------- climate */

/* A sensor by the name of its board or by its unit. */
static bool want_sensor(struct command *k, unsigned word, uint8_t *out)
{
    int64_t unit = 0;
    bool by_unit = num_parse(k->word[word].text, 1, 247, &unit) == ERR_OK;
    for (uint8_t i = 0; i < k->cabinet->layout.boards; i++) {
        bool named = strcmp(k->cabinet->layout.board[i].name, k->word[word].text) == 0;
        if (k->cabinet->layout.board[i].kind == BOARD_XY_MD02 &&
            (named || (by_unit && k->cabinet->board[i].board.unit == unit))) {
            *out = i;
            return true;
        }
    }
    return refuse(k, word, "no sensor \"%s\"", k->word[word].text);
}

static bool set_climate(struct command *k, struct climate *climate)
{
    int64_t deci_c = 0, deci_rh = climate->target_drh;
    if (!want_decimal(k, 2, 1, 1250, &deci_c) || (k->words > 3 && !want_decimal(k, 3, 1, 1000, &deci_rh))) {
        return false;
    }
    if (deci_c < -400 || deci_rh < 0) {
        return refuse(k, deci_rh < 0 ? 3 : 2, "outside what the sensor measures");
    }
    climate_set(climate, (int16_t)deci_c, (uint16_t)deci_rh, k->now_us);
    return true;
}

static bool drift_climate(struct command *k, struct climate *climate)
{
    int64_t drift = 5;
    if (k->words > 3 && !want_decimal(k, 3, 1, 1000, &drift)) {
        return false;
    }
    climate_drift(climate, (int32_t)drift, k->now_us);
    return true;
}

static enum command_then do_climate(struct command *k)
{
    uint8_t board = 0;
    if (!want_sensor(k, 1, &board)) {
        return COMMAND_ANSWERED;
    }
    struct climate *climate = &k->cabinet->board[board].climate;
    bool good = true;
    if (is(k, 2, "missing") || is(k, 2, "stuck") || is(k, 2, "live")) {
        good = want_end(k, 3);
        if (good) {
            climate->mode = is(k, 2, "missing") ? CLIMATE_MISSING : is(k, 2, "stuck") ? CLIMATE_STUCK : CLIMATE_LIVE;
        }
    } else {
        good = is(k, 2, "drift") ? drift_climate(k, climate) : set_climate(k, climate);
    }
    return good ? done(k) : COMMAND_ANSWERED;
}

/* ---------------------------------------------------------------- what is seen */

static void put_frame_bytes(cJSON *o, const char *key, const uint8_t *bytes, size_t len)
{
    json_put_hex(o, key, bytes, len < TRACE_BYTES ? len : TRACE_BYTES);
}

static void put_faults(cJSON *o, uint32_t faults)
{
    cJSON *list = json_put_array(o, "faults");
    for (unsigned i = 0; i < LINE_FAULT_N; i++) {
        if ((faults >> i & 1u) != 0) {
            json_put_text(list, NULL, line_fault_name((enum line_fault)i));
        }
    }
}

cJSON *command_frame(const struct cabinet *c, const struct trace_entry *e)
{
    cJSON *o = json_new_object();
    json_put_int(o, "number", (int64_t)e->number);
    json_put_int(o, "at_us", e->at_us);
    json_put_text(o, "bus", c->layout.bus[e->bus].name);
    json_put_text(o, "kind", trace_kind_name(e->kind));
    put_frame_bytes(o, "request", e->request, e->request_len);
    put_frame_bytes(o, "reply", e->reply, e->reply_len);
    if (e->danger != BOARD_DANGER_NONE) {
        json_put_text(o, "danger", board_danger_name(e->danger));
    }
    if (e->faults != 0) {
        put_faults(o, e->faults);
    }
    return o;
}

static enum command_then do_trace(struct command *k)
{
    const struct trace *t = &k->cabinet->trace;
    int64_t since = 0;
    if (k->words > 1 && (!is(k, 1, "since") || k->words != 3)) {
        (void)refuse(k, 1, "\"since N\" is expected");
        return COMMAND_ANSWERED;
    }
    if (k->words == 3 && !want_int(k, 2, 0, INT64_MAX >> 10, &since)) {
        return COMMAND_ANSWERED;
    }
    uint64_t number = (uint64_t)since + 1;
    if (k->words == 1 && t->last > FRAMES_MAX) {
        number = t->last - FRAMES_MAX + 1;
    }
    number = number < trace_oldest(t) ? trace_oldest(t) : number;
    cJSON *list = json_put_array(ok(k), "frames");
    for (unsigned n = 0; number <= t->last && n < FRAMES_MAX; number++, n++) {
        json_put_tree(list, NULL, command_frame(k->cabinet, trace_get(t, number)));
    }
    json_put_int(k->answer, "last", (int64_t)(number - 1)); /* for the next `since` */
    return COMMAND_ANSWERED;
}

static void put_bus(cJSON *o, const struct cabinet_bus *b)
{
    json_put_int(o, "requests", (int64_t)b->requests);
    json_put_int(o, "replies", (int64_t)b->replies);
    json_put_int(o, "unheard", (int64_t)b->unheard);
    json_put_int(o, "garbage", (int64_t)b->garbage);
    json_put_int(o, "collisions", (int64_t)b->collisions);
    json_put_int(o, "gap_violations", (int64_t)b->gap_violations);
    json_put_int(o, "stalls", (int64_t)b->stalls);
    json_put_int(o, "split_frames", (int64_t)b->split_frames);
    json_put_int(o, "min_gap_us", b->min_gap_us);
    json_put_int(o, "connections", (int64_t)b->connections);
    json_put_int(o, "turned_away", (int64_t)b->turned_away);
}

static void reset_counts(struct cabinet *c)
{
    for (uint8_t i = 0; i < c->layout.buses; i++) {
        struct cabinet_bus *b = &c->bus[i];
        *b = (struct cabinet_bus){
            .min_gap_us = -1, .refuse = b->refuse, .unplugged = b->unplugged, .clients = b->clients, .drops = b->drops};
    }
    memset(c->danger, 0, sizeof c->danger);
    memset(c->line.hits, 0, sizeof c->line.hits);
}

static enum command_then do_counts(struct command *k)
{
    struct cabinet *c = k->cabinet;
    if (k->words == 2) {
        if (!is(k, 1, "reset")) {
            (void)refuse(k, 1, "\"reset\" is expected");
            return COMMAND_ANSWERED;
        }
        reset_counts(c);
        return done(k);
    }
    cJSON *o = ok(k);
    uint64_t requests = 0, dangers = 0;
    cJSON *buses = json_put_object(o, "buses");
    for (uint8_t i = 0; i < c->layout.buses; i++) {
        requests += c->bus[i].requests;
        put_bus(json_put_object(buses, c->layout.bus[i].name), &c->bus[i]);
    }
    cJSON *danger = json_put_object(o, "danger");
    for (unsigned i = BOARD_DANGER_NONE + 1; i < BOARD_DANGER_N; i++) {
        dangers += c->danger[i];
        json_put_int(danger, board_danger_name((enum board_danger)i), (int64_t)c->danger[i]);
    }
    cJSON *faults = json_put_object(o, "faults");
    for (unsigned i = 0; i < LINE_FAULT_N; i++) {
        json_put_int(faults, line_fault_name((enum line_fault)i), (int64_t)c->line.hits[i]);
    }
    json_put_int(o, "frames", (int64_t)requests);
    json_put_int(o, "dangerous", (int64_t)dangers);
    return COMMAND_ANSWERED;
}

static enum command_then do_ghost(struct command *k)
{
    const struct cabinet *c = k->cabinet;
    cJSON *o = ok(k);
    cJSON *energised = json_put_array(o, "energised");
    cJSON *open = json_put_array(o, "open");
    int64_t longest_us = 0;
    uint64_t pulses = 0;
    for (uint16_t i = 0; i < c->layout.doors; i++) {
        const struct lock *lock = &c->door[i].lock;
        int64_t own_us = lock_longest_us(lock, k->now_us);
        longest_us = own_us > longest_us ? own_us : longest_us;
        pulses += lock->pulses;
        if (lock->energised) {
            json_put_text(energised, NULL, c->layout.door[i].name);
        }
        if (lock->open) {
            json_put_text(open, NULL, c->layout.door[i].name);
        }
    }
    cJSON *content = json_put_object(o, "content");
    for (uint16_t i = 0; i < c->layout.doors; i++) {
        cJSON *list = c->door[i].bags > 0 ? json_put_array(content, c->layout.door[i].name) : NULL;
        for (uint8_t j = 0; j < c->door[i].bags; j++) {
            json_put_text(list, NULL, c->door[i].bag[j]);
        }
    }
    json_put_int(o, "pulses", (int64_t)pulses);
    json_put_int(o, "peak_energised", c->coils_peak);
    json_put_int(o, "longest_pulse_ms", longest_us / 1000);
    json_put_int(o, "bags_left_over", c->bags_left_over);
    return COMMAND_ANSWERED;
}

static enum command_then do_help(struct command *k)
{
    put_usages(json_put_array(ok(k), "commands"));
    return COMMAND_ANSWERED;
}

/* ---------------------------------------------------------------- the table */

static const struct verb verbs[] = {
    {"doors", do_doors, 0, 0, "doors"},
    {"door", do_door, 1, 1, "door DOOR"},
    {"close", do_close, 1, 1, "close DOOR"},
    {"open", do_open, 1, 1, "open DOOR"},
    {"force", do_open, 1, 1, "force DOOR"},
    {"put", do_put, 1, 2, "put DOOR [BAG]"},
    {"take", do_put, 1, 2, "take DOOR [BAG]"},
    {"content", do_content, 0, 0, "content"},
    {"person", do_person, 2, 6, "person DOOR|* collect|load [BAG]|close|none [after MS] [once]"},
    {"jam", do_jam, 2, 2, "jam DOOR on|off|next"},
    {"bounce", do_bounce, 2, 2, "bounce DOOR MS"},
    {"stick", do_stick, 2, 2, "stick DOOR open|closed|off"},
    {"weak", do_weak, 2, 2, "weak DOOR on|off"},
    {"wire", do_wire, 2, 3, "wire DOOR DOOR [contact|strike]"},
    {"boards", do_boards, 0, 0, "boards"},
    {"board", do_board, 2, 5,
     "board BOARD on|off|hang|reboot [coils on|off]|address N|stuck-coil N [on|off|free]|lost [ms N] [keep]"},
    {"bus", do_bus, 2, 3, "bus BUS refuse on|off|clients N|drop|unplug|plug"},
    {"fault", do_fault, 0, 8, "fault [clear | BOARD|BUS|* KIND [count N] [prob P] [ms N|code N|bytes N]]"},
    {"climate", do_climate, 2, 3, "climate SENSOR C [RH]|missing|stuck|live|drift [C_PER_MINUTE]"},
    {"wait", do_wait, 3, 3, "wait opened|closed|pulsed DOOR MS"},
    {"events", do_events, 0, 0, "events"},
    {"trace", do_trace, 0, 2, "trace [since N]"},
    {"counts", do_counts, 0, 1, "counts [reset]"},
    {"ghost", do_ghost, 0, 0, "ghost"},
    {"help", do_help, 0, 0, "help"},
    {"quit", do_quit, 0, 0, "quit"},
};
#define VERBS (sizeof verbs / sizeof verbs[0])

static void put_usages(cJSON *list)
{
    for (size_t i = 0; i < VERBS; i++) {
        json_put_text(list, NULL, verbs[i].usage);
    }
}

static bool split(struct command *k, const char *line)
{
    size_t len = strlen(line);
    if (len >= sizeof k->line) {
        k->answer = command_error(COMMAND_LINE_CAP, "the line is too long");
        return false;
    }
    memcpy(k->line, line, len + 1);
    for (size_t i = 0; i < len;) {
        size_t gap = strspn(k->line + i, " \t\r");
        i += gap;
        size_t word = strcspn(k->line + i, " \t\r");
        if (word == 0) {
            break;
        }
        if (k->words == WORDS_MAX) {
            k->answer = command_error((unsigned)i + 1, "too many words");
            return false;
        }
        k->word[k->words++] = (struct word){.text = k->line + i, .column = (unsigned)i + 1};
        i += word;
        k->end_column = (unsigned)i + 1;
        k->line[i++] = '\0';
    }
    return true;
}

enum command_then command_run(struct cabinet *c, const char *line, int64_t now_us, cJSON **answer,
                              struct command_wait *wait)
{
    struct command k = {.cabinet = c, .now_us = now_us, .wait = wait};
    enum command_then then = COMMAND_ANSWERED;
    *answer = NULL;
    if (!split(&k, line)) {
        *answer = k.answer;
        return then;
    }
    if (k.words == 0 || k.word[0].text[0] == '#') {
        return then;
    }
    const struct verb *verb = NULL;
    for (size_t i = 0; i < VERBS && verb == NULL; i++) {
        verb = is(&k, 0, verbs[i].name) ? &verbs[i] : NULL;
    }
    unsigned given = k.words - 1;
    if (verb == NULL) {
        (void)refuse(&k, 0, "no command \"%s\"; try help", k.word[0].text);
    } else if (given < verb->min || given > verb->max) {
        (void)refuse(&k, given > verb->max ? verb->max + 1 : k.words, "usage: %s", verb->usage);
    } else {
        then = verb->run(&k);
    }
    *answer = k.answer;
    return then;
}
