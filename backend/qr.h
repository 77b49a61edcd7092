/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qr: QR codes as SVG (libqrencode). Upper-case hex is encoded alphanumerically. Pure but for allocation.
 */
#ifndef MEDLOCKER_QR_H
#define MEDLOCKER_QR_H

#include "common/err.h"

/* An <svg> element with four modules of quiet zone, error correction M, scaling to its box; label becomes its title for
 * screen readers and must be free of markup characters (a bug of ours otherwise). Free with free(). Errors:
 * ERR_TOO_LONG, ERR_SYNTAX (not upper-case alphanumeric), ERR_MEMORY. */
enum err qr_svg(const char *content, const char *label, char **svg, struct reason *r) ERR_MUST_CHECK;

/* The same for an address: printable ASCII without blanks. */
enum err qr_svg_address(const char *content, const char *label, char **svg, struct reason *r) ERR_MUST_CHECK;

#endif
