/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_list: the lists of the hub with 100,000 orders behind them, of which 500 are not over, and three acts of each
 * in the audit. What the store does for one page and its count, as GET /api/orders and GET /api/audit ask for it,
 * beside one look-up of an order by its id; in processor time, because all of it is in memory and the hub's loop does
 * nothing else meanwhile. Prints "name value unit" lines.
 *
 * bench_list FOLDER
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/store_sqlite.h"
#include "tests/bench/bench.h"

#define ORDERS 100000
#define OPEN 500 /* the last of them */
#define ACTS 3
#define BATCH 1000
#define RUNS 9
#define LOOKUPS 1000
#define PAGE 100

/* What was not found was not measured either. */
static void expect(const char *name, int64_t got, int64_t want)
{
    if (got == want)
        return;
    (void)fprintf(stderr, "bench_list: %s: %lld, not %lld\n", name, (long long)got, (long long)want);
    exit(EXIT_FAILURE);
}

/* ---------------------------------------------------------------- a pharmacy of some years */

static void order_id(uint8_t id[ORDER_ID_LEN], uint32_t n)
{
    memset(id, 0, ORDER_ID_LEN);
    memcpy(id, &(uint32_t){n * UINT32_C(2654435761)}, sizeof(uint32_t)); /* all over the index */
    memcpy(id + sizeof(uint32_t), &n, sizeof(n));
}

static void add_order(struct store *s, uint32_t n)
{
    static const char *const names[] = {"Jansen", "de Vries", "Yilmaz", "Kowalska", "El Idrissi", "Shevchenko"};
    struct order o = {.state = n < ORDERS - OPEN ? ORDER_COLLECTED : ORDER_READY, .created_ms = n, .changed_ms = n};
    struct reason r;

    order_id(o.id, n);
    o.locker[0] = (uint8_t)(n % 4);
    o.ask.not_after_s = n;
    (void)snprintf(o.ask.patient, sizeof(o.ask.patient), "%c. %s-%u", 'A' + (int)(n % 26), names[n % 6], n % 9973);
    (void)snprintf(o.ask.reference, sizeof(o.ask.reference), "RX-%08u", n * 7);
    (void)snprintf(o.ask.medicine, sizeof(o.ask.medicine), "paracetamol 500 mg tablets");
    (void)snprintf(o.ask.birth_date, sizeof(o.ask.birth_date), "1960-01-01");
    bench_must(s->ops->order_insert(s, &o, NULL, &r), &r);
    for (int i = 0; i < ACTS; i++) {
        static const char *const acts[ACTS] = {"order.registered", "order.packed", "order.viewed"};
        struct store_audit a = {.at_ms = n, .has_order = true};

        memcpy(a.order, o.id, sizeof(a.order));
        (void)snprintf(a.actor, sizeof(a.actor), "user%u", n % 12);
        (void)snprintf(a.action, sizeof(a.action), "%s", acts[i]);
        (void)snprintf(a.subject, sizeof(a.subject), "%u", n);
        bench_must(s->ops->audit_append(s, &a, &r), &r);
    }
}

static void fill(struct store *s)
{
    struct reason r;

    for (uint32_t n = 0; n < ORDERS;) {
        bench_must(s->ops->begin(s, &r), &r);
        for (uint32_t i = 0; i < BATCH; i++)
            add_order(s, n++);
        bench_must(s->ops->commit(s, &r), &r);
    }
    bench_must(s->ops->idle(s, &r), &r);
}

/* ---------------------------------------------------------------- what is asked */

static double cpu_us(void)
{
    return (double)clock() * 1e6 / CLOCKS_PER_SEC;
}

static bool see_order(void *arg, const struct order *o)
{
    (void)o;
    (*(int64_t *)arg)++;
    return true;
}

static bool see_act(void *arg, const struct store_audit *a)
{
    (void)a;
    (*(int64_t *)arg)++;
    return true;
}

static void skip_name(void *arg, const char *name)
{
    (void)arg;
    (void)name;
}

static void measure_lookup(struct store *s)
{
    double us[RUNS];
    struct reason r;
    struct order o;

    for (unsigned i = 0; i < RUNS; i++) {
        double start_us = cpu_us();

        for (uint32_t n = 0; n < LOOKUPS; n++) {
            uint8_t id[ORDER_ID_LEN];

            order_id(id, (n * 7919 + i) % ORDERS);
            bench_must(s->ops->order_get(s, id, &o, &r), &r);
        }
        us[i] = (cpu_us() - start_us) / LOOKUPS;
    }
    (void)printf("order_lookup %.4g us\n", bench_median(us, RUNS));
}

static void measure_orders(struct store *s, const char *name, const struct store_order_filter *f, int64_t matches)
{
    double ms[RUNS];
    int64_t seen = 0, n = 0;
    struct reason r;

    for (int i = 0; i < RUNS; i++) {
        double start_us = cpu_us();

        bench_must(s->ops->order_list(s, f, see_order, &seen, &r), &r);
        bench_must(s->ops->order_matches(s, f, &n, &r), &r);
        ms[i] = (cpu_us() - start_us) / 1000;
    }
    expect(name, n, matches);
    (void)printf("orders_%s %.4g ms\n", name, bench_median(ms, RUNS));
}

static void measure_audit(struct store *s, const char *name, const struct store_audit_filter *f, int64_t matches)
{
    double ms[RUNS];
    int64_t seen = 0, n = 0;
    struct reason r;

    for (int i = 0; i < RUNS; i++) {
        double start_us = cpu_us();

        bench_must(s->ops->audit_find(s, f, see_act, &seen, &r), &r);
        bench_must(s->ops->audit_matches(s, f, &n, &r), &r);
        bench_must(s->ops->audit_names(s, STORE_AUDIT_ACTORS, skip_name, NULL, &r), &r);
        bench_must(s->ops->audit_names(s, STORE_AUDIT_ACTIONS, skip_name, NULL, &r), &r);
        ms[i] = (cpu_us() - start_us) / 1000;
    }
    expect(name, n, matches);
    (void)printf("audit_%s %.4g ms\n", name, bench_median(ms, RUNS));
}

/* What matches is told by fill: every sixth order is of "Yilmaz". */
static void measure_lists(struct store *s)
{
    static const uint32_t open_states = ((1u << ORDER_STATE_N) - 1) & ~(1u << ORDER_COLLECTED | 1u << ORDER_LOST);
    const struct {
        const char *name;
        struct store_order_filter filter;
        int64_t matches;
    } orders[] = {
        {"page", {.states = open_states, .limit = PAGE}, OPEN},
        {"page_all", {.limit = PAGE}, ORDERS},
        {"page_last", {.limit = PAGE, .offset = ORDERS - PAGE}, ORDERS},
        {"page_sorted", {.limit = PAGE, .sort = STORE_ORDER_BY_PATIENT}, ORDERS},
        {"search_open", {.states = open_states, .search = "yilmaz", .limit = PAGE}, 84},
        {"search_over", {.states = 1u << ORDER_COLLECTED, .search = "yilmaz", .limit = PAGE}, 16583},
        {"search_name", {.search = "yilmaz", .limit = PAGE}, 16667},
        {"search_reference", {.search = "RX-00000777", .limit = PAGE}, 1},
        {"search_short", {.search = "yi", .limit = PAGE}, 16667},
        {"search_none", {.search = "nobody at all", .limit = PAGE}, 0},
    };
    const struct {
        const char *name;
        struct store_audit_filter filter;
        int64_t matches;
    } audit[] = {
        {"page", {.limit = PAGE}, ORDERS * ACTS},
        {"page_last", {.limit = PAGE, .offset = ORDERS * ACTS - PAGE}, ORDERS * ACTS},
        {"actor", {.actor = "user7", .limit = PAGE}, 24999},
        {"search", {.search = "packed 99991", .limit = PAGE}, 1},
        {"search_all", {.search = "order", .limit = PAGE}, ORDERS * ACTS},
        {"search_none", {.search = "nobody", .limit = PAGE}, 0},
    };

    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++)
        measure_orders(s, orders[i].name, &orders[i].filter, orders[i].matches);
    for (size_t i = 0; i < sizeof audit / sizeof audit[0]; i++)
        measure_audit(s, audit[i].name, &audit[i].filter, audit[i].matches);
}

int main(int argc, char **argv)
{
    char path[4096];
    struct store *s = NULL;
    struct reason r;

    if (argc != 2)
        return EXIT_FAILURE;
    (void)snprintf(path, sizeof path, "%s/list.db", argv[1]);
    bench_must(store_sqlite_open(&s, path, &r), &r);
    fill(s);
    measure_lookup(s);
    measure_lists(s);
    s->ops->free(s);
    return EXIT_SUCCESS;
}
