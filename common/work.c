/* SPDX-License-Identifier: Apache-2.0 */
#include "common/work.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define JOBS_MAX 32

/* A job occupies its slot from submission until its done has been called, so results can never overflow. */
struct work {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct work_job job[JOBS_MAX];
    uint64_t submitted, ran, delivered; /* counts; the slot of number n is n % JOBS_MAX */
    bool stop;
    int fd;
    sd_event_source *source;
};

static void *run_jobs(void *arg)
{
    struct work *w = arg;
    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (!w->stop && w->ran == w->submitted) {
            pthread_cond_wait(&w->wake, &w->lock);
        }
        if (w->stop) {
            break;
        }
        struct work_job job = w->job[w->ran % JOBS_MAX];
        pthread_mutex_unlock(&w->lock);
        job.run(job.arg);
        pthread_mutex_lock(&w->lock);
        w->ran++;
        /* Only fails when the counter is full: then the loop is awake already. */
        (void)eventfd_write(w->fd, 1);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

static bool take_result(struct work *w, struct work_job *job)
{
    pthread_mutex_lock(&w->lock);
    bool any = w->delivered < w->ran;
    if (any) {
        *job = w->job[w->delivered % JOBS_MAX];
        w->delivered++;
    }
    pthread_mutex_unlock(&w->lock);
    return any;
}

static int on_results(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
    (void)s;
    (void)revents;
    struct work *w = arg;
    eventfd_t count;
    (void)eventfd_read(fd, &count);
    struct work_job job;
    while (take_result(w, &job)) {
        job.done(job.arg);
    }
    return 0;
}

/* Signals are events of the loop: the worker takes none. */
static int start_thread(struct work *w)
{
    sigset_t all, before;
    sigfillset(&all);
    int rc = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (rc != 0) {
        return rc;
    }
    rc = pthread_create(&w->thread, NULL, run_jobs, w);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

enum err work_open(struct work **out, sd_event *loop, struct reason *r)
{
    enum err e;
    struct work *w = calloc(1, sizeof *w);
    if (w == NULL) {
        return err_because(r, ERR_MEMORY, "worker: no memory");
    }
    w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->fd < 0) {
        e = err_because(r, ERR_IO, "worker: eventfd: %s", strerror(errno));
        goto fail_fd;
    }
    int rc = sd_event_add_io(loop, &w->source, w->fd, EPOLLIN, on_results, w);
    if (rc < 0) {
        e = err_because(r, ERR_IO, "worker: event source: %s", strerror(-rc));
        goto fail_source;
    }
    (void)sd_event_source_set_description(w->source, "work");
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
    rc = start_thread(w);
    if (rc != 0) {
        e = err_because(r, ERR_IO, "worker: thread: %s", strerror(rc));
        goto fail_thread;
    }
    *out = w;
    return ERR_OK;

fail_thread:
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    sd_event_source_disable_unref(w->source);
fail_source:
    close(w->fd);
fail_fd:
    free(w);
    return e;
}

enum err work_submit(struct work *w, const struct work_job *job)
{
    assert(job->run != NULL && job->done != NULL);
    enum err e = ERR_FULL;
    pthread_mutex_lock(&w->lock);
    if (w->submitted - w->delivered < JOBS_MAX) {
        w->job[w->submitted % JOBS_MAX] = *job;
        w->submitted++;
        pthread_cond_signal(&w->wake);
        e = ERR_OK;
    }
    pthread_mutex_unlock(&w->lock);
    return e;
}

void work_free(struct work *w)
{
    if (w == NULL) {
        return;
    }
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    (void)pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    sd_event_source_disable_unref(w->source);
    close(w->fd);
    free(w);
}
