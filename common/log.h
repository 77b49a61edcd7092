/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log: messages for operators, on standard error in the form that journald reads ("<6>module: text"). The business
 * record is not here (see controller/store.h and backend/store.h). Never log a name, medicine, birthday, code, key or
 * token.
 *
 * The only mutable file-scope state outside signals. Any thread.
 */
#ifndef MEDLOCKER_LOG_H
#define MEDLOCKER_LOG_H

#include "common/err.h"

enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_NOTICE = 5,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7
};

/* Messages above `highest` are dropped from now on (start value: LOG_LEVEL_INFO). */
void log_set_level(enum log_level highest);

/* Writes one line; control characters in the text are shown as '?', so that nothing can forge a second line.
 * module: a literal such as "store". Does not fail and does not block beyond the write to standard error. */
void log_write(enum log_level level, const char *module, const char *fmt, ...) ERR_PRINTF(3, 4);

#define log_error(module, ...) log_write(LOG_LEVEL_ERROR, module, __VA_ARGS__)
#define log_warning(module, ...) log_write(LOG_LEVEL_WARNING, module, __VA_ARGS__)
#define log_notice(module, ...) log_write(LOG_LEVEL_NOTICE, module, __VA_ARGS__)
#define log_info(module, ...) log_write(LOG_LEVEL_INFO, module, __VA_ARGS__)
#define log_debug(module, ...) log_write(LOG_LEVEL_DEBUG, module, __VA_ARGS__)

#endif
