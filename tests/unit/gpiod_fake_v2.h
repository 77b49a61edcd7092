/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of libgpiod 2 on the fake chip, and the folder in which its driver looks for chips. */
#ifndef MEDLOCKER_GPIOD_FAKE_V2_H
#define MEDLOCKER_GPIOD_FAKE_V2_H

#include <dirent.h>

#include "tests/unit/gpiod_fake.h"

#define FAKE_OFFSET 100 /* a line's offset is not its place */

struct gpiod_chip {
    int unused;
};
struct gpiod_chip_info {
    int unused;
};
struct gpiod_line_settings {
    bool is_output, has_edges;
    enum gpiod_line_value value;
};
struct gpiod_line_config {
    struct gpiod_line_settings settings;
    unsigned offset[FAKE_LINES];
    size_t n;
};
struct gpiod_request_config {
    int unused;
};
struct gpiod_line_request {
    struct gpiod_line_config config;
};
struct gpiod_edge_event_buffer {
    int unused;
};

static struct gpiod_chip fake_chip;
static struct gpiod_chip_info fake_info;
static struct gpiod_line_settings fake_settings;
static struct gpiod_line_config fake_config;
static struct gpiod_request_config fake_how;
static struct gpiod_line_request fake_requests[FAKE_LINES]; /* by their first line */
static struct gpiod_edge_event_buffer fake_buffer;
static unsigned fake_entry;

static unsigned fake_edge_pipe(unsigned line)
{
    (void)line;
    return 0;
}

DIR *opendir(const char *name)
{
    (void)name;
    fake_entry = 0;
    return (DIR *)&fake_entry;
}

struct dirent *readdir(DIR *dir)
{
    static const char *const names[] = {"null", "gpiochip0"};
    static struct dirent d;
    (void)dir;
    if (fake_entry == sizeof names / sizeof names[0])
        return NULL;
    (void)snprintf(d.d_name, sizeof d.d_name, "%s", names[fake_entry++]);
    return &d;
}

int closedir(DIR *dir)
{
    (void)dir;
    return 0;
}

bool gpiod_is_gpiochip_device(const char *path)
{
    return strcmp(path, "/dev/gpiochip0") == 0;
}

struct gpiod_chip *gpiod_chip_open(const char *path)
{
    (void)path;
    if (fake_fails(&fake.fail_open))
        return NULL;
    fake.chips++;
    return &fake_chip;
}

void gpiod_chip_close(struct gpiod_chip *chip)
{
    (void)chip;
    fake.chips--;
}

struct gpiod_chip_info *gpiod_chip_get_info(struct gpiod_chip *chip)
{
    (void)chip;
    return &fake_info;
}

const char *gpiod_chip_info_get_label(struct gpiod_chip_info *info)
{
    (void)info;
    return FAKE_LABEL;
}

void gpiod_chip_info_free(struct gpiod_chip_info *info)
{
    (void)info;
}

int gpiod_chip_get_line_offset_from_name(struct gpiod_chip *chip, const char *name)
{
    (void)chip;
    if (fake_fails(&fake.fail_find))
        return -1;
    int n = fake_find(name);
    return n < 0 ? -1 : n + FAKE_OFFSET;
}

struct gpiod_line_settings *gpiod_line_settings_new(void)
{
    fake_settings = (struct gpiod_line_settings){.value = GPIOD_LINE_VALUE_ACTIVE};
    return &fake_settings;
}

void gpiod_line_settings_free(struct gpiod_line_settings *settings)
{
    (void)settings;
}

int gpiod_line_settings_set_direction(struct gpiod_line_settings *settings, enum gpiod_line_direction direction)
{
    settings->is_output = direction == GPIOD_LINE_DIRECTION_OUTPUT;
    return 0;
}

void gpiod_line_settings_set_active_low(struct gpiod_line_settings *settings, bool active_low)
{
    (void)settings;
    atomic_store(&fake.active_low, active_low);
}

int gpiod_line_settings_set_output_value(struct gpiod_line_settings *settings, enum gpiod_line_value value)
{
    settings->value = value;
    return 0;
}

int gpiod_line_settings_set_edge_detection(struct gpiod_line_settings *settings, enum gpiod_line_edge edge)
{
    settings->has_edges = edge == GPIOD_LINE_EDGE_BOTH;
    return 0;
}

struct gpiod_line_config *gpiod_line_config_new(void)
{
    fake_config.n = 0;
    return &fake_config;
}

void gpiod_line_config_free(struct gpiod_line_config *config)
{
    (void)config;
}

int gpiod_line_config_add_line_settings(struct gpiod_line_config *config, const unsigned int *offsets,
                                        size_t num_offsets, struct gpiod_line_settings *settings)
{
    assert(num_offsets <= FAKE_LINES);
    config->settings = *settings;
    config->n = num_offsets;
    memcpy(config->offset, offsets, num_offsets * sizeof *offsets);
    return 0;
}

struct gpiod_request_config *gpiod_request_config_new(void)
{
    return &fake_how;
}

void gpiod_request_config_free(struct gpiod_request_config *config)
{
    (void)config;
}

void gpiod_request_config_set_consumer(struct gpiod_request_config *config, const char *consumer)
{
    (void)config;
    (void)consumer;
}

void gpiod_request_config_set_event_buffer_size(struct gpiod_request_config *config, size_t event_buffer_size)
{
    (void)config;
    (void)event_buffer_size;
}

struct gpiod_line_request *gpiod_chip_request_lines(struct gpiod_chip *chip, struct gpiod_request_config *req_cfg,
                                                    struct gpiod_line_config *line_cfg)
{
    bool is_output = line_cfg->settings.is_output;
    (void)chip;
    (void)req_cfg;
    if (fake_fails(is_output ? &fake.fail_outputs : &fake.fail_inputs))
        return NULL;
    for (size_t i = 0; i < line_cfg->n; i++)
        if (fake_request(line_cfg->offset[i] - FAKE_OFFSET, is_output,
                         line_cfg->settings.value != GPIOD_LINE_VALUE_INACTIVE) != 0)
            return NULL;
    struct gpiod_line_request *request = &fake_requests[line_cfg->offset[0] - FAKE_OFFSET];
    request->config = *line_cfg;
    return request;
}

void gpiod_line_request_release(struct gpiod_line_request *request)
{
    for (size_t i = 0; i < request->config.n; i++)
        atomic_store(&fake.requested[request->config.offset[i] - FAKE_OFFSET], false);
}

int gpiod_line_request_get_values_subset(struct gpiod_line_request *request, size_t num_values,
                                         const unsigned int *offsets, enum gpiod_line_value *values)
{
    (void)request;
    if (fake_fails(&fake.fail_read))
        return -1;
    for (size_t i = 0; i < num_values; i++)
        values[i] =
            atomic_load(&fake.value[offsets[i] - FAKE_OFFSET]) ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE;
    return 0;
}

int gpiod_line_request_set_value(struct gpiod_line_request *request, unsigned int offset, enum gpiod_line_value value)
{
    (void)request;
    return fake_set(offset - FAKE_OFFSET, value == GPIOD_LINE_VALUE_ACTIVE);
}

int gpiod_line_request_get_fd(struct gpiod_line_request *request)
{
    assert(request->config.settings.has_edges);
    return fake.edge[0][0];
}

struct gpiod_edge_event_buffer *gpiod_edge_event_buffer_new(size_t capacity)
{
    (void)capacity;
    return &fake_buffer;
}

void gpiod_edge_event_buffer_free(struct gpiod_edge_event_buffer *buffer)
{
    (void)buffer;
}

int gpiod_line_request_read_edge_events(struct gpiod_line_request *request, struct gpiod_edge_event_buffer *buffer,
                                        size_t max_events)
{
    char edge;
    (void)request;
    (void)buffer;
    (void)max_events;
    return read(fake.edge[0][0], &edge, 1) == 1 ? 1 : -1;
}

#endif
