/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/control.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "common/json.h"
#include "common/log.h"
#include "hw/bus_fake.h"
#include "tests/unit/daemon_bed.h"

#define ANSWER_CAP 262144
#define PATIENCE_MS 60000

struct fixture {
    struct daemon_bed bed;
    struct control *control;
    char path[80];
    char answer[ANSWER_CAP];
};

static bool is_up(void *arg)
{
    (void)arg;
    return false;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct daemon_bed *b = &f->bed;
    struct reason r = {""};
    bed_init(b);
    bed_start(b);
    struct link_cfg link = {.id = &b->id,
                            .seal = &b->seal,
                            .store = b->store,
                            .act = b->act,
                            .locker = b->locker,
                            .window = 8,
                            .heartbeat_s = 30};
    struct link_transport transport = {.is_up = is_up};
    assert_int_equal(link_open(&b->link, &link, b->loop, &r), ERR_OK);
    link_set_transport(b->link, &transport);
    act_start(b->act);
    (void)snprintf(f->path, sizeof f->path, "%s/control", b->dir);
    struct control_cfg cfg = {.path = f->path,
                              .site = "Hal",
                              .id = &b->id,
                              .locker = b->locker,
                              .store = b->store,
                              .act = b->act,
                              .link = b->link};
    assert_int_equal(control_open(&f->control, &cfg, b->loop, &r), ERR_OK);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    control_free(f->control);
    link_free(f->bed.link);
    bed_stop(&f->bed);
    int rc = bed_fini(&f->bed);
    free(f);
    return rc;
}

static int dial(struct fixture *f)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    (void)snprintf(to.sun_path, sizeof to.sun_path, "%s", f->path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

/* Reads `lines` lines into f->answer; false when the other side closed first. */
static bool read_lines(struct fixture *f, int fd, unsigned lines)
{
    size_t len = 0;
    memset(f->answer, 0, sizeof f->answer);
    for (int64_t end_ms = clock_boot_ms() + PATIENCE_MS; clock_boot_ms() < end_ms;) {
        ssize_t n = recv(fd, f->answer + len, sizeof f->answer - 1 - len, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN)) {
            return false;
        }
        len += n > 0 ? (size_t)n : 0;
        unsigned seen = 0;
        for (size_t k = 0; k < len; k++) {
            seen += f->answer[k] == '\n';
        }
        if (seen >= lines) {
            return true;
        }
        assert_true(sd_event_run(f->bed.loop, 1000) >= 0);
    }
    fail_msg("no answer");
    return false;
}

/* One request; the caller deletes the answer. */
static cJSON *ask(struct fixture *f, const char *request)
{
    const struct json_limits limits = {.max_len = ANSWER_CAP, .max_depth = 8, .flags = JSON_STRICT};
    cJSON *tree = NULL;
    struct reason r;
    int fd = dial(f);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    assert_int_equal(send(fd, "\n", 1, MSG_NOSIGNAL), 1);
    assert_true(read_lines(f, fd, 1));
    close(fd);
    assert_int_equal(json_parse(&tree, f->answer, strlen(f->answer), &limits, &r), ERR_OK);
    return tree;
}

static bool is_error(struct fixture *f, const char *request)
{
    cJSON *a = ask(f, request);
    bool error = cJSON_HasObjectItem(a, "error");
    cJSON_Delete(a);
    return error;
}

static void socket_is_for_its_owner_alone(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void status_tells_who_and_how_it_is(void **state)
{
    static const char *const member[] = {"locker",    "name",     "site",   "uptime_s", "boot",   "ready",
                                         "connected", "orders",   "screen", "version",  "outbox", "wrong_1h",
                                         "wrong_24h", "wrong_7d", "mode",   "refused",  "boards", "climate"};
    cJSON *a = ask(*state, "{\"do\":\"status\"}");
    for (size_t i = 0; i < sizeof member / sizeof member[0]; i++) {
        if (!cJSON_HasObjectItem(a, member[i])) {
            fail_msg("no member %s", member[i]);
        }
    }
    const char *text;
    assert_int_equal(json_get_text(a, "locker", 16, 16, &text, NULL), ERR_OK);
    assert_string_equal(text, BED_ID);
    assert_int_equal(json_get_text(a, "screen", 1, 40, &text, NULL), ERR_OK);
    assert_string_equal(text, "start");
    int64_t uptime_s;
    assert_int_equal(json_get_int(a, "uptime_s", 0, 60, &uptime_s, NULL), ERR_OK); /* the daemon's, not the machine's */
    cJSON_Delete(a);
}

static void doors_are_listed_with_state_and_contact(void **state)
{
    cJSON *a = ask(*state, "{\"do\":\"doors\"}");
    const cJSON *list;
    const char *text;
    assert_int_equal(json_get_array(a, "doors", &list, NULL), ERR_OK);
    assert_int_equal(cJSON_GetArraySize(list), 2);
    assert_int_equal(json_get_text(cJSON_GetArrayItem(list, 1), "door", 1, 8, &text, NULL), ERR_OK);
    assert_string_equal(text, "A2");
    assert_int_equal(json_get_text(cJSON_GetArrayItem(list, 1), "state", 1, 16, &text, NULL), ERR_OK);
    assert_string_equal(text, "FREE");
    assert_int_equal(json_get_text(cJSON_GetArrayItem(list, 1), "contact", 1, 16, &text, NULL), ERR_OK);
    assert_string_equal(text, "unknown");
    cJSON_Delete(a);
}

static void journal_gives_the_newest_rows(void **state)
{
    cJSON *a = ask(*state, "{\"do\":\"journal\",\"limit\":1}");
    const cJSON *rows;
    assert_int_equal(json_get_array(a, "rows", &rows, NULL), ERR_OK);
    assert_int_equal(cJSON_GetArraySize(rows), 1);
    cJSON_Delete(a);
}

static void verify_finds_the_chain_whole(void **state)
{
    cJSON *a = ask(*state, "{\"do\":\"verify\"}");
    int64_t rows;
    assert_int_equal(json_get_int(a, "rows", 2, 1000, &rows, NULL), ERR_OK);
    cJSON_Delete(a);
}

static void second_verification_is_refused_while_one_runs(void **state)
{
    static const char verify[] = "{\"do\":\"verify\"}\n";
    struct fixture *f = *state;
    int first = dial(f), second = dial(f);
    assert_int_equal(send(first, verify, sizeof verify - 1, MSG_NOSIGNAL), sizeof verify - 1);
    assert_int_equal(send(second, verify, sizeof verify - 1, MSG_NOSIGNAL), sizeof verify - 1);
    assert_true(read_lines(f, second, 1));
    assert_non_null(strstr(f->answer, "is being verified for another client"));
    assert_true(read_lines(f, first, 1));
    assert_non_null(strstr(f->answer, "\"head\""));
    assert_int_equal(send(second, verify, sizeof verify - 1, MSG_NOSIGNAL), sizeof verify - 1);
    assert_true(read_lines(f, second, 1));
    assert_non_null(strstr(f->answer, "\"head\""));
    close(first);
    close(second);
}

/* One event of a client; ticks, which come when their time is over, are not counted. */
static void turn(struct fixture *f)
{
    uint64_t ticks;
    do {
        ticks = act_turns(f->bed.act);
        assert_true(sd_event_run(f->bed.loop, 1000 * 1000) > 0);
    } while (act_turns(f->bed.act) != ticks);
}

static void client_that_leaves_ends_its_verification(void **state)
{
    static const char verify[] = "{\"do\":\"verify\"}\n";
    struct fixture *f = *state;
    int fd = dial(f);
    assert_int_equal(send(fd, verify, sizeof verify - 1, MSG_NOSIGNAL), sizeof verify - 1);
    turn(f); /* accepted */
    turn(f); /* read */
    close(fd);
    turn(f); /* gone, before the next slice */
    cJSON *a = ask(f, "{\"do\":\"verify\"}");
    assert_true(cJSON_HasObjectItem(a, "head"));
    cJSON_Delete(a);
}

/* The board of the bed, in memory only. */
static struct hw *open_hardware(struct fixture *f)
{
    struct hw_cfg *c = calloc(1, sizeof *c);
    struct hw *hw = NULL;
    struct reason r = {""};
    assert_non_null(c);
    *c = (struct hw_cfg){.profile_dir = "hw/profiles", .buses = 1, .boards = 1, .doors = 2};
    c->bus[0] = (struct hw_bus_cfg){.name = "fake", .kind = HW_BUS_FAKE, .timeout_ms = 150, .worst_late_ms = 100};
    c->board[0] = (struct hw_board_cfg){.name = "relay1", .unit = 1, .profile = "waveshare-d"};
    for (uint8_t i = 0; i < 2; i++) {
        c->door[i] = (struct hw_door_cfg){.channel = i, .input = i, .open_is_one = true, .pulse_ms = 300};
        (void)snprintf(c->door[i].name, sizeof c->door[i].name, "A%u", i + 1u);
    }
    if (hw_open(&hw, c, f->bed.loop, act_on_hw, f->bed.act, &r) != ERR_OK) {
        fail_msg("%s", r.text);
    }
    act_set_hw(f->bed.act, hw);
    free(c);
    return hw;
}

static void await_board(struct fixture *f, enum hw_board_state state)
{
    int64_t end_ms = clock_boot_ms() + PATIENCE_MS;
    while (f->bed.locker->board[0].state != state && clock_boot_ms() < end_ms) {
        assert_true(sd_event_run(f->bed.loop, 1000) >= 0);
    }
    assert_int_equal(f->bed.locker->board[0].state, state);
}

static void assert_refused(struct fixture *f, const char *request, const char *words)
{
    cJSON *a = ask(f, request);
    const char *text;
    assert_int_equal(json_get_text(a, "error", 1, REASON_CAP, &text, NULL), ERR_OK);
    if (strstr(text, words) == NULL) {
        fail_msg("\"%s\" instead of \"%s\"", text, words);
    }
    cJSON_Delete(a);
}

static void release_is_for_a_board_that_is_stopped(void **state)
{
    static const char release[] = "{\"do\":\"release\",\"board\":\"relay1\"}";
    struct fixture *f = *state;
    assert_refused(f, release, "the hardware is not open");
    struct hw *hw = open_hardware(f);
    await_board(f, HW_BOARD_OK);
    assert_refused(f, release, "board relay1 is not stopped");
    bus_fake_energise(bus_fake_of(hw, 0), 0, true);
    await_board(f, HW_BOARD_STOPPED);
    assert_false(is_error(f, release));
    assert_int_equal(f->bed.locker->board[0].state, HW_BOARD_OK);
    act_set_hw(f->bed.act, NULL);
    hw_free(hw);
}

static void release_needs_a_board_that_exists(void **state)
{
    assert_true(is_error(*state, "{\"do\":\"release\",\"board\":\"relay9\"}"));
    assert_true(is_error(*state, "{\"do\":\"release\"}"));
}

static void what_is_no_request_is_answered_with_an_error(void **state)
{
    static const char *const text[] = {"",
                                       "status",
                                       "{}",
                                       "[]",
                                       "{\"do\":1}",
                                       "{\"do\":\"open\"}",
                                       "{\"do\":\"status\",\"door\":1}",
                                       "{\"do\":\"journal\",\"limit\":0}",
                                       "{\"do\":\"journal\",\"limit\":201}",
                                       "{\"do\":\"journal\",\"limit\":\"5\"}",
                                       "{\"do\":\"status\"} x",
                                       "{\"do\":\"status\",\"do\":\"doors\"}"};
    for (size_t i = 0; i < sizeof text / sizeof text[0]; i++) {
        assert_true(is_error(*state, text[i]));
    }
}

static void requests_in_one_packet_are_answered_in_order(void **state)
{
    struct fixture *f = *state;
    const char *request = "{\"do\":\"verify\"}\n{\"do\":\"doors\"}\n{\"do\":\"nothing\"}\n";
    int fd = dial(f);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    assert_true(read_lines(f, fd, 3));
    const char *head = strstr(f->answer, "\"head\""), *doors = strstr(f->answer, "\"doors\""),
               *error = strstr(f->answer, "\"error\"");
    assert_true(head != NULL && doors != NULL && error != NULL && head < doors && doors < error);
    close(fd);
}

static void request_byte_by_byte_is_one_request(void **state)
{
    struct fixture *f = *state;
    int fd = dial(f);
    for (const char *c = "{\"do\":\"verify\"}\n"; *c != '\0'; c++) {
        assert_int_equal(send(fd, c, 1, MSG_NOSIGNAL), 1);
        bed_settle(&f->bed);
    }
    assert_true(read_lines(f, fd, 1));
    close(fd);
}

static void line_that_does_not_end_is_cut_off(void **state)
{
    struct fixture *f = *state;
    char text[CONTROL_REQUEST_MAX + 10];
    memset(text, 'a', sizeof text);
    int fd = dial(f);
    assert_int_equal(send(fd, text, sizeof text, MSG_NOSIGNAL), sizeof text);
    assert_false(read_lines(f, fd, 1));
    close(fd);
    assert_false(is_error(f, "{\"do\":\"status\"}"));
}

static void ninth_client_is_refused_and_room_comes_back(void **state)
{
    struct fixture *f = *state;
    int fd[CONTROL_CLIENTS_MAX];
    for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        fd[i] = dial(f);
        bed_settle(&f->bed);
    }
    int last = dial(f);
    assert_false(read_lines(f, last, 1));
    close(last);
    close(fd[3]);
    bed_settle(&f->bed);
    assert_false(is_error(f, "{\"do\":\"status\"}"));
    for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        if (i != 3) {
            close(fd[i]);
        }
    }
}

static void second_daemon_is_refused_and_an_abandoned_socket_replaced(void **state)
{
    struct fixture *f = *state;
    struct control_cfg cfg = {.path = f->path};
    struct control *second = NULL;
    struct reason r;
    assert_int_equal(control_open(&second, &cfg, f->bed.loop, &r), ERR_BUSY);

    char path[90];
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    (void)snprintf(path, sizeof path, "%s2", f->path);
    memcpy(at.sun_path, path, sizeof path);
    int left = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(left, (struct sockaddr *)&at, sizeof at), 0);
    close(left); /* the name stays, as after a kill */
    cfg.path = path;
    assert_int_equal(control_open(&second, &cfg, f->bed.loop, &r), ERR_OK);
    control_free(second);
    assert_int_equal(access(path, F_OK), -1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    const struct CMUnitTest tests[] = {
        T(socket_is_for_its_owner_alone),
        T(status_tells_who_and_how_it_is),
        T(doors_are_listed_with_state_and_contact),
        T(journal_gives_the_newest_rows),
        T(verify_finds_the_chain_whole),
        T(second_verification_is_refused_while_one_runs),
        T(client_that_leaves_ends_its_verification),
        T(release_is_for_a_board_that_is_stopped),
        T(release_needs_a_board_that_exists),
        T(what_is_no_request_is_answered_with_an_error),
        T(requests_in_one_packet_are_answered_in_order),
        T(request_byte_by_byte_is_one_request),
        T(line_that_does_not_end_is_cut_off),
        T(ninth_client_is_refused_and_room_comes_back),
        T(second_daemon_is_refused_and_an_abandoned_socket_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
