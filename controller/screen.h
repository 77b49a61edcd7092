/* SPDX-License-Identifier: Apache-2.0 */
/*
 * screen: what the kiosk shows, as data. The words are in the catalogues of controller/kiosk; this names the screen and
 * its arguments only. Holds no code, birthday or PIN, except the digits being typed while the person asked to see them;
 * no name and no medicine ever. Pure.
 */
#ifndef MEDLOCKER_SCREEN_H
#define MEDLOCKER_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/language.h"

#define SCREEN_DIGITS_CAP 11 /* ten digits and a NUL */
#define SCREEN_DOOR_CAP 9

enum screen_id {
    SCREEN_START,     /* "type your code or scan it"; nothing typed */
    SCREEN_CODE,      /* typing: entry_len of 10 digits */
    SCREEN_BIRTHDAY,  /* typing day and month of birth: entry_len of 4 digits */
    SCREEN_CHECKING,  /* a moment please */
    SCREEN_REFUSED,   /* not accepted; try again with code and date of birth; OK: again */
    SCREEN_WAIT,      /* too many wrong codes at this locker: seconds left */
    SCREEN_ASK,       /* cannot be collected now: please ask the pharmacy (telephone) */
    SCREEN_DOORS,     /* another door is open (door is set) or not readable (door is empty): close it first */
    SCREEN_OPENING,   /* door opens now */
    SCREEN_OPEN,      /* door is open: take the bag, close the door */
    SCREEN_CLOSE,     /* as SCREEN_OPEN, open too long or reported: please close the door */
    SCREEN_JAM,       /* the door did not open: push it lightly and press OK to try again; pulse n of 3 in step */
    SCREEN_DONE,      /* thank you */
    SCREEN_HELP,      /* telephone of the pharmacy and the reference to tell */
    SCREEN_NEXT,      /* one more bag of this person is behind door: bag of bags; OK opens it, CLEAR ends the visit */
    SCREEN_REPORT,    /* what is wrong? 1: it was empty, 2: the wrong bag, 3: something else; OK: all is well */
    SCREEN_REPORTED,  /* the pharmacy was told: telephone and reference */
    SCREEN_REMOTE,    /* the pharmacy offers to open door: OK: yes, CLEAR: no */
    SCREEN_LANGUAGES, /* 1..6: the languages in the order of enum language; LANGUAGE: the next one */

    SCREEN_STAFF_PIN,             /* typing the PIN: entry_len digits, OK */
    SCREEN_STAFF_REFUSED,         /* badge or PIN not accepted */
    SCREEN_STAFF_MENU,            /* scan a bag or a door label, or type a door number (entry shown) and OK */
    SCREEN_STAFF_LOAD_OPENING,    /* door opens for loading */
    SCREEN_STAFF_LOAD_OPEN,       /* check that it is empty, put the bag in, close; HELP: it is not empty */
    SCREEN_STAFF_LOAD_LABEL,      /* closed: scan the door's label */
    SCREEN_STAFF_INSPECT_OPENING, /* door opens for inspection */
    SCREEN_STAFF_INSPECT_OPEN,    /* look, empty it or leave the bag, close */
    SCREEN_STAFF_TEST_OPEN,       /* the same of a door not commissioned: scan the label of the door that is open */
    SCREEN_STAFF_INSPECT_ASK,     /* closed: 1 = it is empty; or scan the bag that is in it; HELP: leave it for later */
    SCREEN_STAFF_JAM,             /* the door did not open: OK to try again, HELP to give up */

    SCREEN_OUT_OF_SERVICE, /* the locker cannot do anything now */
    SCREEN_ID_N
};

/* One more sentence on the screen. */
enum screen_notice {
    SCREEN_NOTICE_NONE,
    SCREEN_NOTICE_TYPO,      /* the code has a typing mistake: check it (nothing was counted) */
    SCREEN_NOTICE_DATE,      /* no such day and month */
    SCREEN_NOTICE_BAD_SCAN,  /* this is no code of this service */
    SCREEN_NOTICE_TRY_LATER, /* could not be checked just now: please try again */
    SCREEN_NOTICE_EXTENDED,  /* there is more time now */
    SCREEN_NOTICE_NO_DIGIT,  /* that digit means nothing on this screen; it was not counted as part of anything */
    SCREEN_NOTICE_TOLD,      /* the report was taken: leave a bag of somebody else, and close the door */
    SCREEN_NOTICE_NOTHING,   /* nothing lies here that this card may collect */

    SCREEN_NOTICE_LOADED,       /* bag is in door: the patient will be told */
    SCREEN_NOTICE_FREED,        /* door is free again */
    SCREEN_NOTICE_KEPT,         /* the bag stays in door and can be collected */
    SCREEN_NOTICE_CHECK,        /* door is set aside for inspection */
    SCREEN_NOTICE_TAKE_OUT,     /* this bag cannot be collected from door any more: take it out and inspect again */
    SCREEN_NOTICE_WRONG_LOCKER, /* the bag is for another locker */
    SCREEN_NOTICE_WRONG_KEY,    /* the label was printed for older or newer keys of this locker: print it again */
    SCREEN_NOTICE_EXPIRED,      /* the label has expired */
    SCREEN_NOTICE_WITHDRAWN,    /* the order was withdrawn: take the bag back */
    SCREEN_NOTICE_COLLECTED,    /* this bag was collected already */
    SCREEN_NOTICE_OLD_LABEL,    /* a newer label of this order exists */
    SCREEN_NOTICE_IN_LOCKER,    /* a bag of this order is in door already */
    SCREEN_NOTICE_NO_DOOR,      /* no suitable door is free */
    SCREEN_NOTICE_FULL,         /* the locker cannot take orders now: it has too many unsent messages */
    SCREEN_NOTICE_WRONG_LABEL,  /* that is the label of another door */
    SCREEN_NOTICE_FINISH_FIRST, /* finish with this door first */
    SCREEN_NOTICE_CLOSE_DOORS,  /* close the other door (door is set) first */
    SCREEN_NOTICE_UNKNOWN_DOOR, /* there is no such door */
    SCREEN_NOTICE_NOT_FOR_LOOK, /* door holds a bag that can be collected: it is not opened for inspection */
    SCREEN_NOTICE_BOARD,        /* the electronics of door do not answer */
    SCREEN_NOTICE_RELEASED,     /* the stopped electronics of door were released: scan again, watch which door moves */
    SCREEN_NOTICE_SUPPLY,       /* the power supply is too weak to open doors */
    SCREEN_NOTICE_DID_NOT_OPEN, /* door did not open */
    SCREEN_NOTICE_TESTED,       /* door was commissioned */
    SCREEN_NOTICE_NOT_TESTED,   /* door was closed, but is not commissioned: no bag may be in it */
    SCREEN_NOTICE_UNTESTED,     /* door would suit the bag, but was not commissioned */
    SCREEN_NOTICE_WRONG_DOOR,   /* another door than door moved: look at the wires */
    SCREEN_NOTICE_N
};

enum screen_sound {
    SCREEN_SOUND_KEY,
    SCREEN_SOUND_OK,
    SCREEN_SOUND_REFUSED,
    SCREEN_SOUND_OPEN, /* leads to the open door */
    SCREEN_SOUND_SAY,  /* the screen in words, again */
    SCREEN_SOUND_WARN, /* the time of this screen is nearly up */
    SCREEN_SOUND_BUZZER_ON,
    SCREEN_SOUND_BUZZER_OFF,
    SCREEN_SOUND_N
};

struct screen {
    enum screen_id id;
    enum screen_notice notice;
    enum language language;
    char door[SCREEN_DOOR_CAP]; /* name, or empty */
    uint16_t number;            /* of that door, 0: none */
    uint8_t row, rows;          /* of that door, from 1, top to bottom; 0: none */
    uint8_t column, columns;    /* from 1, left to right */
    uint8_t step, steps;        /* which try of how many */
    uint8_t entry_len, entry_cap;
    bool show;                      /* the person asked to see the digits */
    char digits[SCREEN_DIGITS_CAP]; /* what was typed, only when show (or a door number); else empty */
    uint16_t seconds;               /* left until something happens, 0: none */
    bool more;                      /* the time is nearly up: OK (or any digit where digits are typed) gives more */
    uint8_t bag, bags;              /* which bag of how many of this visit, from 1; 0: only one */
    uint64_t reference;             /* for the telephone: the serial of the pulse, or screen_reference; 0: none */
};

/* A reference where no lock was pulsed, so that whoever calls can say when it was: 1DDHHMM, day of the month, hour and
 * minute of wall_ms, UTC. Pulses have far smaller serials. Says nothing about anybody. */
uint64_t screen_reference(int64_t wall_ms);

/* Seconds until until_ms, rounded up; 0 when it is past. */
uint16_t screen_seconds_left(int64_t until_ms, int64_t boot_ms);

bool screen_equal(const struct screen *a, const struct screen *b);

/* Does somebody go to, or stand at, the door that this screen names? What lights the door is on then. */
bool screen_leads_to_door(const struct screen *s);

/* "start", "staff-load-open"; "typo"; "buzzer-on". Never NULL. */
const char *screen_id_name(enum screen_id id);
const char *screen_notice_name(enum screen_notice n);
const char *screen_sound_name(enum screen_sound s);

#endif
