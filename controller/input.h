/* SPDX-License-Identifier: Apache-2.0 */
/*
 * input: the numeric keypad and the keyboard-type barcode scanner, each a Linux event device, or a FIFO that carries
 * the same struct input_event. A device is grabbed, so that nothing that is typed reaches a console or the browser.
 * What is missing or was unplugged is tried again every two seconds; each change is logged once, never what was typed.
 *
 * Only the press of a key counts: not its release, not its repetition while held.
 *
 *   Keypad  0-9 of the number row, the key block and a telephone pad    the digit
 *           Enter, key block Enter, #                                   OK
 *           Backspace, Delete, Escape, key block .                      CLEAR
 *           F1, Help, / and key block /, key block *, *                 HELP
 *           F2, key block +                                             LANGUAGE
 *           F3, Tab                                                     SHOW
 *           F4, key block -                                             REPEAT
 *           anything else                                               ignored
 *
 *   Scanner 0-9 and A-F of any block, then Enter. Shift and the like are ignored: letters are given as upper case. One
 *           bad scan, told as an empty text, comes from each of: another key in between, TOKEN_TEXT_CAP characters or
 *           more, half a second of silence before Enter, events lost by the kernel. Enter alone is ignored.
 *
 * One thread, the loop's; does not block. Holds the text of one scan while it comes in, and wipes it.
 */
#ifndef MEDLOCKER_INPUT_H
#define MEDLOCKER_INPUT_H

#include <systemd/sd-event.h>

#include "common/err.h"
#include "controller/event.h"

#define INPUT_RETRY_MS 2000 /* between two tries to open */
#define INPUT_PAUSE_MS 500  /* longest silence within a scan */

struct input;

struct input_cfg {
    const char *keypad, *scanner; /* paths, not copied: live as long as the input; NULL or empty: none */
    unsigned retry_ms, pause_ms;  /* 0: as above */
};

/* Called from the loop; must not free the input. */
struct input_callbacks {
    void (*key)(void *arg, enum event_key key);
    void (*scan)(void *arg, const char *text); /* valid during the call; empty: a bad scan */
    void *arg;
};

/* A path that cannot be opened now is no failure: it is tried again. Errors: ERR_IO, ERR_MEMORY (the loop's). */
enum err input_open(struct input **out, const struct input_cfg *cfg, const struct input_callbacks *cb, sd_event *loop,
                    struct reason *r) ERR_MUST_CHECK;
void input_free(struct input *in); /* NULL is fine */

#endif
