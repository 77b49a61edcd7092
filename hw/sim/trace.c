/* SPDX-License-Identifier: Apache-2.0 */
#include "hw/sim/trace.h"

#include <string.h>

struct trace_entry *trace_new(struct trace *t)
{
    t->last++;
    struct trace_entry *e = &t->entry[t->last % TRACE_CAP];
    *e = (struct trace_entry){.number = t->last};
    return e;
}

const struct trace_entry *trace_get(const struct trace *t, uint64_t number)
{
    const struct trace_entry *e = &t->entry[number % TRACE_CAP];
    return number > 0 && e->number == number ? e : NULL;
}

uint64_t trace_oldest(const struct trace *t)
{
    return t->last <= TRACE_CAP ? 1 : t->last - TRACE_CAP + 1;
}

static void put(uint8_t *to, uint16_t *to_len, const uint8_t *bytes, size_t len)
{
    *to_len = (uint16_t)len;
    memcpy(to, bytes, len < TRACE_BYTES ? len : TRACE_BYTES);
}

void trace_put_request(struct trace_entry *e, const uint8_t *bytes, size_t len)
{
    put(e->request, &e->request_len, bytes, len);
}

void trace_put_reply(struct trace_entry *e, const uint8_t *bytes, size_t len)
{
    put(e->reply, &e->reply_len, bytes, len);
}

const char *trace_kind_name(enum trace_kind kind)
{
    static const char *const names[] = {
        [TRACE_EXCHANGE] = "exchange", [TRACE_GARBAGE] = "garbage", [TRACE_COLLISION] = "collision"};
    return names[kind];
}
