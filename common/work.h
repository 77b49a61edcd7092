/* SPDX-License-Identifier: Apache-2.0 */
/*
 * work: one worker thread for what would block the loop (Argon2id, name look-up and connect). It shares nothing but a
 * queue of jobs and a queue of results with an eventfd; results are delivered on the loop's thread in the order of
 * submission.
 */
#ifndef MEDLOCKER_WORK_H
#define MEDLOCKER_WORK_H

#include <systemd/sd-event.h>

#include "common/err.h"

struct work;

/* run: on the worker thread, touches arg only. done: on the loop's thread, afterwards. */
struct work_job {
    void (*run)(void *arg);
    void (*done)(void *arg);
    void *arg;
};

enum err work_open(struct work **out, sd_event *loop, struct reason *r) ERR_MUST_CHECK;
/* Queues a copy of job. Errors: ERR_FULL (32 waiting). */
enum err work_submit(struct work *w, const struct work_job *job) ERR_MUST_CHECK;
/* Waits for the running job, drops the queued ones without done, ends the thread. NULL is fine. */
void work_free(struct work *w);

#endif
