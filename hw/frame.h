/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame: Modbus requests of the six shapes a locker may use, and the verdict on a raw answer. A request is always six
 * bytes: unit, function, address, value (or count). An answer is believed only if every byte of it fits its request,
 * because the library compares neither the echo of a write nor the unit of a TCP answer.
 *
 * Frames here start with the unit and have no check sum and no TCP header. Pure, any thread.
 */
#ifndef MEDLOCKER_FRAME_H
#define MEDLOCKER_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

#define FRAME_REQUEST_LEN 6
#define FRAME_ANSWER_CAP 256
#define FRAME_BITS_MAX 2000
#define FRAME_REGISTERS_MAX 125
#define FRAME_TCP_HEADER_LEN 6 /* transaction, protocol, length; the unit follows */

enum frame_function {
    FRAME_READ_COILS = 1,
    FRAME_READ_INPUTS = 2,
    FRAME_READ_HOLDING = 3,
    FRAME_READ_REGISTERS = 4,
    FRAME_WRITE_COIL = 5,
    FRAME_WRITE_REGISTER = 6
};

struct frame {
    uint8_t unit;
    uint8_t function;
    uint16_t address;
    uint16_t value; /* of a read: how many */
};

enum frame_verdict {
    FRAME_FITS,
    FRAME_EXCEPTION,    /* a well-formed refusal by the right unit for the right function */
    FRAME_WRONG_HEADER, /* TCP: transaction, protocol or length */
    FRAME_WRONG_UNIT,
    FRAME_WRONG_FUNCTION,
    FRAME_WRONG_COUNT,  /* byte count is not what was asked for */
    FRAME_WRONG_LENGTH, /* cut off, or more bytes than the frame has */
    FRAME_WRONG_ECHO,   /* address or value of a write came back changed */
    FRAME_VERDICT_N
};

struct frame_answer {
    uint8_t exception; /* FRAME_EXCEPTION only, 1..255 */
    uint16_t data_len; /* FRAME_FITS of a read only */
    uint8_t data[FRAME_ANSWER_CAP];
};

/* Errors: ERR_RANGE (unit 0 or above 247, function outside 1..6, count 0 or more than one frame holds). Whether the
 * request may leave is the firewall's business. */
enum err frame_encode(const struct frame *f, uint8_t out[FRAME_REQUEST_LEN]) ERR_MUST_CHECK;

/* Length of the fitting answer, from the unit on: for line timing and for rule R1. 0: not a valid request. */
size_t frame_answer_len(const struct frame *f);

/* Judges bytes (from the unit on, check sum removed) as the answer to f; *out is written for FRAME_FITS and
 * FRAME_EXCEPTION only. */
enum frame_verdict frame_judge(const struct frame *f, const uint8_t *bytes, size_t len, struct frame_answer *out);

/* The same for a whole TCP frame, whose header must carry this transaction. */
enum frame_verdict frame_judge_tcp(const struct frame *f, uint16_t transaction, const uint8_t *bytes, size_t len,
                                   struct frame_answer *out);

/* Bit i of a read of coils or inputs; false beyond the data. */
bool frame_bit(const struct frame_answer *a, unsigned i);
/* Register i of a read of registers; 0 beyond the data. */
uint16_t frame_register(const struct frame_answer *a, unsigned i);

/* "fits", "wrong unit", ... Never NULL. */
const char *frame_verdict_name(enum frame_verdict v);

#endif
