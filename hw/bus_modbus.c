/* SPDX-License-Identifier: Apache-2.0 */
#include "hw/bus_modbus.h"

#include <arpa/inet.h>
#include <errno.h>
#include <modbus/modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <time.h>

#include "common/clock.h"
#include "common/log.h"

#define CONNECT_TIMEOUT_S 1
#define ADU_CAP 260
#define CRC_LEN 2
#define TRANSACTION 0 /* the library numbers raw requests with 0; a late answer is kept away by connecting anew */

static const uint32_t bauds[] = {1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600};

struct bus_modbus {
    struct line line;
    modbus_t *ctx;
    bool is_rtu;
    int64_t char_us10; /* tenths of a microsecond for one character, RTU only */
    int64_t gap_us;
    int64_t quiet_us; /* nothing is sent before */
    char place[128];
};

static struct bus_modbus *self(struct line *l)
{
    return (struct bus_modbus *)l;
}

static int64_t char_us10(uint32_t baud, enum hw_parity parity)
{
    unsigned bits = parity == HW_PARITY_NONE ? 10 : 11;
    return (int64_t)bits * 10000000 / baud;
}

int64_t bus_modbus_gap_us(uint32_t baud, enum hw_parity parity)
{
    return baud > 19200 ? 1750 : (char_us10(baud, parity) * 7 / 2 + 9) / 10;
}

static int64_t wire_time_us(const struct bus_modbus *m, size_t characters)
{
    return (int64_t)characters * m->char_us10 / 10;
}

static void sleep_until(int64_t until_us)
{
    struct timespec ts = {.tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000};
    int failed;
    do
        failed = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
    while (failed == EINTR);
}

static enum err modbus_line_open(struct line *l, struct reason *r)
{
    struct bus_modbus *m = self(l);
    (void)modbus_set_response_timeout(m->ctx, CONNECT_TIMEOUT_S, 0);
    if (modbus_connect(m->ctx) != 0)
        return err_because(r, ERR_IO, "%s: cannot be opened: %s", m->place, modbus_strerror(errno));
    /* Up to 3.1.11 the library writes behind an fd_set for higher descriptors (rule R7). */
    if (modbus_get_socket(m->ctx) >= FD_SETSIZE) {
        modbus_close(m->ctx);
        return err_because(r, ERR_RANGE, "%s: descriptor above %d: set LimitNOFILE=1024", m->place, FD_SETSIZE - 1);
    }
    /* Where the kernel can switch the direction of an RS-485 line it does; adapters that do it themselves refuse. */
    if (m->is_rtu && modbus_rtu_set_serial_mode(m->ctx, MODBUS_RTU_RS485) != 0)
        log_debug("bus", "%s: no kernel RS-485 mode: %s", m->place, modbus_strerror(errno));
    (void)modbus_flush(m->ctx);
    m->quiet_us = clock_mono_us() + m->gap_us;
    return ERR_OK;
}

static void modbus_line_close(struct line *l)
{
    modbus_close(self(l)->ctx);
}

static void modbus_line_drain(struct line *l)
{
    (void)modbus_flush(self(l)->ctx);
}

static enum line_end failure_of(int error)
{
    switch (error) {
    case ETIMEDOUT:
        return LINE_TIMEOUT;
    case EIO:
    case ENXIO:
    case ENODEV:
    case EBADF:
    case EPIPE:
    case ENOTCONN:
    case ECONNRESET:
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
        return LINE_DOWN;
    default:
        return LINE_BAD;
    }
}

static void set_timeout(struct bus_modbus *m, const struct line_exchange *x)
{
    int64_t us = (int64_t)x->timeout_ms * 1000;
    us += wire_time_us(m, FRAME_REQUEST_LEN + CRC_LEN + frame_answer_len(&x->request) + CRC_LEN);
    (void)modbus_set_response_timeout(m->ctx, (uint32_t)(us / 1000000), (uint32_t)(us % 1000000));
}

static enum frame_verdict judge(const struct bus_modbus *m, struct line_exchange *x, const uint8_t *adu, size_t len)
{
    if (!m->is_rtu)
        return frame_judge_tcp(&x->request, TRANSACTION, adu, len, &x->answer);
    return len < CRC_LEN ? FRAME_WRONG_LENGTH : frame_judge(&x->request, adu, len - CRC_LEN, &x->answer);
}

static enum line_end modbus_line_exchange(struct line *l, struct line_exchange *x)
{
    struct bus_modbus *m = self(l);
    uint8_t adu[ADU_CAP];
    int waiting = 0;
    if (m->quiet_us > clock_mono_us())
        sleep_until(m->quiet_us);
    if (ioctl(modbus_get_socket(m->ctx), FIONREAD, &waiting) != 0)
        return LINE_DOWN;
    if (waiting > 0)
        return LINE_STALE;
    set_timeout(m, x);
    if (modbus_set_slave(m->ctx, x->request.unit) != 0 ||
        modbus_send_raw_request(m->ctx, x->bytes, FRAME_REQUEST_LEN) < 0)
        return LINE_DOWN;
    x->wire_us = clock_mono_us();
    int len = modbus_receive_confirmation(m->ctx, adu);
    int error = errno;
    int64_t now_us = clock_mono_us();
    int64_t sent_us = x->wire_us + wire_time_us(m, FRAME_REQUEST_LEN + CRC_LEN);
    m->quiet_us = (now_us > sent_us ? now_us : sent_us) + m->gap_us;
    x->verdict = FRAME_WRONG_LENGTH;
    if (len < 0)
        return failure_of(error);
    x->verdict = judge(m, x, adu, (size_t)len);
    return x->verdict == FRAME_FITS || x->verdict == FRAME_EXCEPTION ? LINE_ANSWERED : LINE_BAD;
}

static bool modbus_line_tick(struct line *l, int64_t now_us)
{
    (void)l;
    (void)now_us;
    return false;
}

static int64_t modbus_line_due(const struct line *l)
{
    (void)l;
    return INT64_MAX;
}

static int modbus_line_fd(const struct line *l)
{
    (void)l;
    return -1;
}

static void modbus_line_free(struct line *l)
{
    modbus_free(self(l)->ctx);
    free(l);
}

static const struct line_ops modbus_ops = {
    .open = modbus_line_open,
    .exchange = modbus_line_exchange,
    .drain = modbus_line_drain,
    .tick = modbus_line_tick,
    .due_us = modbus_line_due,
    .fd = modbus_line_fd,
    .close = modbus_line_close,
    .free = modbus_line_free,
};

static enum err check(const struct hw_bus_cfg *cfg, struct reason *r)
{
    uint8_t address[sizeof(struct in6_addr)];
    if (cfg->kind == HW_BUS_TCP) {
        if (inet_pton(AF_INET, cfg->device, address) != 1 && inet_pton(AF_INET6, cfg->device, address) != 1)
            return err_because(r, ERR_RANGE, "bus %s: \"%s\" is not a numeric address", cfg->name, cfg->device);
        return cfg->port != 0 ? ERR_OK : err_because(r, ERR_RANGE, "bus %s: port 0", cfg->name);
    }
    for (size_t i = 0; i < sizeof bauds / sizeof bauds[0]; i++)
        if (cfg->baud == bauds[i])
            return ERR_OK;
    return err_because(r, ERR_RANGE, "bus %s: %u is not a baud rate", cfg->name, cfg->baud);
}

static modbus_t *new_context(const struct hw_bus_cfg *cfg)
{
    static const char parities[] = {[HW_PARITY_NONE] = 'N', [HW_PARITY_EVEN] = 'E', [HW_PARITY_ODD] = 'O'};
    char port[8];
    if (cfg->kind == HW_BUS_RTU)
        return modbus_new_rtu(cfg->device, (int)cfg->baud, parities[cfg->parity], 8, 1);
    if (snprintf(port, sizeof port, "%u", cfg->port) < 0)
        return NULL;
    return modbus_new_tcp_pi(cfg->device, port);
}

enum err bus_modbus_new(struct line **out, const struct hw_bus_cfg *cfg, struct reason *r)
{
    enum err e = check(cfg, r);
    if (e != ERR_OK)
        return e;
    struct bus_modbus *m = calloc(1, sizeof *m);
    if (m == NULL)
        return err_because(r, ERR_MEMORY, "bus %s: out of memory", cfg->name);
    m->ctx = new_context(cfg);
    if (m->ctx == NULL) {
        free(m);
        return err_because(r, ERR_MEMORY, "bus %s: %s", cfg->name, modbus_strerror(errno));
    }
    m->line.ops = &modbus_ops;
    m->line.reopens = cfg->kind == HW_BUS_TCP;
    m->is_rtu = cfg->kind == HW_BUS_RTU;
    m->char_us10 = m->is_rtu ? char_us10(cfg->baud, cfg->parity) : 0;
    m->gap_us = m->is_rtu ? bus_modbus_gap_us(cfg->baud, cfg->parity) : 0;
    (void)snprintf(m->place, sizeof m->place, "%s", cfg->device);
    (void)modbus_set_error_recovery(m->ctx, MODBUS_ERROR_RECOVERY_NONE);
    /* Without a time-out for each byte the whole answer must be there within the response time-out. */
    (void)modbus_set_byte_timeout(m->ctx, 0, 0);
    *out = &m->line;
    return ERR_OK;
}
