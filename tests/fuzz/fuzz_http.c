/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever bytes come in over one connection to the kiosk: keys and scans reach the owner within their ranges only, the
 * kiosk comes to rest, and it answers the next client. ":00000" in the input stands for the kiosk's port. Runs from
 * the top of the tree, for the page's files.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "controller/kiosk/kiosk.h"

#define SHARE "controller/kiosk"
#define TURNS_MAX 10000
#define IDLE_TURNS 3
#define FIRST_CAP 16
#define SIZE_MAX_TRIED 16384 /* fits the socket's buffer: nobody has to wait */

struct bed {
    sd_event *loop;
    struct kiosk *kiosk;
    struct cabinet cabinet;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void on_key(void *arg, enum event_key key)
{
    (void)arg;
    require(key < EVENT_KEY_N);
}

static void on_scan(void *arg, const char *text)
{
    (void)arg;
    size_t len = strlen(text);
    require(len > 0 && len < TOKEN_TEXT_CAP);
}

static struct bed *open_bed(void)
{
    struct bed *b = calloc(1, sizeof *b);
    require(b != NULL);
    struct kiosk_cfg cfg = {.share = SHARE, .address = "127.0.0.1", .cabinet = &b->cabinet};
    struct kiosk_callbacks cb = {on_key, on_scan, b};
    struct reason r;
    log_set_level(LOG_LEVEL_ERROR);
    require(sd_event_new(&b->loop) >= 0);
    require(kiosk_open(&b->kiosk, &cfg, &cb, b->loop, &r) == ERR_OK);
    return b;
}

/* The port is not known when the corpus is written. */
static size_t with_port(const struct bed *b, const uint8_t *data, size_t size, uint8_t out[SIZE_MAX_TRIED])
{
    static const char sign[] = ":00000";
    char port[sizeof sign];
    size_t len = size < SIZE_MAX_TRIED ? size : SIZE_MAX_TRIED;
    require(snprintf(port, sizeof port, ":%05u", (unsigned)kiosk_port(b->kiosk)) == (int)sizeof sign - 1);
    if (len > 0)
        memcpy(out, data, len);
    for (size_t i = 0; i + sizeof sign - 1 <= len; i++) {
        if (memcmp(out + i, sign, sizeof sign - 1) == 0)
            memcpy(out + i, port, sizeof sign - 1);
    }
    return len;
}

/* Until the kiosk has nothing more to do; keeps the first bytes of the answer. */
static void rest(struct bed *b, int fd, char first[FIRST_CAP])
{
    char part[4096];
    size_t got = 0;
    unsigned turns = 0;
    for (unsigned idle = 0; idle < IDLE_TURNS; turns++) {
        require(turns < TURNS_MAX); /* else it spins */
        int ran = sd_event_run(b->loop, 0);
        ssize_t n = fd < 0 ? 0 : recv(fd, part, sizeof part, MSG_DONTWAIT);
        require(ran >= 0);
        idle = ran > 0 || n > 0 ? 0 : idle + 1;
        for (ssize_t i = 0; i < n && got < FIRST_CAP - 1; i++)
            first[got++] = part[i];
    }
    if (fd >= 0)
        first[got] = '\0';
}

/* Sends the bytes, and hangs up when the kiosk came to rest. */
static void exchange(struct bed *b, const uint8_t *data, size_t size, char first[FIRST_CAP])
{
    static const struct linger at_once = {.l_onoff = 1}; /* thousands of connections would use up the ports */
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(kiosk_port(b->kiosk)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    require(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
    require(size == 0 || send(fd, data, size, MSG_NOSIGNAL) == (ssize_t)size);
    rest(b, fd, first);
    close(fd);
    rest(b, -1, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bed *bed; /* one kiosk for all inputs: what one leaves behind meets the next */
    static unsigned count;
    static const char ordinary[] = "GET /screen HTTP/1.0\r\nHost: nobody\r\n\r\n";
    uint8_t bytes[SIZE_MAX_TRIED];
    char first[FIRST_CAP];
    if (bed == NULL)
        bed = open_bed();
    exchange(bed, bytes, with_port(bed, data, size, bytes), first);
    require(first[0] == '\0' || strncmp(first, "HTTP/1.", 7) == 0);
    if (count++ % 64 == 0) {
        exchange(bed, (const uint8_t *)ordinary, sizeof ordinary - 1, first);
        require(strncmp(first, "HTTP/1.", 7) == 0 && strncmp(first + 8, " 403", 4) == 0);
    }
    return 0;
}
