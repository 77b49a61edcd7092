/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faults: every kind of fault by its name, and the plan of a seed: which of them happen in this run and how often. A
 * kind that never happened over all seeds fails the run: the report counts them.
 */
#ifndef MEDLOCKER_SIM_FAULTS_H
#define MEDLOCKER_SIM_FAULTS_H

#include "tests/sim/site.h"

#define FAULTS_TABLE(X)                                                                                                \
    /* disk */                                                                                                         \
    X(DISK_OLD, "disk-cut-old")                                                                                        \
    X(DISK_NEW, "disk-cut-new")                                                                                        \
    X(DISK_MIX, "disk-cut-mix")                                                                                        \
    X(DISK_TORN, "disk-cut-torn")                                                                                      \
    X(DISK_GARBAGE, "disk-cut-garbage")                                                                                \
    X(DISK_LIES, "disk-sync-lies")                                                                                     \
    X(DISK_FULL, "disk-full")                                                                                          \
    X(DISK_WRITE_EIO, "disk-write-eio")                                                                                \
    X(DISK_SYNC_EIO, "disk-sync-eio")                                                                                  \
    X(DISK_READ_EIO, "disk-read-eio")                                                                                  \
    X(DISK_FLIP, "disk-bit-flip")                                                                                      \
    /* bus */                                                                                                          \
    X(BUS_DEAF, "bus-deaf")                                                                                            \
    X(BUS_SILENT, "bus-no-answer")                                                                                     \
    X(BUS_LATE, "bus-late")                                                                                            \
    X(BUS_UNIT, "bus-wrong-unit")                                                                                      \
    X(BUS_FUNCTION, "bus-wrong-function")                                                                              \
    X(BUS_COUNT, "bus-wrong-count")                                                                                    \
    X(BUS_ADDRESS, "bus-wrong-address")                                                                                \
    X(BUS_EXCEPTION, "bus-exception")                                                                                  \
    X(BUS_CRC, "bus-crc")                                                                                              \
    X(BUS_SHORT, "bus-truncated")                                                                                      \
    X(BUS_GLUED, "bus-glued")                                                                                          \
    X(BUS_ECHO, "bus-echo")                                                                                            \
    X(BUS_NOISE, "bus-noise")                                                                                          \
    X(BUS_UNPLUGGED, "bus-unplugged")                                                                                  \
    /* boards and doors */                                                                                             \
    X(BOARD_REBOOT, "board-reboot")                                                                                    \
    X(BOARD_REBOOT_ON, "board-reboot-coils-on")                                                                        \
    X(BOARD_LOST, "board-lost-mid-pulse")                                                                              \
    X(BOARD_OFF, "board-off")                                                                                          \
    X(BOARD_HUNG, "board-hung")                                                                                        \
    X(BUS_ROGUE, "bus-rogue-master")                                                                                   \
    X(GPIO_GONE, "gpio-gone")                                                                                          \
    X(GPIO_BUSY, "gpio-busy")                                                                                          \
    X(COIL_ON, "coil-stuck-on")                                                                                        \
    X(COIL_OFF, "coil-stuck-off")                                                                                      \
    X(SENSOR_OPEN, "sensor-stuck-open")                                                                                \
    X(SENSOR_CLOSED, "sensor-stuck-closed")                                                                            \
    X(SENSOR_BOUNCE, "sensor-bounces")                                                                                 \
    X(LOCK_JAM, "lock-jammed")                                                                                         \
    X(LOCK_WEAK, "lock-weak")                                                                                          \
    X(WIRES_SWAPPED, "wires-swapped")                                                                                  \
    X(UNIT_SWAPPED, "board-address-swapped")                                                                           \
    /* net */                                                                                                          \
    X(NET_DROP, "net-drop")                                                                                            \
    X(NET_DOUBLE, "net-duplicate")                                                                                     \
    X(NET_REORDER, "net-reorder")                                                                                      \
    X(NET_DELAY, "net-delay")                                                                                          \
    X(NET_REPLAY, "net-replay")                                                                                        \
    X(NET_RETAIN, "net-retain")                                                                                        \
    X(NET_CROSS, "net-cross-delivery")                                                                                 \
    X(NET_FORGE, "net-forgery")                                                                                        \
    X(NET_CUT_ONE, "net-partition-one")                                                                                \
    X(NET_CUT_ALL, "net-partition-all")                                                                                \
    X(BROKER_RESTART, "broker-restart")                                                                                \
    X(BROKER_FORGETS, "broker-restart-forgets")                                                                        \
    X(BROKER_TAKE_OVER, "broker-take-over")                                                                            \
    /* process */                                                                                                      \
    X(CRASH_LOCKER, "crash-locker")                                                                                    \
    X(CRASH_HUB, "crash-hub")                                                                                          \
    X(CRASH_AT_WRITE, "crash-at-disk-step")                                                                            \
    X(CRASH_IN_RECOVERY, "crash-in-recovery")                                                                          \
    X(POWER_CUT, "power-cut")                                                                                          \
    X(RESTART_STORM, "restart-storm")                                                                                  \
    X(STALL, "stall")                                                                                                  \
    X(TERM, "terminated")                                                                                              \
    X(CALL_FAILS, "call-fails")                                                                                        \
    X(MEMORY_FAILS, "memory-refused")                                                                                  \
    /* clock */                                                                                                        \
    X(CLOCK_JUMP, "clock-jump")                                                                                        \
    X(CLOCK_YEARS, "clock-jump-years")                                                                                 \
    X(CLOCK_2038, "clock-2038")                                                                                        \
    X(CLOCK_STOP, "clock-unsynchronised")                                                                              \
    X(CLOCK_DRIFT, "clock-drift")                                                                                      \
    /* people */                                                                                                       \
    X(PEOPLE_TYPO, "people-typo")                                                                                      \
    X(PEOPLE_IMPATIENT, "people-impatient")                                                                            \
    X(PEOPLE_LEAVE_OPEN, "people-leave-door-open")                                                                     \
    X(PEOPLE_WALK_OFF, "people-walk-off")                                                                              \
    X(PEOPLE_ATTACK, "people-guess-codes")                                                                             \
    X(PEOPLE_OLD_CODE, "people-old-code")                                                                              \
    X(PEOPLE_WRONG_DOOR, "people-wrong-door")                                                                          \
    X(PEOPLE_FORGET_CLOSE, "people-forget-to-close")                                                                   \
    X(PEOPLE_SAY_EMPTY, "people-say-empty")                                                                            \
    X(PEOPLE_THIEF, "people-thief")                                                                                    \
    X(PEOPLE_WITHDRAW, "people-withdraw")                                                                              \
    X(PEOPLE_REPORT, "people-report")

enum fault_kind {
#define FAULTS_ENUM(id, name) FAULT_##id,
    FAULTS_TABLE(FAULTS_ENUM)
#undef FAULTS_ENUM
        FAULT_KIND_N
};

enum faults_profile { FAULTS_HONEST, FAULTS_FEW, FAULTS_STORMY, FAULTS_PROFILE_N };

struct faults {
    enum faults_profile profile;
    bool on[FAULT_KIND_N]; /* may happen in this run */
    bool healed;           /* nothing is injected any more */
};

const char *fault_name(enum fault_kind k);

/* Draws the plan of a seed. */
struct faults *faults_new(struct site *s);
void faults_free(struct faults *f);
/* The fiber that injects; ends soon after faults_heal. */
void faults_start(struct site *s);
/* One fault of this kind, now; false: not possible now. */
bool faults_inject(struct site *s, enum fault_kind k);
/* Everything works again from now on: disks, wires, boards, net, clocks, locks; dead machines start. */
void faults_heal(struct site *s);
/* For people: true with this chance when the kind is switched on; counts it. */
bool faults_chance(struct site *s, enum fault_kind k, uint32_t permille);
void faults_count(struct site *s, enum fault_kind k);
/* Some fault may be there or come. */
bool faults_are_on(const struct site *s);

#endif
