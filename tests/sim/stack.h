/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stack: memory for fibers, with a page below it that nobody may touch. Kept and used again, over worlds too.
 */
#ifndef MEDLOCKER_SIM_STACK_H
#define MEDLOCKER_SIM_STACK_H

#include <stddef.h>

void *stack_take(size_t bytes); /* rounded up to a power of two of 64 KiB or more; aborts when there is none */
void stack_give(void *stack, size_t bytes);

#endif
