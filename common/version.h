/* SPDX-License-Identifier: Apache-2.0 */
/* version: the one number of all programs, the same as in package.json. */
#ifndef MEDLOCKER_VERSION_H
#define MEDLOCKER_VERSION_H

#define MEDLOCKER_VERSION "0.1.0"

#endif
