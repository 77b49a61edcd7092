/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of libgpiod 1.6 on the fake chip. */
#ifndef MEDLOCKER_GPIOD_FAKE_V1_H
#define MEDLOCKER_GPIOD_FAKE_V1_H

#include "tests/unit/gpiod_fake.h"

struct gpiod_chip {
    int unused;
};
struct gpiod_line {
    unsigned number;
};

static struct gpiod_chip fake_chip;
static struct gpiod_line fake_lines[FAKE_LINES];
static struct gpiod_line_bulk fake_outputs[FAKE_LINES]; /* of each line: what it was requested with */

static unsigned fake_edge_pipe(unsigned line)
{
    return line;
}

struct gpiod_chip *gpiod_chip_open_by_label(const char *label)
{
    if (fake_fails(&fake.fail_open))
        return NULL;
    if (strcmp(label, FAKE_LABEL) != 0) {
        errno = ENOENT;
        return NULL;
    }
    fake.chips++;
    return &fake_chip;
}

void gpiod_chip_close(struct gpiod_chip *chip)
{
    (void)chip;
    fake.chips--;
}

struct gpiod_line *gpiod_chip_find_line(struct gpiod_chip *chip, const char *name)
{
    (void)chip;
    if (fake_fails(&fake.fail_find))
        return NULL;
    int n = fake_find(name);
    if (n < 0)
        return NULL;
    fake_lines[n].number = (unsigned)n;
    return &fake_lines[n];
}

static int fake_request_bulk(struct gpiod_line_bulk *bulk, bool is_output, const int *values)
{
    for (unsigned i = 0; i < gpiod_line_bulk_num_lines(bulk); i++) {
        unsigned n = gpiod_line_bulk_get_line(bulk, i)->number;
        if (fake_request(n, is_output, values != NULL ? values[i] : 0) != 0)
            return -1;
    }
    return 0;
}

int gpiod_line_request_bulk_output_flags(struct gpiod_line_bulk *bulk, const char *consumer, int flags,
                                         const int *default_vals)
{
    (void)consumer;
    atomic_store(&fake.active_low, flags == GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW);
    for (unsigned i = 0; i < gpiod_line_bulk_num_lines(bulk); i++)
        fake_outputs[gpiod_line_bulk_get_line(bulk, i)->number] = *bulk;
    return fake_fails(&fake.fail_outputs) ? -1 : fake_request_bulk(bulk, true, default_vals);
}

int gpiod_line_request_bulk_both_edges_events(struct gpiod_line_bulk *bulk, const char *consumer)
{
    (void)consumer;
    return fake_fails(&fake.fail_inputs) ? -1 : fake_request_bulk(bulk, false, NULL);
}

void gpiod_line_release_bulk(struct gpiod_line_bulk *bulk)
{
    for (unsigned i = 0; i < gpiod_line_bulk_num_lines(bulk); i++)
        atomic_store(&fake.requested[gpiod_line_bulk_get_line(bulk, i)->number], false);
}

int gpiod_line_get_value_bulk(struct gpiod_line_bulk *bulk, int *values)
{
    if (fake_fails(&fake.fail_read))
        return -1;
    for (unsigned i = 0; i < gpiod_line_bulk_num_lines(bulk); i++)
        values[i] = atomic_load(&fake.value[gpiod_line_bulk_get_line(bulk, i)->number]);
    return 0;
}

/* As the library and the kernel do it: one call writes every line of the request, the values given to the first ones
 * and 0 to the rest, whichever of its lines are named. */
static int fake_write_request(unsigned of, const int *values, unsigned n)
{
    struct gpiod_line_bulk *outputs = &fake_outputs[of];
    if (fake_fails(&fake.fail_set))
        return -1;
    for (unsigned i = 0; i < gpiod_line_bulk_num_lines(outputs); i++) {
        unsigned line = gpiod_line_bulk_get_line(outputs, i)->number;
        int value = i < n ? values[i] : 0;
        if (value != atomic_load(&fake.value[line]) && fake_set(line, value) != 0)
            return -1;
    }
    return 0;
}

int gpiod_line_set_value_bulk(struct gpiod_line_bulk *bulk, const int *values)
{
    return fake_write_request(gpiod_line_bulk_get_line(bulk, 0)->number, values, gpiod_line_bulk_num_lines(bulk));
}

int gpiod_line_set_value(struct gpiod_line *line, int value)
{
    return fake_write_request(line->number, &value, 1);
}

int gpiod_line_event_get_fd(struct gpiod_line *line)
{
    return fake.edge[line->number][0];
}

int gpiod_line_event_read(struct gpiod_line *line, struct gpiod_line_event *event)
{
    char edge;
    (void)event;
    return read(fake.edge[line->number][0], &edge, 1) == 1 ? 0 : -1;
}

#endif
