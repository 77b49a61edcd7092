/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kiosk: the page at the door, served on loopback to the browser of the board. It shows and passes on; it decides
 * nothing.
 *
 *   GET  / and its files    read into memory at the start; no other file can be asked for
 *   GET  /screen            the present screen as JSON, with an ETag; If-None-Match with the same: 304
 *   GET  /screen?after=TAG  the same, but while the ETag is TAG (without quotes) the answer waits for a change, at most
 *                           20 s, then 304; so does ?wait=1 with If-None-Match. At most 8 wait; then the oldest is
 *                           answered
 *   GET  /speech/nl.json    {clip: text} of a language; 404 without speech
 *   GET  /speech/nl/x.opus  one clip of that list, with an ETag of its content
 *   POST /key               {"key": "0".."9" | "ok" | "clear" | "help" | "language" | "show" | "repeat"}: 204
 *   POST /scan              {"text": "..."}: 204, whatever the text is worth; the screen tells
 *
 * Host must be the own address and port, Origin the same or absent: else 403. A body must be application/json (415) and
 * have exactly that member (400 with the reason). What was typed or scanned is never logged and never in an answer,
 * except the digits that struct screen gives.
 *
 * One thread, the loop's. Blocks on the disk in kiosk_open, and for the reading of one clip.
 */
#ifndef MEDLOCKER_KIOSK_H
#define MEDLOCKER_KIOSK_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "common/err.h"
#include "controller/cabinet.h"
#include "controller/event.h"
#include "controller/screen.h"

struct kiosk;

struct kiosk_cfg {
    const char *share;             /* folder of the page, the catalogues of all languages, speech/ */
    bool speech;                   /* false: silent in every language */
    const char *address;           /* 127.0.0.1 or ::1 */
    uint16_t port;                 /* 0: any, see kiosk_port */
    const char *telephone, *site;  /* for the screen; these and the cabinet are not copied: live as long as the kiosk */
    const struct cabinet *cabinet; /* doors for the map */
};

/* Called from the loop, while a request is handled: may call kiosk_show, must not free the kiosk. */
struct kiosk_callbacks {
    void (*key)(void *arg, enum event_key key);
    void (*scan)(void *arg, const char *text); /* 1..TOKEN_TEXT_CAP - 1 bytes, valid during the call */
    void *arg;
};

/* Shows "out of service" until the first kiosk_show. Errors: ERR_NOT_FOUND, ERR_TOO_LONG, ERR_SYNTAX (a catalogue),
 * ERR_BUSY (address in use), ERR_IO, ERR_MEMORY. */
enum err kiosk_open(struct kiosk **out, const struct kiosk_cfg *cfg, const struct kiosk_callbacks *cb, sd_event *loop,
                    struct reason *r) ERR_MUST_CHECK;
void kiosk_free(struct kiosk *k); /* NULL is fine */

/* What GET /screen says from now on; copied. The same as before: nothing happens. */
void kiosk_show(struct kiosk *k, const struct screen *s);

/* Played once by the page at its next poll; the buzzer until it is switched off. The newest of two between polls.
 * SCREEN_SOUND_SAY lets the page say its screen again. */
void kiosk_sound(struct kiosk *k, enum screen_sound sound);

uint16_t kiosk_port(const struct kiosk *k);

#endif
