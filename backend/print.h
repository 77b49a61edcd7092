/* SPDX-License-Identifier: Apache-2.0 */
/*
 * print: a page that goes to a printer, being written: complete HTML without script, in black, the same from any
 * browser. Words come from a catalogue, everything else is escaped. Used by label and slip.
 *
 * Pure but for allocation and the time zone of the process. Nothing blocks.
 */
#ifndef MEDLOCKER_PRINT_H
#define MEDLOCKER_PRINT_H

#include <stdint.h>
#include <stdio.h>

#include "backend/text.h"
#include "common/err.h"

#define PRINT_KEY_CAP 40
#define PRINT_TIME_CAP 96

/* t may be changed at any time: the words that follow come from it. */
struct print {
    FILE *f;
    char *text;
    size_t len;
    const struct text *t;
};

/* Begins a page in the language of t. Error: ERR_MEMORY; then nothing is to be closed. */
enum err print_open(struct print *p, const struct text *t, const char *title_key, struct reason *r) ERR_MUST_CHECK;
/* Ends the page, or throws it away when e is an error or the memory was not enough. *html is freed with print_free. */
enum err print_close(struct print *p, enum err e, char **html, struct reason *r) ERR_MUST_CHECK;
/* Wipes and frees a page: it may hold a code. NULL is fine. */
void print_free(char *html);

/* Markup of ours, as it is. */
void print_markup(struct print *p, const char *markup);
/* The only way in which anything that is not markup of ours gets into a page: escaped. */
void print_text(struct print *p, const char *text);
/* The words of key once more, smaller, in the language of second, marked as such for whoever listens to the page. */
void print_second(struct print *p, const struct text *second, const char *key);
/* <open>words<close> with print_second behind the words. */
void print_both(struct print *p, const struct text *second, const char *open, const char *key, const char *close);
/* <open>text<close>; words of the catalogue instead of the text; a pair of a definition list. */
void print_element(struct print *p, const char *open, const char *text, const char *close);
void print_words(struct print *p, const char *open, const char *key, const char *close);
void print_pair(struct print *p, const char *key, const char *value);
/* A QR code, its content also as data-token. Errors: as qr_svg. */
enum err print_qr(struct print *p, const char *content, struct reason *r) ERR_MUST_CHECK;
/* "vrijdag 20 november 2026, 17:30" in the words of p->t. */
void print_time(const struct print *p, int64_t at_s, char out[PRINT_TIME_CAP]);

#endif
