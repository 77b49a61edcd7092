/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err: the one list of ways in which things fail, and the sentence that says what and where.
 *
 * Every function that can fail returns enum err (0 is success) and is marked ERR_MUST_CHECK; its outputs are untouched
 * on failure. A bug of our own is an assert, never an enum err. Pure, any thread.
 */
#ifndef MEDLOCKER_ERR_H
#define MEDLOCKER_ERR_H

#define ERR_MUST_CHECK __attribute__((warn_unused_result))
#define ERR_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

enum err {
    ERR_OK = 0,
    ERR_SYNTAX,    /* text or bytes that do not follow their grammar */
    ERR_RANGE,     /* well formed, but outside what is allowed */
    ERR_TOO_LONG,  /* more bytes, entries or depth than the named maximum */
    ERR_UNKNOWN,   /* a key, type or value that is not in the table */
    ERR_DUPLICATE, /* present already, or present twice */
    ERR_MISSING,   /* a required part is absent */
    ERR_NOT_FOUND, /* the thing asked for does not exist */
    ERR_SIGNATURE, /* signature, MAC or key does not fit */
    ERR_FOREIGN,   /* meant for, or sent by, somebody else */
    ERR_REPLAY,    /* older than what was accepted already */
    ERR_GAP,       /* newer than the next one expected */
    ERR_FORKED,    /* same number, other content: two histories (equivocation) */
    ERR_EXPIRED,   /* was valid once */
    ERR_DENIED,    /* not allowed for this actor */
    ERR_STATE,     /* not possible in the present state */
    ERR_BUSY,      /* possible later; nothing was done */
    ERR_FULL,      /* no room: disk, quota or table */
    ERR_TIMEOUT,   /* no answer in time */
    ERR_IO,        /* the operating system or a device said no */
    ERR_CORRUPT,   /* stored data damaged */
    ERR_MEMORY,    /* a library could not allocate */
    ERR_N
};

#define REASON_CAP 320

/* The sentence for people that goes with an enum err: what is wrong and where. Holds no secret and no patient data. */
struct reason {
    char text[REASON_CAP];
};

/* Short lower-case name of e ("syntax", "not found"), for logs and JSON. Never NULL. */
const char *err_name(enum err e);

/* Writes the sentence into r (which may be NULL: then nothing happens), cut at REASON_CAP - 1 bytes; gives e, so that a
 * function can `return err_because(r, ERR_SYNTAX, "line %u: ...", n);`. errno is kept. A macro, so that compilers and
 * analyzers see that what comes back is e; every argument is evaluated once, e last. */
#define err_because(r, e, ...) (err_write((r), __VA_ARGS__), err_same(e))

/* Puts "prefix: " before the sentence already in r (NULL: nothing), for context on the way up; gives e. */
#define err_prefix(r, e, ...) (err_write_before((r), __VA_ARGS__), err_same(e))

/* The parts of the two above. */
void err_write(struct reason *r, const char *fmt, ...) ERR_PRINTF(2, 3);
void err_write_before(struct reason *r, const char *fmt, ...) ERR_PRINTF(2, 3);
static inline enum err err_same(enum err e)
{
    return e;
}

#endif
