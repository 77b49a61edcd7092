/* SPDX-License-Identifier: Apache-2.0 */
#include "common/language.h"

#include <assert.h>
#include <string.h>

static const char *const codes[LANGUAGE_N] = {
    [LANGUAGE_NL] = "nl", [LANGUAGE_EN] = "en", [LANGUAGE_TR] = "tr",
    [LANGUAGE_AR] = "ar", [LANGUAGE_PL] = "pl", [LANGUAGE_UK] = "uk",
};

const char *language_code(enum language l)
{
    assert((unsigned)l < LANGUAGE_N);
    return codes[l];
}

enum err language_parse(const char *code, enum language *out)
{
    for (unsigned i = 0; i < LANGUAGE_N; i++) {
        if (strcmp(code, codes[i]) == 0) {
            *out = (enum language)i;
            return ERR_OK;
        }
    }
    return ERR_UNKNOWN;
}
