/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report: the answers of controller/control.h as text for people at a terminal. A member that is absent or of another
 * type shows as "-"; bytes that could steer a terminal show as "?".
 *
 * Writes to the stream only; whether that worked is for the caller to ask (ferror). One thread.
 */
#ifndef MEDLOCKER_REPORT_H
#define MEDLOCKER_REPORT_H

#include <cjson/cJSON.h>
#include <stdio.h>

void report_status(const cJSON *answer, FILE *to);
void report_doors(const cJSON *answer, FILE *to);
void report_journal(const cJSON *answer, FILE *to); /* times in UTC */
void report_verify(const cJSON *answer, FILE *to);
void report_release(const cJSON *answer, FILE *to);

#endif
