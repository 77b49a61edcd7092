/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus_gpio: the lines of a GPIO chip as a line. Answers the frames of a small relay board (flash, off, coils, inputs)
 * inside the process, so that firewall, schedule and read-back are the same as on a wire. A pulse is a one-shot timer
 * of the bus's thread, which never blocks; when the process dies the kernel gives the lines back.
 */
#ifndef MEDLOCKER_BUS_GPIO_H
#define MEDLOCKER_BUS_GPIO_H

#include "common/err.h"
#include "hw/line.h"
#include "hw/profile.h"

/* chip: label, copied. profile must outlive the line. Nothing is opened yet. Errors: ERR_MEMORY. */
enum err bus_gpio_new(struct line **out, const char *chip, const struct profile *profile,
                      struct reason *r) ERR_MUST_CHECK;

#endif
