/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a table of orders: taken whole, or refused with a place. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "backend/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct request *rows = NULL;
    const struct request_now now = {.s = 1795305600, .today = "2026-11-22"};
    struct csv_place where = {0, 0};
    struct reason r = {""};
    size_t n = 0;

    if (csv_read((const char *)data, len, &now, &rows, &n, &where, &r) != ERR_OK) {
        assert(rows == NULL && where.line >= 1 && r.text[0] != '\0');
        return 0;
    }
    assert(n >= 1 && n <= CSV_MAX_ROWS);
    for (size_t i = 0; i < n; i++) {
        assert(request_check(&rows[i], NULL, NULL) == ERR_OK);
        assert(request_check_new(&rows[i], &now, NULL, NULL) == ERR_OK);
    }
    csv_free(rows, n);
    return 0;
}
