/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target for the checker of Modbus answers. The first seven bytes of the input choose transport and request, the
 * rest is the raw answer as it came in. Whatever comes, an answer that is believed has the unit, function, length and
 * echo of its request.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hw/frame.h"

#define HEAD_LEN 7

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_fit(const struct frame *f, const uint8_t *bytes, size_t len, const struct frame_answer *a)
{
    uint8_t request[FRAME_REQUEST_LEN];
    require(frame_encode(f, request) == ERR_OK);
    require(len == frame_answer_len(f) && bytes[0] == f->unit && bytes[1] == f->function);
    if (f->function >= FRAME_WRITE_COIL)
        require(memcmp(bytes, request, sizeof request) == 0 && a->data_len == 0);
    else
        require(a->data_len == len - 3 && bytes[2] == a->data_len && memcmp(bytes + 3, a->data, a->data_len) == 0);
    (void)frame_bit(a, f->value);
    (void)frame_register(a, f->value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD_LEN)
        return 0;
    struct frame f = {.unit = (uint8_t)(data[1] % 247 + 1),
                      .function = (uint8_t)(data[2] % 6 + 1),
                      .address = (uint16_t)(data[3] << 8 | data[4]),
                      .value = (uint16_t)(data[5] << 8 | data[6])};
    uint8_t request[FRAME_REQUEST_LEN];
    if (frame_encode(&f, request) != ERR_OK)
        return 0;
    const uint8_t *answer = data + HEAD_LEN;
    size_t len = size - HEAD_LEN;
    size_t head = data[0] % 2 == 0 ? 0 : FRAME_TCP_HEADER_LEN;
    struct frame_answer a;
    memset(&a, 0xa5, sizeof a);
    enum frame_verdict v = head == 0 ? frame_judge(&f, answer, len, &a) : frame_judge_tcp(&f, 0, answer, len, &a);
    if (v == FRAME_FITS)
        check_fit(&f, answer + head, len - head, &a);
    if (v == FRAME_EXCEPTION)
        require(len == head + 3 && answer[head] == f.unit && answer[head + 1] == (f.function | 0x80) &&
                a.exception != 0);
    return 0;
}
