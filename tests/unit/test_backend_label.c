/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/label.h"
#include "backend/pictogram.h"
#include "backend/qr.h"

#define CATALOGUES "backend/web"
#define NASTY "<b>&\"'"

struct fixture {
    struct text *nl, *en;
    struct slip_texts slips;
    struct order order;
    struct store_packing packing;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct request ask;
    uint8_t id[ORDER_ID_LEN] = {7};
    struct reason r;

    if (f == NULL || sodium_init() < 0 || setenv("TZ", "Europe/Amsterdam", 1) != 0)
        return -1;
    tzset();
    if (text_load(&f->nl, CATALOGUES "/nl.json", &r) != ERR_OK ||
        text_load(&f->en, CATALOGUES "/en.json", &r) != ERR_OK ||
        slip_texts_load(&f->slips, CATALOGUES, &r) != ERR_OK) {
        print_message("%s\n", r.text);
        return -1;
    }
    request_init(&ask, REQUEST_JSON);
    (void)snprintf(ask.patient, sizeof(ask.patient), "J. Bree");
    (void)snprintf(ask.medicine, sizeof(ask.medicine), "MODAFINIL");
    (void)snprintf(ask.quantity, sizeof(ask.quantity), "30 stuk");
    (void)snprintf(ask.birth_date, sizeof(ask.birth_date), "1985-11-09");
    ask.not_before_s = 1795169220;
    ask.not_after_s = 1795169220 + 86400;
    order_init(&f->order, id, &ask, 1);
    f->order.number = 1234;
    (void)snprintf(f->packing.voucher, sizeof(f->packing.voucher), "4D4C31ABCDEF");
    (void)snprintf(f->packing.pickup, sizeof(f->packing.pickup), "4D5131ABCDEF");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    text_free(f->nl);
    text_free(f->en);
    slip_texts_free(&f->slips);
    free(f);
    return 0;
}

static struct slip slip(const struct fixture *f)
{
    return (struct slip){.order = &f->order,
                         .code = "1234567897",
                         .pickup = f->packing.pickup,
                         .pharmacy_name = "Apotheek De Gulle Gaper",
                         .telephone = "020-1234567",
                         .locker_name = "Dorpsrand",
                         .locker_address = "Dorpsrand 200",
                         .hours = "dag en nacht"};
}

/* A code whose check digit fits. */
static void fix_code(char code[CODE_DIGITS + 1])
{
    memcpy(code, "123456789", CODE_RANDOM_DIGITS);
    code[CODE_RANDOM_DIGITS] = code_check_digit(code, CODE_RANDOM_DIGITS);
    code[CODE_DIGITS] = '\0';
}

static void the_slip_tells_code_place_time_and_telephone(void **state)
{
    struct fixture *f = *state;
    struct slip x = slip(f);
    char code[CODE_DIGITS + 1], shown[CODE_DIGITS + 3], *html = NULL;

    fix_code(code);
    code_format(code, shown);
    x.code = code;
    assert_int_equal(slip_page(&f->slips, &x, &html, NULL), ERR_OK);
    static const char *const there[] = {"J. Bree",
                                        "Dorpsrand 200",
                                        "020-1234567",
                                        "vrijdag 20 november 2026, 11:07",
                                        "zaterdag 21 november 2026, 11:07",
                                        "dag en nacht",
                                        "<svg",
                                        "class=\"edge\"",
                                        "class=\"notch\"",
                                        "1234",
                                        "lang=\"nl\"",
                                        "lang=\"en\"",
                                        "data-token=\"4D4B310C\"",
                                        "One door opens"};
    for (size_t i = 0; i < sizeof(there) / sizeof(there[0]); i++) {
        if (strstr(html, there[i]) == NULL)
            fail_msg("%s is missing", there[i]);
    }
    assert_non_null(strstr(html, shown));
    assert_null(strstr(html, "MODAFINIL"));
    assert_null(strstr(html, "1985"));
    assert_null(strstr(html, "<script"));
    print_free(html);
}

static void the_slip_has_the_language_of_the_order_and_a_second_one(void **state)
{
    static const struct {
        const char *language, *article, *second, *first_words, *second_words;
    } row[] = {
        {"nl", "lang=\"nl\" dir=\"ltr\"", "lang=\"en\"", "Ga naar de kluis", "Go to the locker"},
        {"en", "lang=\"en\" dir=\"ltr\"", "lang=\"nl\"", "Go to the locker", "Ga naar de kluis"},
        {"tr", "lang=\"tr\" dir=\"ltr\"", "lang=\"nl\"", "Dolaba gidin", "Ga naar de kluis"},
        {"ar", "lang=\"ar\" dir=\"rtl\"", "lang=\"nl\"", "اذهب إلى الخزانة", "Ga naar de kluis"},
        {"pl", "lang=\"pl\" dir=\"ltr\"", "lang=\"nl\"", "Idź do szafki", "Ga naar de kluis"},
        {"uk", "lang=\"uk\" dir=\"ltr\"", "lang=\"nl\"", "Підійдіть до шафи", "Ga naar de kluis"},
    };
    struct fixture *f = *state;
    struct slip x = slip(f);
    char code[CODE_DIGITS + 1];

    fix_code(code);
    x.code = code;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        char *html = NULL, *at;

        memcpy(f->order.ask.language, row[i].language, sizeof(f->order.ask.language));
        assert_int_equal(slip_page(&f->slips, &x, &html, NULL), ERR_OK);
        at = strstr(html, "<article class=\"slip\"");
        assert_non_null(at);
        assert_non_null(strstr(at, row[i].article));
        assert_non_null(strstr(at, row[i].second));
        assert_non_null(strstr(at, row[i].first_words));
        assert_non_null(strstr(at, row[i].second_words));
        assert_non_null(strstr(at, x.telephone));
        print_free(html);
    }
}

static void every_language_of_the_slip_has_the_same_words(void **state)
{
    static const char *const keys[] = {
        "language.code",
        "language.dir",
        "slip.title",
        "slip.where",
        "slip.hours",
        "slip.from",
        "slip.code",
        "slip.scan",
        "slip.step.go",
        "slip.step.door",
        "slip.step.take",
        "slip.step.close",
        "slip.birthday.always",
        "slip.help",
        "slip.help.scan",
        "slip.help.call",
        "slip.birthday.sometimes",
        "slip.say",
        "slip.notch",
        "slip.birthday.never",
        "slip.keep",
        "slip.keep.strip",
        "slip.strip.cut",
        "slip.strip.way",
        "slip.strip.both",
        "slip.strip.call",
        "day.0",
        "day.6",
        "month.1",
        "month.12",
    };
    struct fixture *f = *state;

    for (unsigned l = 0; l < LANGUAGE_N; l++) {
        assert_string_equal(text_get(f->slips.of[l], "language.code"), language_code((enum language)l));
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
            assert_string_not_equal(text_get(f->slips.of[l], keys[i]), keys[i]);
    }
}

static void without_a_folder_of_words_there_are_no_slips(void **state)
{
    struct slip_texts none = {.of = {NULL}};

    (void)state;
    assert_int_equal(slip_texts_load(&none, "/nonexistent", NULL), ERR_NOT_FOUND);
    assert_null(none.of[LANGUAGE_NL]);
}

static void the_way_is_told_in_five_pictures(void **state)
{
    struct fixture *f = *state;
    struct slip x = slip(f);
    char code[CODE_DIGITS + 1], *html = NULL;

    fix_code(code);
    x.code = code;
    assert_int_equal(slip_page(&f->slips, &x, &html, NULL), ERR_OK);
    for (unsigned i = 0; i < PICTOGRAM_N; i++)
        assert_non_null(strstr(html, pictogram_svg((enum pictogram)i)));
    print_free(html);
}

static void a_round_of_packing_is_one_print(void **state)
{
    struct fixture *f = *state;
    struct label_set set[2] = {
        {.bag = {.order = &f->order, .packing = &f->packing, .locker_name = "Dorpsrand"}, .has_slip = true},
        {.bag = {.order = &f->order, .packing = &f->packing, .locker_name = "Dorpsrand"}},
    };
    char code[CODE_DIGITS + 1], *html = NULL;
    unsigned count = 0;

    fix_code(code);
    set[0].slip = slip(f);
    set[0].slip.code = code;
    memcpy(f->order.ask.language, "ar", sizeof("ar"));
    assert_int_equal(label_sheet(f->nl, &f->slips, set, 2, &html, NULL), ERR_OK);
    for (const char *p = html; (p = strstr(p, "<article")) != NULL; p++)
        count++;
    assert_int_equal(count, 3);                      /* label, slip, label */
    assert_non_null(strstr(html, "Scan dit label")); /* the label of a bag speaks the language of staff */
    print_free(html);
    html = NULL;
    set[0].slip.code = "1";
    assert_int_equal(label_sheet(f->nl, &f->slips, set, 2, &html, NULL), ERR_SYNTAX);
    assert_null(html);
}

static void the_slip_says_when_the_birthday_is_asked(void **state)
{
    static const struct {
        enum token_class cls;
        const char *birth_date, *words;
    } row[] = {
        {TOKEN_CLASS_ORDINARY, "1985-11-09", "Soms vraagt"},
        {TOKEN_CLASS_ORDINARY, "", "geboortedag? Houd dan dit papier"},
        {TOKEN_CLASS_SENSITIVE, "1985-11-09", "<p>Typ uw geboortedag"},
    };
    struct fixture *f = *state;
    struct slip x = slip(f);
    char code[CODE_DIGITS + 1];

    fix_code(code);
    x.code = code;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        char *html = NULL;
        f->order.ask.cls = row[i].cls;
        (void)snprintf(f->order.ask.birth_date, sizeof(f->order.ask.birth_date), "%s", row[i].birth_date);
        assert_int_equal(slip_page(&f->slips, &x, &html, NULL), ERR_OK);
        assert_non_null(strstr(html, row[i].words));
        print_free(html);
    }
}

/* The slip of this fixture with a strip, from the line on along which it is torn off. */
static char *strip_of(struct fixture *f, struct slip *x, char **html)
{
    static char code[CODE_DIGITS + 1];
    char *at;

    fix_code(code);
    x->code = code;
    x->strip = "4D433100";
    assert_int_equal(slip_page(&f->slips, x, html, NULL), ERR_OK);
    at = strstr(*html, "class=\"cut\"");
    assert_non_null(at);
    return at;
}

static void the_strip_has_a_card_a_place_and_a_telephone_and_names_nobody(void **state)
{
    static const char *const there[] = {"Scheur deze strook af", "Tear off this strip", "class=\"notch\"",
                                        "&lt;KLUIS&gt;",         "KAAS &amp; ZN",       "data-token=\"4D433100\"",
                                        "werkt één keer",        "rechtsboven",         "020-1234567"};
    struct fixture *f = *state;
    struct slip x = slip(f);
    char *html = NULL, *at;

    x.locker_name = "<KLUIS>";
    x.pharmacy_name = "KAAS & ZN";
    at = strip_of(f, &x, &html);
    for (size_t i = 0; i < sizeof(there) / sizeof(there[0]); i++) {
        if (strstr(at, there[i]) == NULL)
            fail_msg("%s is missing", there[i]);
    }
    assert_null(strstr(at, "Bree"));
    assert_null(strstr(at, "MODAFINIL"));
    assert_null(strstr(at, "geboortedag"));
    assert_null(strstr(html, "Geef dit papier mee"));
    assert_non_null(strstr(html, "Geef dan alleen de strook mee"));
    print_free(html);
    x.strip = "";
    assert_int_equal(slip_page(&f->slips, &x, &html, NULL), ERR_OK);
    assert_null(strstr(html, "class=\"cut\""));
    print_free(html);
    x.strip = "not hex";
    html = NULL;
    assert_int_equal(slip_page(&f->slips, &x, &html, NULL), ERR_SYNTAX);
    assert_null(html);
}

static void the_strip_of_a_strict_class_says_that_it_is_not_enough(void **state)
{
    struct fixture *f = *state;
    struct slip x = slip(f);
    char *html = NULL;

    f->order.ask.cls = TOKEN_CLASS_CONTROLLED;
    assert_non_null(strstr(strip_of(f, &x, &html), "vraagt ook de code en de geboortedag"));
    print_free(html);
}

static void what_is_not_a_code_is_not_printed(void **state)
{
    struct fixture *f = *state;
    struct slip x = slip(f);
    char *html = NULL;

    x.code = "1234567890";
    assert_int_equal(code_is_well_formed(x.code), false);
    assert_int_equal(slip_page(&f->slips, &x, &html, NULL), ERR_SYNTAX);
    x.pickup = "not hex";
    char code[CODE_DIGITS + 1];
    fix_code(code);
    x.code = code;
    assert_int_equal(slip_page(&f->slips, &x, &html, NULL), ERR_SYNTAX);
    assert_null(html);
}

static void the_bag_label_names_nobody(void **state)
{
    struct fixture *f = *state;
    struct label_bag x = {.order = &f->order, .packing = &f->packing, .locker_name = "Dorpsrand"};
    char *html = NULL;

    f->order.ask.zone = TOKEN_ZONE_COLD;
    f->order.ask.low_door = true;
    f->order.ask.size = TOKEN_SIZE_L;
    assert_int_equal(label_bag(f->nl, &x, &html, NULL), ERR_OK);
    assert_non_null(strstr(html, "1234"));
    assert_non_null(strstr(html, "KOEL"));
    assert_non_null(strstr(html, "LAGE DEUR"));
    assert_non_null(strstr(html, "L (groot)"));
    assert_null(strstr(html, "Bree"));
    assert_null(strstr(html, "MODAFINIL"));
    print_free(html);
}

static void everything_foreign_is_escaped(void **state)
{
    struct fixture *f = *state;
    struct store_locker l = {.name = NASTY};
    struct store_compartment door = {.number = 1, .door = "A1"};
    struct store_badge badge = {.not_after_s = 1795169220};
    struct label_badge b = {.full_name = NASTY, .locker_name = NASTY, .badge = &badge, .token = "4D5331"};
    struct label_bag bag = {.order = &f->order, .packing = &f->packing, .locker_name = NASTY};
    struct slip s = slip(f);
    char code[CODE_DIGITS + 1], *html[4] = {NULL};

    fix_code(code);
    s.code = code;
    s.locker_name = s.locker_address = s.pharmacy_name = s.telephone = NASTY;
    (void)snprintf(f->order.ask.patient, sizeof(f->order.ask.patient), NASTY);
    assert_int_equal(label_badge(f->nl, &b, &html[0], NULL), ERR_OK);
    assert_int_equal(label_bag(f->nl, &bag, &html[1], NULL), ERR_OK);
    assert_int_equal(slip_page(&f->slips, &s, &html[2], NULL), ERR_OK);
    assert_int_equal(label_doors(f->nl, &l, &door, 1, &html[3], NULL), ERR_OK);
    for (int i = 0; i < 4; i++) {
        assert_null(strstr(html[i], NASTY));
        assert_non_null(strstr(html[i], "&lt;b&gt;&amp;&quot;&#39;"));
        print_free(html[i]);
    }
}

static void every_door_gets_a_label(void **state)
{
    struct fixture *f = *state;
    struct store_locker l = {.name = "Dorpsrand", .id = {0xAA}};
    struct store_compartment door[3] = {{.number = 1, .door = "A1"}, {.number = 2, .door = "A2"}, {.door = "A3"}};
    char *html = NULL;
    unsigned count = 0;

    assert_int_equal(label_doors(f->en, &l, door, 2, &html, NULL), ERR_OK);
    for (const char *p = html; (p = strstr(p, "<svg")) != NULL; p++)
        count++;
    assert_int_equal(count, 2);
    print_free(html);
    html = NULL;
    assert_int_equal(label_doors(f->en, &l, door, 3, &html, NULL), ERR_RANGE);
    assert_null(html);
}

static void both_catalogues_have_the_words_that_pages_use(void **state)
{
    static const char *const keys[] = {
        "language.code",
        "label.bag.title",
        "label.bag.hint",
        "label.size.S",
        "label.size.M",
        "label.size.L",
        "label.zone.cold",
        "label.low",
        "label.locker",
        "label.until",
        "label.doors.title",
        "label.doors.hint",
        "badge.title",
        "badge.role",
        "badge.role.pharmacist",
        "badge.role.logistics",
        "badge.until",
        "badge.hint",
        "day.0",
        "day.6",
        "month.1",
        "month.12",
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        assert_string_not_equal(text_get(f->nl, keys[i]), keys[i]);
        assert_string_not_equal(text_get(f->en, keys[i]), keys[i]);
    }
    assert_string_equal(text_get(f->nl, "no.such.key"), "no.such.key");
}

static void a_catalogue_is_one_flat_object(void **state)
{
    static const struct {
        const char *json;
        enum err want;
    } row[] = {{"{\"a\":\"b\"}", ERR_OK},
               {"[]", ERR_SYNTAX},
               {"{\"a\":{}}", ERR_SYNTAX},
               {"{\"a\":1}", ERR_SYNTAX},
               {"{", ERR_SYNTAX}};
    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct text *t = NULL;
        assert_int_equal(text_parse(&t, row[i].json, strlen(row[i].json), NULL), row[i].want);
        text_free(t);
    }
    struct text *t = NULL;
    assert_int_equal(text_load(&t, "/nonexistent/x.json", NULL), ERR_NOT_FOUND);
}

static void a_qr_code_is_a_picture_with_a_quiet_zone(void **state)
{
    char *svg = NULL;
    char many[2049];

    (void)state;
    assert_int_equal(qr_svg("4D4431", "QR", &svg, NULL), ERR_OK);
    assert_non_null(strstr(svg, "viewBox=\"0 0 29 29\"")); /* version 1: 21 modules and 4 around */
    assert_non_null(strstr(svg, "M4 4h7v1h-7z"));          /* corner of the finder pattern */
    free(svg);
    svg = NULL;
    assert_int_equal(qr_svg("", "QR", &svg, NULL), ERR_SYNTAX);
    assert_int_equal(qr_svg("abc", "QR", &svg, NULL), ERR_SYNTAX);
    memset(many, 'A', sizeof(many) - 1);
    many[sizeof(many) - 1] = '\0';
    assert_int_equal(qr_svg(many, "QR", &svg, NULL), ERR_OK);
    free(svg);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_slip_tells_code_place_time_and_telephone),
        CASE(the_slip_has_the_language_of_the_order_and_a_second_one),
        CASE(every_language_of_the_slip_has_the_same_words),
        CASE(without_a_folder_of_words_there_are_no_slips),
        CASE(the_way_is_told_in_five_pictures),
        CASE(a_round_of_packing_is_one_print),
        CASE(the_slip_says_when_the_birthday_is_asked),
        CASE(the_strip_has_a_card_a_place_and_a_telephone_and_names_nobody),
        CASE(the_strip_of_a_strict_class_says_that_it_is_not_enough),
        CASE(what_is_not_a_code_is_not_printed),
        CASE(the_bag_label_names_nobody),
        CASE(everything_foreign_is_escaped),
        CASE(every_door_gets_a_label),
        CASE(both_catalogues_have_the_words_that_pages_use),
        cmocka_unit_test(a_catalogue_is_one_flat_object),
        cmocka_unit_test(a_qr_code_is_a_picture_with_a_quiet_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
