/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/broker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"

/* Why each line is there: docs/man/hubd.8. max_inflight_messages lies above the hub's commit batch and
 * max_queued_messages is large, because beyond them Mosquitto drops what it has acknowledged. Without set_tcp_nodelay
 * every event and acknowledgement would wait 40 ms for Nagle's algorithm. */
static const char config_format[] = "# Written by hubctl. Mosquitto reads crlfile and acl_file again on SIGHUP.\n"
                                    "per_listener_settings false\n"
                                    "allow_anonymous false\n"
                                    "allow_zero_length_clientid false\n"
                                    "user %4$s\n"
                                    "listener %3$u %2$s\n"
                                    "cafile %1$s/ca.pem\n"
                                    "certfile %1$s/server.pem\n"
                                    "keyfile %1$s/server.key.pem\n"
                                    "crlfile %1$s/crl.pem\n"
                                    "require_certificate true\n"
                                    "use_identity_as_username true\n"
                                    "use_username_as_clientid true\n"
                                    "tls_version tlsv1.3\n"
                                    "acl_file %1$s/acl\n"
                                    "max_packet_size 70000\n"
                                    "max_keepalive 120\n"
                                    "max_inflight_messages 1000\n"
                                    "max_queued_messages 1000000\n"
                                    "set_tcp_nodelay true\n"
                                    "persistent_client_expiration 30d\n"
                                    "memory_limit 268435456\n"
                                    "persistence true\n"
                                    "persistence_location %1$s/data/\n"
                                    "autosave_interval 60\n"
                                    "retain_available false\n"
                                    "log_dest stderr\n"
                                    "log_type error\n"
                                    "log_type warning\n"
                                    "log_type notice\n";

static const char acl_text[] = "# The hub writes down and reads up; a locker the other way, under its own name only.\n"
                               "user backend\n"
                               "topic write mdl/v1/+/dn/#\n"
                               "topic read mdl/v1/+/up/#\n"
                               "\n"
                               "pattern write mdl/v1/%u/up/#\n"
                               "pattern read mdl/v1/%u/dn/#\n";

char *broker_config_text(const struct broker_cfg *cfg)
{
    char *text = NULL;

    if (asprintf(&text, config_format, cfg->folder, cfg->address, (unsigned)cfg->port, cfg->user) < 0)
        abort();
    return text;
}

const char *broker_acl_text(void)
{
    return acl_text;
}

/* A word of mosquitto.conf: nothing that could end it or begin another line. */
static enum err check_word(const char *what, const char *word, struct reason *r)
{
    if (word[0] == '\0' || strpbrk(word, " \t\r\n") != NULL)
        return err_because(r, ERR_SYNTAX, "broker: the %s must be one word without spaces", what);
    return ERR_OK;
}

static enum err write_text(const char *folder, const char *name, const char *text, struct reason *r)
{
    char path[FILE_PATH_CAP];
    enum err e = file_path(path, folder, name, r);

    if (e != ERR_OK)
        return e;
    return file_replace(path, text, strlen(text), 0644, r);
}

enum err broker_write(const struct broker_cfg *cfg, struct reason *r)
{
    char data[FILE_PATH_CAP];
    enum err e = check_word("folder", cfg->folder, r);
    char *text;

    if (e == ERR_OK)
        e = check_word("address", cfg->address, r);
    if (e == ERR_OK)
        e = check_word("user", cfg->user, r);
    if (e == ERR_OK)
        e = file_path(data, cfg->folder, "data", r);
    if (e == ERR_OK)
        e = file_make_folder(data, r);
    if (e == ERR_OK)
        e = write_text(cfg->folder, "acl", acl_text, r);
    if (e != ERR_OK)
        return e;
    text = broker_config_text(cfg);
    e = write_text(cfg->folder, "mosquitto.conf", text, r);
    free(text);
    return e;
}
