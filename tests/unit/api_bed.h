/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api_bed: the hub's addresses in a temporary hub (backend_bed) with a user of each role, one order, and a client in
 * the same loop. Include after <cmocka.h>.
 */
#ifndef MEDLOCKER_TESTS_API_BED_H
#define MEDLOCKER_TESTS_API_BED_H

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend/api.h"
#include "common/num.h"
#include "tests/unit/backend_bed.h"

#define ANSWER_CAP (256 * 1024)
#define CANARY "Zilvervogel"

struct fixture {
    struct bed bed;
    struct api *api;
    char token[STORE_ROLE_N][USER_TOKEN_CAP];
    char order[2 * ORDER_ID_LEN + 1];
    char answer[ANSWER_CAP]; /* of the last request, with its head */
};

/* ---------------------------------------------------------------- a client in the same loop */

static inline int connect_to(uint16_t port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    return fd;
}

/* Until what was sent lies with the server: only then an idle loop has dealt with it. */
static inline void arrive(int fd)
{
    int left = 1;

    while (left > 0) {
        assert_int_equal(ioctl(fd, SIOCOUTQ, &left), 0);
        (void)sched_yield();
    }
}

/* Sends a request text and gives the status; the whole answer is in f->answer. */
static inline int exchange(struct fixture *f, const char *request)
{
    int fd = connect_to(api_port(f->api));
    size_t len = 0;
    int status = 0;

    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
    for (;;) {
        ssize_t n = recv(fd, f->answer + len, sizeof(f->answer) - len - 1, MSG_DONTWAIT);

        if (n == 0)
            break;
        if (n > 0)
            len += (size_t)n;
        else
            assert_true(errno == EAGAIN && sd_event_run(f->bed.hub.loop, 10000) >= 0);
    }
    f->answer[len] = '\0';
    (void)close(fd);
    assert_int_equal(sscanf(f->answer, "HTTP/1.1 %d", &status), 1);
    return status;
}

/* token NULL: not logged in; extra: more header lines. */
static inline int ask(struct fixture *f, const char *method, const char *path, const char *token, const char *extra,
                      const char *body)
{
    char *request = NULL;
    int status;

    assert_true(asprintf(&request,
                         "%s %s HTTP/1.1\r\nHost: hub.example\r\nConnection: close\r\n%s%s%s%sContent-Length: "
                         "%zu\r\n\r\n%s",
                         method, path, token != NULL ? "Cookie: medlocker=" : "", token != NULL ? token : "",
                         token != NULL ? "\r\n" : "", extra, strlen(body), body) > 0);
    status = exchange(f, request);
    free(request);
    return status;
}

static inline int get(struct fixture *f, const char *path, enum store_role role)
{
    return ask(f, "GET", path, f->token[role], "", "");
}

static inline int post(struct fixture *f, const char *path, enum store_role role, const char *body)
{
    return ask(f, "POST", path, f->token[role], "X-Medlocker: 1\r\n", body);
}

/* ---------------------------------------------------------------- a hub with people and one order */

static inline int set_up(void **state)
{
    static const char *const names[STORE_ROLE_N] = {"pharm", "logi", "admin"};
    static struct fixture f;
    struct reason r = {.text = ""};
    struct act_who who;
    struct request ask_for;
    struct order o;
    bool existed;

    bed_open(&f.bed);
    if (work_open(&f.bed.hub.work, f.bed.hub.loop, &r) != ERR_OK || api_open(&f.api, &f.bed.hub, NULL, &r) != ERR_OK)
        fail_msg("%s", r.text);
    for (unsigned i = 0; i < STORE_ROLE_N; i++) {
        bed_add_user(&f.bed, names[i], (enum store_role)i, i == STORE_ROLE_PHARMACIST ? "a right password" : "");
        bed_session(&f.bed, names[i], f.token[i]);
    }
    request_init(&ask_for, REQUEST_JSON);
    (void)snprintf(ask_for.patient, sizeof(ask_for.patient), CANARY);
    (void)snprintf(ask_for.birth_date, sizeof(ask_for.birth_date), "1937-07-13");
    (void)snprintf(ask_for.medicine, sizeof(ask_for.medicine), CANARY);
    (void)snprintf(ask_for.reference, sizeof(ask_for.reference), CANARY);
    (void)snprintf(ask_for.destination, sizeof(ask_for.destination), CANARY);
    act_who_named("test", &who);
    assert_int_equal(act_register(&f.bed.hub, &who, &ask_for, NULL, &o, &existed, &r), ERR_OK);
    num_to_hex(o.id, sizeof(o.id), f.order);
    *state = &f;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;

    work_free(f->bed.hub.work);
    api_free(f->api);
    bed_close(&f->bed);
    return 0;
}

#endif
