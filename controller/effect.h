/* SPDX-License-Identifier: Apache-2.0 */
/*
 * effect: what locker_decide wants done. First everything durable, in one transaction (store_commit): the records, and
 * the rows of the state that changed. Only after that the effects, in order. When the commit fails nothing is acted on
 * and the process ends. The caller allocates one struct effects and uses it again for every event.
 *
 * Pure. effects_clear wipes the secrets in it; call it as soon as the effects were carried out.
 */
#ifndef MEDLOCKER_EFFECT_H
#define MEDLOCKER_EFFECT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/code.h"
#include "controller/carer.h"
#include "controller/order.h"
#include "controller/record.h"
#include "controller/remote.h"
#include "controller/screen.h"
#include "hw/hw.h"

#define EFFECT_RECORDS_MAX 512u
#define EFFECTS_MAX 32u
#define EFFECT_BADGES_MAX 256u

enum effect_kind {
    EFFECT_PULSE,         /* hw_submit_pulse; when it is refused at once, report a completion HW_REFUSED as an event */
    EFFECT_STRETCH,       /* code_stretch on the worker, then EVENT_VERDICT with the same try_id */
    EFFECT_WATCH,         /* hw_watch */
    EFFECT_SCREEN,        /* locker_screen() differs from what was last shown */
    EFFECT_SOUND,         /* play once; the buzzer until it is switched off */
    EFFECT_BOARD_RELEASE, /* hw_board_release */
    EFFECT_RPC,           /* one message on stream rpc, never stored: lost when there is no line */
    EFFECT_KIND_N
};

struct effect {
    enum effect_kind kind;
    union {
        struct {
            uint64_t serial; /* id and intent of struct hw_pulse: never used twice in the life of a locker */
            uint16_t door;
        } pulse;
        struct {
            uint64_t try_id;
            uint32_t key_epoch;
            char secret[CODE_DIGITS + 1]; /* digits of a code or PIN */
        } stretch;
        struct {
            uint16_t door;
            int64_t until_boot_ms;
        } watch;
        enum screen_sound sound;
        uint8_t board;
        struct remote_word rpc;
    } u;
};

struct effects {
    /* Durable: */
    struct record record[EFFECT_RECORDS_MAX];
    unsigned records;
    bool compartment[HW_DOORS_MAX]; /* rows to write */
    bool order[ORDER_SLOTS];
    bool badge[EFFECT_BADGES_MAX];
    bool carer[CARER_SLOTS];
    bool compartments, orders, badges, carers; /* any of the above */
    bool limiter, floor, meta;
    /* To do after the commit, in this order: */
    struct effect effect[EFFECTS_MAX];
    unsigned effects;
    /* When an EVENT_TICK is wanted at the latest, boot ms; 0: none before the usual one. */
    int64_t wake_boot_ms;
};

/* Empties fx and wipes the secrets. Also the way to initialise one. */
void effects_clear(struct effects *fx);

/* Something must be committed before the effects are carried out. */
bool effects_are_durable(const struct effects *fx);

/* For decisions. Full is a bug of ours: the maxima follow from the number of doors. */
struct record *effects_record(struct effects *fx, enum record_kind kind, uint16_t door);
struct effect *effects_add(struct effects *fx, enum effect_kind kind);
void effects_touch_compartment(struct effects *fx, uint16_t door);
void effects_touch_order(struct effects *fx, uint16_t slot);
void effects_touch_badge(struct effects *fx, uint16_t slot);
void effects_touch_carer(struct effects *fx, uint16_t slot);

#endif
