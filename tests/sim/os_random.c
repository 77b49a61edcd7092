/* SPDX-License-Identifier: Apache-2.0 */
/* os_random: what is random for the daemons and inside libsodium comes from the seed of the run. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/os.h"
#include "tests/sim/process_part.h"

#define HASH_US 60000       /* Argon2id on a board, beside its loop */
#define HASH_MOST_US 700000 /* the same as slow as it may be: whoever does that in the loop is caught */

static struct world *world; /* libsodium has one source for the whole program */

static struct dice *dice(void)
{
    struct process *p = process_current();
    return p != NULL ? &p->random : world_dice(world, "random");
}

static uint32_t next32(void)
{
    return (uint32_t)(dice_next(dice()) >> 32);
}

static void fill(void *to, size_t len)
{
    struct dice *d = dice();
    unsigned char *at = to;
    while (len > 0) {
        uint64_t value = dice_next(d);
        size_t n = len < sizeof value ? len : sizeof value;
        memcpy(at, &value, n);
        at += n;
        len -= n;
    }
}

static const char *name(void)
{
    return "simulator";
}

void os_random_use(struct world *w)
{
    static struct randombytes_implementation dice_source = {.implementation_name = name, .random = next32, .buf = fill};
    world = w;
    (void)randombytes_set_implementation(&dice_source);
    if (sodium_init() < 0) {
        abort();
    }
}

void os_randombytes_buf(void *to, size_t len)
{
    randombytes_buf(to, len);
}

uint32_t os_randombytes_random(void)
{
    return randombytes_random();
}

uint32_t os_randombytes_uniform(uint32_t below)
{
    return randombytes_uniform(below);
}

int os_crypto_pwhash(unsigned char *out, unsigned long long out_len, const char *text, unsigned long long text_len,
                     const unsigned char *salt, unsigned long long passes, size_t memory, int algorithm)
{
    struct process *p = process_current();
    int rc = crypto_pwhash(out, out_len, text, text_len, salt, passes, memory, algorithm);
    if (p != NULL && (fiber_self(p->world) != p->main || process_turns(p) > 0)) {
        int64_t takes_us = fiber_self(p->world) != p->main ? HASH_US : HASH_MOST_US;
        (void)process_wait(p, world_now_us(p->world) + takes_us);
    }
    return rc;
}
