/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of libmodbus that hw/bus_modbus.c uses, on the wires of a plant, in virtual time. It believes what version
 * 3.1.6 believes and no more: a check sum on a serial line, lengths by function code, and nothing else; what arrives
 * late stays in the receive buffer.
 */
#include <errno.h>
#include <modbus/modbus.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "tests/sim/os.h"
#include "tests/sim/os_fd.h"
#include "tests/sim/process.h"
#include "tests/sim/wire.h"

#define RTU_HEAD 1
#define TCP_HEAD 7
#define CRC_LEN 2

modbus_t *os_modbus_new_rtu(const char *device, int baud, char parity, int data_bit, int stop_bit);
modbus_t *os_modbus_new_tcp_pi(const char *node, const char *service);
int os_modbus_connect(modbus_t *m);
void os_modbus_close(modbus_t *m);
void os_modbus_free(modbus_t *m);
int os_modbus_flush(modbus_t *m);
int os_modbus_set_slave(modbus_t *m, int slave);
int os_modbus_set_response_timeout(modbus_t *m, uint32_t s, uint32_t us);
int os_modbus_set_byte_timeout(modbus_t *m, uint32_t s, uint32_t us);
int os_modbus_set_error_recovery(modbus_t *m, modbus_error_recovery_mode how);
int os_modbus_get_socket(modbus_t *m);
int os_modbus_rtu_set_serial_mode(modbus_t *m, int mode);
int os_modbus_send_raw_request(modbus_t *m, const uint8_t *raw, int len);
int os_modbus_receive_confirmation(modbus_t *m, uint8_t *out);
const char *os_modbus_strerror(int error);
int os_ioctl(int fd, unsigned long request, ...);

struct _modbus {
    char *device, *port; /* port NULL: serial */
    int fd;              /* -1: not connected */
    bool left;           /* by its owner */
    int slave;
    int64_t timeout_us;
    struct wire *wire;
};

static void discard(modbus_t *m)
{
    free(m->device);
    free(m->port);
    free(m);
}

/* Only the number counts: libmodbus and the driver ask by it. */
static void closed(void *it)
{
    modbus_t *m = it;
    wire_close(m->wire);
    m->fd = -1;
    if (m->left) {
        discard(m);
    }
}

static const struct os_fd_kind kind = {.name = "bus", .close = closed};

static int refuse(int error)
{
    errno = error;
    return -1;
}

static bool is_dead(void)
{
    const struct process *mine = process_current();
    return mine == NULL || process_is_dead(mine);
}

/* ---------------------------------------------------------------- contexts */

static char *copy_of(const char *text)
{
    char *copy = text != NULL ? strdup(text) : NULL;
    if (text != NULL && copy == NULL) {
        abort();
    }
    return copy;
}

static modbus_t *make(const char *device, const char *port)
{
    if (!process_may(OS_MEMORY)) {
        errno = ENOMEM;
        return NULL;
    }
    modbus_t *m = calloc(1, sizeof *m);
    if (m == NULL) {
        abort();
    }
    m->device = copy_of(device);
    m->port = copy_of(port);
    m->fd = -1;
    m->slave = -1;
    m->timeout_us = 500000;
    return m;
}

modbus_t *os_modbus_new_rtu(const char *device, int baud, char parity, int data_bit, int stop_bit)
{
    if (baud <= 0 || data_bit != 8 || stop_bit != 1 || strchr("NEO", parity) == NULL) {
        errno = EINVAL;
        return NULL;
    }
    return make(device, NULL);
}

modbus_t *os_modbus_new_tcp_pi(const char *node, const char *service)
{
    return make(node, service);
}

int os_modbus_connect(modbus_t *m)
{
    if (is_dead() || !process_may(OS_DESCRIPTOR)) {
        return refuse(EMFILE);
    }
    struct wire *w = wire_find(m->device, m->port);
    int error = w == NULL ? ENOENT : wire_open(w, m->timeout_us);
    if (error != 0 || is_dead()) {
        return refuse(error != 0 ? error : EIO);
    }
    m->wire = w;
    m->fd = os_fd_new(&kind, m);
    if (m->fd < 0) {
        wire_close(w);
        return refuse(EMFILE);
    }
    return 0;
}

void os_modbus_close(modbus_t *m)
{
    if (m->fd >= 0) {
        (void)os_close(m->fd);
    }
}

void os_modbus_free(modbus_t *m)
{
    if (m == NULL) {
        return;
    }
    m->left = true;
    if (m->fd < 0) {
        discard(m);
    } else {
        (void)os_close(m->fd); /* of a dead process: has no effect until it has ended */
    }
}

int os_modbus_flush(modbus_t *m)
{
    if (m->fd < 0 || is_dead()) {
        return refuse(EBADF);
    }
    size_t n = wire_waiting(m->wire);
    wire_take(m->wire, NULL, n);
    return (int)n;
}

int os_modbus_set_slave(modbus_t *m, int slave)
{
    if (slave < 0 || slave > 247) {
        return refuse(EINVAL);
    }
    m->slave = slave;
    return 0;
}

int os_modbus_set_response_timeout(modbus_t *m, uint32_t s, uint32_t us)
{
    if ((s == 0 && us == 0) || us > 999999) {
        return refuse(EINVAL);
    }
    m->timeout_us = (int64_t)s * 1000000 + us;
    return 0;
}

/* The driver sets none, which is the only thing that is modelled: the whole answer within the response time-out. */
int os_modbus_set_byte_timeout(modbus_t *m, uint32_t s, uint32_t us)
{
    (void)m;
    return s == 0 && us == 0 ? 0 : refuse(EINVAL);
}

int os_modbus_set_error_recovery(modbus_t *m, modbus_error_recovery_mode how)
{
    (void)m;
    return how == MODBUS_ERROR_RECOVERY_NONE ? 0 : refuse(EINVAL);
}

int os_modbus_get_socket(modbus_t *m)
{
    return m->fd;
}

/* An adapter that turns the direction of the line by itself. */
int os_modbus_rtu_set_serial_mode(modbus_t *m, int mode)
{
    (void)m;
    (void)mode;
    return refuse(ENOTTY);
}

const char *os_modbus_strerror(int error)
{
    return error >= MODBUS_ENOBASE ? "the board answers with an exception" : strerror(error);
}

/* ---------------------------------------------------------------- sending */

static size_t frame_rtu(const uint8_t *raw, size_t len, uint8_t *out)
{
    memcpy(out, raw, len);
    uint16_t crc = line_crc(out, len);
    out[len] = (uint8_t)(crc & 0xffu);
    out[len + 1] = (uint8_t)(crc >> 8);
    return len + CRC_LEN;
}

static size_t frame_tcp(const uint8_t *raw, size_t len, uint8_t *out)
{
    const uint8_t head[TCP_HEAD - 1] = {0, 0, 0, 0, (uint8_t)(len >> 8), (uint8_t)(len & 0xffu)};
    memcpy(out, head, sizeof head);
    memcpy(out + sizeof head, raw, len);
    return sizeof head + len;
}

int os_modbus_send_raw_request(modbus_t *m, const uint8_t *raw, int len)
{
    uint8_t frame[MODBUS_MAX_ADU_LENGTH];
    if (len < 2 || len > MODBUS_MAX_PDU_LENGTH + 1) {
        return refuse(EINVAL);
    }
    if (m->fd < 0 || is_dead()) {
        return refuse(EBADF);
    }
    size_t n = m->port == NULL ? frame_rtu(raw, (size_t)len, frame) : frame_tcp(raw, (size_t)len, frame);
    int error = wire_send(m->wire, frame, n);
    return error == 0 ? (int)n : refuse(error);
}

/* ---------------------------------------------------------------- receiving */

static size_t meta_len(uint8_t function)
{
    switch (function) {
    case MODBUS_FC_WRITE_SINGLE_COIL:
    case MODBUS_FC_WRITE_SINGLE_REGISTER:
    case MODBUS_FC_WRITE_MULTIPLE_COILS:
    case MODBUS_FC_WRITE_MULTIPLE_REGISTERS:
        return 4;
    case MODBUS_FC_MASK_WRITE_REGISTER:
        return 6;
    default:
        return 1;
    }
}

static bool counts_bytes(uint8_t function)
{
    return function <= MODBUS_FC_READ_INPUT_REGISTERS || function == MODBUS_FC_REPORT_SLAVE_ID ||
           function == MODBUS_FC_WRITE_AND_READ_REGISTERS;
}

/* How many bytes it wants to have read before it says anything, as far as the n that are in sight tell. */
static size_t wanted(const modbus_t *m, const uint8_t *bytes, size_t n)
{
    size_t head = m->port == NULL ? RTU_HEAD : TCP_HEAD;
    if (n < head + 1) {
        return head + 1;
    }
    uint8_t function = bytes[head];
    size_t len = head + 1 + meta_len(function);
    if (n < len) {
        return len;
    }
    size_t data = (counts_bytes(function) ? bytes[head + 1] : 0u) + (m->port == NULL ? CRC_LEN : 0u);
    size_t max = m->port == NULL ? MODBUS_RTU_MAX_ADU_LENGTH : MODBUS_TCP_MAX_ADU_LENGTH;
    return len + data > max ? len : len + data; /* too many: it gives up with what it has */
}

static int judge(const modbus_t *m, const uint8_t *bytes, size_t n)
{
    size_t head = m->port == NULL ? RTU_HEAD : TCP_HEAD;
    size_t max = m->port == NULL ? MODBUS_RTU_MAX_ADU_LENGTH : MODBUS_TCP_MAX_ADU_LENGTH;
    if (counts_bytes(bytes[head]) && head + 2 + bytes[head + 1] + (m->port == NULL ? CRC_LEN : 0u) > max) {
        return refuse(EMBBADDATA);
    }
    if (m->port != NULL) {
        return (int)n;
    }
    if (bytes[0] != m->slave && bytes[0] != MODBUS_BROADCAST_ADDRESS) {
        return 0; /* of another unit: not an error here, only no answer */
    }
    uint16_t crc = line_crc(bytes, n - CRC_LEN);
    bool fits = bytes[n - 2] == (crc & 0xffu) && bytes[n - 1] == crc >> 8;
    return fits ? (int)n : refuse(EMBBADCRC);
}

static int take(modbus_t *m, uint8_t *out, size_t n)
{
    (void)wire_waiting(m->wire);
    wire_take(m->wire, out, n);
    return judge(m, out, n);
}

int os_modbus_receive_confirmation(modbus_t *m, uint8_t *out)
{
    uint8_t bytes[WIRE_SIGHT];
    int64_t at_us[WIRE_SIGHT];
    struct wire *w = m->wire;
    int64_t now_us = m->fd >= 0 ? world_now_us(w->world) : 0;
    int64_t leapt_us = m->fd >= 0 ? world_leapt_us(w->world) : 0;
    int64_t until_us = now_us + m->timeout_us;
    while (m->fd >= 0 && !is_dead() && !world_is_ending(w->world)) {
        size_t n = wire_sight(w, bytes, at_us);
        size_t want = wanted(m, bytes, n);
        int64_t due_us = n >= want ? at_us[want - 1] : WORLD_NEVER;
        now_us = world_now_us(w->world);
        until_us += world_leapt_us(w->world) - leapt_us;
        leapt_us = world_leapt_us(w->world);
        if (due_us <= now_us) {
            return take(m, out, want);
        }
        if (w->broken) {
            return refuse(w->is_rtu ? EIO : ECONNRESET);
        }
        if (now_us >= until_us) {
            wire_take(w, NULL, want); /* what has come of it is read and lost */
            return refuse(ETIMEDOUT);
        }
        wire_wait(w, due_us < until_us ? due_us : until_us);
    }
    return refuse(EIO);
}

int os_ioctl(int fd, unsigned long request, ...)
{
    va_list ap;
    va_start(ap, request);
    void *arg = va_arg(ap, void *);
    va_end(ap);
    modbus_t *m = os_fd_it(fd, &kind);
    if (m == NULL || request != FIONREAD || is_dead()) {
        return refuse(m == NULL ? EBADF : EIO);
    }
    if (m->wire->broken && m->wire->is_rtu) {
        return refuse(EIO);
    }
    int n = (int)wire_waiting(m->wire);
    memcpy(arg, &n, sizeof n);
    return 0;
}
