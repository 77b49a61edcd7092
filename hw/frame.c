/* SPDX-License-Identifier: Apache-2.0 */
#include "hw/frame.h"

#include <string.h>

#define UNIT_MAX 247
#define EXCEPTION_FLAG 0x80U
#define READ_HEAD_LEN 3 /* unit, function, byte count */
#define EXCEPTION_LEN 3

static bool is_bit_read(uint8_t function)
{
    return function == FRAME_READ_COILS || function == FRAME_READ_INPUTS;
}

static bool is_register_read(uint8_t function)
{
    return function == FRAME_READ_HOLDING || function == FRAME_READ_REGISTERS;
}

static bool is_write(uint8_t function)
{
    return function == FRAME_WRITE_COIL || function == FRAME_WRITE_REGISTER;
}

static void put16(uint8_t *out, uint16_t v)
{
    out[0] = (uint8_t)(v >> 8);
    out[1] = (uint8_t)(v & 0xffU);
}

static uint16_t get16(const uint8_t *in)
{
    return (uint16_t)((unsigned)in[0] << 8 | in[1]);
}

/* Bytes of data that a read asks for; 0 when it is not a valid read. */
static size_t read_bytes(const struct frame *f)
{
    if ((uint32_t)f->address + f->value > 0x10000U)
        return 0;
    if (is_bit_read(f->function) && f->value <= FRAME_BITS_MAX)
        return (f->value + 7U) / 8U;
    if (is_register_read(f->function) && f->value <= FRAME_REGISTERS_MAX)
        return f->value * 2U;
    return 0;
}

size_t frame_answer_len(const struct frame *f)
{
    if (is_write(f->function))
        return FRAME_REQUEST_LEN;
    size_t bytes = read_bytes(f);
    return bytes == 0 ? 0 : READ_HEAD_LEN + bytes;
}

enum err frame_encode(const struct frame *f, uint8_t out[FRAME_REQUEST_LEN])
{
    if (f->unit == 0 || f->unit > UNIT_MAX || frame_answer_len(f) == 0)
        return ERR_RANGE;
    out[0] = f->unit;
    out[1] = f->function;
    put16(out + 2, f->address);
    put16(out + 4, f->value);
    return ERR_OK;
}

static enum frame_verdict judge_read(const struct frame *f, const uint8_t *bytes, size_t len, struct frame_answer *out)
{
    size_t want = read_bytes(f);
    if (want == 0 || len < READ_HEAD_LEN)
        return FRAME_WRONG_LENGTH;
    if (bytes[2] != want)
        return FRAME_WRONG_COUNT;
    if (len != READ_HEAD_LEN + want)
        return FRAME_WRONG_LENGTH;
    out->exception = 0;
    out->data_len = (uint16_t)want;
    memcpy(out->data, bytes + READ_HEAD_LEN, want);
    return FRAME_FITS;
}

static enum frame_verdict judge_write(const struct frame *f, const uint8_t *bytes, size_t len, struct frame_answer *out)
{
    if (len != FRAME_REQUEST_LEN)
        return FRAME_WRONG_LENGTH;
    if (get16(bytes + 2) != f->address || get16(bytes + 4) != f->value)
        return FRAME_WRONG_ECHO;
    out->exception = 0;
    out->data_len = 0;
    return FRAME_FITS;
}

static enum frame_verdict judge_exception(const uint8_t *bytes, size_t len, struct frame_answer *out)
{
    if (len != EXCEPTION_LEN)
        return FRAME_WRONG_LENGTH;
    if (bytes[2] == 0)
        return FRAME_WRONG_COUNT;
    out->exception = bytes[2];
    out->data_len = 0;
    return FRAME_EXCEPTION;
}

enum frame_verdict frame_judge(const struct frame *f, const uint8_t *bytes, size_t len, struct frame_answer *out)
{
    if (len < 2)
        return FRAME_WRONG_LENGTH;
    if (bytes[0] != f->unit)
        return FRAME_WRONG_UNIT;
    if (bytes[1] == (f->function | EXCEPTION_FLAG))
        return judge_exception(bytes, len, out);
    if (bytes[1] != f->function)
        return FRAME_WRONG_FUNCTION;
    return is_write(f->function) ? judge_write(f, bytes, len, out) : judge_read(f, bytes, len, out);
}

enum frame_verdict frame_judge_tcp(const struct frame *f, uint16_t transaction, const uint8_t *bytes, size_t len,
                                   struct frame_answer *out)
{
    if (len <= FRAME_TCP_HEADER_LEN)
        return FRAME_WRONG_LENGTH;
    if (get16(bytes) != transaction || get16(bytes + 2) != 0)
        return FRAME_WRONG_HEADER;
    if (get16(bytes + 4) != len - FRAME_TCP_HEADER_LEN)
        return FRAME_WRONG_HEADER;
    return frame_judge(f, bytes + FRAME_TCP_HEADER_LEN, len - FRAME_TCP_HEADER_LEN, out);
}

bool frame_bit(const struct frame_answer *a, unsigned i)
{
    return i / 8U < a->data_len && ((unsigned)a->data[i / 8U] >> (i % 8U) & 1U) != 0;
}

uint16_t frame_register(const struct frame_answer *a, unsigned i)
{
    return i * 2U + 1U < a->data_len ? get16(a->data + i * 2U) : 0;
}

const char *frame_verdict_name(enum frame_verdict v)
{
    static const char *const names[FRAME_VERDICT_N] = {
        [FRAME_FITS] = "fits",
        [FRAME_EXCEPTION] = "exception",
        [FRAME_WRONG_HEADER] = "wrong header",
        [FRAME_WRONG_UNIT] = "wrong unit",
        [FRAME_WRONG_FUNCTION] = "wrong function",
        [FRAME_WRONG_COUNT] = "wrong count",
        [FRAME_WRONG_LENGTH] = "wrong length",
        [FRAME_WRONG_ECHO] = "wrong echo",
    };
    return (unsigned)v < FRAME_VERDICT_N ? names[v] : "?";
}
