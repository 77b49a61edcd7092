/* SPDX-License-Identifier: Apache-2.0 */
#include "hw/sim/line.h"

#include <assert.h>
#include <string.h>

struct fault {
    const char *name;
    const char *unit; /* of its amount */
    uint32_t usual, min, max;
    bool serial;      /* cannot be seen through TCP */
    bool writes_only; /* cannot be seen in the answer to a read */
};

static const struct fault faults[LINE_FAULT_N] = {
    [LINE_DEAF] = {.name = "deaf"},
    [LINE_SILENT] = {.name = "silent"},
    [LINE_LATE] = {.name = "late", .unit = "ms", .usual = 500, .min = 1, .max = 60000},
    [LINE_UNIT] = {.name = "unit"},
    [LINE_FUNCTION] = {.name = "function"},
    [LINE_COUNT] = {.name = "count"},
    [LINE_ADDRESS] = {.name = "address", .writes_only = true},
    [LINE_EXCEPTION] = {.name = "exception", .unit = "code", .usual = 4, .min = 1, .max = 11},
    [LINE_CRC] = {.name = "crc", .serial = true},
    [LINE_SHORT] = {.name = "short", .unit = "bytes", .usual = 2, .min = 1, .max = 250},
    [LINE_GLUED] = {.name = "glued"},
    [LINE_ECHO] = {.name = "echo", .serial = true},
    [LINE_NOISE] = {.name = "noise", .unit = "bytes", .usual = 3, .min = 1, .max = LINE_NOISE_MAX, .serial = true},
};

static bool has(uint32_t set, enum line_fault fault)
{
    return (set >> (unsigned)fault & 1u) != 0;
}

void line_init(struct line *l, uint64_t seed)
{
    *l = (struct line){0};
    dice_seed(&l->dice, seed);
}

enum err line_add(struct line *l, const struct line_rule *rule)
{
    for (size_t i = 0; i < LINE_RULES_MAX; i++) {
        if (!l->rule[i].used) {
            l->rule[i] = *rule;
            l->rule[i].used = true;
            return ERR_OK;
        }
    }
    return ERR_FULL;
}

void line_clear(struct line *l)
{
    memset(l->rule, 0, sizeof l->rule);
}

static bool fits(const struct line_rule *rule, uint8_t bus, uint8_t board, bool is_write)
{
    return rule->used && (rule->bus == LINE_ANY || rule->bus == bus) &&
           (rule->board == LINE_ANY || rule->board == board) && (is_write || !faults[rule->fault].writes_only);
}

void line_judge(struct line *l, uint8_t bus, uint8_t board, bool is_write, struct line_plan *out)
{
    *out = (struct line_plan){0};
    for (size_t i = 0; i < LINE_RULES_MAX; i++) {
        struct line_rule *rule = &l->rule[i];
        if (!fits(rule, bus, board, is_write) || !dice_chance(&l->dice, rule->permille)) {
            continue;
        }
        out->faults |= 1u << (unsigned)rule->fault;
        out->amount[rule->fault] = rule->amount;
        l->hits[rule->fault]++;
        if (rule->left > 0 && --rule->left == 0) {
            rule->used = false;
        }
    }
}

/* ---------------------------------------------------------------- damage */

static bool is_exception(const struct board_pdu *pdu)
{
    return (pdu->bytes[0] & 0x80u) != 0;
}

static void bend_count(struct board_pdu *pdu)
{
    bool is_read = pdu->bytes[0] >= 1 && pdu->bytes[0] <= 4;
    if (is_exception(pdu) || pdu->len < 3) {
        return;
    }
    if (is_read && pdu->len < BOARD_PDU_MAX) {
        pdu->bytes[1]++;
        pdu->bytes[pdu->len++] = 0;
    } else {
        pdu->bytes[pdu->len - 1] ^= 1u;
    }
}

static void bend_address(struct board_pdu *pdu)
{
    if (!is_exception(pdu) && pdu->len >= 5) {
        pdu->bytes[2] ^= 1u;
    }
}

static void bend_noise(struct line *l, const struct line_plan *plan, struct line_reply *reply)
{
    reply->noise_len = (uint8_t)plan->amount[LINE_NOISE];
    for (size_t i = 0; i < reply->noise_len; i++) {
        reply->noise[i] = (uint8_t)dice_below(&l->dice, 256);
    }
}

void line_bend(struct line *l, const struct line_plan *plan, struct line_reply *reply)
{
    uint32_t set = plan->faults;
    reply->faults = set;
    reply->answered = reply->answered && !has(set, LINE_DEAF) && !has(set, LINE_SILENT);
    reply->late_us = has(set, LINE_LATE) ? (int64_t)plan->amount[LINE_LATE] * 1000 : 0;
    reply->bad_crc = has(set, LINE_CRC);
    reply->glued = has(set, LINE_GLUED);
    reply->echo = has(set, LINE_ECHO);
    reply->cut = has(set, LINE_SHORT) ? (uint8_t)plan->amount[LINE_SHORT] : 0;
    if (has(set, LINE_UNIT)) {
        reply->unit = (uint8_t)(reply->unit % 247u + 1u);
    }
    if (has(set, LINE_COUNT)) {
        bend_count(&reply->pdu);
    }
    if (has(set, LINE_ADDRESS)) {
        bend_address(&reply->pdu);
    }
    if (has(set, LINE_FUNCTION)) {
        reply->pdu.bytes[0]++;
    }
    if (has(set, LINE_NOISE)) {
        bend_noise(l, plan, reply);
    }
}

const char *line_fault_name(enum line_fault fault)
{
    assert(fault < LINE_FAULT_N);
    return faults[fault].name;
}

void line_fault_amount(enum line_fault fault, uint32_t *usual, uint32_t *min, uint32_t *max)
{
    *usual = faults[fault].usual;
    *min = faults[fault].min;
    *max = faults[fault].max;
}

const char *line_fault_unit(enum line_fault fault)
{
    return faults[fault].unit != NULL ? faults[fault].unit : "";
}

bool line_fault_is_serial(enum line_fault fault)
{
    return faults[fault].serial;
}

/* ---------------------------------------------------------------- serial frames */

uint16_t line_crc(const uint8_t *bytes, size_t len)
{
    unsigned crc = 0xffff;
    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1u) != 0 ? crc >> 1 ^ 0xa001u : crc >> 1;
        }
    }
    return (uint16_t)crc;
}

enum err line_read_rtu(const uint8_t *bytes, size_t len, uint8_t *unit, struct board_pdu *pdu)
{
    if (len < LINE_RTU_MIN) {
        return ERR_SYNTAX;
    }
    if (len > LINE_RTU_MAX) {
        return ERR_TOO_LONG;
    }
    uint16_t crc = line_crc(bytes, len - 2);
    if (bytes[len - 2] != (crc & 0xffu) || bytes[len - 1] != crc >> 8) {
        return ERR_SIGNATURE;
    }
    *unit = bytes[0];
    pdu->len = len - 3;
    memcpy(pdu->bytes, bytes + 1, pdu->len);
    return ERR_OK;
}

static size_t put_rtu(const struct line_reply *reply, uint8_t *out)
{
    size_t len = 0;
    out[len++] = reply->unit;
    memcpy(out + len, reply->pdu.bytes, reply->pdu.len);
    len += reply->pdu.len;
    unsigned crc = line_crc(out, len) ^ (reply->bad_crc ? 0x0101u : 0u);
    out[len++] = (uint8_t)(crc & 0xffu);
    out[len++] = (uint8_t)(crc >> 8);
    return len;
}

static size_t shorten(size_t len, size_t cut)
{
    return cut < len ? len - cut : 1;
}

size_t line_write_rtu(const struct line_reply *reply, const uint8_t *request, size_t request_len,
                      uint8_t out[LINE_FRAME_MAX])
{
    if (!reply->answered) {
        return 0;
    }
    size_t len = 0;
    if (reply->echo && request_len <= LINE_RTU_MAX) {
        memcpy(out, request, request_len);
        len += request_len;
    }
    memcpy(out + len, reply->noise, reply->noise_len);
    len += reply->noise_len;
    len += put_rtu(reply, out + len);
    if (reply->glued) {
        len += put_rtu(reply, out + len);
    }
    return shorten(len, reply->cut);
}

/* ---------------------------------------------------------------- TCP frames */

enum err line_read_tcp(const uint8_t *bytes, size_t len, struct line_mbap *head, struct board_pdu *pdu)
{
    if (len < LINE_MBAP_LEN) {
        return ERR_BUSY;
    }
    size_t counted = (size_t)bytes[4] << 8 | bytes[5]; /* unit and PDU */
    if (bytes[2] != 0 || bytes[3] != 0 || counted < 2 || counted > 1 + BOARD_PDU_MAX) {
        return ERR_SYNTAX;
    }
    if (len < 6 + counted) {
        return ERR_BUSY;
    }
    *head = (struct line_mbap){
        .transaction = (uint16_t)((unsigned)bytes[0] << 8 | bytes[1]), .unit = bytes[6], .len = 6 + counted};
    pdu->len = counted - 1;
    memcpy(pdu->bytes, bytes + LINE_MBAP_LEN, pdu->len);
    return ERR_OK;
}

static size_t put_tcp(const struct line_reply *reply, uint16_t transaction, uint8_t *out)
{
    size_t counted = 1 + reply->pdu.len;
    const uint8_t head[LINE_MBAP_LEN] = {(uint8_t)(transaction >> 8), (uint8_t)(transaction & 0xffu), 0,          0,
                                         (uint8_t)(counted >> 8),     (uint8_t)(counted & 0xffu),     reply->unit};
    memcpy(out, head, sizeof head);
    memcpy(out + sizeof head, reply->pdu.bytes, reply->pdu.len);
    return sizeof head + reply->pdu.len;
}

size_t line_write_tcp(const struct line_reply *reply, uint16_t transaction, uint8_t out[LINE_FRAME_MAX])
{
    if (!reply->answered) {
        return 0;
    }
    size_t len = put_tcp(reply, transaction, out);
    if (reply->glued) {
        len += put_tcp(reply, transaction, out + len);
    }
    return shorten(len, reply->cut);
}
