/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pulse: one pulse on one lock, from the wish to the coil that was read as off again. Says what to do next and judges
 * what came of it. A pulse is done only if the board echoed it byte for byte, no read-back contradicts it, and the coil
 * was seen off at the end; until then no other lock may be pulsed (INV-05).
 *
 * Pure: time is an argument in microseconds. One struct for each bus, used by its thread only.
 */
#ifndef MEDLOCKER_PULSE_H
#define MEDLOCKER_PULSE_H

#include <stdbool.h>
#include <stdint.h>

#define PULSE_MARGIN_US 50000   /* the board's timer against ours */
#define PULSE_AGAIN_US 100000   /* between two reads of the coil */
#define PULSE_OVERDUE_US 300000 /* a coil still on this long after its end gets an off frame */
#define PULSE_GIVE_UP_US 3000000
#define PULSE_OFF_TRIES 3

enum pulse_want { PULSE_SEND, PULSE_READ, PULSE_OFF, PULSE_WAIT, PULSE_OVER };
enum pulse_sent { PULSE_ECHOED, PULSE_UNSURE, PULSE_DENIED };
enum pulse_end { PULSE_DONE, PULSE_FAILED, PULSE_REFUSED };

struct pulse {
    bool active;
    bool by_board;     /* the board ends it */
    int64_t length_us; /* how long the lock is energised */
    bool sent, echoed;
    int64_t sent_us;
    int64_t next_us;  /* of the next read */
    bool seen_on;     /* at least one read showed it energised */
    bool seen_idle;   /* a read in the middle of the pulse showed it not energised */
    bool finally_off; /* a read after the end showed it off */
    bool off_due;     /* an off frame is to be sent */
    bool off_done;
    uint8_t off_tries;
    enum pulse_end end; /* when PULSE_OVER */
    bool stuck;         /* when PULSE_OVER: the coil was still energised when last read */
};

void pulse_begin(struct pulse *p, bool by_board, int64_t length_us);

/* What to do now; PULSE_WAIT: nothing before *until_us. */
enum pulse_want pulse_next(struct pulse *p, int64_t now_us, int64_t *until_us);

/* What came of sending it. PULSE_UNSURE: no answer, a wrong one, or an exception. A pulse that could not be sent at
 * all is simply sent again by the next PULSE_SEND, as long as the firewall's lease allows. */
void pulse_was_sent(struct pulse *p, enum pulse_sent what, int64_t wire_us);
/* The coil was read (or not) by a request sent at start_us. */
void pulse_was_read(struct pulse *p, bool answered, bool on, int64_t start_us, int64_t end_us);
/* An off frame was sent. */
void pulse_was_switched_off(struct pulse *p, bool answered, int64_t end_us);

#endif
