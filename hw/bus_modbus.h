/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus_modbus: Modbus RTU and TCP as a line, by one driver over libmodbus. Requests leave as raw bytes and answers are
 * compared byte for byte (hw/frame.h); the library's own recovery is off. On RTU the driver keeps the silence of 3.5
 * characters (1.75 ms above 19200 baud) between frames, from the real end of the one before.
 */
#ifndef MEDLOCKER_BUS_MODBUS_H
#define MEDLOCKER_BUS_MODBUS_H

#include "common/err.h"
#include "hw/hw.h"
#include "hw/line.h"

/* kind HW_BUS_RTU or HW_BUS_TCP. Nothing is opened yet. Errors: ERR_RANGE (baud rate; a TCP host that is not a numeric
 * address: name look-up would block the bus), ERR_MEMORY. */
enum err bus_modbus_new(struct line **out, const struct hw_bus_cfg *cfg, struct reason *r) ERR_MUST_CHECK;

/* Silence between two frames on a serial line. Pure. */
int64_t bus_modbus_gap_us(uint32_t baud, enum hw_parity parity);

#endif
