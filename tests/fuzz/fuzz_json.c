/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the scan accepts, cJSON must build, and our own print of it must be accepted again and be the same text from
 * then on. Build: clang -fsanitize=fuzzer,address,undefined, with common/json.c, num.c, log.c and err.c.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"

static const struct json_limits message = {JSON_MAX_MESSAGE, JSON_DEPTH_MESSAGE, JSON_STRICT};
static const struct json_limits fhir = {1024 * 1024, JSON_DEPTH_FHIR, JSON_ALLOW_FRACTIONS};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static enum err try_text(const char *text, size_t len, const struct json_limits *limits, char **printed)
{
    struct reason r = {""};
    enum err scanned = json_scan(text, len, limits, &r);
    cJSON *tree = NULL;

    require((scanned == ERR_OK) == (r.text[0] == '\0'));
    require(json_parse(&tree, text, len, limits, NULL) == scanned);
    require((tree != NULL) == (scanned == ERR_OK));
    if (tree != NULL)
        *printed = json_print(tree);
    cJSON_Delete(tree);
    return scanned;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = size > 0 ? (const char *)data : "";
    char *loose = NULL;
    char *first = NULL;
    char *second = NULL;
    enum err e = try_text(text, size, &message, &first);

    if (e == ERR_OK) {
        require(try_text(first, strlen(first), &message, &second) == ERR_OK);
        require(strcmp(first, second) == 0);
        require(try_text(text, size, &fhir, &loose) == ERR_OK);
    } else {
        (void)try_text(text, size, &fhir, &loose);
    }
    free(loose);
    free(second);
    free(first);
    return 0;
}
