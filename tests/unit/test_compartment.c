/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "controller/compartment.h"

/* Each row is a state, each column a cause, in the order of the enums; '-' means that the pair must be ignored. */
static const char *const rows[COMPARTMENT_STATE_N] = {
    /* causes: load confirm abandon pickup collect unconfirm jam leave withdraw inspect empty keep force lose restart
       disagree, report */
    /* FREE    */ "G--------C--FO-C-",
    /* LOADING */ "-LC---C-C---FOC--",
    /* LOADED  */ "---P----CC--FO-C-",
    /* OPENING */ "----TLCCC---FOL-C",
    /* TAKEN   */ "G--------C--FO-CC",
    /* CHECK   */ "----------ELFO---",
    /* FORCED  */ "---------C-------",
    /* OUT     */ "---------C--F----",
};

static enum compartment_state from_letter(char letter, enum compartment_state otherwise)
{
    switch (letter) {
    case 'E':
        return COMPARTMENT_FREE;
    case 'G':
        return COMPARTMENT_LOADING;
    case 'L':
        return COMPARTMENT_LOADED;
    case 'P':
        return COMPARTMENT_OPENING;
    case 'T':
        return COMPARTMENT_TAKEN;
    case 'C':
        return COMPARTMENT_CHECK;
    case 'F':
        return COMPARTMENT_FORCED;
    case 'O':
        return COMPARTMENT_OUT;
    default:
        return otherwise;
    }
}

static void every_pair_leads_where_the_table_says(void **state)
{
    (void)state;
    for (unsigned s = 0; s < COMPARTMENT_STATE_N; s++) {
        assert_int_equal(strlen(rows[s]), COMPARTMENT_CAUSE_N);
        for (unsigned c = 0; c < COMPARTMENT_CAUSE_N; c++) {
            struct compartment k = {.state = (enum compartment_state)s};
            enum compartment_state expected = from_letter(rows[s][c], k.state);
            assert_int_equal(compartment_next(k.state, (enum compartment_cause)c), expected);
            assert_int_equal(compartment_step(&k, (enum compartment_cause)c), rows[s][c] != '-');
            assert_int_equal(k.state, expected);
        }
    }
}

static void only_an_inspection_leaves_what_needs_people(void **state)
{
    (void)state;
    for (unsigned s = COMPARTMENT_CHECK; s <= COMPARTMENT_OUT; s++) {
        for (unsigned c = 0; c < COMPARTMENT_CAUSE_N; c++) {
            struct compartment k = {.state = (enum compartment_state)s};
            (void)compartment_step(&k, (enum compartment_cause)c);
            if (!compartment_needs_people(&k)) {
                assert_int_equal(s, COMPARTMENT_CHECK);
                assert_true(c == COMPARTMENT_EMPTY || c == COMPARTMENT_KEEP);
            }
        }
    }
}

static void questions_are_answered_by_the_state(void **state)
{
    (void)state;
    static const struct {
        bool offered, people, rest;
    } rows_of[COMPARTMENT_STATE_N] = {
        {true, false, true}, {false, false, false}, {false, false, true}, {false, false, false},
        {true, false, true}, {false, true, false},  {false, true, false}, {false, true, false},
    };
    for (unsigned s = 0; s < COMPARTMENT_STATE_N; s++) {
        const struct compartment k = {.state = (enum compartment_state)s};
        assert_int_equal(compartment_is_offered(&k), rows_of[s].offered);
        assert_int_equal(compartment_needs_people(&k), rows_of[s].people);
        assert_int_equal(compartment_is_at_rest(&k), rows_of[s].rest);
    }
}

static void binding_is_whole_or_nothing(void **state)
{
    (void)state;
    struct compartment k = {0};
    const uint8_t order[CODE_ORDER_LEN] = {1, 2, 3};
    compartment_bind(&k, order, 5);
    assert_true(k.bound);
    assert_memory_equal(k.order, order, CODE_ORDER_LEN);
    assert_int_equal(k.load, 5);
    compartment_unbind(&k);
    assert_false(k.bound);
    assert_int_equal(k.order[0], 0);
    assert_int_equal(k.load, 0);
}

static void names_go_both_ways(void **state)
{
    (void)state;
    for (unsigned s = 0; s < COMPARTMENT_STATE_N; s++) {
        enum compartment_state read;
        assert_int_equal(compartment_state_parse(compartment_state_name((enum compartment_state)s), &read), ERR_OK);
        assert_int_equal(read, s);
    }
    enum compartment_state untouched = COMPARTMENT_OUT;
    assert_int_equal(compartment_state_parse("free", &untouched), ERR_UNKNOWN);
    assert_int_equal(untouched, COMPARTMENT_OUT);
    for (unsigned c = 0; c < COMPARTMENT_CAUSE_N; c++)
        assert_true(strlen(compartment_cause_name((enum compartment_cause)c)) > 0);
    assert_string_equal(compartment_cause_name(COMPARTMENT_DISAGREE), "disagree");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_leads_where_the_table_says),
        cmocka_unit_test(only_an_inspection_leaves_what_needs_people),
        cmocka_unit_test(questions_are_answered_by_the_state),
        cmocka_unit_test(binding_is_whole_or_nothing),
        cmocka_unit_test(names_go_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
