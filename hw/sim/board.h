/* SPDX-License-Identifier: Apache-2.0 */
/*
 * board: a Modbus slave as a data machine: a request goes in, an answer, an exception or silence comes out. Behaves
 * like the real boards, their dangerous frames included. Knows nothing of doors: whoever owns the board sets input[]
 * before a request and looks at on[] after it.
 *
 *   waveshare-d  8 relays, 8 inputs. FC01/05/0F coils 0..7; FC05 0x00ff all relays, 0x0200+n on for value x 100 ms,
 *                0x0400+n off for value x 100 ms, value 0x5500 toggle; FC02 inputs 0..7; FC03 0x4000 unit address,
 *                0x8000 version; FC06 0x4000 sets the unit address.
 *   r4d-fc06     8 relays. FC06 register 1..8: 0x0100 on, 0x0200 off, 0x0300 toggle, 0x0400 latch (this one on, the
 *                others off), 0x0500 on for 1 s, 0x06ss on for ss seconds; register 0: 0x0700 all on, 0x0800 all off;
 *                FC03 register 1..8 = 0/1, 0x00fe unit address (FC06 sets it).
 *   di8-fc02     8 inputs. FC02 inputs 0..7; FC03/06 0x00fe unit address.
 *   xy-md02      FC04 register 1 = temperature in 0.1 C, 2 = humidity in 0.1 %; FC03/06 0x0101 unit address.
 *
 * Pure; time is an argument in microseconds and never goes back.
 */
#ifndef MEDLOCKER_SIM_BOARD_H
#define MEDLOCKER_SIM_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOARD_CHANNELS 8
#define BOARD_PDU_MAX 253
#define BOARD_NEVER INT64_MAX
#define BOARD_BOOT_US 300000 /* silent after a reboot */
#define BOARD_VERSION 200    /* register 0x8000 of waveshare-d: V2.00 */
#define BOARD_NO_PROBE INT16_MIN

enum board_kind { BOARD_WAVESHARE_D, BOARD_R4D_FC06, BOARD_DI8_FC02, BOARD_XY_MD02, BOARD_KIND_N };

enum board_power {
    BOARD_ON,
    BOARD_OFF, /* silent, outputs off */
    BOARD_HUNG /* silent, outputs and timers frozen */
};

enum board_stuck {
    BOARD_STUCK_FREE,
    BOARD_STUCK_ON, /* once on, it stays on: a welded relay */
    BOARD_STUCK_OFF /* never switches on */
};

/* Frames that a locker must never send. */
enum board_danger {
    BOARD_DANGER_NONE,
    BOARD_DANGER_BROADCAST, /* unit 0 */
    BOARD_DANGER_ALL,       /* several relays in one frame */
    BOARD_DANGER_TOGGLE,    /* toggle, latch, flash-off: the effect depends on what was before */
    BOARD_DANGER_ADDRESS,   /* changes a unit address */
    BOARD_DANGER_UNTIMED,   /* switches on without a timer of the board */
    BOARD_DANGER_N
};

/* A request or answer without unit address and check sum. */
struct board_pdu {
    uint8_t bytes[BOARD_PDU_MAX];
    size_t len;
};

struct board {
    enum board_kind kind;
    uint8_t unit;
    uint8_t told_unit; /* what its register says instead of unit: another board at this address; 0: unit */
    enum board_power power;
    bool on[BOARD_CHANNELS];         /* output has current */
    int64_t turn_us[BOARD_CHANNELS]; /* when its timer ends, or BOARD_NEVER */
    bool turn_on[BOARD_CHANNELS];    /* what the timer switches to */
    enum board_stuck stuck[BOARD_CHANNELS];
    bool input[BOARD_CHANNELS];
    int16_t deci_c;
    uint16_t deci_rh;
    int64_t boot_us;   /* when a reboot ends, or BOARD_NEVER */
    bool boot_coils;   /* then all outputs come on */
    uint32_t lose_us;  /* the next time an output comes on, the board is lost after this many us; 0: not */
    int64_t lost_us;   /* when that is, or BOARD_NEVER */
    bool lost_keeps;   /* hung with its outputs as they are, instead of off */
    uint64_t executed; /* requests carried out */
};

void board_init(struct board *b, enum board_kind kind, uint8_t unit);

/* Carries out a request. false: silence (no power, hung). The answer may be an exception. */
bool board_request(struct board *b, const struct board_pdu *request, int64_t now_us, struct board_pdu *answer);

/* What the request would be to this board, whether it listens or not. Unit 0 is not seen here. */
enum board_danger board_danger(const struct board *b, const struct board_pdu *request);

/* Power off, on (at once), or hung. */
void board_set_power(struct board *b, enum board_power power);

/* Silent for BOARD_BOOT_US, outputs off; then with coils: every output on. */
void board_reboot(struct board *b, bool coils, int64_t now_us);

/* A relay that welds or dies from now on (BOARD_STUCK_OFF switches it off), or is well again: it stays as it is until
 * the next request. */
void board_stick(struct board *b, unsigned channel, enum board_stuck how);

/* The next moment at which something happens by itself, or BOARD_NEVER. */
int64_t board_next(const struct board *b);

/* Lets happen what is due. */
void board_step(struct board *b, int64_t now_us);

const char *board_kind_name(enum board_kind kind);
const char *board_power_name(enum board_power power);
const char *board_danger_name(enum board_danger danger);

/* How many inputs and outputs a kind has. */
unsigned board_outputs(enum board_kind kind);
unsigned board_inputs(enum board_kind kind);

#endif
