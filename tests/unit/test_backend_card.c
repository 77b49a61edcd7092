/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/card.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "backend/slip.h"
#include "common/code.h"

struct words {
    struct text *nl, *en; /* of the hub */
    struct slip_texts slips;
};

static int set_up(void **state)
{
    static struct words w;

    assert_int_equal(text_load(&w.nl, "backend/web/nl.json", NULL), ERR_OK);
    assert_int_equal(text_load(&w.en, "backend/web/en.json", NULL), ERR_OK);
    assert_int_equal(slip_texts_load(&w.slips, "backend/web", NULL), ERR_OK);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    struct words *w = *state;

    text_free(w->nl);
    text_free(w->en);
    slip_texts_free(&w->slips);
    return 0;
}

static struct card_carer a_card(const struct store_carer *c, const char *code)
{
    return (struct card_carer){.carer = c,
                               .token = "4D4331AA",
                               .code = code,
                               .order_number = 42,
                               .pharmacy_name = "Apotheek <Zon>",
                               .telephone = "0800 1234",
                               .locker_name = "Dorpsrand",
                               .locker_address = "Kade 1"};
}

static void a_card_shows_what_the_carer_needs_and_no_patient(void **state)
{
    const struct words *w = *state;
    const struct store_carer c = {.name = "Bea <Buur>", .not_after_s = 1792000000};
    const struct card_carer x = a_card(&c, NULL);
    char *html;

    assert_int_equal(card_carer(w->slips.of[LANGUAGE_NL], w->slips.of[LANGUAGE_EN], &x, &html, NULL), ERR_OK);
    assert_non_null(strstr(html, "data-token=\"4D4331AA\""));
    assert_non_null(strstr(html, "Bea &lt;Buur&gt;"));
    assert_non_null(strstr(html, "Apotheek &lt;Zon&gt;"));
    assert_non_null(strstr(html, "Dorpsrand"));
    assert_non_null(strstr(html, ">42<"));
    assert_non_null(strstr(html, "lang=\"en\""));
    assert_null(strstr(html, "class=\"code\""));
    assert_null(strstr(html, "<script"));
    print_free(html);
}

/* One card in each language of the slip, every word of it there, and Dutch beside it. */
static void a_card_speaks_the_languages_of_the_slip(void **state)
{
    static const char *const says[LANGUAGE_N][2] = {
        [LANGUAGE_NL] = {"Kaart voor wie komt ophalen", "dir=\"ltr\""},
        [LANGUAGE_EN] = {"Card for who comes to collect", "dir=\"ltr\""},
        [LANGUAGE_TR] = {"Almaya gelen kişi için kart", "dir=\"ltr\""},
        [LANGUAGE_AR] = {"بطاقة لمن يأتي للاستلام", "dir=\"rtl\""},
        [LANGUAGE_PL] = {"Karta dla osoby, która odbiera", "dir=\"ltr\""},
        [LANGUAGE_UK] = {"Картка для того, хто забирає", "dir=\"ltr\""},
    };
    const struct words *w = *state;
    const struct store_carer c = {.name = "Bea", .standing = true, .not_after_s = 1792000000};
    char code[CODE_DIGITS + 1] = "", *html;
    struct card_carer x = a_card(&c, code);

    code_draw(code);
    for (unsigned l = 0; l < LANGUAGE_N; l++) {
        const struct slip_two t = slip_languages(&w->slips, language_code((enum language)l));

        assert_int_equal(card_carer(t.own, t.second, &x, &html, NULL), ERR_OK);
        assert_non_null(strstr(html, says[l][0]));
        assert_non_null(strstr(html, says[l][1]));
        assert_non_null(strstr(html, l == LANGUAGE_NL ? "lang=\"en\"" : "lang=\"nl\""));
        assert_null(strstr(html, ">card.")); /* a key without words */
        assert_null(strstr(html, ">slip."));
        print_free(html);
    }
}

static void an_own_code_stands_there_in_groups(void **state)
{
    const struct words *w = *state;
    const struct store_carer c = {.name = "Bea", .standing = true, .not_after_s = 1792000000};
    char code[CODE_DIGITS + 1] = "", shown[CODE_DIGITS + 3];
    struct card_carer x = a_card(&c, code);
    char *html;

    code_draw(code);
    code_format(code, shown);
    assert_int_equal(card_carer(w->slips.of[LANGUAGE_EN], w->slips.of[LANGUAGE_NL], &x, &html, NULL), ERR_OK);
    assert_non_null(strstr(html, shown));
    assert_null(strstr(html, ">42<")); /* of no bag */
    print_free(html);
    x.code = "1234567";
    assert_int_equal(card_carer(w->slips.of[LANGUAGE_EN], w->slips.of[LANGUAGE_NL], &x, &html, NULL), ERR_SYNTAX);
}

/* Numbers as in the keypad of the locker: contract.md. */
static void every_key_has_its_code_and_its_word(void **state)
{
    static const char *const words[] = {"OK",          "Wis of stop",     "Hulp",
                                        "Andere taal", "Toon de cijfers", "Zeg het nog eens"};
    const struct words *w = *state;
    char content[40];
    char *html;

    assert_int_equal(card_keys(w->nl, w->en, &html, NULL), ERR_OK);
    for (unsigned i = 0; i < CARD_KEYS; i++) {
        (void)snprintf(content, sizeof(content), "data-token=\"4D4B31%02X\"", i);
        assert_non_null(strstr(html, content));
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        assert_non_null(strstr(html, words[i]));
    print_free(html);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_card_shows_what_the_carer_needs_and_no_patient),
        cmocka_unit_test(a_card_speaks_the_languages_of_the_slip),
        cmocka_unit_test(an_own_code_stands_there_in_groups),
        cmocka_unit_test(every_key_has_its_code_and_its_word),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
