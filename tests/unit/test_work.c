/* SPDX-License-Identifier: Apache-2.0 */
#include "common/work.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MANY 32

struct record {
    unsigned runs[MANY], order[MANY], delivered;
    pthread_t loop_thread, run_thread;
    pthread_mutex_t gate;
};

struct job_arg {
    struct record *rec;
    unsigned number;
};

static void note_run(void *arg)
{
    struct job_arg *a = arg;
    a->rec->runs[a->number]++;
    a->rec->run_thread = pthread_self();
}

static void wait_at_gate(void *arg)
{
    struct job_arg *a = arg;
    pthread_mutex_lock(&a->rec->gate);
    pthread_mutex_unlock(&a->rec->gate);
    note_run(arg);
}

static void note_done(void *arg)
{
    struct job_arg *a = arg;
    assert_true(pthread_equal(pthread_self(), a->rec->loop_thread));
    a->rec->order[a->rec->delivered++] = a->number;
}

struct fixture {
    sd_event *loop;
    struct work *work;
    struct record rec;
    struct job_arg arg[MANY];
};

static int set_up(void **state)
{
    static struct fixture f;
    memset(&f, 0, sizeof f);
    pthread_mutex_init(&f.rec.gate, NULL);
    f.rec.loop_thread = pthread_self();
    for (unsigned i = 0; i < MANY; i++) {
        f.arg[i] = (struct job_arg){.rec = &f.rec, .number = i};
    }
    if (sd_event_new(&f.loop) < 0 || work_open(&f.work, f.loop, NULL) != ERR_OK) {
        return -1;
    }
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    work_free(f->work);
    sd_event_unref(f->loop);
    pthread_mutex_destroy(&f->rec.gate);
    return 0;
}

static void deliver(struct fixture *f, unsigned count)
{
    while (f->rec.delivered < count) {
        assert_true(sd_event_run(f->loop, 10 * 1000 * 1000) > 0);
    }
}

static void results_arrive_on_the_loop_in_order_of_submission(void **state)
{
    struct fixture *f = *state;
    for (unsigned i = 0; i < MANY; i++) {
        struct work_job job = {note_run, note_done, &f->arg[i]};
        assert_int_equal(work_submit(f->work, &job), ERR_OK);
    }
    deliver(f, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(f->rec.order[i], i);
        assert_int_equal(f->rec.runs[i], 1);
    }
    assert_false(pthread_equal(f->rec.run_thread, f->rec.loop_thread));
}

static void job_number_33_is_refused_and_room_comes_back(void **state)
{
    struct fixture *f = *state;
    pthread_mutex_lock(&f->rec.gate);
    struct work_job first = {wait_at_gate, note_done, &f->arg[0]};
    assert_int_equal(work_submit(f->work, &first), ERR_OK);
    struct work_job job = {note_run, note_done, &f->arg[1]};
    for (unsigned i = 1; i < MANY; i++) {
        assert_int_equal(work_submit(f->work, &job), ERR_OK);
    }
    assert_int_equal(work_submit(f->work, &job), ERR_FULL);
    pthread_mutex_unlock(&f->rec.gate);
    deliver(f, MANY);
    assert_int_equal(work_submit(f->work, &(struct work_job){note_run, note_done, &f->arg[2]}), ERR_OK);
}

static void submit_again(void *arg)
{
    struct fixture *f = arg;
    struct work_job job = {note_run, note_done, &f->arg[7]};
    assert_int_equal(work_submit(f->work, &job), ERR_OK);
}

static void run_nothing(void *arg)
{
    (void)arg;
}

static void done_may_submit_the_next_job(void **state)
{
    struct fixture *f = *state;
    struct work_job job = {run_nothing, submit_again, f};
    assert_int_equal(work_submit(f->work, &job), ERR_OK);
    deliver(f, 1);
    assert_int_equal(f->rec.order[0], 7);
}

static void freeing_drops_queued_jobs_without_done(void **state)
{
    struct fixture *f = *state;
    pthread_mutex_lock(&f->rec.gate);
    assert_int_equal(work_submit(f->work, &(struct work_job){wait_at_gate, note_done, &f->arg[0]}), ERR_OK);
    assert_int_equal(work_submit(f->work, &(struct work_job){note_run, note_done, &f->arg[1]}), ERR_OK);
    pthread_mutex_unlock(&f->rec.gate);
    work_free(f->work);
    f->work = NULL;
    assert_int_equal(f->rec.delivered, 0);
    work_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(results_arrive_on_the_loop_in_order_of_submission, set_up, tear_down),
        cmocka_unit_test_setup_teardown(job_number_33_is_refused_and_room_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(done_may_submit_the_next_job, set_up, tear_down),
        cmocka_unit_test_setup_teardown(freeing_drops_queued_jobs_without_done, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
