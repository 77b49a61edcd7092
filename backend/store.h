/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store: what the hub must remember, as an interface in its own words: a table of functions behind a handle, so that
 * SQLite (store_sqlite) and a database server are the same to everybody else. No SQL type and no library type appears
 * here; tests/contract/test_backend_store.c holds for every implementation.
 *
 * Rules for all functions:
 * - One thread. They block for the length of a database operation.
 * - Everything written between begin and commit happens or does not happen together, and is durable when commit returns
 *   ERR_OK. Every function that writes must be called inside a transaction (a bug of ours otherwise). Readers may be
 *   called anywhere and see the own transaction.
 * - Errors besides the named: ERR_IO, ERR_FULL, ERR_CORRUPT, which are final for the process, and ERR_BUSY. After an
 *   error inside a transaction the caller calls rollback. Outputs are untouched on failure.
 * - get/find of something absent: ERR_NOT_FOUND. A second row where one is allowed: ERR_DUPLICATE.
 * - List functions call `each` for every row, in the named order, at most `limit` rows (1..STORE_PAGE_MAX); each
 * returns false to stop. The row is the callee's until it returns; it must not write to the store.
 *   `each` may call getters and other list functions, but not the one that is calling it.
 * - Texts that are given back as char ** are freed by the caller with free().
 */
#ifndef MEDLOCKER_BACKEND_STORE_H
#define MEDLOCKER_BACKEND_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/order.h"
#include "common/code.h"
#include "common/err.h"
#include "common/stream.h"
#include "common/token.h"

#define STORE_PAGE_MAX 1000
#define STORE_RECENT_EVENTS 20000
#define STORE_NAME_CAP 81
#define STORE_TOKEN_CAP 33 /* short words of the contract: state names, causes, board and sensor names */
#define STORE_TEXT_CAP 256
#define STORE_HOURS_CAP 81
#define STORE_LOCKER_LEN ORDER_LOCKER_LEN
#define STORE_HASH_LEN 32
#define STORE_KEY_BOX_LEN (24 + 16 + CODE_KEY_LEN) /* nonce, MAC, key */
#define STORE_CODE_BOX_LEN (24 + 16 + CODE_DIGITS)
#define STORE_FACTOR_BOX_LEN (24 + 16 + 20)
#define STORE_PASSWORD_CAP 128

enum store_role { STORE_ROLE_PHARMACIST, STORE_ROLE_LOGISTICS, STORE_ROLE_ADMIN, STORE_ROLE_N };

/* ---------------------------------------------------------------- packings: vouchers, pickup tokens, live codes */

struct store_packing {
    uint8_t order[ORDER_ID_LEN];
    uint32_t load;
    uint8_t locker[STORE_LOCKER_LEN];
    uint32_t key_epoch;
    char voucher[TOKEN_TEXT_CAP];       /* text of the QR on the bag label */
    char pickup[TOKEN_TEXT_CAP];        /* text of the QR on the slip */
    uint8_t code_index[STORE_HASH_LEN]; /* keyed hash of the code: unique among the live codes of a locker */
    bool code_live;
    bool code_kept; /* code_box holds the sealed code for printing the slip again */
    uint8_t code_box[STORE_CODE_BOX_LEN];
    int64_t packed_ms;
    char packed_by[STORE_NAME_CAP]; /* user */
};

/* ---------------------------------------------------------------- lockers */

enum store_locker_state {
    STORE_LOCKER_ACTIVE,
    STORE_LOCKER_FROZEN,
    STORE_LOCKER_REVOKED,
    STORE_LOCKER_LOST,
    STORE_LOCKER_STATE_N
};

struct store_locker {
    uint8_t id[STORE_LOCKER_LEN];
    char name[STORE_NAME_CAP];
    char address[STORE_TEXT_CAP]; /* street and town, for the slip */
    char hours[STORE_HOURS_CAP];  /* when people can get to it, for the slip; "": as policy `hours` says */
    enum store_locker_state state;
    uint8_t sign_key[32], box_key[32], tls_key[32];
    char certificate[81];               /* serial number, hex */
    uint32_t key_epoch;                 /* of K_epoch */
    uint8_t key_box[STORE_KEY_BOX_LEN]; /* K_epoch under a key of the hub (mint_key_box) */
    struct code_cost cost;
    struct stream_cursor evt; /* last event applied */
    struct stream_cursor cmd; /* last command written */
    int64_t cmd_acked;        /* last command that the locker confirmed with its signature */
    int64_t created_ms;
    /* last signed word of it (heartbeat or event) */
    int64_t seen_ms; /* clock of the hub; 0: never */
    int64_t tel_seq; /* newest heartbeat applied */
    char version[STORE_TOKEN_CAP];
    char guess_mode[STORE_TOKEN_CAP]; /* "normal", "step-up", "wait", "" */
    int64_t outbox;                   /* events that it still holds, as it says */
};

/* A pending enrolment. */
struct store_invite {
    char name[STORE_NAME_CAP];
    uint8_t secret[16]; /* one-time secret; deleted when used */
    int64_t expires_ms;
};

/* A signed command waiting for the locker's signed acknowledgement. */
struct store_command {
    int64_t seq;
    char typ[MSG_TYPE_CAP];
    const char *text; /* compact JWS */
    size_t len;
    int64_t created_ms;
};

/* ---------------------------------------------------------------- what lockers reported */

/* state: as in the contract ("FREE" ... "OUT"), "" not heard yet. order: which bag is in it, by the events of loading,
 * collecting and removing. */
struct store_compartment {
    uint8_t locker[STORE_LOCKER_LEN];
    char door[ORDER_DOOR_CAP];
    uint16_t number;
    enum token_size size;
    enum token_zone zone;
    uint16_t row, column;
    bool low;
    char state[STORE_TOKEN_CAP];
    char cause[STORE_TOKEN_CAP];
    char contact[STORE_TOKEN_CAP]; /* "open", "closed", "unknown", "" */
    bool tested;                   /* staff proved that lock, contact and label belong together */
    int64_t told_ms;               /* clock of the hub when it was last confirmed by a message; age = now - told_ms */
    int64_t told_at;               /* clock of the locker, (boot << 40) + ms: an older message changes nothing */
    bool has_order;
    uint8_t order[ORDER_ID_LEN];
    uint32_t load;
};

struct store_board {
    uint8_t locker[STORE_LOCKER_LEN];
    char board[STORE_TOKEN_CAP];
    char state[STORE_TOKEN_CAP]; /* "ok", "lost", "foreign", "stopped" */
    int64_t told_ms, told_at;
};

struct store_sample {
    uint8_t locker[STORE_LOCKER_LEN];
    char sensor[STORE_TOKEN_CAP];
    char state[STORE_TOKEN_CAP]; /* "ok", "excursion", "missing", "stuck" */
    int64_t at_ms;               /* clock of the hub */
    bool has_milli_c, has_permille;
    int32_t milli_c, permille;
};

/* A climate sensor as its locker is set up. */
struct store_sensor {
    uint8_t locker[STORE_LOCKER_LEN];
    char sensor[STORE_TOKEN_CAP];
    enum token_zone zone;
    int32_t min_milli_c, max_milli_c; /* the band in which it is fine */
    int64_t told_ms;                  /* clock of the hub when this band was first told */
};

/* What a person said about an excursion, which its start names. It hides nothing. */
struct store_excursion_note {
    uint8_t locker[STORE_LOCKER_LEN];
    char sensor[STORE_TOKEN_CAP];
    int64_t start_ms, at_ms;
    char actor[STORE_NAME_CAP]; /* user */
    enum store_role role;
    char text[STORE_TEXT_CAP];
};

/* What is counted, for each locker and quarter of an hour. */
enum store_use {
    STORE_USE_OPENED,    /* a door opened, whoever did it */
    STORE_USE_LOADED,    /* a bag became ready */
    STORE_USE_COLLECTED, /* a bag was taken by its patient */
    STORE_USE_EXPIRED,   /* a bag was not taken in time */
    STORE_USE_FAULT,     /* a new ticket */
    STORE_USE_N
};
#define STORE_SLOT_MS (15 * 60 * 1000)

struct store_use_row {
    int64_t slot; /* at_ms / STORE_SLOT_MS */
    uint8_t locker[STORE_LOCKER_LEN];
    enum store_use kind;
    uint32_t n;
};

/* What waits for somebody who drives to a locker. */
struct store_tasks {
    uint32_t to_load;      /* packed or in transit for it */
    uint32_t expired;      /* in its doors: not taken in time */
    uint32_t withdrawn;    /* in its doors: called back, and confirmed */
    uint32_t withdrawing;  /* in its doors: called back, the locker has not confirmed */
    uint32_t unconfirmed;  /* in its doors: opened, outcome unknown */
    uint32_t ending;       /* in its doors: ready, and the window ends before the asked time */
    uint32_t ready;        /* in its doors: ready */
    uint32_t doors_check;  /* doors that people must look into */
    uint32_t doors_forced; /* doors broken open */
    uint32_t doors_out;    /* doors out of use */
};

/* One event of a locker as it arrived: the evidence. */
struct store_event {
    int64_t id; /* given by the store, rising */
    uint8_t locker[STORE_LOCKER_LEN];
    uint32_t epoch;
    int64_t seq;
    char typ[MSG_TYPE_CAP];
    bool has_order;
    uint8_t order[ORDER_ID_LEN];
    int64_t told_ms, received_ms; /* clock of the locker, of the hub */
    const char *text;             /* compact JWS */
    size_t len;
};

/* ---------------------------------------------------------------- faults */

/* One open fault for each (locker, kind, subject); told again: counted. Closed on evidence by ingest, or by people with
 * a comment. */
enum store_fault_kind {
    STORE_FAULT_JAM,           /* subject: door */
    STORE_FAULT_FORCED,        /* door */
    STORE_FAULT_LEFT_OPEN,     /* door */
    STORE_FAULT_CHECK,         /* door: people must look */
    STORE_FAULT_OUT,           /* door out of use */
    STORE_FAULT_WIRING,        /* board: another door moved than addressed */
    STORE_FAULT_BOARD,         /* board lost, foreign or stopped */
    STORE_FAULT_CLIMATE,       /* sensor */
    STORE_FAULT_TAMPER,        /* input: tamper, mains, battery */
    STORE_FAULT_GUESSING,      /* too many wrong codes */
    STORE_FAULT_STORAGE,       /* the locker's disk */
    STORE_FAULT_SILENT,        /* no heartbeat */
    STORE_FAULT_FORKED,        /* two histories: frozen */
    STORE_FAULT_CONTRADICTION, /* an event that cannot be true as the hub knows it; subject: order number or typ */
    STORE_FAULT_UNCONFIRMED,   /* subject: order number; opened, outcome unknown */
    STORE_FAULT_REPORTED,      /* order number: somebody at the door says empty, wrong bag, or something else */
    STORE_FAULT_KIND_N
};

struct store_fault {
    int64_t id;
    uint8_t locker[STORE_LOCKER_LEN];
    enum store_fault_kind kind;
    char subject[STORE_NAME_CAP];
    char detail[STORE_TEXT_CAP]; /* no patient data */
    int64_t opened_ms, last_ms;
    uint32_t times;
    int64_t closed_ms;              /* 0: open */
    char closed_by[STORE_NAME_CAP]; /* "evidence" or a user */
    char comment[STORE_TEXT_CAP];
    char taken_by[STORE_NAME_CAP]; /* user who looks after it; "" nobody */
    uint32_t flaps;                /* times that it came back within STORE_FLAP_MS after evidence had closed it */
};

/* A fault that comes back so soon after evidence closed it is the same ticket, opened again. */
#define STORE_FLAP_MS (30 * 60 * 1000)
/* Of a ticket that comes and goes all day this many times are written into its history; all are counted. */
#define STORE_FLAP_NOTES 20

/* The history of a ticket. */
enum store_note {
    STORE_NOTE_OPENED,
    STORE_NOTE_AGAIN,
    STORE_NOTE_TAKEN,
    STORE_NOTE_COMMENT,
    STORE_NOTE_CLOSED,
    STORE_NOTE_N
};

struct store_fault_note {
    int64_t fault, at_ms;
    enum store_note what;
    char actor[STORE_NAME_CAP]; /* user, or "evidence" */
    char text[STORE_TEXT_CAP];
};

/* ---------------------------------------------------------------- contacts with patients */

enum store_contact_how {
    STORE_CONTACT_TELEPHONE,
    STORE_CONTACT_LETTER,
    STORE_CONTACT_EMAIL,
    STORE_CONTACT_COUNTER,
    STORE_CONTACT_HOW_N
};
enum store_contact_outcome {
    STORE_CONTACT_TOLD,      /* the patient, or who cares for them, knows */
    STORE_CONTACT_LEFT,      /* a word was left: voice mail, housemate, letter sent */
    STORE_CONTACT_NO_ANSWER, /* try again */
    STORE_CONTACT_WRONG,     /* number or address is not right */
    STORE_CONTACT_OUTCOME_N
};

/* That the pharmacy spoke to a patient about an order, or tried to. The note says nothing medical; it is for
 * pharmacists only all the same. */
struct store_contact {
    int64_t id; /* given by the store, rising */
    uint8_t order[ORDER_ID_LEN];
    int64_t at_ms;
    char by[STORE_NAME_CAP]; /* user */
    enum store_contact_how how;
    enum store_contact_outcome outcome;
    char note[STORE_TEXT_CAP];
};

/* ---------------------------------------------------------------- return tours */

/* Why a stop is on a tour: see tour.h. */
enum store_tour_reason {
    STORE_TOUR_EXPIRED,
    STORE_TOUR_WITHDRAWN,
    STORE_TOUR_WITHDRAWING, /* asked back, the locker has not confirmed yet */
    STORE_TOUR_RECALLED,    /* label dead, the bag lies in no door: with a courier, or on a shelf */
    STORE_TOUR_CHECK,       /* nobody knows what is in there */
    STORE_TOUR_FORCED,
    STORE_TOUR_REASON_N
};

/* How far a table of orders is read in, by the hash of its text: it can be cut anywhere and goes on there. */
struct store_import {
    uint8_t hash[STORE_HASH_LEN];
    int64_t at_ms; /* when this reading began */
    char by[STORE_NAME_CAP];
    uint32_t rows, done; /* rows of it, and those that are read in, from the first on */
    uint32_t made;       /* orders that were new */
};

/* One round at one locker; one open at most. */
struct store_tour {
    int64_t id; /* given by the store, rising */
    uint8_t locker[STORE_LOCKER_LEN];
    int64_t started_ms;
    char started_by[STORE_NAME_CAP];
    int64_t ended_ms; /* 0: open */
    char ended_by[STORE_NAME_CAP];
};

/* A door, or a bag without a door. Once on a tour it stays on it, also when the evidence has settled it. */
struct store_tour_stop {
    int64_t tour;
    unsigned place;            /* 1, 2, ... */
    char door[ORDER_DOOR_CAP]; /* "" for a bag in no door */
    enum store_tour_reason reason;
    bool has_order;
    uint8_t order[ORDER_ID_LEN];
    uint32_t load;
    int64_t explained_ms; /* by people, in words; 0: not */
    char explained_by[STORE_NAME_CAP];
    char note[STORE_TEXT_CAP];
};

/* ---------------------------------------------------------------- people */

struct store_user {
    char name[STORE_NAME_CAP]; /* login */
    char full_name[STORE_NAME_CAP];
    uint8_t staff[ORDER_STAFF_LEN];
    enum store_role role;
    char password[STORE_PASSWORD_CAP]; /* Argon2id string of libsodium */
    bool disabled;
    int64_t created_ms;
    int64_t locked_until_ms;
    uint32_t wrong;   /* wrong passwords since the last right one */
    bool must_change; /* the password was set by somebody else: the user chooses one before anything else */
};

struct store_session {
    uint8_t token_hash[STORE_HASH_LEN];
    char user[STORE_NAME_CAP];
    int64_t created_ms, used_ms, expires_ms;
    int64_t fresh_ms; /* when its user last proved to be there, by password or second factor */
};

/* The second factor of a user. */
struct store_factor {
    char user[STORE_NAME_CAP];
    uint8_t box[STORE_FACTOR_BOX_LEN]; /* secret of the authenticator app, sealed */
    bool confirmed;                    /* the user gave a first code of it */
    int64_t last_step;                 /* of the last code used */
    int64_t created_ms;
};

/* Another pharmacy that uses these lockers. */
struct store_pharmacy {
    char ura[REQUEST_URA_CAP];
    char name[STORE_NAME_CAP];
    char telephone[STORE_NAME_CAP]; /* on the slips of its orders */
};

struct store_badge {
    uint8_t badge[8];
    uint8_t locker[STORE_LOCKER_LEN];
    uint8_t staff[ORDER_STAFF_LEN];
    enum token_role role;
    int64_t not_after_s;
    int64_t created_ms;
    int64_t revoked_ms;  /* 0: valid; the command is on its way from here on */
    int64_t revoked_seq; /* of the command, for "confirmed by the locker or not yet" */
};

/* ---------------------------------------------------------------- carers, and codes that were made anew */

/* What the locker said to a command that it answers with command.done.v1. */
enum store_reply { STORE_REPLY_NONE, STORE_REPLY_PENDING, STORE_REPLY_DONE, STORE_REPLY_REFUSED, STORE_REPLY_N };

/* Somebody who may collect for a patient with a right of their own. The name is nowhere but here. */
struct store_carer {
    uint8_t carer[TOKEN_CARER_LEN];
    char name[STORE_NAME_CAP];
    bool strip;                       /* whoever the patient gave the strip of the slip: nobody is named */
    bool standing;                    /* every bag of the person; else the one bag of `order`, once */
    uint8_t order[ORDER_ID_LEN];      /* for which the right was given */
    uint8_t holder[TOKEN_PERSON_LEN]; /* whose bags: pseudonym without a locker (person.h); zeros: of one bag only */
    int64_t not_after_s, created_ms;
    char created_by[STORE_NAME_CAP];
    int64_t revoked_ms; /* 0: valid; from here on no new card, and commands are on their way */
    char revoked_by[STORE_NAME_CAP];
};

/* The same right at one locker. */
struct store_carer_place {
    uint8_t carer[TOKEN_CARER_LEN];
    uint8_t locker[STORE_LOCKER_LEN];
    uint8_t person[TOKEN_PERSON_LEN]; /* standing: of the bags there */
    uint32_t load;                    /* once: of the order; standing: 0 */
    bool code_live;
    uint8_t code_index[STORE_HASH_LEN]; /* keyed hash of the carer's own code; zeros: a card only */
    int64_t grant_seq, revoke_seq;      /* of the commands; 0: none */
    enum store_reply grant, revoke;     /* NONE: no such command was needed */
    int64_t changed_ms;
};

/* One code made anew for a bag that lies in a locker: valid when the locker has confirmed, and not before. */
struct store_recode {
    int64_t id; /* given by the store, rising */
    uint8_t order[ORDER_ID_LEN];
    uint32_t load;
    uint8_t locker[STORE_LOCKER_LEN];
    int64_t seq; /* of the command */
    enum store_reply reply;
    char cause[STORE_TOKEN_CAP]; /* why it was refused */
    char reason[STORE_TEXT_CAP]; /* of the member of staff */
    char made_by[STORE_NAME_CAP];
    int64_t made_ms, settled_ms;
    uint32_t key_epoch;
    bool code_live; /* PENDING: the new code is taken already */
    uint8_t code_index[STORE_HASH_LEN];
    uint8_t code_box[STORE_CODE_BOX_LEN];
    char pickup[TOKEN_TEXT_CAP];
};

/* ---------------------------------------------------------------- audit: append only, chained */

struct store_audit {
    int64_t seq; /* 1, 2, ...; given by the store, like prev and hash */
    int64_t at_ms;
    char actor[STORE_NAME_CAP];       /* user, "system", or locker name */
    char responsible[STORE_NAME_CAP]; /* responsible user (NEN 7513) when not the actor; "" */
    char action[STORE_NAME_CAP];      /* "order.packed", "fault.closed" */
    bool has_order;
    uint8_t order[ORDER_ID_LEN];
    char subject[STORE_NAME_CAP]; /* what else it is about: locker, door, user */
    char detail[STORE_TEXT_CAP];
    uint8_t prev[STORE_HASH_LEN], hash[STORE_HASH_LEN];
};

/* ---------------------------------------------------------------- questions */

/* What the first order of a list is; those without the value come last, equal ones by number, highest first. */
enum store_order_sort {
    STORE_ORDER_NEWEST = 0, /* highest number */
    STORE_ORDER_BY_NUMBER,
    STORE_ORDER_BY_STATE,
    STORE_ORDER_BY_PATIENT,
    STORE_ORDER_BY_END, /* of the pickup window */
    STORE_ORDER_BY_CHANGE
};

struct store_order_filter {
    uint32_t states; /* bit (1u << state) for each wanted; 0: all */
    bool has_locker;
    uint8_t locker[STORE_LOCKER_LEN];
    int64_t below_number;  /* only orders with a lower number; 0: all (paging: the last one seen) */
    int64_t ends_before_s; /* only with 0 < not_after_s < this; 0: all */
    bool has_person;
    uint8_t person[TOKEN_PERSON_LEN]; /* bags of one person at one locker */
    const char *search;               /* part of patient or reference, or the number; NULL: all */
    bool search_number;               /* then search is the number only */
    int64_t created_from_ms;          /* created_from_ms <= created_ms; 0: all */
    int64_t created_before_ms;        /* created_ms < created_before_ms; 0: all */
    enum store_order_sort sort;
    bool down; /* greatest first; not for NEWEST */
    unsigned limit;
    unsigned offset; /* rows that are passed over first */
};

/* Newest first, or from the first one on. */
struct store_audit_filter {
    const char *search;         /* words that each begin a word of the row, or of its order's id in hex; NULL: all */
    const char *actor, *action; /* NULL: all */
    int64_t from_ms;            /* from_ms <= at_ms */
    int64_t before_ms;          /* at_ms < before_ms; 0: all */
    int64_t below_seq;          /* only rows with a lower number; 0: all (paging: the last one seen) */
    bool oldest_first;
    unsigned limit;
    unsigned offset; /* rows that are passed over first */
};

enum store_audit_name { STORE_AUDIT_ACTORS, STORE_AUDIT_ACTIONS };

struct store_fault_filter {
    bool open_only;
    bool has_locker;
    uint8_t locker[STORE_LOCKER_LEN];
    int64_t below_id; /* 0: all */
    unsigned limit;
};

/* Doors that could take a bag now, and bags that have been promised one, by what matters: for allot. */
struct store_capacity {
    uint32_t doors[TOKEN_ZONE_N][TOKEN_SIZE_N][2];    /* state FREE or TAKEN, no bag in it; [1]: low */
    uint32_t promised[TOKEN_ZONE_N][TOKEN_SIZE_N][2]; /* orders packed or in transit for this locker; [1]: needs low */
    uint32_t loaded;                                  /* orders in its doors */
    uint32_t total;                                   /* doors described */
};

struct store;

/* The attribute stands in front: cppcheck 2.10 does not read it behind a pointer to a function. */
struct store_ops {
    void (*free)(struct store *s);
    ERR_MUST_CHECK enum err (*begin)(struct store *s, struct reason *r);
    ERR_MUST_CHECK enum err (*commit)(struct store *s, struct reason *r);
    void (*rollback)(struct store *s); /* nothing open: nothing happens */
    /* For idle moments: housekeeping that is not urgent. */
    ERR_MUST_CHECK enum err (*idle)(struct store *s, struct reason *r);
    /* A whole copy, as of now, in a new file of mode 0600; not inside a transaction. ERR_DUPLICATE: the file exists. */
    ERR_MUST_CHECK enum err (*backup)(struct store *s, const char *path, struct reason *r);

    /* orders. insert sets o->number. kept: see fhir_read, may be NULL. ERR_DUPLICATE: id, or source + reference. */
    ERR_MUST_CHECK enum err (*order_insert)(struct store *s, struct order *o, const char *kept, struct reason *r);
    ERR_MUST_CHECK enum err (*order_update)(struct store *s, const struct order *o, struct reason *r);
    ERR_MUST_CHECK enum err (*order_get)(struct store *s, const uint8_t id[ORDER_ID_LEN], struct order *o,
                                         struct reason *r);
    ERR_MUST_CHECK enum err (*order_find)(struct store *s, int64_t number, struct order *o, struct reason *r);
    ERR_MUST_CHECK enum err (*order_find_reference)(struct store *s, enum request_source source, const char *reference,
                                                    struct order *o, struct reason *r);
    /* *kept: NULL when there is none. */
    ERR_MUST_CHECK enum err (*order_kept)(struct store *s, const uint8_t id[ORDER_ID_LEN], char **kept,
                                          struct reason *r);
    /* list: in the order of f->sort. matches: how many there are whatever limit, offset and below_number are. count: of
     * each state. */
    ERR_MUST_CHECK enum err (*order_matches)(struct store *s, const struct store_order_filter *f, int64_t *n,
                                             struct reason *r);
    ERR_MUST_CHECK enum err (*order_list)(struct store *s, const struct store_order_filter *f,
                                          bool (*each)(void *arg, const struct order *o), void *arg, struct reason *r);
    ERR_MUST_CHECK enum err (*order_count)(struct store *s, uint32_t count[ORDER_STATE_N], struct reason *r);

    /* packings. insert: ERR_DUPLICATE when (order, load) exists, or the code index is live in this locker already.
     * forget_code: wipes the sealed code. end_code: wipes everything that a code could be tried against. */
    ERR_MUST_CHECK enum err (*packing_insert)(struct store *s, const struct store_packing *p, struct reason *r);
    ERR_MUST_CHECK enum err (*packing_get)(struct store *s, const uint8_t order[ORDER_ID_LEN], uint32_t load,
                                           struct store_packing *p, struct reason *r);
    ERR_MUST_CHECK enum err (*packing_forget_code)(struct store *s, const uint8_t order[ORDER_ID_LEN], uint32_t load,
                                                   struct reason *r);
    ERR_MUST_CHECK enum err (*packing_end_code)(struct store *s, const uint8_t order[ORDER_ID_LEN], uint32_t load,
                                                struct reason *r);
    ERR_MUST_CHECK enum err (*code_is_live)(struct store *s, const uint8_t locker[STORE_LOCKER_LEN],
                                            const uint8_t index[STORE_HASH_LEN], bool *live, struct reason *r);

    /* lockers. insert: ERR_DUPLICATE on id or name. list: by name. */
    ERR_MUST_CHECK enum err (*locker_insert)(struct store *s, const struct store_locker *l, struct reason *r);
    ERR_MUST_CHECK enum err (*locker_update)(struct store *s, const struct store_locker *l, struct reason *r);
    ERR_MUST_CHECK enum err (*locker_get)(struct store *s, const uint8_t id[STORE_LOCKER_LEN], struct store_locker *l,
                                          struct reason *r);
    ERR_MUST_CHECK enum err (*locker_find)(struct store *s, const char *name, struct store_locker *l, struct reason *r);
    ERR_MUST_CHECK enum err (*locker_list)(struct store *s, bool (*each)(void *arg, const struct store_locker *l),
                                           void *arg, struct reason *r);
    /* The watermark of events, apart because it moves with every batch. */
    ERR_MUST_CHECK enum err (*locker_mark)(struct store *s, const uint8_t id[STORE_LOCKER_LEN],
                                           const struct stream_cursor *evt, int64_t seen_ms, struct reason *r);
    ERR_MUST_CHECK enum err (*locker_capacity)(struct store *s, const uint8_t id[STORE_LOCKER_LEN],
                                               struct store_capacity *c, struct reason *r);
    ERR_MUST_CHECK enum err (*invite_put)(struct store *s, const struct store_invite *i,
                                          struct reason *r); /* replaces */
    ERR_MUST_CHECK enum err (*invite_get)(struct store *s, const char *name, struct store_invite *i, struct reason *r);
    ERR_MUST_CHECK enum err (*invite_delete)(struct store *s, const char *name, struct reason *r);

    /* outbox of commands. append: cmd is the cursor after this command (its seq and hash) and becomes the locker's; seq
     * must be the old one + 1 (ERR_GAP). list: from first_seq on, rising. ack: the signed word of the locker: rows up
     * to seq leave; ERR_RANGE when seq was never written, nothing happens when it is old. */
    ERR_MUST_CHECK enum err (*command_append)(struct store *s, const uint8_t locker[STORE_LOCKER_LEN],
                                              const struct stream_cursor *cmd, const struct store_command *c,
                                              struct reason *r);
    ERR_MUST_CHECK enum err (*command_list)(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], int64_t first_seq,
                                            unsigned limit, bool (*each)(void *arg, const struct store_command *c),
                                            void *arg, struct reason *r);
    ERR_MUST_CHECK enum err (*command_ack)(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], int64_t seq,
                                           struct reason *r);

    /* compartments, boards, samples. put: insert or replace the whole row. lists: by number, name, time. */
    ERR_MUST_CHECK enum err (*compartment_put)(struct store *s, const struct store_compartment *c, struct reason *r);
    ERR_MUST_CHECK enum err (*compartment_get)(struct store *s, const uint8_t locker[STORE_LOCKER_LEN],
                                               const char *door, struct store_compartment *c, struct reason *r);
    ERR_MUST_CHECK enum err (*compartment_delete)(struct store *s, const uint8_t locker[STORE_LOCKER_LEN],
                                                  const char *door, struct reason *r);
    ERR_MUST_CHECK enum err (*compartment_list)(struct store *s, const uint8_t locker[STORE_LOCKER_LEN],
                                                bool (*each)(void *arg, const struct store_compartment *c), void *arg,
                                                struct reason *r);
    /* Takes the order out of whatever compartment has it; none: nothing. */
    ERR_MUST_CHECK enum err (*compartment_empty)(struct store *s, const uint8_t order[ORDER_ID_LEN], struct reason *r);
    ERR_MUST_CHECK enum err (*board_put)(struct store *s, const struct store_board *b, struct reason *r);
    ERR_MUST_CHECK enum err (*board_list)(struct store *s, const uint8_t locker[STORE_LOCKER_LEN],
                                          bool (*each)(void *arg, const struct store_board *b), void *arg,
                                          struct reason *r);
    ERR_MUST_CHECK enum err (*sample_append)(struct store *s, const struct store_sample *t, struct reason *r);
    ERR_MUST_CHECK enum err (*sample_last)(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], const char *sensor,
                                           struct store_sample *t, struct reason *r);
    /* All sensors when sensor is NULL; from_ms <= at_ms < to_ms. */
    ERR_MUST_CHECK enum err (*sample_list)(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], const char *sensor,
                                           int64_t from_ms, int64_t to_ms,
                                           bool (*each)(void *arg, const struct store_sample *t), void *arg,
                                           struct reason *r);

    /* events as they arrived. append sets e->id. list: rising id; by order when order is not NULL, else by locker
     * (NULL: all). */
    ERR_MUST_CHECK enum err (*event_append)(struct store *s, struct store_event *e, struct reason *r);
    ERR_MUST_CHECK enum err (*event_list)(struct store *s, const uint8_t *locker, const uint8_t *order,
                                          int64_t above_id, unsigned limit,
                                          bool (*each)(void *arg, const struct store_event *e), void *arg,
                                          struct reason *r);

    /* The newest events of a locker, newest first, among the last STORE_RECENT_EVENTS of all lockers: what happened
     * just now, without an index that each event would have to pay for. */
    ERR_MUST_CHECK enum err (*event_newest)(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], unsigned limit,
                                            bool (*each)(void *arg, const struct store_event *e), void *arg,
                                            struct reason *r);

    /* sensors: put replaces. excursion notes: from start_ms on, by start and time. */
    ERR_MUST_CHECK enum err (*sensor_put)(struct store *s, const struct store_sensor *x, struct reason *r);
    ERR_MUST_CHECK enum err (*sensor_get)(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], const char *sensor,
                                          struct store_sensor *x, struct reason *r);
    ERR_MUST_CHECK enum err (*sensor_list)(struct store *s, const uint8_t locker[STORE_LOCKER_LEN],
                                           bool (*each)(void *arg, const struct store_sensor *x), void *arg,
                                           struct reason *r);
    ERR_MUST_CHECK enum err (*excursion_note_append)(struct store *s, const struct store_excursion_note *x,
                                                     struct reason *r);
    ERR_MUST_CHECK enum err (*excursion_note_list)(struct store *s, const uint8_t locker[STORE_LOCKER_LEN],
                                                   int64_t start_ms,
                                                   bool (*each)(void *arg, const struct store_excursion_note *x),
                                                   void *arg, struct reason *r);

    /* uses: add counts one more in the slot of at_ms. list: from_ms <= slot < to_ms, of one locker (NULL: all), by
     * slot. collected: bags taken by patients from_ms <= opened_ms < to_ms, by opened_ms. tasks: until_s for ending. */
    ERR_MUST_CHECK enum err (*use_add)(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], enum store_use kind,
                                       int64_t at_ms, struct reason *r);
    ERR_MUST_CHECK enum err (*use_list)(struct store *s, const uint8_t *locker, int64_t from_ms, int64_t to_ms,
                                        bool (*each)(void *arg, const struct store_use_row *x), void *arg,
                                        struct reason *r);
    ERR_MUST_CHECK enum err (*collected_list)(struct store *s, const uint8_t *locker, int64_t from_ms, int64_t to_ms,
                                              bool (*each)(void *arg, int64_t ready_ms, int64_t opened_ms), void *arg,
                                              struct reason *r);
    ERR_MUST_CHECK enum err (*locker_tasks)(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], int64_t until_s,
                                            struct store_tasks *out, struct reason *r);

    /* faults. raise: opens, or counts once more (then *fresh is false; also when evidence closed it within
     * STORE_FLAP_MS: the same ticket is open again); uses locker, kind, subject, detail, opened_ms. raise and settle
     * write the history; update does not. Notes of a ticket: as written.
     * settle: closes the open one of (locker, kind, subject; NULL: any subject), *closed (may be NULL) tells how many.
     * Newest first. */
    ERR_MUST_CHECK enum err (*fault_raise)(struct store *s, const struct store_fault *f, bool *fresh, struct reason *r);
    ERR_MUST_CHECK enum err (*fault_settle)(struct store *s, const uint8_t locker[STORE_LOCKER_LEN],
                                            enum store_fault_kind kind, const char *subject, int64_t at_ms,
                                            unsigned *closed, struct reason *r);
    ERR_MUST_CHECK enum err (*fault_get)(struct store *s, int64_t id, struct store_fault *f, struct reason *r);
    ERR_MUST_CHECK enum err (*fault_update)(struct store *s, const struct store_fault *f, struct reason *r);
    ERR_MUST_CHECK enum err (*fault_list)(struct store *s, const struct store_fault_filter *f,
                                          bool (*each)(void *arg, const struct store_fault *x), void *arg,
                                          struct reason *r);
    ERR_MUST_CHECK enum err (*fault_note_append)(struct store *s, const struct store_fault_note *x, struct reason *r);
    ERR_MUST_CHECK enum err (*fault_note_list)(struct store *s, int64_t fault,
                                               bool (*each)(void *arg, const struct store_fault_note *x), void *arg,
                                               struct reason *r);

    /* contacts. append sets c->id. list: rising. last: the newest, or the newest that told the patient;
     * ERR_NOT_FOUND. */
    ERR_MUST_CHECK enum err (*contact_append)(struct store *s, struct store_contact *c, struct reason *r);
    ERR_MUST_CHECK enum err (*contact_list)(struct store *s, const uint8_t order[ORDER_ID_LEN], unsigned limit,
                                            bool (*each)(void *arg, const struct store_contact *c), void *arg,
                                            struct reason *r);
    ERR_MUST_CHECK enum err (*contact_last)(struct store *s, const uint8_t order[ORDER_ID_LEN], bool told_only,
                                            struct store_contact *c, struct reason *r);

    /* imports. put: replaces. get: ERR_NOT_FOUND. purge: those that began before. */
    ERR_MUST_CHECK enum err (*import_put)(struct store *s, const struct store_import *x, struct reason *r);
    ERR_MUST_CHECK enum err (*import_get)(struct store *s, const uint8_t hash[STORE_HASH_LEN], struct store_import *x,
                                          struct reason *r);
    ERR_MUST_CHECK enum err (*import_purge)(struct store *s, int64_t before_ms, struct reason *r);

    /* tours. insert sets t->id; ERR_DUPLICATE: one is open at this locker. open: the open one, ERR_NOT_FOUND. stop_put:
     * insert or replace by (tour, place). stop_list: by place. */
    ERR_MUST_CHECK enum err (*tour_insert)(struct store *s, struct store_tour *t, struct reason *r);
    ERR_MUST_CHECK enum err (*tour_open)(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], struct store_tour *t,
                                         struct reason *r);
    ERR_MUST_CHECK enum err (*tour_end)(struct store *s, const struct store_tour *t, struct reason *r);
    ERR_MUST_CHECK enum err (*tour_stop_put)(struct store *s, const struct store_tour_stop *x, struct reason *r);
    ERR_MUST_CHECK enum err (*tour_stop_list)(struct store *s, int64_t tour, unsigned limit,
                                              bool (*each)(void *arg, const struct store_tour_stop *x), void *arg,
                                              struct reason *r);

    /* people */
    ERR_MUST_CHECK enum err (*user_insert)(struct store *s, const struct store_user *u, struct reason *r);
    ERR_MUST_CHECK enum err (*user_update)(struct store *s, const struct store_user *u, struct reason *r);
    ERR_MUST_CHECK enum err (*user_get)(struct store *s, const char *name, struct store_user *u, struct reason *r);
    ERR_MUST_CHECK enum err (*user_find_staff)(struct store *s, const uint8_t staff[ORDER_STAFF_LEN],
                                               struct store_user *u, struct reason *r);
    ERR_MUST_CHECK enum err (*user_list)(struct store *s, bool (*each)(void *arg, const struct store_user *u),
                                         void *arg, struct reason *r);
    ERR_MUST_CHECK enum err (*session_insert)(struct store *s, const struct store_session *x, struct reason *r);
    ERR_MUST_CHECK enum err (*session_get)(struct store *s, const uint8_t token_hash[STORE_HASH_LEN],
                                           struct store_session *x, struct reason *r);
    ERR_MUST_CHECK enum err (*session_touch)(struct store *s, const uint8_t token_hash[STORE_HASH_LEN], int64_t used_ms,
                                             struct reason *r);
    ERR_MUST_CHECK enum err (*session_delete)(struct store *s, const uint8_t token_hash[STORE_HASH_LEN],
                                              struct reason *r);
    /* Ends the sessions of a user (NULL: of all) that expire before_ms (INT64_MAX: all of them). */
    ERR_MUST_CHECK enum err (*session_purge)(struct store *s, const char *user, int64_t before_ms, struct reason *r);
    ERR_MUST_CHECK enum err (*session_freshen)(struct store *s, const uint8_t token_hash[STORE_HASH_LEN],
                                               int64_t fresh_ms, struct reason *r);
    /* pharmacies that share the lockers. put: replaces. list: by name. */
    ERR_MUST_CHECK enum err (*pharmacy_put)(struct store *s, const struct store_pharmacy *p, struct reason *r);
    ERR_MUST_CHECK enum err (*pharmacy_get)(struct store *s, const char *ura, struct store_pharmacy *p,
                                            struct reason *r);
    ERR_MUST_CHECK enum err (*pharmacy_delete)(struct store *s, const char *ura, struct reason *r);
    ERR_MUST_CHECK enum err (*pharmacy_list)(struct store *s, bool (*each)(void *arg, const struct store_pharmacy *p),
                                             void *arg, struct reason *r);
    /* second factors. put: replaces. delete: with its spare codes; none: nothing happens. spare_use: ERR_NOT_FOUND when
     * the user has no spare code with this hash (any more). */
    ERR_MUST_CHECK enum err (*factor_put)(struct store *s, const struct store_factor *f, struct reason *r);
    ERR_MUST_CHECK enum err (*factor_get)(struct store *s, const char *user, struct store_factor *f, struct reason *r);
    ERR_MUST_CHECK enum err (*factor_delete)(struct store *s, const char *user, struct reason *r);
    ERR_MUST_CHECK enum err (*spare_add)(struct store *s, const char *user, const uint8_t hash[STORE_HASH_LEN],
                                         struct reason *r);
    ERR_MUST_CHECK enum err (*spare_use)(struct store *s, const char *user, const uint8_t hash[STORE_HASH_LEN],
                                         struct reason *r);
    ERR_MUST_CHECK enum err (*spare_count)(struct store *s, const char *user, unsigned *count, struct reason *r);
    ERR_MUST_CHECK enum err (*badge_insert)(struct store *s, const struct store_badge *b, struct reason *r);
    ERR_MUST_CHECK enum err (*badge_update)(struct store *s, const struct store_badge *b, struct reason *r);
    ERR_MUST_CHECK enum err (*badge_get)(struct store *s, const uint8_t badge[8], struct store_badge *b,
                                         struct reason *r);
    /* Of a member of staff (NULL: all), newest first. */
    ERR_MUST_CHECK enum err (*badge_list)(struct store *s, const uint8_t *staff,
                                          bool (*each)(void *arg, const struct store_badge *b), void *arg,
                                          struct reason *r);

    /* audit. append fills seq, prev and hash (audit_hash) from the last row. list: rising; by order when not NULL. */
    ERR_MUST_CHECK enum err (*audit_append)(struct store *s, struct store_audit *a, struct reason *r);
    ERR_MUST_CHECK enum err (*audit_list)(struct store *s, const uint8_t *order, int64_t above_seq, unsigned limit,
                                          bool (*each)(void *arg, const struct store_audit *a), void *arg,
                                          struct reason *r);

    /* find: rows that fit, ERR_TOO_LONG for a search of too many words. matches: how many fit whatever limit, offset
     * and below_seq are. names: all that ever acted, or all that was ever done, by name. */
    ERR_MUST_CHECK enum err (*audit_find)(struct store *s, const struct store_audit_filter *f,
                                          bool (*each)(void *arg, const struct store_audit *a), void *arg,
                                          struct reason *r);
    ERR_MUST_CHECK enum err (*audit_matches)(struct store *s, const struct store_audit_filter *f, int64_t *n,
                                             struct reason *r);
    ERR_MUST_CHECK enum err (*audit_names)(struct store *s, enum store_audit_name which,
                                           void (*each)(void *arg, const char *name), void *arg, struct reason *r);

    /* How many rows of this action since then; actor and order NULL: of all. */
    ERR_MUST_CHECK enum err (*audit_count)(struct store *s, const char *action, const char *actor, const uint8_t *order,
                                           int64_t since_ms, uint32_t *n, struct reason *r);

    /* carers. insert: ERR_DUPLICATE. update: who revoked it, and when. list: rights for this order, and standing ones
     * of this holder (not zeros), newest first. place_put: insert or replace; ERR_DUPLICATE when the code is taken at
     * that locker. place_find: by the number of either command at that locker. places: in the order of their ids. */
    ERR_MUST_CHECK enum err (*carer_insert)(struct store *s, const struct store_carer *c, struct reason *r);
    ERR_MUST_CHECK enum err (*carer_update)(struct store *s, const struct store_carer *c, struct reason *r);
    ERR_MUST_CHECK enum err (*carer_get)(struct store *s, const uint8_t carer[TOKEN_CARER_LEN], struct store_carer *c,
                                         struct reason *r);
    ERR_MUST_CHECK enum err (*carer_list)(struct store *s, const uint8_t order[ORDER_ID_LEN],
                                          const uint8_t holder[TOKEN_PERSON_LEN],
                                          bool (*each)(void *arg, const struct store_carer *c), void *arg,
                                          struct reason *r);
    ERR_MUST_CHECK enum err (*carer_place_put)(struct store *s, const struct store_carer_place *p, struct reason *r);
    ERR_MUST_CHECK enum err (*carer_place_get)(struct store *s, const uint8_t carer[TOKEN_CARER_LEN],
                                               const uint8_t locker[STORE_LOCKER_LEN], struct store_carer_place *p,
                                               struct reason *r);
    ERR_MUST_CHECK enum err (*carer_place_find)(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], int64_t seq,
                                                struct store_carer_place *p, struct reason *r);
    ERR_MUST_CHECK enum err (*carer_places)(struct store *s, const uint8_t carer[TOKEN_CARER_LEN],
                                            bool (*each)(void *arg, const struct store_carer_place *p), void *arg,
                                            struct reason *r);

    /* codes made anew. insert sets id; ERR_DUPLICATE when the code is taken at that locker. list: of an order, newest
     * first. packing_recode: the code of a packing becomes this one, kept for printing. */
    ERR_MUST_CHECK enum err (*recode_insert)(struct store *s, struct store_recode *x, struct reason *r);
    ERR_MUST_CHECK enum err (*recode_update)(struct store *s, const struct store_recode *x, struct reason *r);
    ERR_MUST_CHECK enum err (*recode_find)(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], int64_t seq,
                                           struct store_recode *x, struct reason *r);
    ERR_MUST_CHECK enum err (*recode_list)(struct store *s, const uint8_t order[ORDER_ID_LEN],
                                           bool (*each)(void *arg, const struct store_recode *x), void *arg,
                                           struct reason *r);
    ERR_MUST_CHECK enum err (*packing_recode)(struct store *s, const struct store_recode *x, struct reason *r);
    /* Wipes the sealed codes that were made anew and confirmed before then. */
    ERR_MUST_CHECK enum err (*packing_forget_recoded)(struct store *s, int64_t before_ms, struct reason *r);

    /* settings: small texts by name. get: ERR_NOT_FOUND; out has cap bytes, ERR_TOO_LONG. */
    ERR_MUST_CHECK enum err (*setting_put)(struct store *s, const char *name, const char *value, struct reason *r);
    ERR_MUST_CHECK enum err (*setting_get)(struct store *s, const char *name, char *out, size_t cap, struct reason *r);
};

/* Implementations embed this as their first member. Call as s->ops->order_get(s, ...). */
struct store {
    const struct store_ops *ops;
};

/* Words of the enums, and back (ERR_UNKNOWN); same in every implementation. */
const char *store_locker_state_name(enum store_locker_state x);
enum err store_locker_state_parse(const char *text, enum store_locker_state *out) ERR_MUST_CHECK;
const char *store_fault_name(enum store_fault_kind k);
enum err store_fault_parse(const char *text, enum store_fault_kind *out) ERR_MUST_CHECK;
const char *store_contact_how_name(enum store_contact_how x);
enum err store_contact_how_parse(const char *text, enum store_contact_how *out) ERR_MUST_CHECK;
const char *store_contact_outcome_name(enum store_contact_outcome x);
enum err store_contact_outcome_parse(const char *text, enum store_contact_outcome *out) ERR_MUST_CHECK;
const char *store_tour_reason_name(enum store_tour_reason x);
const char *store_note_name(enum store_note x);
const char *store_use_name(enum store_use x);
const char *store_role_name(enum store_role x);
const char *store_reply_name(enum store_reply x); /* "none", "pending", "done", "refused" */
enum err store_role_parse(const char *text, enum store_role *out) ERR_MUST_CHECK;

#endif
