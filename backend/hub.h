/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hub: what the parts of hubd share: settings, keys, the open store, and how a transaction ends. hubd owns one for its
 * life; hubctl opens one too when hubd is not running (the store lets in one process only).
 *
 * One thread.
 */
#ifndef MEDLOCKER_HUB_H
#define MEDLOCKER_HUB_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "backend/ca.h"
#include "backend/config.h"
#include "backend/keyring.h"
#include "backend/mint.h"
#include "backend/store.h"
#include "common/clock.h"
#include "common/work.h"

struct hub {
    struct config cfg;
    struct keyring keys;
    struct mint_keys mint;
    struct store *store;
    struct ca *ca;
    char *ca_pem;
    uint32_t boot;     /* counts the starts of this hub, durably */
    uint64_t revision; /* rises with every change that a page could show */
    uint64_t serial;   /* of messages that are numbered per boot */
    bool broken;       /* the store failed: nothing more is done, the process ends */
    sd_event *loop;    /* NULL in hubctl */
    struct work *work;
    void (*commands_waiting)(void *arg); /* called after a commit that appended commands; may be NULL */
    void (*lockers_changed)(void *arg);  /* after a locker was enrolled, revoked or frozen; may be NULL */
    void *arg;
};

/* Opens keys, store and certificates of cfg->state and raises the boot counter. Errors: as keyring_load,
 * store_sqlite_open (ERR_BUSY: another process has the store), ca_open. Free with hub_close. */
enum err hub_open(struct hub *hub, const struct config *cfg, struct reason *r) ERR_MUST_CHECK;
void hub_close(struct hub *hub);

/* The time as claims of a message. */
struct clock_now hub_now(const struct hub *hub);

/* Ends a transaction: commits when e is ERR_OK, else rolls back. Gives what came of it. A failing store makes the hub
 * broken and ends the loop with status 1. */
enum err hub_end(struct hub *hub, enum err e, struct reason *r) ERR_MUST_CHECK;
/* The same judgement for functions with their own transaction (ingest_batch). */
enum err hub_judge(struct hub *hub, enum err e, const struct reason *r) ERR_MUST_CHECK;

/* Something that pages show has changed. */
void hub_touch(struct hub *hub);

/* The paths of the parts of a state folder; out has FILE_PATH_CAP bytes. */
enum err hub_path(const struct config *cfg, const char *part, char *out, struct reason *r) ERR_MUST_CHECK;
#define HUB_KEYS "keys"
#define HUB_DATABASE "hub.sqlite"
#define HUB_BROKER "broker"
#define HUB_CA_PEM "broker/ca.pem"
#define HUB_CRL_PEM "broker/crl.pem"
#define HUB_LINK_PEM "keys/link.pem"
#define HUB_LINK_KEY "keys/link.key.pem"

#endif
