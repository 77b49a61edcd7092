/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <modbus/modbus.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <cmocka.h>

#include "hw/gpio.h"
#include "tests/sim/os.h"
#include "tests/sim/plant.h"

#define SECOND INT64_C(1000000)
#define ROOM 64

modbus_t *os_modbus_new_rtu(const char *device, int baud, char parity, int data_bit, int stop_bit);
modbus_t *os_modbus_new_tcp_pi(const char *node, const char *service);
int os_modbus_connect(modbus_t *m);
void os_modbus_close(modbus_t *m);
void os_modbus_free(modbus_t *m);
int os_modbus_flush(modbus_t *m);
int os_modbus_set_slave(modbus_t *m, int slave);
int os_modbus_set_response_timeout(modbus_t *m, uint32_t s, uint32_t us);
int os_modbus_get_socket(modbus_t *m);
int os_modbus_send_raw_request(modbus_t *m, const uint8_t *raw, int len);
int os_modbus_receive_confirmation(modbus_t *m, uint8_t *out);
int os_ioctl(int fd, unsigned long request, ...);

/* One daemon with one cabinet of 8 doors: A1-A3 on "rtu" unit 1, A4-A6 on "tcp" unit 2, A7-A8 on "split" units 3, 103.
 */
static struct record {
    struct world *w;
    struct plant *plant;
    struct process *p;
    void (*script)(struct record *r);
    modbus_t *rtu, *tcp;
    int answer[ROOM], error[ROOM], waiting[ROOM];
    int64_t took_us[ROOM];
    unsigned n, moves, strikes;
    struct gpio *gpio;
    uint64_t bits;
    enum err e;
    uint8_t last[MODBUS_MAX_ADU_LENGTH];
} rec;

static struct machine machine;

static const uint8_t read_inputs[] = {1, 2, 0, 0, 0, 8};
static const uint8_t read_unit[] = {1, 3, 0x40, 0, 0, 1};
static const uint8_t flash_a1[] = {1, 5, 2, 0, 0, 5};
static const uint8_t tcp_inputs[] = {2, 2, 0, 0, 0, 8};

static void ask(struct record *r, modbus_t *m, const uint8_t *request)
{
    unsigned i = r->n++;
    (void)os_modbus_set_slave(m, request[0]);
    int64_t began_us = world_now_us(r->w);
    if (os_ioctl(os_modbus_get_socket(m), FIONREAD, &r->waiting[i]) != 0) {
        r->waiting[i] = -1;
    }
    errno = 0;
    r->answer[i] = os_modbus_send_raw_request(m, request, 6);
    if (r->answer[i] >= 0) {
        r->answer[i] = os_modbus_receive_confirmation(m, r->last);
    }
    r->error[i] = r->answer[i] < 0 ? errno : 0;
    r->took_us[i] = world_now_us(r->w) - began_us;
}

static int daemon_main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    rec.rtu = os_modbus_new_rtu("/sim/rtu", 19200, 'N', 8, 1);
    rec.tcp = os_modbus_new_tcp_pi("127.0.0.1", "10001");
    assert_int_equal(os_modbus_connect(rec.rtu), 0);
    assert_int_equal(os_modbus_connect(rec.tcp), 0);
    (void)os_modbus_set_response_timeout(rec.rtu, 0, 200000);
    (void)os_modbus_set_response_timeout(rec.tcp, 0, 200000);
    rec.script(&rec);
    os_modbus_close(rec.rtu);
    os_modbus_free(rec.rtu);
    os_modbus_free(rec.tcp);
    return 0;
}

static void watch(void *arg, const struct cabinet_event *ev)
{
    struct record *r = arg;
    assert_null(fiber_self(r->w));
    r->moves += ev->kind == CABINET_DOOR ? 1 : 0;
    r->strikes += ev->kind == CABINET_STRIKE && ev->on ? 1 : 0;
}

static void begin(void (*script)(struct record *r), unsigned doors, bool gpio)
{
    char *layout = NULL, *conf = NULL;
    memset(&rec, 0, sizeof rec);
    machine = (struct machine){.name = "board", .ntp = true};
    rec.w = world_new(1);
    rec.script = script;
    plant_describe(doors, gpio, &layout, &conf);
    rec.plant = plant_new(rec.w, "cabinet", layout, 1);
    assert_non_null(rec.plant);
    free(layout);
    free(conf);
    plant_set_watcher(rec.plant, watch, &rec);
    struct process_cfg cfg = {.name = "daemon", .machine = &machine, .main = daemon_main, .arg = {"daemon"}};
    rec.p = process_new(rec.w, &cfg);
    plant_connect(rec.plant, rec.p);
}

static void run(int64_t span_us)
{
    process_start(rec.p);
    assert_int_equal(world_run(rec.w, span_us), WORLD_RUNNING);
}

static void end(void)
{
    process_free(rec.p);
    plant_free(rec.plant);
    world_free(rec.w);
}

static void ask_twice(struct record *r)
{
    ask(r, r->rtu, read_inputs);
    fiber_sleep(r->w, 5000);
    ask(r, r->rtu, read_unit);
}

static void ask_both_ways(struct record *r)
{
    ask(r, r->rtu, read_inputs);
    ask(r, r->tcp, tcp_inputs);
}

static void a_serial_answer_takes_the_time_of_its_bytes(void **state)
{
    (void)state;
    begin(ask_both_ways, 8, false);
    run(SECOND);
    /* 8 bytes of 520 us, 3.5 characters of silence, 5 ms, 6 bytes */
    assert_int_equal(rec.answer[0], 6);
    assert_in_range(rec.took_us[0], 14000, 14300);
    assert_int_equal(rec.answer[1], 10);
    assert_in_range(rec.took_us[1], 1200, 1400);
    assert_int_equal(plant_frames(rec.plant), 2);
    end();
}

static void faults_of_the_line_show_as_the_library_shows_them(void **state)
{
    (void)state;
    static const struct {
        enum line_fault fault;
        uint32_t amount;
        int answer, error;
    } cases[] = {{LINE_DEAF, 0, -1, ETIMEDOUT},  {LINE_SILENT, 0, -1, ETIMEDOUT}, {LINE_UNIT, 0, 0, 0},
                 {LINE_CRC, 0, -1, EMBBADCRC},   {LINE_SHORT, 2, -1, ETIMEDOUT},  {LINE_GLUED, 0, 6, 0},
                 {LINE_EXCEPTION, 4, 5, 0},      {LINE_COUNT, 0, 7, 0},           {LINE_LATE, 100, 6, 0},
                 {LINE_LATE, 400, -1, ETIMEDOUT}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin(ask_twice, 8, false);
        assert_true(plant_line_fault(rec.plant, cases[i].fault, 0, LINE_ANY, 1, 1000, cases[i].amount));
        run(SECOND);
        assert_int_equal(rec.answer[0], cases[i].answer);
        assert_int_equal(rec.error[0], cases[i].error);
        end();
    }
}

static void ask_late(struct record *r)
{
    ask(r, r->rtu, read_inputs);
    fiber_sleep(r->w, 300000);
    ask(r, r->rtu, read_unit);
}

/* The trap of the real library: nothing tells that the first answer belongs to the question before. */
static void a_late_answer_waits_in_the_buffer_and_answers_the_next_question(void **state)
{
    (void)state;
    begin(ask_late, 8, false);
    assert_true(plant_line_fault(rec.plant, LINE_LATE, 0, LINE_ANY, 1, 1000, 400));
    run(SECOND);
    assert_int_equal(rec.error[0], ETIMEDOUT);
    assert_int_equal(rec.waiting[1], 6);
    assert_int_equal(rec.answer[1], 6);
    assert_int_equal(rec.last[1], 2);
    end();
}

static void unplug_between(struct record *r)
{
    ask(r, r->rtu, read_inputs);
    plant_unplug(r->plant, 0, true);
    ask(r, r->rtu, read_inputs);
    os_modbus_close(r->rtu);
    r->error[2] = os_modbus_connect(r->rtu) == 0 ? 0 : errno;
    plant_unplug(r->plant, 0, false);
    r->error[3] = os_modbus_connect(r->rtu) == 0 ? 0 : errno;
    r->n = 4;
    ask(r, r->rtu, read_inputs);
}

static void an_unplugged_adapter_is_gone_until_it_is_opened_again(void **state)
{
    (void)state;
    begin(unplug_between, 8, false);
    run(SECOND);
    assert_int_equal(rec.answer[0], 6);
    assert_int_equal(rec.waiting[1], -1);
    assert_int_equal(rec.error[1], EIO);
    assert_int_equal(rec.error[2], ENOENT);
    assert_int_equal(rec.error[3], 0);
    assert_int_equal(rec.answer[4], 6);
    end();
}

static void pulse(struct record *r)
{
    ask(r, r->rtu, flash_a1);
    fiber_sleep(r->w, SECOND);
    ask(r, r->rtu, read_inputs);
}

static void a_pulse_opens_its_door_and_the_watcher_is_told(void **state)
{
    (void)state;
    begin(pulse, 8, false);
    run(2 * SECOND);
    assert_int_equal(rec.answer[0], 8);
    assert_int_equal(rec.strikes, 1);
    assert_int_equal(rec.moves, 1);
    assert_int_equal(rec.last[3], 1);
    assert_true(plant_cabinet(rec.plant)->door[0].lock.open);
    assert_false(plant_is_foreign(rec.plant, 0));
    assert_int_equal(plant_dangers(rec.plant), 0);
    end();
}

static void die_while_asking(struct record *r)
{
    (void)os_modbus_send_raw_request(r->rtu, flash_a1, 6);
    process_crash(r->p, "test");
    ask(r, r->rtu, read_inputs);
}

static void what_was_sent_before_a_crash_is_still_carried_out(void **state)
{
    (void)state;
    begin(die_while_asking, 8, false);
    run(2 * SECOND);
    assert_int_equal(rec.answer[0], -1);
    assert_int_equal(plant_frames(rec.plant), 1);
    assert_int_equal(rec.strikes, 1);
    assert_true(plant_cabinet(rec.plant)->door[0].lock.open);
    end();
}

static void be_idle(struct record *r)
{
    fiber_sleep(r->w, SECOND);
    ask(r, r->rtu, read_unit);
}

static void another_master_and_a_board_with_outputs_on_are_foreign(void **state)
{
    (void)state;
    begin(be_idle, 8, false);
    process_start(rec.p);
    (void)world_run(rec.w, 1000);
    assert_true(plant_rogue(rec.plant, 0, true));  /* serial */
    assert_true(plant_rogue(rec.plant, 3, false)); /* TCP, and without a timer */
    (void)world_run(rec.w, 100000);
    assert_true(plant_is_foreign(rec.plant, 0));
    assert_true(plant_is_foreign(rec.plant, 3));
    assert_int_equal(plant_dangers(rec.plant), 0);
    uint8_t board = 0;
    assert_true(cabinet_find_board(plant_cabinet(rec.plant), "relay1", &board));
    assert_true(plant_reboot(rec.plant, board, true));
    (void)world_run(rec.w, 2 * SECOND);
    assert_true(plant_is_foreign(rec.plant, 2));
    assert_int_equal(rec.strikes, 5); /* A1 by the rogue, then A1 to A3 by the board, and A4 */
    assert_true(rec.waiting[0] > 0);  /* everybody on a line hears everybody */
    end();
}

static const char *const locks[] = {"LOCK1", "LOCK2"};
static const char *const contacts[] = {"DOOR1", "DOOR2", "DOOR6"};

static void use_gpio(struct record *r)
{
    struct gpio_cfg cfg = {.chip = "gpio", .outputs = locks, .inputs = contacts, .outputs_n = 2, .inputs_n = 3};
    struct reason why;
    r->e = gpio_open(&r->gpio, &cfg, &why);
    if (r->e != ERR_OK) {
        return;
    }
    assert_int_equal(gpio_set(r->gpio, 1, true), ERR_OK);
    fiber_sleep(r->w, SECOND / 2);
    plant_set_input(r->plant, HW_INPUT_TAMPER, true);
    r->e = gpio_read(r->gpio, &r->bits);
    r->n = gpio_next_edge(r->gpio) ? 1 : 0;
    process_crash(r->p, "test");
    assert_int_equal(gpio_set(r->gpio, 0, true), ERR_IO);
    gpio_free(r->gpio);
}

static void gpio_lines_open_doors_and_fall_back_when_the_process_dies(void **state)
{
    (void)state;
    begin(use_gpio, 8, true);
    run(2 * SECOND);
    uint16_t door = 0;
    assert_true(cabinet_find_door(plant_cabinet(rec.plant), "A8", &door));
    assert_true(plant_cabinet(rec.plant)->door[door].lock.open);
    assert_int_equal(rec.e, ERR_OK);
    assert_int_equal(rec.n, 1);
    assert_int_equal(rec.bits, 6); /* DOOR2 and the tamper line */
    assert_int_equal(plant_cabinet(rec.plant)->coils_now, 0);
    assert_int_equal(rec.strikes, 1);
    end();
}

static void a_gpio_line_of_another_program_is_busy(void **state)
{
    (void)state;
    begin(use_gpio, 8, true);
    assert_true(plant_gpio(rec.plant, PLANT_GPIO_BUSY));
    run(2 * SECOND);
    assert_int_equal(rec.e, ERR_BUSY);
    end();
}

static void every_cabinet_has_its_doors(void **state)
{
    (void)state;
    static const unsigned sizes[] = {1, 2, 6, 8, 9, 24, 64, 199, 200};
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof sizes[0]; i++) {
        begin(be_idle, sizes[i / 2], i % 2 == 1);
        assert_int_equal(plant_cabinet(rec.plant)->layout.doors, sizes[i / 2]);
        plant_heal(rec.plant);
        run(SECOND);
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_serial_answer_takes_the_time_of_its_bytes),
        cmocka_unit_test(faults_of_the_line_show_as_the_library_shows_them),
        cmocka_unit_test(a_late_answer_waits_in_the_buffer_and_answers_the_next_question),
        cmocka_unit_test(an_unplugged_adapter_is_gone_until_it_is_opened_again),
        cmocka_unit_test(a_pulse_opens_its_door_and_the_watcher_is_told),
        cmocka_unit_test(what_was_sent_before_a_crash_is_still_carried_out),
        cmocka_unit_test(another_master_and_a_board_with_outputs_on_are_foreign),
        cmocka_unit_test(gpio_lines_open_doors_and_fall_back_when_the_process_dies),
        cmocka_unit_test(a_gpio_line_of_another_program_is_busy),
        cmocka_unit_test(every_cabinet_has_its_doors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
