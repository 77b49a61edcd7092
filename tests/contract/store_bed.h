/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_bed: a store in a folder of its own, for what every implementation of backend/store.h must do. The cases know
 * the interface only; store_factories lists the implementations. A factory opens the store in a folder; opening it
 * again there finds what was committed. Include after <cmocka.h>.
 */
#ifndef MEDLOCKER_TESTS_STORE_BED_H
#define MEDLOCKER_TESTS_STORE_BED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/store.h"
#include "backend/store_sqlite.h"

/* r is the reason inside of call. */
#define OK(call)                                                                                                       \
    do {                                                                                                               \
        struct reason r_ = {""};                                                                                       \
        struct reason *r = &r_;                                                                                        \
        enum err e_ = (call);                                                                                          \
        if (e_ != ERR_OK)                                                                                              \
            fail_msg("%s: %s: %s", #call, err_name(e_), r_.text);                                                      \
    } while (0)

#define REFUSED(want, call)                                                                                            \
    do {                                                                                                               \
        struct reason r_ = {""};                                                                                       \
        struct reason *r = &r_;                                                                                        \
        assert_int_equal(call, want);                                                                                  \
    } while (0)

struct store_factory {
    const char *name;
    enum err (*open)(struct store **out, const char *folder, struct reason *r);
};

struct store_bed {
    const struct store_factory *factory;
    struct store *s;
    char folder[64];
};

static inline enum err store_bed_sqlite(struct store **out, const char *folder, struct reason *r)
{
    char path[96];

    (void)snprintf(path, sizeof(path), "%s/hub.db", folder);
    return store_sqlite_open(out, path, r);
}

static const struct store_factory store_factories[] = {{"sqlite", store_bed_sqlite}};

static inline void store_bed_open(struct store_bed *b, const struct store_factory *factory)
{
    b->factory = factory;
    memcpy(b->folder, "/tmp/medlocker-store-XXXXXX", sizeof("/tmp/medlocker-store-XXXXXX"));
    assert_non_null(mkdtemp(b->folder));
    OK(factory->open(&b->s, b->folder, r));
}

/* The tests, once for each implementation: their setup finds it in *state. cmocka's macro wants to see
 * the array, and takes a plain pointer. */
static inline int store_bed_run(struct CMUnitTest *tests, size_t n)
{
    int failed = 0;

    for (size_t f = 0; f < sizeof(store_factories) / sizeof(store_factories[0]); f++) {
        union {
            const struct store_factory *from;
            void *to;
        } hand = {&store_factories[f]};

        for (size_t i = 0; i < n; i++)
            tests[i].initial_state = hand.to;
        failed += _cmocka_run_group_tests(store_factories[f].name, tests, n, NULL, NULL);
    }
    return failed;
}

/* Gives 0, or what a teardown fails with. */
static inline int store_bed_close(struct store_bed *b)
{
    char command[128];

    if (b->s != NULL)
        b->s->ops->free(b->s);
    b->s = NULL;
    (void)snprintf(command, sizeof(command), "rm -rf %s", b->folder);
    return system(command);
}

static inline void begin(struct store *s)
{
    OK(s->ops->begin(s, r));
}

static inline void commit(struct store *s)
{
    OK(s->ops->commit(s, r));
}

#endif
