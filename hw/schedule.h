/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schedule: which request goes on a bus next. Knows every board's state (starting, running, lost, foreign), what it
 * still owes before it counts as known, and when each bank was read last.
 *
 * - A board starts with its identity; only a board that is what the profile says gets its locks switched off one by
 * one, then coils, inputs and probes are read, then it runs.
 * - Among running boards the longest-waiting read goes first. Boards that are watched (a door being opened) get every
 *   second request.
 * - After silence or a wrong frame the whole bus keeps quiet for as long as that board could answer late; what came in
 *   is thrown away, and the first request is the identity of a board (rule R2).
 * - A lost board is asked again after at least ten times what it cost the others, so that one dead board takes less
 *   than a tenth of the scan rate, and never later than 30 s.
 *
 * Pure: time is an argument in microseconds. One struct for each bus, used by its thread only.
 */
#ifndef MEDLOCKER_SCHEDULE_H
#define MEDLOCKER_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "hw/profile.h"

#define SCHEDULE_BOARDS_MAX 64
#define SCHEDULE_COILS_US 2000000
#define SCHEDULE_CLIMATE_US 5000000
#define SCHEDULE_IDENTITY_US 30000000
#define SCHEDULE_FOREIGN_US 5000000
#define SCHEDULE_PROBE_MIN_US 1000000
#define SCHEDULE_PROBE_MAX_US 30000000
#define SCHEDULE_PROBE_COST 10        /* a lost board rests this many times what it cost, but never longer than: */
#define SCHEDULE_REST_MAX_US 45000000 /* within a minute everything that can be reached is known (LIV-01) */
#define SCHEDULE_TRIES 3              /* silences in a row, or failures of one kind of request, until a board is lost */
#define SCHEDULE_WATCH_US 5000        /* shortest time between two reads of a watched board that has a poll interval */

enum schedule_state { SCHEDULE_STARTING, SCHEDULE_RUNNING, SCHEDULE_LOST, SCHEDULE_FOREIGN };

enum schedule_kind {
    SCHEDULE_READ,
    SCHEDULE_OFF,
    SCHEDULE_PULSE /* only in schedule_result: the pulse itself is not planned here */
};

struct schedule_step {
    enum schedule_kind kind;
    uint8_t board;
    enum profile_read read; /* SCHEDULE_READ */
    uint8_t lock;           /* SCHEDULE_OFF */
    bool drain;             /* throw away what has come in before sending */
};

enum schedule_outcome {
    SCHEDULE_ANSWERED,
    SCHEDULE_EXCEPTION, /* a proper refusal: the line is in step, the request failed */
    SCHEDULE_SILENT,    /* time-out or a frame that does not fit */
    SCHEDULE_STRANGER,  /* the identity is not that of the profile */
    SCHEDULE_UNSENT     /* bytes were waiting before anything was sent */
};

struct schedule_board_cfg {
    uint8_t locks;
    bool has[PROFILE_READ_N]; /* identity must be there */
    int64_t poll_us;          /* shortest time between two reads of the inputs */
    int64_t late_us;          /* how long after a time-out it may still answer */
};

struct schedule_board {
    struct schedule_board_cfg cfg;
    enum schedule_state state;
    bool owes[PROFILE_READ_N]; /* before it runs */
    uint32_t offs;             /* locks to switch off */
    int64_t due_us[PROFILE_READ_N];
    int64_t inputs_us;  /* when the inputs were read last */
    int64_t watched_us; /* until then */
    int64_t probe_us;   /* lost or foreign: when to ask again */
    int64_t rest_us;    /* length of the next rest at least */
    int64_t cost_us;    /* line time lost by its silence since the last rest */
    int64_t running_us; /* since when it runs */
    uint8_t silent;
    uint8_t failures[PROFILE_READ_N];
    uint8_t off_failures;
    bool was_lost; /* at least once */
};

struct schedule {
    struct schedule_board board[SCHEDULE_BOARDS_MAX];
    uint8_t boards;
    int64_t quiet_us; /* nothing is sent before this time */
    bool sentinel;    /* the next request is an identity */
    bool drain;
    uint8_t suspect; /* whose failure made the line quiet */
    bool was_watched;
};

/* All boards start at now_us. n is at most SCHEDULE_BOARDS_MAX. */
void schedule_init(struct schedule *s, const struct schedule_board_cfg *cfg, uint8_t n, int64_t now_us);

/* Returns 0 and the next request in *out, or the time until which there is nothing to do (INT64_MAX: no boards). */
int64_t schedule_next(struct schedule *s, int64_t now_us, struct schedule_step *out);

/* What came of a request that took from start_us to end_us. */
void schedule_result(struct schedule *s, const struct schedule_step *step, enum schedule_outcome outcome,
                     int64_t start_us, int64_t end_us);

/* Is the line quiet or out of step, so that nothing but schedule_next may choose? */
bool schedule_is_quiet(const struct schedule *s, int64_t now_us);

/* The line is gone: every board is lost. The line is back, and empty: every board starts. */
void schedule_down(struct schedule *s);
void schedule_up(struct schedule *s, int64_t now_us);

/* Reads this board's inputs with every second request until then. */
void schedule_watch(struct schedule *s, uint8_t board, int64_t until_us);
/* A contact of the board may have changed: read its inputs now. */
void schedule_hint(struct schedule *s, uint8_t board, int64_t now_us);
/* Switch these locks (a mask) off, then read the coils. */
void schedule_off(struct schedule *s, uint8_t board, uint32_t locks, int64_t now_us);

enum schedule_state schedule_state(const struct schedule *s, uint8_t board);
/* No board is starting. */
bool schedule_is_settled(const struct schedule *s);

#endif
