/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line: what goes wrong between a board and the other side. Rules say which fault hits which board or bus, how often
 * and how strongly; a reply is bent by the rules before it is framed. Also the framing itself: CRC-16 for a serial
 * line, MBAP for TCP. Written without regard to any Modbus library, as the independent other side.
 *
 * Pure; chance comes from the seed.
 */
#ifndef MEDLOCKER_SIM_LINE_H
#define MEDLOCKER_SIM_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "hw/sim/board.h"
#include "hw/sim/dice.h"

#define LINE_RULES_MAX 32
#define LINE_NOISE_MAX 32
#define LINE_FRAME_MAX 1200 /* echo, noise and a doubled frame */
#define LINE_RTU_MIN 4      /* unit, function, check sum */
#define LINE_RTU_MAX 256
#define LINE_MBAP_LEN 7
#define LINE_TCP_MAX 260

enum line_fault {
    LINE_DEAF,      /* the request is not heard: not carried out, no answer */
    LINE_SILENT,    /* carried out, no answer */
    LINE_LATE,      /* amount: ms */
    LINE_UNIT,      /* answer from another unit */
    LINE_FUNCTION,  /* answer to another function */
    LINE_COUNT,     /* byte count, or value of an echo, is wrong */
    LINE_ADDRESS,   /* the echoed address is wrong (writes only) */
    LINE_EXCEPTION, /* amount: code 1..11; not carried out */
    LINE_CRC,       /* check sum wrong (serial only) */
    LINE_SHORT,     /* amount: bytes missing at the end */
    LINE_GLUED,     /* the frame comes twice without a gap */
    LINE_ECHO,      /* own request comes back first (serial only) */
    LINE_NOISE,     /* amount: bytes of noise first (serial only) */
    LINE_FAULT_N
};

#define LINE_ANY 255

struct line_rule {
    bool used;
    enum line_fault fault;
    uint8_t bus, board; /* index or LINE_ANY */
    uint32_t left;      /* frames still to hit; 0: no end */
    uint32_t permille;  /* chance for each frame */
    uint32_t amount;
};

struct line {
    struct dice dice;
    struct line_rule rule[LINE_RULES_MAX];
    uint64_t hits[LINE_FAULT_N];
};

/* A reply and how it will be damaged. */
struct line_reply {
    bool answered;
    uint8_t unit;
    struct board_pdu pdu;
    int64_t late_us;
    uint32_t faults; /* 1 << enum line_fault of each fault that hit */
    bool bad_crc, glued, echo;
    uint8_t cut;
    uint8_t noise_len;
    uint8_t noise[LINE_NOISE_MAX];
};

void line_init(struct line *l, uint64_t seed);

/* Error: ERR_FULL. */
enum err line_add(struct line *l, const struct line_rule *rule) ERR_MUST_CHECK;
void line_clear(struct line *l);

/* Throws the dice for one request to a board and fills *out with the faults that hit it. is_write: the answer echoes an
 * address. Faults that cannot show on this request are not used up. */
struct line_plan {
    uint32_t faults;
    uint32_t amount[LINE_FAULT_N];
};
void line_judge(struct line *l, uint8_t bus, uint8_t board, bool is_write, struct line_plan *out);

/* Damages an answer by the plan. */
void line_bend(struct line *l, const struct line_plan *plan, struct line_reply *reply);

const char *line_fault_name(enum line_fault fault);
/* The amount when none is given, and its limits; *max 0: the fault has none. */
void line_fault_amount(enum line_fault fault, uint32_t *usual, uint32_t *min, uint32_t *max);
/* The word for its amount: "ms", "code", "bytes", or "". */
const char *line_fault_unit(enum line_fault fault);
bool line_fault_is_serial(enum line_fault fault);

/* ---------------------------------------------------------------- framing */

/* CRC-16 as Modbus has it: polynomial 0xa001 reflected, start 0xffff; sent low byte first. */
uint16_t line_crc(const uint8_t *bytes, size_t len);

/* Splits a serial frame. Errors: ERR_SYNTAX (too short), ERR_TOO_LONG, ERR_SIGNATURE (check sum). */
enum err line_read_rtu(const uint8_t *bytes, size_t len, uint8_t *unit, struct board_pdu *pdu) ERR_MUST_CHECK;

/* The bytes on a serial line for a reply (request: the frame it answers). Returns the length, 0 when not answered. */
size_t line_write_rtu(const struct line_reply *reply, const uint8_t *request, size_t request_len,
                      uint8_t out[LINE_FRAME_MAX]);

struct line_mbap {
    uint16_t transaction;
    uint8_t unit;
    size_t len; /* of the whole frame */
};

/* Looks for one TCP frame at the start of bytes. ERR_BUSY: more bytes are needed. ERR_SYNTAX: not Modbus, the
 * connection cannot be used any more. */
enum err line_read_tcp(const uint8_t *bytes, size_t len, struct line_mbap *head, struct board_pdu *pdu) ERR_MUST_CHECK;

/* The bytes on a TCP connection for a reply. Returns the length, 0 when not answered. */
size_t line_write_tcp(const struct line_reply *reply, uint16_t transaction, uint8_t out[LINE_FRAME_MAX]);

#endif
