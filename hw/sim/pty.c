/* SPDX-License-Identifier: Apache-2.0 */
#include "hw/sim/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "common/log.h"

struct pty {
    int master, slave;
    bool in_use; /* a client wrote since the last one closed */
    sd_event_source *source, *closing;
    pty_read_fn fn;
    void *arg;
    char path[64];
    char link[108];
};

static const struct speed {
    uint32_t baud;
    speed_t code;
} speeds[] = {{1200, B1200},   {2400, B2400},   {4800, B4800},   {9600, B9600},
              {19200, B19200}, {38400, B38400}, {57600, B57600}, {115200, B115200}};

static speed_t speed_code(uint32_t baud)
{
    for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++) {
        if (speeds[i].baud == baud) {
            return speeds[i].code;
        }
    }
    return B0;
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
    (void)source;
    (void)revents;
    struct pty *p = arg;
    uint8_t bytes[512];
    ssize_t n = read(fd, bytes, sizeof bytes);
    if (n > 0) {
        p->in_use = true;
        p->fn(p->arg, bytes, (size_t)n);
    } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
        log_error("pty", "%s: read: %s", p->path, strerror(errno));
        return -errno;
    }
    return 0;
}

/* A serial port that is closed forgets what it received; this one is kept open here, so it is emptied instead. */
static int on_closed(sd_event_source *source, const struct inotify_event *event, void *arg)
{
    (void)source;
    (void)event;
    struct pty *p = arg;
    p->in_use = false;
    if (tcflush(p->slave, TCIFLUSH) != 0) {
        log_warning("pty", "%s: flush: %s", p->path, strerror(errno));
    }
    return 0;
}

static enum err watch(struct pty *p, sd_event *loop, struct reason *r)
{
    int rc = sd_event_add_io(loop, &p->source, p->master, EPOLLIN, on_readable, p);
    if (rc >= 0) {
        rc = sd_event_add_inotify(loop, &p->closing, p->path, IN_CLOSE, on_closed, p);
    }
    if (rc >= 0) { /* before what the next client writes */
        rc = sd_event_source_set_priority(p->closing, SD_EVENT_PRIORITY_IMPORTANT);
    }
    return rc < 0 ? err_because(r, ERR_IO, "%s: event loop: %s", p->path, strerror(-rc)) : ERR_OK;
}

static enum err open_pair(struct pty *p, uint32_t baud, struct reason *r)
{
    p->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (p->master < 0 || grantpt(p->master) != 0 || unlockpt(p->master) != 0 ||
        ptsname_r(p->master, p->path, sizeof p->path) != 0) {
        return err_because(r, ERR_IO, "pseudo-terminal: %s", strerror(errno));
    }
    p->slave = open(p->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios settings;
    if (p->slave < 0 || tcgetattr(p->slave, &settings) != 0) {
        return err_because(r, ERR_IO, "%s: %s", p->path, strerror(errno));
    }
    cfmakeraw(&settings);
    if (cfsetspeed(&settings, speed_code(baud)) != 0 || tcsetattr(p->slave, TCSANOW, &settings) != 0) {
        return err_because(r, ERR_IO, "%s: %u baud: %s", p->path, baud, strerror(errno));
    }
    return ERR_OK;
}

static enum err make_link(struct pty *p, const char *link, struct reason *r)
{
    struct stat found;
    if (strlen(link) >= sizeof p->link) {
        return err_because(r, ERR_TOO_LONG, "link \"%s\"", link);
    }
    if (lstat(link, &found) == 0) {
        if (!S_ISLNK(found.st_mode)) {
            return err_because(r, ERR_DUPLICATE, "%s: exists and is no symbolic link", link);
        }
        if (unlink(link) != 0) {
            return err_because(r, ERR_IO, "%s: %s", link, strerror(errno));
        }
    }
    if (symlink(p->path, link) != 0) {
        return err_because(r, ERR_IO, "%s: %s", link, strerror(errno));
    }
    (void)snprintf(p->link, sizeof p->link, "%s", link);
    return ERR_OK;
}

enum err pty_open(struct pty **out, const char *link, uint32_t baud, sd_event *loop, pty_read_fn fn, void *arg,
                  struct reason *r)
{
    struct pty *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return err_because(r, ERR_MEMORY, "pseudo-terminal");
    }
    *p = (struct pty){.master = -1, .slave = -1, .fn = fn, .arg = arg};
    enum err e = open_pair(p, baud, r);
    if (e == ERR_OK && link != NULL) {
        e = make_link(p, link, r);
    }
    if (e == ERR_OK) {
        e = watch(p, loop, r);
    }
    if (e != ERR_OK) {
        pty_free(p);
        return e;
    }
    *out = p;
    return ERR_OK;
}

const char *pty_path(const struct pty *p)
{
    return p->path;
}

bool pty_speed_is(const struct pty *p, uint32_t baud)
{
    struct termios settings;
    return tcgetattr(p->slave, &settings) == 0 && cfgetospeed(&settings) == speed_code(baud);
}

void pty_write(struct pty *p, const uint8_t *bytes, size_t len)
{
    if (!p->in_use) {
        return;
    }
    ssize_t n = write(p->master, bytes, len);
    if (n < 0 || (size_t)n < len) {
        log_warning("pty", "%s: nobody reads, %zu bytes lost", p->path, n < 0 ? len : len - (size_t)n);
    }
}

void pty_free(struct pty *p)
{
    if (p == NULL) {
        return;
    }
    sd_event_source_disable_unref(p->source);
    sd_event_source_disable_unref(p->closing);
    if (p->link[0] != '\0' && unlink(p->link) != 0) {
        log_warning("pty", "%s: %s", p->link, strerror(errno));
    }
    if (p->slave >= 0) {
        (void)close(p->slave);
    }
    if (p->master >= 0) {
        (void)close(p->master);
    }
    free(p);
}
