/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/stack.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define SMALLEST (64 * 1024)
#define CLASSES 12

/* The only state of the simulator that outlives a world: stacks without content. */
struct spare {
    struct spare *next;
};
static struct spare *spares[CLASSES];

static unsigned class_of(size_t bytes)
{
    unsigned c = 0;
    for (size_t size = SMALLEST; size < bytes; size *= 2) {
        c++;
    }
    if (c >= CLASSES) {
        abort();
    }
    return c;
}

void *stack_take(size_t bytes)
{
    unsigned c = class_of(bytes);
    if (spares[c] != NULL) {
        struct spare *s = spares[c];
        spares[c] = s->next;
        return s;
    }
    size_t guard = (size_t)sysconf(_SC_PAGESIZE);
    char *m =
        mmap(NULL, ((size_t)SMALLEST << c) + guard, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (m == MAP_FAILED || mprotect(m + guard, (size_t)SMALLEST << c, PROT_READ | PROT_WRITE) != 0) {
        abort();
    }
    return m + guard;
}

void stack_give(void *stack, size_t bytes)
{
    unsigned c = class_of(bytes);
    struct spare *s = stack;
    s->next = spares[c];
    spares[c] = s;
}
