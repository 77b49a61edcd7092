/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/input.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "common/token.h"

#define BATCH 32
#define BAD_SCAN ""
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* One device. The timer counts the silence within a scan, or the time to the next try while the device is absent. */
struct source {
    struct input *in;
    const char *name, *path;
    void (*press)(struct source *s, unsigned code);
    sd_event_source *io, *timer;
    int fd;
    bool told_absent;
    bool skip; /* the kernel lost events: the rest of this report is not to be trusted */
    uint8_t bytes[BATCH * sizeof(struct input_event)];
    size_t used;
    char text[TOKEN_TEXT_CAP]; /* scanner only */
    size_t len;
    bool spoilt;
};

struct input {
    struct input_callbacks cb;
    sd_event *loop;
    uint64_t retry_us, pause_us;
    struct source keypad, scanner;
};

/* ---------------------------------------------------------------- what the keys mean */

static const struct {
    unsigned code;
    enum event_key key;
} keypad_keys[] = {
    {KEY_0, EVENT_KEY_0},
    {KEY_1, EVENT_KEY_1},
    {KEY_2, EVENT_KEY_2},
    {KEY_3, EVENT_KEY_3},
    {KEY_4, EVENT_KEY_4},
    {KEY_5, EVENT_KEY_5},
    {KEY_6, EVENT_KEY_6},
    {KEY_7, EVENT_KEY_7},
    {KEY_8, EVENT_KEY_8},
    {KEY_9, EVENT_KEY_9},
    {KEY_KP0, EVENT_KEY_0},
    {KEY_KP1, EVENT_KEY_1},
    {KEY_KP2, EVENT_KEY_2},
    {KEY_KP3, EVENT_KEY_3},
    {KEY_KP4, EVENT_KEY_4},
    {KEY_KP5, EVENT_KEY_5},
    {KEY_KP6, EVENT_KEY_6},
    {KEY_KP7, EVENT_KEY_7},
    {KEY_KP8, EVENT_KEY_8},
    {KEY_KP9, EVENT_KEY_9},
    {KEY_NUMERIC_0, EVENT_KEY_0},
    {KEY_NUMERIC_1, EVENT_KEY_1},
    {KEY_NUMERIC_2, EVENT_KEY_2},
    {KEY_NUMERIC_3, EVENT_KEY_3},
    {KEY_NUMERIC_4, EVENT_KEY_4},
    {KEY_NUMERIC_5, EVENT_KEY_5},
    {KEY_NUMERIC_6, EVENT_KEY_6},
    {KEY_NUMERIC_7, EVENT_KEY_7},
    {KEY_NUMERIC_8, EVENT_KEY_8},
    {KEY_NUMERIC_9, EVENT_KEY_9},
    {KEY_ENTER, EVENT_KEY_OK},
    {KEY_KPENTER, EVENT_KEY_OK},
    {KEY_NUMERIC_POUND, EVENT_KEY_OK},
    {KEY_BACKSPACE, EVENT_KEY_CLEAR},
    {KEY_DELETE, EVENT_KEY_CLEAR},
    {KEY_ESC, EVENT_KEY_CLEAR},
    {KEY_KPDOT, EVENT_KEY_CLEAR},
    {KEY_KPMINUS, EVENT_KEY_REPEAT},
    {KEY_F4, EVENT_KEY_REPEAT},
    {KEY_F1, EVENT_KEY_HELP},
    {KEY_HELP, EVENT_KEY_HELP},
    {KEY_SLASH, EVENT_KEY_HELP},
    {KEY_KPSLASH, EVENT_KEY_HELP},
    {KEY_KPASTERISK, EVENT_KEY_HELP},
    {KEY_NUMERIC_STAR, EVENT_KEY_HELP},
    {KEY_F2, EVENT_KEY_LANGUAGE},
    {KEY_KPPLUS, EVENT_KEY_LANGUAGE},
    {KEY_F3, EVENT_KEY_SHOW},
    {KEY_TAB, EVENT_KEY_SHOW},
};

static const struct {
    unsigned code;
    char letter;
} scanner_letters[] = {{KEY_A, 'A'}, {KEY_B, 'B'}, {KEY_C, 'C'}, {KEY_D, 'D'}, {KEY_E, 'E'}, {KEY_F, 'F'}};

static const unsigned modifiers[] = {KEY_LEFTSHIFT, KEY_RIGHTSHIFT, KEY_LEFTCTRL,  KEY_RIGHTCTRL, KEY_LEFTALT,
                                     KEY_RIGHTALT,  KEY_LEFTMETA,   KEY_RIGHTMETA, KEY_CAPSLOCK,  KEY_NUMLOCK};

/* EVENT_KEY_N: none of ours. */
static enum event_key key_of(unsigned code)
{
    for (size_t i = 0; i < COUNT(keypad_keys); i++) {
        if (keypad_keys[i].code == code) {
            return keypad_keys[i].key;
        }
    }
    return EVENT_KEY_N;
}

static bool is_modifier(unsigned code)
{
    for (size_t i = 0; i < COUNT(modifiers); i++) {
        if (modifiers[i] == code) {
            return true;
        }
    }
    return false;
}

/* '\0': no hexadecimal digit. */
static char hex_of(unsigned code)
{
    for (size_t i = 0; i < COUNT(scanner_letters); i++) {
        if (scanner_letters[i].code == code) {
            return scanner_letters[i].letter;
        }
    }
    enum event_key key = key_of(code);
    return key <= EVENT_KEY_9 ? (char)('0' + (int)key) : '\0';
}

static void keypad_press(struct source *s, unsigned code)
{
    enum event_key key = key_of(code);
    if (key != EVENT_KEY_N) {
        s->in->cb.key(s->in->cb.arg, key);
    }
}

static void arm(struct source *s, uint64_t us)
{
    if (sd_event_source_set_time_relative(s->timer, us) < 0 ||
        sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT) < 0) {
        log_error("input", "%s: the timer cannot be set", s->name);
    }
}

static void forget_text(struct source *s)
{
    sodium_memzero(s->text, sizeof s->text);
    s->len = 0;
    s->spoilt = false;
}

/* Enter, or silence: what came in until now is one scan. */
static void finish_scan(struct source *s, bool complete)
{
    bool nothing = s->len == 0 && !s->spoilt;
    if (!nothing) {
        s->in->cb.scan(s->in->cb.arg, complete && !s->spoilt ? s->text : BAD_SCAN);
    }
    forget_text(s);
}

static void scanner_press(struct source *s, unsigned code)
{
    if (code == KEY_ENTER || code == KEY_KPENTER) {
        finish_scan(s, true);
    } else if (!is_modifier(code)) {
        char c = hex_of(code);
        if (c == '\0' || s->len == sizeof s->text - 1) {
            s->spoilt = true;
        } else {
            s->text[s->len++] = c;
        }
    }
}

static void take_event(struct source *s, const struct input_event *ev)
{
    if (ev->type == EV_SYN && ev->code == SYN_DROPPED) {
        s->skip = true;
        s->spoilt = s == &s->in->scanner;
    } else if (ev->type == EV_SYN && ev->code == SYN_REPORT) {
        s->skip = false;
    } else if (ev->type == EV_KEY && ev->value == 1 && !s->skip) {
        s->press(s, ev->code);
    }
}

/* ---------------------------------------------------------------- the device */

static void close_source(struct source *s)
{
    s->io = sd_event_source_disable_unref(s->io);
    if (s->fd >= 0) {
        (void)close(s->fd);
        s->fd = -1;
    }
    s->used = 0;
    s->skip = false;
    sodium_memzero(s->bytes, sizeof s->bytes);
    forget_text(s);
}

static void take_bytes(struct source *s)
{
    size_t at = 0;
    struct input_event ev;
    for (; s->used - at >= sizeof ev; at += sizeof ev) {
        memcpy(&ev, s->bytes + at, sizeof ev);
        take_event(s, &ev);
    }
    s->used -= at;
    memmove(s->bytes, s->bytes + at, s->used);
    sodium_memzero(s->bytes + s->used, at);
    sodium_memzero(&ev, sizeof ev);
    if (s->used > 0 || s->len > 0 || s->spoilt) {
        arm(s, s->in->pause_us);
    } else {
        (void)sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
    }
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
    (void)source;
    (void)revents;
    struct source *s = arg;
    ssize_t n = read(fd, s->bytes + s->used, sizeof s->bytes - s->used);
    if (n > 0) {
        s->used += (size_t)n;
        take_bytes(s);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        log_warning("input", "%s %s is gone; looking for it again", s->name, s->path);
        s->told_absent = true;
        close_source(s);
        arm(s, s->in->retry_us);
    }
    return 0;
}

/* NULL, or what is wrong. */
static const char *attach(struct source *s)
{
    struct stat before, after;
    if (stat(s->path, &before) < 0) {
        return strerror(errno);
    }
    bool fifo = S_ISFIFO(before.st_mode);
    if (!fifo && !S_ISCHR(before.st_mode)) {
        return "neither an event device nor a FIFO";
    }
    /* A FIFO that is also open for writing never ends, whoever else closes it. */
    s->fd = open(s->path, (fifo ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (s->fd < 0 || fstat(s->fd, &after) < 0) {
        return strerror(errno);
    }
    int version;
    if (before.st_dev != after.st_dev || before.st_ino != after.st_ino) {
        return "replaced while it was opened";
    }
    if (!fifo && ioctl(s->fd, EVIOCGVERSION, &version) < 0) {
        return "not an event device";
    }
    if (!fifo && ioctl(s->fd, EVIOCGRAB, 1) < 0) {
        return "taken by another program";
    }
    int rc = sd_event_add_io(s->in->loop, &s->io, s->fd, EPOLLIN, on_readable, s);
    return rc < 0 ? strerror(-rc) : NULL;
}

static void open_source(struct source *s)
{
    const char *wrong = attach(s);
    if (wrong == NULL) {
        log_info("input", "%s %s is there", s->name, s->path);
        s->told_absent = false;
        return;
    }
    if (!s->told_absent) {
        log_warning("input", "%s %s: %s; trying again", s->name, s->path, wrong);
        s->told_absent = true;
    }
    close_source(s);
    arm(s, s->in->retry_us);
}

/* The device is absent: try again. It is there: silence, so half an event or half a scan will not be completed. */
static int on_timer(sd_event_source *source, uint64_t usec, void *arg)
{
    (void)source;
    (void)usec;
    struct source *s = arg;
    if (s->fd < 0) {
        open_source(s);
    } else {
        sodium_memzero(s->bytes, s->used);
        s->used = 0;
        finish_scan(s, false);
    }
    return 0;
}

/* ---------------------------------------------------------------- life */

static int start_source(struct source *s)
{
    if (s->path == NULL || s->path[0] == '\0') {
        return 0;
    }
    int rc = sd_event_add_time(s->in->loop, &s->timer, CLOCK_MONOTONIC, 0, 0, on_timer, s);
    if (rc < 0) {
        return rc;
    }
    /* After what waits to be read: a busy loop is no silence. */
    rc = sd_event_source_set_priority(s->timer, SD_EVENT_PRIORITY_NORMAL + 1);
    if (rc < 0) {
        return rc;
    }
    (void)sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
    open_source(s);
    return 0;
}

static uint64_t us_of(unsigned ms, unsigned otherwise)
{
    return (uint64_t)(ms != 0 ? ms : otherwise) * 1000;
}

enum err input_open(struct input **out, const struct input_cfg *cfg, const struct input_callbacks *cb, sd_event *loop,
                    struct reason *r)
{
    assert(cb->key != NULL && cb->scan != NULL);
    struct input *in = calloc(1, sizeof *in);
    if (in == NULL) {
        return err_because(r, ERR_MEMORY, "input: no memory");
    }
    in->cb = *cb;
    in->loop = loop;
    in->retry_us = us_of(cfg->retry_ms, INPUT_RETRY_MS);
    in->pause_us = us_of(cfg->pause_ms, INPUT_PAUSE_MS);
    in->keypad = (struct source){.in = in, .name = "keypad", .path = cfg->keypad, .press = keypad_press, .fd = -1};
    in->scanner = (struct source){.in = in, .name = "scanner", .path = cfg->scanner, .press = scanner_press, .fd = -1};
    int rc = start_source(&in->keypad);
    if (rc >= 0) {
        rc = start_source(&in->scanner);
    }
    if (rc < 0) {
        input_free(in);
        return err_because(r, ERR_IO, "input: event source: %s", strerror(-rc));
    }
    *out = in;
    return ERR_OK;
}

void input_free(struct input *in)
{
    if (in == NULL) {
        return;
    }
    close_source(&in->keypad);
    close_source(&in->scanner);
    sd_event_source_disable_unref(in->keypad.timer);
    sd_event_source_disable_unref(in->scanner.timer);
    free(in);
}
