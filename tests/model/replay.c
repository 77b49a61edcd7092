/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay: what the door model did, done again to the shipped code. `replay [DIR]` reads three kinds of files:
 *   table       the model's transition tables: they must be those of compartment.c and order.c
 *   run-*       runs of the model by chance: after every event the code must be where the model is
 *   mutant-*    how a seeded mistake of the model breaks an invariant: the code must refuse somewhere on that way, and
 *               break nothing up to its end
 * Every invariant of controller/invariant.c is checked after every event. Timers are let run out one by one, in the
 * order of the trace, by setting what they wait for.
 */
#include "tests/unit/locker_bed.h"

#include <dirent.h>

#include "common/num.h"
#include "hw/debounce.h"

#define DOORS 2
#define ORDERS_MAX 7u
#define LINE_CAP 160
#define TRACES_MAX 4000u

struct replay {
    struct bed *b;
    const char *path;
    unsigned line, events, refused_at; /* refused_at: line of the first difference; 0 none */
    bool is_open[DOORS];               /* the door itself */
    unsigned bags[DOORS];              /* behind it, bit by order */
    struct debounce contact[DOORS];
    int64_t now_us;
    uint64_t before; /* pulse serial before the present event */
    int released;    /* door whose lock moved last, -1 */
    enum { STEP_IDLE, STEP_DECIDED, STEP_COMMITTED } step;
    struct locker *disk;
    struct ghost *disk_ghost;
    char event[LINE_CAP];
};

struct state {
    int compartment[DOORS], bound[DOORS], session, door, order, phase, tries;
    int orders[ORDERS_MAX], pulses[ORDERS_MAX], ends[ORDERS_MAX];
    unsigned n;
};

/* ---------------------------------------------------------------- the code's state in the model's words */

static void describe_session(const struct locker *l, struct state *s)
{
    static const int staff[STAFF_STATE_N] = {
        [STAFF_MENU] = 3, [STAFF_LOAD] = 4, [STAFF_LABEL] = 5, [STAFF_INSPECT] = 6, [STAFF_INSPECT_ASK] = 7,
    };
    static const int phases[OPENING_PHASE_N] = {
        [OPENING_PULSED] = 1,
        [OPENING_JAMMED] = 2,
        [OPENING_OPEN] = 3,
    };
    const struct opening *o = NULL;
    s->session = staff[l->staff.state];
    if (s->session == 0)
        s->session = l->pickup.state == PICKUP_CHECKING ? 1 : l->pickup.state == PICKUP_DOOR ? 2 : 0;
    if (s->session == 2)
        o = &l->pickup.opening;
    else if (s->session >= 4)
        o = &l->staff.opening;
    s->door = o == NULL ? 0 : o->door;
    s->phase = o == NULL ? 0 : phases[o->phase];
    s->tries = s->phase == 0 ? 0 : o->pulses;
}

static void describe(const struct locker *l, unsigned n, struct state *s)
{
    memset(s, 0, sizeof *s);
    s->n = n;
    for (unsigned i = 0; i < DOORS; i++) {
        const struct compartment *c = &l->compartment[i];
        s->compartment[i] = (int)c->state;
        s->bound[i] = c->bound ? c->order[15] : 0;
    }
    describe_session(l, s);
    for (unsigned i = 0; i < n; i++) {
        uint8_t id[CODE_ORDER_LEN];
        bed_order_id(i + 1, id);
        uint16_t slot = order_find(&l->orders, id);
        const struct order *o = slot == ORDER_NONE ? NULL : &l->orders.slot[slot];
        s->orders[i] = o == NULL ? 0 : (int)o->state + 1;
        s->pulses[i] = o == NULL || !order_is_live(o) ? 0 : o->pulses;
        s->ends[i] = o != NULL && o->state == ORDER_OPENING && o->end != ORDER_END_NONE;
    }
}

/* "ST 11 22 3 45 67 | 890 ...": see print_state in door.pml. */
static bool parse_state(const char *line, struct state *s)
{
    memset(s, 0, sizeof *s);
    char a[LINE_CAP], b[LINE_CAP], door_order[LINE_CAP], phase[LINE_CAP];
    int at = 0;
    if (sscanf(line, "ST %159s %159s %d %159s %159s |%n", a, b, &s->session, door_order, phase, &at) < 5 || at == 0)
        return false;
    for (unsigned i = 0; i < DOORS; i++) {
        s->compartment[i] = a[i] - '0';
        s->bound[i] = b[i] - '0';
    }
    s->door = door_order[0] - '0';
    s->order = door_order[1] - '0';
    s->phase = phase[0] - '0';
    s->tries = s->phase == 0 ? 0 : phase[1] - '0';
    for (const char *p = line + at; p[0] == ' ' && p[1] != '\0' && s->n < ORDERS_MAX; p += 4, s->n++) {
        s->orders[s->n] = p[1] - '0';
        bool is_live = s->orders[s->n] != ORDER_DONE + 1 && s->orders[s->n] != ORDER_VOID + 1;
        s->pulses[s->n] = is_live ? p[2] - '0' : 0;
        s->ends[s->n] = is_live ? p[3] - '0' : 0;
    }
    return s->n > 0;
}

static bool is_same(const struct state *a, const struct state *b)
{
    return memcmp(a->compartment, b->compartment, sizeof a->compartment) == 0 &&
           memcmp(a->bound, b->bound, sizeof a->bound) == 0 && a->session == b->session && a->door == b->door &&
           a->phase == b->phase && a->tries == b->tries && memcmp(a->orders, b->orders, sizeof a->orders) == 0 &&
           memcmp(a->pulses, b->pulses, sizeof a->pulses) == 0 && memcmp(a->ends, b->ends, sizeof a->ends) == 0;
}

static void print_difference(const struct replay *r, const struct state *code, const char *model)
{
    char text[LINE_CAP] = "";
    size_t at = 0;
    for (unsigned i = 0; i < code->n; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, " %d%d%d", code->orders[i], code->pulses[i], code->ends[i]);
    print_error("%s:%u after \"%s\"\nmodel %scode  ST %d%d %d%d %d %d? %d%d |%s\n", r->path, r->line, r->event, model,
                code->compartment[0], code->compartment[1], code->bound[0], code->bound[1], code->session, code->door,
                code->phase, code->tries, text);
}

/* ---------------------------------------------------------------- power */

static void start(struct bed *b)
{
    bed_simple(b, EVENT_START);
    bed_climate(b, HW_CLIMATE_OK, 5000);
    struct event ev = {.kind = EVENT_HW, .u.hw.kind = HW_EVENT_READY};
    bed_send(b, &ev);
}

static void cut_power(struct replay *r, bool springs)
{
    struct bed *b = r->b;
    if (r->step == STEP_DECIDED) {
        *b->l = *r->disk;
        *b->g = *r->disk_ghost;
    }
    if (springs && r->released >= 0)
        r->is_open[r->released] = true;
    r->released = -1;
    r->step = STEP_IDLE;
    for (unsigned i = 0; i < DOORS; i++)
        debounce_lose(&r->contact[i]);
    bed_reboot(b, 0);
    b->pulse = b->acked_pulse = b->l->pulse_serial;
    start(b);
}

/* ---------------------------------------------------------------- people */

static struct token voucher(const struct replay *r, unsigned o, unsigned c)
{
    struct token t = bed_voucher(r->b, o + 1, 1);
    t.u.voucher.zone = c == 0 ? TOKEN_ZONE_ROOM : TOKEN_ZONE_COLD; /* so that no other door suits */
    return t;
}

static void go_home(struct bed *b)
{
    if (b->l->pickup.state == PICKUP_MESSAGE)
        bed_key(b, EVENT_KEY_OK);
}

/* Tries are not the model's business. */
static void refill_limiter(struct bed *b)
{
    limiter_init(&b->l->limiter, &b->now);
    memset(b->g->evaluated, 0, sizeof b->g->evaluated);
    memset(b->g->spent_ms, 0, sizeof b->g->spent_ms);
}

static void type_code(struct bed *b, unsigned o)
{
    char text[CODE_DIGITS + 1];
    go_home(b);
    refill_limiter(b);
    bed_code(o + 1, text);
    bed_type(b, text);
    if (b->l->pickup.state == PICKUP_BIRTHDAY) {
        bed_ddmm(o + 1, text);
        bed_type(b, text);
    }
}

static void log_in(struct replay *r)
{
    struct bed *b = r->b;
    if (!staff_is_active(&b->l->staff) && b->l->pickup.state != PICKUP_DOOR)
        go_home(b);
    bed_scan(b, bed_badge(b, r->events % 2 == 0 ? 7 : 8, "246813"));
    if (b->l->staff.state != STAFF_PIN)
        return;
    refill_limiter(b);
    bed_type(b, "246813");
    bed_key(b, EVENT_KEY_OK);
    bed_verdict(b);
}

static void leave(struct replay *r)
{
    struct bed *b = r->b;
    if (r->events % 2 == 0) {
        bed_key(b, EVENT_KEY_CLEAR);
        bed_key(b, EVENT_KEY_CLEAR);
    } else {
        b->l->staff.until_ms = b->now.boot_ms;
        bed_simple(b, EVENT_TICK);
    }
}

static void give_up(struct replay *r)
{
    struct bed *b = r->b;
    if (r->events % 2 == 0) {
        bed_key(b, EVENT_KEY_HELP);
    } else if (b->l->pickup.state == PICKUP_DOOR && b->l->pickup.opening.phase == OPENING_JAMMED) {
        b->l->pickup.until_ms = b->now.boot_ms;
        bed_simple(b, EVENT_TICK);
    }
}

/* Whoever looks before putting a bag in asks for help when there is one already. */
static void put_bag(struct replay *r, unsigned c, unsigned o)
{
    if (!r->is_open[c])
        return;
    if (r->bags[c] != 0) {
        bed_key(r->b, EVENT_KEY_HELP);
        return;
    }
    r->bags[c] |= 1u << o;
    bed_put_bag(r->b, (uint16_t)c, o + 1, 1);
}

static void take_bag(struct replay *r, unsigned c)
{
    if (!r->is_open[c])
        return;
    r->bags[c] = 0;
    r->b->g->excused[c] = false;
    bed_take_bag(r->b, (uint16_t)c);
}

static void close_door(struct replay *r, unsigned c)
{
    const struct staff *s = &r->b->l->staff;
    bool staff = s->state >= STAFF_LOAD && s->opening.door == c;
    if (r->is_open[c] && r->bags[c] != 0 && !staff)
        r->b->g->excused[c] = true; /* upon the bag: outside of what doors alone can tell */
    r->is_open[c] = false;
}

/* ---------------------------------------------------------------- hardware and time */

static void read_contact(struct replay *r, unsigned c, bool is_open)
{
    static const struct debounce_rule rule = {DEBOUNCE_OPEN_US, DEBOUNCE_CLOSE_US};
    r->now_us += DEBOUNCE_CLOSE_US + 100000;
    if (debounce_read(&r->contact[c], &rule, is_open, r->now_us))
        bed_sense(r->b, (uint16_t)c, is_open ? HW_DOOR_OPEN : HW_DOOR_CLOSED);
}

static void lose_board(struct replay *r, unsigned c)
{
    bool was_known = r->contact[c].level != DEBOUNCE_UNKNOWN;
    debounce_lose(&r->contact[c]);
    if (was_known)
        bed_sense(r->b, (uint16_t)c, HW_DOOR_UNKNOWN);
    bed_board(r->b, (uint8_t)c, HW_BOARD_LOST, 0);
}

static void run_out(struct bed *b, int64_t *deadline_ms)
{
    *deadline_ms = b->now.boot_ms;
    bed_simple(b, EVENT_TICK);
}

static void complete(struct replay *r, enum hw_status status)
{
    struct bed *b = r->b;
    if (b->pulse == b->acked_pulse)
        return;
    bed_complete(b, status);
}

static void jam(struct replay *r)
{
    struct locker *l = r->b->l;
    if (l->pickup.state == PICKUP_DOOR && l->pickup.opening.phase == OPENING_PULSED)
        run_out(r->b, &l->pickup.opening.deadline_ms);
    else if (l->staff.opening.phase == OPENING_PULSED)
        run_out(r->b, &l->staff.opening.deadline_ms);
}

static void left_open(struct replay *r)
{
    struct locker *l = r->b->l;
    if (l->pickup.state != PICKUP_DOOR || l->door[l->pickup.opening.door].open_ms == 0)
        return;
    l->door[l->pickup.opening.door].open_ms = r->b->now.boot_ms - OPENING_LEFT_OPEN_MS;
    bed_simple(r->b, EVENT_TICK);
}

static void fall_silent(struct replay *r, unsigned c)
{
    struct locker_board *board = &r->b->l->board[c];
    if (board->silent_ms == 0)
        return;
    board->silent_ms = r->b->now.boot_ms - LOCKER_BOARD_LOST_MS - 1;
    bed_simple(r->b, EVENT_TICK);
}

static void after_window(struct replay *r)
{
    r->b->l->pulse_ms = r->b->now.boot_ms - 5001;
    bed_simple(r->b, EVENT_TICK);
}

static void rest(struct replay *r)
{
    r->b->now.boot_ms += LOCKER_COIL_MS + 1;
    r->b->now.wall_ms += LOCKER_COIL_MS + 1;
    r->b->g->coil_until_ms = 0; /* its own timer has switched it off */
    bed_simple(r->b, EVENT_TICK);
}

static void expire(struct replay *r, unsigned o)
{
    struct order *order = bed_order(r->b, o + 1);
    if (order != NULL)
        order->not_after_s = 1;
}

static void end_grace(struct replay *r, unsigned o)
{
    struct order *order = bed_order(r->b, o + 1);
    if (order == NULL)
        return;
    order->first_pulse_boot_ms -= ORDER_GRACE_MS + 1;
    order->first_pulse_ms -= ORDER_GRACE_MS + 1;
}

/* ---------------------------------------------------------------- the three steps of a pulse */

static void commit(struct replay *r)
{
    if (r->step == STEP_DECIDED)
        r->step = STEP_COMMITTED;
}

/* was_sent: false: the driver never put it on the wire. */
static void act(struct replay *r, unsigned door, bool was_sent)
{
    if (r->step != STEP_COMMITTED || r->b->pulse_door != door) {
        if (r->refused_at == 0)
            r->refused_at = r->line; /* not decided for this door, or not on the disk: nothing to act on */
        return;
    }
    r->released = was_sent ? (int)r->b->pulse_door : -1;
    r->step = STEP_IDLE;
}

/* ---------------------------------------------------------------- events */

static bool is_event(const char *name, const char *wanted)
{
    return strcmp(name, wanted) == 0;
}

static bool world_event(struct replay *r, const char *name, unsigned x, unsigned y)
{
    if (is_event(name, "opens"))
        r->is_open[x] = r->is_open[x] || r->released == (int)x;
    else if (is_event(name, "force"))
        r->is_open[x] = true;
    else if (is_event(name, "take") || is_event(name, "fetch"))
        take_bag(r, x);
    else if (is_event(name, "close"))
        close_door(r, x);
    else if (is_event(name, "put"))
        put_bag(r, x, y);
    else if (is_event(name, "expire"))
        expire(r, x);
    else if (is_event(name, "grace"))
        end_grace(r, x);
    else if (is_event(name, "commit"))
        commit(r);
    else if (is_event(name, "sent") || is_event(name, "unsent"))
        act(r, x, is_event(name, "sent"));
    else
        return false;
    return true;
}

static bool hardware_event(struct replay *r, const char *name, unsigned x, unsigned stale)
{
    if (is_event(name, "reads")) {
        read_contact(r, x, r->is_open[x]);
        read_contact(r, x, r->is_open[x]);
    } else if (is_event(name, "read")) {
        read_contact(r, x, r->is_open[x] != (stale != 0));
    } else if (is_event(name, "board_ok")) {
        bed_board(r->b, (uint8_t)x, HW_BOARD_OK, 0);
    } else if (is_event(name, "board_lost")) {
        lose_board(r, x);
    } else if (is_event(name, "silent")) {
        fall_silent(r, x);
    } else if (is_event(name, "done")) {
        complete(r, HW_DONE);
    } else if (is_event(name, "failed")) {
        complete(r, HW_FAILED);
    } else if (is_event(name, "refused")) {
        complete(r, HW_REFUSED);
    } else if (is_event(name, "rested")) {
        rest(r);
    } else if (is_event(name, "jam")) {
        jam(r);
    } else if (is_event(name, "window")) {
        after_window(r);
    } else if (is_event(name, "left_open")) {
        left_open(r);
    } else if (is_event(name, "cut")) {
        cut_power(r, x != 0);
    } else {
        return false;
    }
    return true;
}

static bool person_event(struct replay *r, const char *name, unsigned x, unsigned y)
{
    struct bed *b = r->b;
    if (is_event(name, "scan")) {
        bed_scan(b, voucher(r, x, y));
    } else if (is_event(name, "code")) {
        type_code(b, x);
    } else if (is_event(name, "verdict")) {
        if (b->try_id != 0)
            bed_verdict(b);
    } else if (is_event(name, "token")) {
        go_home(b);
        bed_scan(b, bed_qr(b, x + 1, 1));
    } else if (is_event(name, "withdraw")) {
        bed_withdraw(b, x + 1, 1, r->events % 3 == 0);
    } else if (is_event(name, "keep")) {
        bed_scan(b, voucher(r, x, 0));
    } else if (is_event(name, "look") || is_event(name, "label")) {
        bed_scan(b, bed_label(b, (uint16_t)x));
    } else if (is_event(name, "again")) {
        bed_key(b, EVENT_KEY_OK);
    } else if (is_event(name, "give_up")) {
        give_up(r);
    } else if (is_event(name, "badge")) {
        log_in(r);
    } else if (is_event(name, "go")) {
        leave(r);
    } else if (is_event(name, "help")) {
        bed_key(b, EVENT_KEY_HELP);
    } else if (is_event(name, "report")) {
        bed_key(b, EVENT_KEY_HELP);
        bed_key(b, (enum event_key)(EVENT_KEY_1 + r->events % 3));
    } else if (is_event(name, "empty")) {
        bed_key(b, EVENT_KEY_1);
    } else {
        return false;
    }
    return true;
}

static void carry_out(struct replay *r, const char *line)
{
    char name[LINE_CAP];
    unsigned x = 0, y = 0, z = 0;
    if (sscanf(line, "EV %159s %u %u %u", name, &x, &y, &z) < 1)
        fail_msg("%s:%u: no event: %s", r->path, r->line, line);
    (void)snprintf(r->event, sizeof r->event, "%s", line);
    r->event[strcspn(r->event, "\n")] = '\0';
    r->events++;
    uint64_t serial = r->b->l->pulse_serial;
    if (r->step == STEP_IDLE) {
        *r->disk = *r->b->l;
        *r->disk_ghost = *r->b->g;
    }
    if (!world_event(r, name, x, y) && !hardware_event(r, name, x, z) && !person_event(r, name, x, y))
        fail_msg("%s:%u: unknown event: %s", r->path, r->line, line);
    if (r->b->l->pulse_serial > serial)
        r->step = STEP_DECIDED;
}

static void check_contents(const struct replay *r)
{
    for (unsigned i = 0; i < DOORS; i++) {
        const struct compartment *c = &r->b->l->compartment[i];
        if (c->state == COMPARTMENT_FREE && r->bags[i] != 0 && !r->b->g->excused[i])
            fail_msg("%s:%u: a bag lies in a compartment that is FREE", r->path, r->line);
    }
}

/* ---------------------------------------------------------------- traces */

static struct bed *bed_of_two(void)
{
    struct bed *b = bed_new();
    static const struct cabinet_door doors[DOORS] = {
        {"A1", 1, 0, 0, TOKEN_SIZE_S, TOKEN_ZONE_ROOM, 1, 1, false},
        {"A2", 2, 1, 1, TOKEN_SIZE_S, TOKEN_ZONE_COLD, 1, 2, false},
    };
    memcpy(b->cabinet.door, doors, sizeof doors);
    b->cabinet.doors = DOORS;
    locker_init(b->l, &b->cabinet, &b->now);
    invariant_ghost_init(b->g, b->l);
    start(b);
    return b;
}

static void follow(struct replay *r, FILE *f)
{
    char line[LINE_CAP];
    while (fgets(line, sizeof line, f) != NULL) {
        struct state model, code;
        r->line++;
        const char *text = line + strspn(line, " ");
        if (strncmp(text, "EV ", 3) == 0) {
            carry_out(r, text);
            check_contents(r);
        } else if (strncmp(text, "ST ", 3) == 0) {
            if (!parse_state(text, &model))
                fail_msg("%s:%u: no state: %s", r->path, r->line, text);
            describe(r->b->l, model.n, &code);
            if (is_same(&model, &code) || r->refused_at != 0)
                continue;
            r->refused_at = r->line;
            if (strstr(r->path, "/run-") != NULL)
                print_difference(r, &code, text);
        }
    }
}

static void replay_file(const char *path, struct replay *r)
{
    memset(r, 0, sizeof *r);
    r->path = path;
    r->released = -1;
    r->b = bed_of_two();
    r->disk = calloc(1, sizeof *r->disk);
    r->disk_ghost = calloc(1, sizeof *r->disk_ghost);
    assert_non_null(r->disk);
    assert_non_null(r->disk_ghost);
    for (unsigned i = 0; i < DOORS; i++) {
        bed_board(r->b, (uint8_t)i, HW_BOARD_OK, 0);
        read_contact(r, i, false);
        read_contact(r, i, false);
    }
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    follow(r, f);
    (void)fclose(f);
    free(r->disk);
    free(r->disk_ghost);
    bed_free(r->b);
}

static void the_code_goes_where_the_model_goes(void **state)
{
    struct replay r;
    replay_file(*state, &r);
    if (r.refused_at != 0)
        fail_msg("%s:%u: the code differs from the model", r.path, r.refused_at);
    assert_true(r.events > 0);
}

static void the_code_refuses_what_the_mutant_did(void **state)
{
    struct replay r;
    replay_file(*state, &r);
    if (r.refused_at == 0)
        fail_msg("%s: the code did all that the mutant did", r.path);
    print_message("%s: %u events, refused at line %u\n", r.path, r.events, r.refused_at);
}

/* ---------------------------------------------------------------- tables */

static bool is_cause(const char *name, const char *of_code)
{
    size_t n = strlen(of_code);
    for (size_t i = 0; i < n; i++) {
        if (name[i] != of_code[i] - 'a' + 'A')
            return false;
    }
    return name[n] == '\0';
}

static void check_compartment_row(const char *name, const unsigned to[COMPARTMENT_STATE_N])
{
    for (unsigned cause = 0; cause < COMPARTMENT_CAUSE_N; cause++) {
        if (!is_cause(name, compartment_cause_name((enum compartment_cause)cause)))
            continue;
        for (unsigned s = 0; s < COMPARTMENT_STATE_N; s++)
            assert_int_equal(compartment_next((enum compartment_state)s, (enum compartment_cause)cause), to[s]);
        return;
    }
    fail_msg("the code has no cause %s", name);
}

static void check_order_row(const char *name, const unsigned to[ORDER_STATE_N])
{
    static const char *const steps[ORDER_STEP_N] = {"O_LOAD",      "O_PICKUP",   "O_COLLECT",
                                                    "O_UNCONFIRM", "O_WITHDRAW", "O_REMOVE"};
    for (unsigned step = 0; step < ORDER_STEP_N; step++) {
        if (strcmp(name, steps[step]) != 0)
            continue;
        for (unsigned s = 0; s < ORDER_STATE_N; s++)
            assert_int_equal((unsigned)order_next((enum order_state)s, (enum order_step)step) + 1, to[s]);
        return;
    }
    fail_msg("the code has no step %s", name);
}

static void the_tables_are_the_same(void **state)
{
    FILE *f = fopen(*state, "r");
    assert_non_null(f);
    char line[LINE_CAP], name[LINE_CAP];
    unsigned compartment_rows = 0, order_rows = 0, t[COMPARTMENT_STATE_N];
    while (fgets(line, sizeof line, f) != NULL) {
        if (sscanf(line, " T %159s %u %u %u %u %u %u %u %u", name, &t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6],
                   &t[7]) == 9) {
            check_compartment_row(name, t);
            compartment_rows++;
        } else if (sscanf(line, " O %159s %u %u %u %u %u %u", name, &t[0], &t[1], &t[2], &t[3], &t[4], &t[5]) == 7) {
            check_order_row(name, t);
            order_rows++;
        }
    }
    (void)fclose(f);
    assert_int_equal(compartment_rows, COMPARTMENT_CAUSE_N);
    assert_int_equal(order_rows, ORDER_STEP_N);
}

/* ---------------------------------------------------------------- main */

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return alphasort(a, b);
}

int main(int argc, char **argv)
{
    static struct CMUnitTest tests[TRACES_MAX];
    size_t n = 0;
    struct dirent **found;
    const char *dir = argc > 1 ? argv[1] : "build/model/traces";
    if (argc > 2 || sodium_init() < 0)
        return 2;
    int files = scandir(dir, &found, NULL, by_name);
    for (int i = 0; i < files && n < TRACES_MAX; i++) {
        const char *name = found[i]->d_name;
        CMUnitTestFunction fn = strcmp(name, "table") == 0         ? the_tables_are_the_same
                                : strncmp(name, "run-", 4) == 0    ? the_code_goes_where_the_model_goes
                                : strncmp(name, "mutant-", 7) == 0 ? the_code_refuses_what_the_mutant_did
                                                                   : NULL;
        char *path = NULL;
        if (fn != NULL && asprintf(&path, "%s/%s", dir, name) > 0)
            tests[n++] = (struct CMUnitTest){.name = path, .test_func = fn, .initial_state = path};
        free(found[i]);
    }
    if (files >= 0)
        free(found);
    if (n == 0)
        return 2;
    int failed = _cmocka_run_group_tests("replay", tests, n, NULL, NULL);
    for (size_t i = 0; i < n; i++)
        free(tests[i].initial_state);
    return failed == 0 ? 0 : 1;
}
