/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/qr.h"

#include <assert.h>
#include <errno.h>
#include <qrencode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUIET 4 /* modules around the code, as its standard asks */
#define CONTENT_MAX 2048

/* One path of horizontal runs: a third of the size of a square for each module. */
static void write_svg(FILE *f, const QRcode *q, const char *label)
{
    int side = q->width + 2 * QUIET;

    (void)fprintf(f,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" "
                  "shape-rendering=\"crispEdges\"><title>%s</title><path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/><path "
                  "fill=\"#000\" d=\"",
                  side, side, label, side, side);
    for (int y = 0; y < q->width; y++) {
        for (int x = 0; x < q->width;) {
            int run = 0;
            while (x + run < q->width && (q->data[y * q->width + x + run] & 1) != 0) {
                run++;
            }
            if (run > 0) {
                (void)fprintf(f, "M%d %dh%dv1h-%dz", x + QUIET, y + QUIET, run, run);
            }
            x += run > 0 ? run : 1;
        }
    }
    (void)fprintf(f, "\"/></svg>");
}

static enum err encode(const char *content, QRcode **out, struct reason *r)
{
    size_t len = strnlen(content, CONTENT_MAX + 1);

    if (len > CONTENT_MAX) {
        return err_because(r, ERR_TOO_LONG, "too long for a QR code");
    }
    QRcode *q = QRcode_encodeString(content, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
    if (q == NULL) {
        return err_because(r, errno == ERANGE ? ERR_TOO_LONG : ERR_MEMORY, "cannot be a QR code");
    }
    *out = q;
    return ERR_OK;
}

static enum err draw(const char *content, const char *label, char **svg, struct reason *r)
{
    QRcode *q = NULL;
    char *text = NULL;
    size_t len = 0;
    enum err e = encode(content, &q, r);

    assert(strpbrk(label, "<>&\"'") == NULL);
    if (e != ERR_OK) {
        return e;
    }
    FILE *f = open_memstream(&text, &len);
    if (f != NULL) {
        write_svg(f, q, label);
    }
    if (f == NULL || fclose(f) != 0) {
        free(text);
        text = NULL;
    }
    QRcode_free(q);
    if (text == NULL) {
        return err_because(r, ERR_MEMORY, "out of memory");
    }
    *svg = text;
    return ERR_OK;
}

enum err qr_svg(const char *content, const char *label, char **svg, struct reason *r)
{
    if (content[0] == '\0' || content[strspn(content, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")] != '\0') {
        return err_because(r, ERR_SYNTAX, "a QR code of ours holds capitals and digits only");
    }
    return draw(content, label, svg, r);
}

enum err qr_svg_address(const char *content, const char *label, char **svg, struct reason *r)
{
    const char *p = content;

    while (*p > ' ' && *p <= '~') {
        p++;
    }
    if (p == content || *p != '\0') {
        return err_because(r, ERR_SYNTAX, "an address in a QR code is printable ASCII");
    }
    return draw(content, label, svg, r);
}
