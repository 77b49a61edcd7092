/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gpio: the lines of one GPIO chip: outputs that are 0 unless told otherwise, and inputs that are read as a bank and
 * wake a descriptor when one changes. gpio_v1.c does it with libgpiod 1.6, gpio_v2.c with libgpiod 2; the build takes
 * the one that fits the installed library.
 *
 * The chip is found by its label and a line by its name, never by a number. Lines are requested once and held; the
 * kernel takes them back when the process dies. Edges only wake: the level is always read again, since the kernel's
 * queue of edges is short. One thread.
 */
#ifndef MEDLOCKER_GPIO_H
#define MEDLOCKER_GPIO_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

#define GPIO_LINES_MAX 64

struct gpio;

struct gpio_cfg {
    const char *chip; /* label */
    const char *const *outputs;
    const char *const *inputs;
    uint8_t outputs_n, inputs_n; /* at most GPIO_LINES_MAX each */
    bool active_low;             /* of the outputs: 1 is 0 volts */
};

/* Requests all outputs with value 0, then all inputs with both edges. Errors: ERR_NOT_FOUND (chip or line; the reason
 * names it), ERR_BUSY (another program holds a line), ERR_IO, ERR_RANGE, ERR_MEMORY. Does not block. */
enum err gpio_open(struct gpio **out, const struct gpio_cfg *cfg, struct reason *r) ERR_MUST_CHECK;

/* Bit n is input n. Errors: ERR_IO (the chip is gone: free and open again). */
enum err gpio_read(struct gpio *g, uint64_t *bits) ERR_MUST_CHECK;

/* Errors: ERR_RANGE, ERR_IO. */
enum err gpio_set(struct gpio *g, uint8_t output, bool on) ERR_MUST_CHECK;

/* Readable when an input changed; -1: no inputs. Owned by g. */
int gpio_fd(const struct gpio *g);

/* Takes one waiting edge; false: none is waiting. Never blocks. A chip that is gone shows at the next gpio_read. */
bool gpio_next_edge(struct gpio *g);

/* Sets every output to 0 and gives the lines back. NULL is fine. */
void gpio_free(struct gpio *g);

#endif
