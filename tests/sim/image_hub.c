/* SPDX-License-Identifier: Apache-2.0 */
/* The hub's part of the making of an image: its own setup and administration, as a process. */
#include <stdio.h>
#include <string.h>

#include "backend/admin.h"
#include "backend/config.h"
#include "backend/hub.h"
#include "backend/setup.h"
#include "tests/sim/image.h"
#include "tests/sim/image_part.h"
#include "tests/sim/site.h"

/* hub_close is observed (wrap_hub.syms): this is the shipped one. */
void __real_hub_close(struct hub *hub);

static void describe(const struct image_job *job, struct config *out)
{
    *out = (struct config){.state = IMAGE_HUB_FOLDER,
                           .control = IMAGE_CONTROL,
                           .address = "127.0.0.1",
                           .port = SITE_HUB_PORT,
                           .broker_host = "localhost",
                           .broker_port = 8883,
                           .pharmacy_ura = "01236578",
                           .pharmacy_name = "Apotheek Voorbeeld",
                           .telephone = "0800 1234",
                           .language = "nl",
                           .window_h = 72,
                           .silent_after_s = 120};
    (void)snprintf(out->share, sizeof(out->share), "%s", job->share);
}

static enum err set_up(const struct image_job *job, struct reason *r)
{
    struct setup x = {.broker_address = "127.0.0.1", .broker_user = "mosquitto"};
    describe(job, &x.cfg);
    return setup_run(&x, r);
}

static enum err ask(struct image_job *job, struct reason *r)
{
    struct hub hub = {.boot = 0};
    struct config cfg;
    describe(job, &cfg);
    enum err e = hub_open(&hub, &cfg, r);
    if (e != ERR_OK)
        return e;
    job->answer = admin_run_text(&hub, job->text, strlen(job->text));
    __real_hub_close(&hub);
    return ERR_OK;
}

int image_hub_main(int argc, char **argv)
{
    struct image_job *job = image_job;
    struct reason r = {""};
    (void)argc;
    (void)argv;
    enum err e = strcmp(job->what, "setup") == 0 ? set_up(job, &r) : ask(job, &r);
    if (e != ERR_OK)
        (void)snprintf(job->why, sizeof(job->why), "%s", r.text);
    return e == ERR_OK ? 0 : 1;
}
