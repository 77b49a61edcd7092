/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line: what a bus driver is: six functions under which a serial line, a TCP connection, a chip of GPIO lines and the
 * fake look the same. A request of six bytes goes out, an answer that fits it comes back, or the reason why not.
 *
 * Every function is called on the bus's thread only, except free (after that thread has ended). None allocates after
 * open.
 */
#ifndef MEDLOCKER_LINE_H
#define MEDLOCKER_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "hw/frame.h"

enum line_end {
    LINE_ANSWERED, /* fits byte for byte, or a well-formed exception */
    LINE_TIMEOUT,  /* nothing, or too little, in time */
    LINE_BAD,      /* an answer that does not fit */
    LINE_STALE,    /* bytes were waiting before the request: it was not sent */
    LINE_DOWN      /* the device or connection is gone: close, open again */
};

struct line_exchange {
    struct frame request;
    uint8_t bytes[FRAME_REQUEST_LEN]; /* the request as the firewall saw it: what is sent */
    uint32_t timeout_ms;              /* of the board, without the time on the wire */
    struct frame_answer answer;       /* out, LINE_ANSWERED */
    enum frame_verdict verdict;       /* out, LINE_ANSWERED and LINE_BAD */
    int64_t wire_us;                  /* out: when the last byte of the request was handed to the line */
};

struct line;

struct line_ops {
    /* Opens or opens again; may block for a second. */
    enum err (*open)(struct line *l, struct reason *r);
    /* One request, one answer; blocks for the time-out at most. */
    enum line_end (*exchange)(struct line *l, struct line_exchange *x);
    /* Throws away what has come in. */
    void (*drain)(struct line *l);
    /* Lets happen what is due by itself; true when a contact may have changed. */
    bool (*tick)(struct line *l, int64_t now_us);
    /* When tick must be called next (INT64_MAX: not), and a descriptor that wakes for it (-1: none). */
    int64_t (*due_us)(const struct line *l);
    int (*fd)(const struct line *l);
    void (*close)(struct line *l);
    void (*free)(struct line *l);
};

/* First member of every driver's struct. */
struct line {
    const struct line_ops *ops;
    bool reopens; /* after silence the connection is opened anew: no late answer can come */
};

#endif
