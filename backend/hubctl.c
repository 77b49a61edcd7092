/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hubctl: the administrator's command line. Makes a hub; everything else is asked of hubd at its control socket or,
 * when hubd is stopped, done here by the same code (admin).
 */
#include <pwd.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backend/admin.h"
#include "backend/config.h"
#include "backend/control.h"
#include "backend/csv.h"
#include "backend/enrol.h"
#include "backend/fhir.h"
#include "backend/setup.h"
#include "backend/user.h"
#include "common/file.h"
#include "common/json.h"
#include "common/log.h"
#include "common/num.h"
#include "common/option.h"
#include "common/version.h"

#define DEFAULT_CONFIG "/etc/medlocker/hubd.conf"
#define PIN_LEN 6
#define ARGS_MAX 2

enum opt {
    OPT_CONFIG,
    OPT_NAME,
    OPT_REQUEST,
    OPT_MEM,
    OPT_PASSES,
    OPT_FINGERPRINT,
    OPT_USER,
    OPT_WITNESS,
    OPT_ROLE,
    OPT_FULL_NAME,
    OPT_LOCKER,
    OPT_DAYS,
    OPT_PAGE,
    OPT_FORMAT,
    OPT_SHARE,
    OPT_CONTROL,
    OPT_ADDRESS,
    OPT_PORT,
    OPT_BROKER_HOST,
    OPT_BROKER_PORT,
    OPT_BROKER_LISTEN,
    OPT_BROKER_USER,
    OPT_URA,
    OPT_PHARMACY,
    OPT_TELEPHONE,
    OPT_LANGUAGE,
    OPT_WITH_VALUE,                   /* from here on flags */
    OPT_BROKER_NAME = OPT_WITH_VALUE, /* may be repeated */
    OPT_STDIN,
    OPT_INSECURE_COOKIE,
    OPT_JSON,
    OPT_VERSION,
    OPT_HELP
};

/* In the order of enum opt. */
static const struct option long_options[] = {
    {"config", required_argument, NULL, OPT_CONFIG},
    {"name", required_argument, NULL, OPT_NAME},
    {"request", required_argument, NULL, OPT_REQUEST},
    {"cost-mem-kib", required_argument, NULL, OPT_MEM},
    {"cost-passes", required_argument, NULL, OPT_PASSES},
    {"fingerprint", required_argument, NULL, OPT_FINGERPRINT},
    {"user", required_argument, NULL, OPT_USER},
    {"witness", required_argument, NULL, OPT_WITNESS},
    {"role", required_argument, NULL, OPT_ROLE},
    {"full-name", required_argument, NULL, OPT_FULL_NAME},
    {"locker", required_argument, NULL, OPT_LOCKER},
    {"days", required_argument, NULL, OPT_DAYS},
    {"page", required_argument, NULL, OPT_PAGE},
    {"format", required_argument, NULL, OPT_FORMAT},
    {"share", required_argument, NULL, OPT_SHARE},
    {"control", required_argument, NULL, OPT_CONTROL},
    {"address", required_argument, NULL, OPT_ADDRESS},
    {"port", required_argument, NULL, OPT_PORT},
    {"broker-host", required_argument, NULL, OPT_BROKER_HOST},
    {"broker-port", required_argument, NULL, OPT_BROKER_PORT},
    {"broker-listen", required_argument, NULL, OPT_BROKER_LISTEN},
    {"broker-user", required_argument, NULL, OPT_BROKER_USER},
    {"ura", required_argument, NULL, OPT_URA},
    {"pharmacy", required_argument, NULL, OPT_PHARMACY},
    {"telephone", required_argument, NULL, OPT_TELEPHONE},
    {"language", required_argument, NULL, OPT_LANGUAGE},
    {"broker-name", required_argument, NULL, OPT_BROKER_NAME},
    {"stdin", no_argument, NULL, OPT_STDIN},
    {"insecure-cookie", no_argument, NULL, OPT_INSECURE_COOKIE},
    {"json", no_argument, NULL, OPT_JSON},
    {"version", no_argument, NULL, OPT_VERSION},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

/* The command line as read. */
struct line {
    const char *value[OPT_WITH_VALUE]; /* NULL: not given */
    const char *broker_name[SETUP_NAMES_MAX];
    unsigned broker_names;
    bool standard_input, insecure_cookie, json;
    const char *arg[ARGS_MAX]; /* behind the words of the command */
    int args;
};

static const char help[] =
    "usage: hubctl [--config FILE] [--json] COMMAND\n"
    "\n"
    "  init DIR --ura URA --pharmacy NAME --telephone TEXT [--share DIR] [--control PATH] [--address IP] [--port N]\n"
    "       [--broker-host NAME] [--broker-port N] [--broker-listen IP] [--broker-name NAME]... [--broker-user USER]\n"
    "       [--language nl|en] [--insecure-cookie]        make the state folder of a new hub\n"
    "  status                                             is hubd running, which lockers are there\n"
    "  locker invite --name NAME                          one-time secret for a new locker\n"
    "  locker enrol --name NAME --request FILE [--fingerprint F] [--cost-mem-kib N] [--cost-passes N]\n"
    "                                                     the grant for its request, on standard output\n"
    "  locker revoke NAME                                 its messages and certificate count no more\n"
    "  locker lost NAME --user LOGIN --witness LOGIN      give up a locker and what is in it\n"
    "  locker address NAME TEXT                           street and town, for the slip\n"
    "  locker hours NAME TEXT                             when people can get there, for the slip\n"
    "  locker list\n"
    "  user add --name LOGIN --role pharmacist|logistics|admin [--full-name TEXT] [--stdin]\n"
    "                                                     password drawn and printed, or read with --stdin\n"
    "  user password LOGIN [--stdin]                      a new password; ends all sessions\n"
    "  user disable LOGIN\n"
    "  user forget-factor LOGIN\n"
    "  user list\n"
    "  import FILE [--format fhir|csv|json]               orders from a file; - is standard input\n"
    "  orders                                             newest first, without names\n"
    "  badge --user LOGIN --locker NAME [--days N] [--stdin] [--page FILE]\n"
    "                                                     staff badge; PIN drawn and printed, or read with --stdin\n"
    "  verify                                             check the chain of the audit\n"
    "  backup FILE                                        copy of the database; the keys are to be kept apart\n"
    "\n"
    "--config: default " DEFAULT_CONFIG ". --json: answers as JSON. hubctl(1) tells more.\n";

static int fail(const struct reason *r)
{
    (void)fprintf(stderr, "hubctl: %s\n", r->text);
    return EXIT_FAILURE;
}

static int misuse(const char *what)
{
    return option_refuse("hubctl", what);
}

/* ---------------------------------------------------------------- asking hubd, or doing it here */

static enum err do_here(const struct config *cfg, const cJSON *request, cJSON **answer, struct reason *r)
{
    struct hub hub = {.boot = 0};
    enum err e;

    e = hub_open(&hub, cfg, r);
    if (e == ERR_BUSY)
        return err_because(r, e, "hubd has the database, but does not answer at %s", cfg->control);
    if (e != ERR_OK)
        return e;
    *answer = admin_run(&hub, request);
    hub_close(&hub);
    return ERR_OK;
}

static enum err ask_daemon(const struct config *cfg, const cJSON *request, cJSON **answer, struct reason *r)
{
    const struct json_limits limits = {.max_len = 16u * 1024 * 1024, .max_depth = 16, .flags = JSON_STRICT};
    char *line = json_print(request);
    char *text = NULL;
    enum err e = control_ask(cfg->control, line, &text, r);

    sodium_memzero(line, strlen(line)); /* may hold a PIN */
    free(line);
    if (e != ERR_OK)
        return e;
    e = json_parse(answer, text, strlen(text), &limits, r);
    free(text);
    return e == ERR_OK ? e : err_prefix(r, e, "answer of hubd");
}

/* Deletes the request. A refusal is an error with its sentence. */
static enum err ask(const struct line *l, cJSON *request, cJSON **answer, struct reason *r)
{
    const char *path = l->value[OPT_CONFIG] != NULL ? l->value[OPT_CONFIG] : DEFAULT_CONFIG;
    struct config cfg;
    const cJSON *error;
    enum err e = config_load(path, &cfg, r);

    if (e == ERR_OK) {
        e = ask_daemon(&cfg, request, answer, r);
        if (e == ERR_NOT_FOUND)
            e = do_here(&cfg, request, answer, r);
    }
    cJSON_Delete(request);
    if (e != ERR_OK)
        return e;
    error = cJSON_GetObjectItemCaseSensitive(*answer, "error");
    if (error == NULL)
        return ERR_OK;
    e = err_because(r, ERR_STATE, "%s", cJSON_IsString(error) ? cJSON_GetStringValue(error) : "refused");
    cJSON_Delete(*answer);
    return e;
}

static cJSON *request_for(const char *what)
{
    cJSON *q = json_new_object();

    json_put_text(q, "do", what);
    return q;
}

/* ---------------------------------------------------------------- printing */

static const char *text_of(const cJSON *tree, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, key);

    return cJSON_IsString(item) ? cJSON_GetStringValue(item) : "";
}

static int64_t int_of(const cJSON *tree, const char *key)
{
    int64_t n = 0;

    return json_get_int(tree, key, INT64_MIN, INT64_MAX, &n, NULL) == ERR_OK ? n : 0;
}

static void print_tree(const cJSON *tree)
{
    char *text = json_print(tree);

    (void)puts(text);
    sodium_memzero(text, strlen(text));
    free(text);
}

static void time_text(int64_t ms, char out[32])
{
    time_t t = (time_t)(ms / 1000);
    struct tm tm;

    if (ms == 0 || localtime_r(&t, &tm) == NULL || strftime(out, 32, "%Y-%m-%d %H:%M:%S", &tm) == 0)
        (void)snprintf(out, 32, "-");
}

/* Prints the answer as JSON when asked for, else by `human` (NULL: nothing but success). Deletes it. */
static int finish(const struct line *l, enum err e, cJSON *answer, const struct reason *r,
                  void (*human)(const cJSON *answer))
{
    if (e != ERR_OK)
        return fail(r);
    if (l->json)
        print_tree(answer);
    else if (human != NULL)
        human(answer);
    cJSON_Delete(answer);
    return EXIT_SUCCESS;
}

/* Commands that send their name only, or one argument. */
static int simple(const struct line *l, const char *what, const char *member, void (*human)(const cJSON *answer))
{
    cJSON *q = request_for(what);
    cJSON *answer = NULL;
    struct reason r;
    enum err e;

    if (member != NULL)
        json_put_text(q, member, l->arg[0]);
    e = ask(l, q, &answer, &r);
    return finish(l, e, answer, &r, human);
}

/* ---------------------------------------------------------------- init */

static enum err take_text(char *to, size_t cap, const char *from, const char *what, struct reason *r)
{
    if (from == NULL)
        return ERR_OK;
    if (strlen(from) >= cap)
        return err_because(r, ERR_TOO_LONG, "--%s: at most %zu bytes", what, cap - 1);
    memcpy(to, from, strlen(from) + 1);
    return ERR_OK;
}

static enum err take_port(const struct line *l, enum opt opt, uint16_t *to, struct reason *r)
{
    int64_t n;

    if (l->value[opt] == NULL)
        return ERR_OK;
    if (num_parse(l->value[opt], 0, 65535, &n) != ERR_OK)
        return err_because(r, ERR_RANGE, "--%s: a number of 0 to 65535", long_options[opt].name);
    *to = (uint16_t)n;
    return ERR_OK;
}

static enum err absolute(const char *given, char out[FILE_PATH_CAP], struct reason *r)
{
    char here[FILE_PATH_CAP];

    if (given[0] == '/')
        return take_text(out, FILE_PATH_CAP, given, "folder", r);
    if (getcwd(here, sizeof(here)) == NULL)
        return err_because(r, ERR_IO, "the present folder has no name");
    return file_path(out, here, given, r);
}

static enum err read_init(const struct line *l, struct config *c, struct reason *r)
{
    const struct {
        enum opt opt;
        char *to;
        size_t cap;
    } texts[] = {
        {OPT_ADDRESS, c->address, sizeof(c->address)},       {OPT_BROKER_HOST, c->broker_host, sizeof(c->broker_host)},
        {OPT_URA, c->pharmacy_ura, sizeof(c->pharmacy_ura)}, {OPT_PHARMACY, c->pharmacy_name, sizeof(c->pharmacy_name)},
        {OPT_TELEPHONE, c->telephone, sizeof(c->telephone)}, {OPT_LANGUAGE, c->language, sizeof(c->language)},
        {OPT_CONTROL, c->control, sizeof(c->control)},
    };
    enum err e = absolute(l->arg[0], c->state, r);

    if (e == ERR_OK)
        e = file_path(c->control, c->state, "control", r);
    if (e == ERR_OK && l->value[OPT_SHARE] != NULL)
        e = absolute(l->value[OPT_SHARE], c->share, r);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && e == ERR_OK; i++)
        e = take_text(texts[i].to, texts[i].cap, l->value[texts[i].opt], long_options[texts[i].opt].name, r);
    if (e == ERR_OK)
        e = take_port(l, OPT_PORT, &c->port, r);
    if (e == ERR_OK)
        e = take_port(l, OPT_BROKER_PORT, &c->broker_port, r);
    return e;
}

static void name_user(char out[64])
{
    const struct passwd *p = getpwuid(geteuid());

    (void)snprintf(out, 64, "%s", p != NULL ? p->pw_name : "mosquitto");
}

static int cmd_init(const struct line *l)
{
    struct setup x = {.cfg = {.share = "/usr/share/medlocker/web",
                              .address = "127.0.0.1",
                              .port = 8080,
                              .secure_cookie = !l->insecure_cookie,
                              .broker_host = "localhost",
                              .broker_port = 8883,
                              .language = "nl",
                              .window_h = 72,
                              .silent_after_s = 120},
                      .broker_address = "127.0.0.1"};
    char user[64], path[FILE_PATH_CAP];
    struct config back;
    struct reason r;
    enum err e;

    if (l->value[OPT_URA] == NULL || l->value[OPT_PHARMACY] == NULL || l->value[OPT_TELEPHONE] == NULL)
        return misuse("init needs --ura, --pharmacy and --telephone");
    name_user(user);
    x.broker_user = l->value[OPT_BROKER_USER] != NULL ? l->value[OPT_BROKER_USER] : user;
    if (l->value[OPT_BROKER_LISTEN] != NULL)
        x.broker_address = l->value[OPT_BROKER_LISTEN];
    for (unsigned i = 0; i < l->broker_names; i++)
        x.broker_name[i] = l->broker_name[i];
    e = read_init(l, &x.cfg, &r);
    if (e == ERR_OK)
        e = setup_run(&x, &r);
    if (e == ERR_OK)
        e = file_path(path, x.cfg.state, "hubd.conf", &r);
    if (e == ERR_OK)
        e = config_load(path, &back, &r); /* what was written must be readable */
    if (e != ERR_OK)
        return fail(&r);
    if (l->json) {
        cJSON *tree = json_new_object();

        json_put_text(tree, "config", path);
        json_put_text(tree, "state", x.cfg.state);
        print_tree(tree);
        cJSON_Delete(tree);
    } else {
        (void)printf("Made %s.\nStart the broker:  mosquitto -c %s/broker/mosquitto.conf\nStart the hub:     hubd "
                     "--config %s\n",
                     x.cfg.state, x.cfg.state, path);
    }
    return EXIT_SUCCESS;
}

/* ---------------------------------------------------------------- lockers */

static void show_lockers(const cJSON *answer)
{
    const cJSON *row;

    (void)printf("%-16s  %-24s  %-8s  %-19s  %s\n", "ID", "NAME", "STATE", "LAST HEARD", "COMMANDS PENDING");
    cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(answer, "lockers"))
    {
        char seen[32];

        time_text(int_of(row, "seen_ms"), seen);
        (void)printf("%-16s  %-24s  %-8s  %-19s  %lld\n", text_of(row, "id"), text_of(row, "name"),
                     text_of(row, "state"), seen, (long long)int_of(row, "commands_pending"));
    }
}

static void show_status(const cJSON *answer)
{
    const cJSON *running = cJSON_GetObjectItemCaseSensitive(answer, "running");

    (void)printf("%s, hubd %s is %s\n", text_of(answer, "pharmacy"), text_of(answer, "version"),
                 cJSON_IsTrue(running) ? "running" : "stopped");
    show_lockers(answer);
}

static void show_invite(const cJSON *answer)
{
    char until[32];

    time_text(int_of(answer, "expires_ms"), until);
    (void)printf(
        "Locker:  %s\nSecret:  %s\nValid until %s, once. The locker also needs this file (hub-key.json):\n%s\n",
        text_of(answer, "name"), text_of(answer, "secret"), until, text_of(answer, "hub_key"));
}

static int cmd_invite(const struct line *l)
{
    cJSON *q = request_for("locker.invite");
    cJSON *answer = NULL;
    struct reason r;
    enum err e;

    json_put_text(q, "name", l->value[OPT_NAME]);
    e = ask(l, q, &answer, &r);
    return finish(l, e, answer, &r, show_invite);
}

static enum err put_number(const struct line *l, enum opt opt, const char *key, int64_t max, cJSON *q, struct reason *r)
{
    int64_t n;

    if (l->value[opt] == NULL)
        return ERR_OK;
    if (num_parse(l->value[opt], 1, max, &n) != ERR_OK)
        return err_because(r, ERR_RANGE, "--%s: a number of 1 to %lld", long_options[opt].name, (long long)max);
    json_put_int(q, key, n);
    return ERR_OK;
}

static void show_grant(const cJSON *answer)
{
    (void)puts(text_of(answer, "grant"));
    (void)fprintf(stderr, "Locker %s (%s), fingerprint %s\n", text_of(answer, "name"), text_of(answer, "locker"),
                  text_of(answer, "fingerprint"));
}

static int cmd_enrol(const struct line *l)
{
    cJSON *q = request_for("locker.enrol");
    cJSON *answer = NULL;
    char *text = NULL;
    struct reason r;
    enum err e;

    if (l->value[OPT_REQUEST] == NULL) {
        cJSON_Delete(q);
        return misuse("locker enrol needs --request FILE");
    }
    json_put_text(q, "name", l->value[OPT_NAME]);
    e = put_number(l, OPT_MEM, "mem_kib", 1048576, q, &r);
    if (e == ERR_OK)
        e = put_number(l, OPT_PASSES, "passes", 16, q, &r);
    if (e == ERR_OK)
        e = file_read(l->value[OPT_REQUEST], ENROL_REQUEST_MAX, &text, NULL, &r);
    if (e != ERR_OK) {
        cJSON_Delete(q);
        return fail(&r);
    }
    json_put_text(q, "request", text);
    free(text);
    if (l->value[OPT_FINGERPRINT] != NULL)
        json_put_text(q, "fingerprint", l->value[OPT_FINGERPRINT]);
    e = ask(l, q, &answer, &r);
    return finish(l, e, answer, &r, show_grant);
}

static void show_revoked(const cJSON *answer)
{
    (void)printf("Locker %s counts no more. Tell the broker to read %s again: send it SIGHUP, or restart it.\n",
                 text_of(answer, "name"), text_of(answer, "crl"));
}

static int cmd_revoke(const struct line *l)
{
    return simple(l, "locker.revoke", "name", show_revoked);
}

static int cmd_lost(const struct line *l)
{
    cJSON *q;
    cJSON *answer = NULL;
    struct reason r;
    enum err e;

    if (l->value[OPT_USER] == NULL || l->value[OPT_WITNESS] == NULL)
        return misuse("locker lost needs --user and --witness: two persons answer for it");
    q = request_for("locker.lost");
    json_put_text(q, "name", l->arg[0]);
    json_put_text(q, "user", l->value[OPT_USER]);
    json_put_text(q, "witness", l->value[OPT_WITNESS]);
    e = ask(l, q, &answer, &r);
    return finish(l, e, answer, &r, show_revoked);
}

/* One line about a locker: locker address NAME TEXT. */
static int cmd_line(const struct line *l, const char *command, const char *member)
{
    cJSON *q = request_for(command);
    cJSON *answer = NULL;
    struct reason r;
    enum err e;

    json_put_text(q, "name", l->arg[0]);
    json_put_text(q, member, l->arg[1]);
    e = ask(l, q, &answer, &r);
    return finish(l, e, answer, &r, NULL);
}

static int cmd_address(const struct line *l)
{
    return cmd_line(l, "locker.address", "address");
}

static int cmd_hours(const struct line *l)
{
    return cmd_line(l, "locker.hours", "hours");
}

static int cmd_lockers(const struct line *l)
{
    return simple(l, "locker.list", NULL, show_lockers);
}

static int cmd_status(const struct line *l)
{
    return simple(l, "status", NULL, show_status);
}

/* ---------------------------------------------------------------- people */

/* One line of standard input. */
static enum err read_line(char *out, size_t cap, const char *what, struct reason *r)
{
    size_t len;

    if (fgets(out, (int)cap, stdin) == NULL)
        return err_because(r, ERR_MISSING, "%s: nothing on standard input", what);
    len = strlen(out);
    if (len > 0 && out[len - 1] == '\n')
        out[--len] = '\0';
    else if (len == cap - 1)
        return err_because(r, ERR_TOO_LONG, "%s: too long", what);
    return ERR_OK;
}

static enum err choose_password(const struct line *l, const char *login, char password[USER_PASSWORD_MAX + 2], cJSON *q,
                                struct reason *r)
{
    char hash[STORE_PASSWORD_CAP];
    enum err e = ERR_OK;

    if (l->standard_input)
        e = read_line(password, USER_PASSWORD_MAX + 2, "password", r);
    else
        user_draw_password(password);
    if (e == ERR_OK)
        e = user_check_password(login, password, r);
    if (e != ERR_OK)
        return e;
    if (user_hash_password(password, hash) != ERR_OK)
        return err_because(r, ERR_MEMORY, "password: not enough memory");
    json_put_text(q, "password_hash", hash);
    return ERR_OK;
}

static void show_user(const cJSON *answer)
{
    (void)printf("User:      %s\n", text_of(answer, "name"));
    if (text_of(answer, "password")[0] != '\0')
        (void)printf("Password:  %s\n", text_of(answer, "password"));
}

static int send_with_password(const struct line *l, const char *login, cJSON *q)
{
    char password[USER_PASSWORD_MAX + 2] = "";
    cJSON *answer = NULL;
    struct reason r;
    int status;
    enum err e = choose_password(l, login, password, q, &r);

    if (e != ERR_OK) {
        cJSON_Delete(q);
        return fail(&r);
    }
    e = ask(l, q, &answer, &r);
    if (e == ERR_OK && !l->standard_input)
        json_put_text(answer, "password", password);
    status = finish(l, e, answer, &r, show_user);
    sodium_memzero(password, sizeof(password));
    return status;
}

static int cmd_user_add(const struct line *l)
{
    const char *name = l->value[OPT_NAME];
    struct reason r;
    cJSON *q;

    if (l->value[OPT_ROLE] == NULL)
        return misuse("user add needs --role");
    if (user_check_login(name, &r) != ERR_OK)
        return fail(&r);
    q = request_for("user.add");
    json_put_text(q, "name", name);
    json_put_text(q, "full_name", l->value[OPT_FULL_NAME] != NULL ? l->value[OPT_FULL_NAME] : name);
    json_put_text(q, "role", l->value[OPT_ROLE]);
    return send_with_password(l, name, q);
}

static int cmd_user_password(const struct line *l)
{
    cJSON *q = request_for("user.password");

    json_put_text(q, "name", l->arg[0]);
    return send_with_password(l, l->arg[0], q);
}

static int cmd_user_disable(const struct line *l)
{
    return simple(l, "user.disable", "name", NULL);
}

static int cmd_user_forget(const struct line *l)
{
    return simple(l, "user.forget_factor", "name", NULL);
}

static void show_users(const cJSON *answer)
{
    const cJSON *row;

    (void)printf("%-16s  %-10s  %-8s  %s\n", "LOGIN", "ROLE", "STATE", "NAME");
    cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(answer, "users"))
    {
        const cJSON *disabled = cJSON_GetObjectItemCaseSensitive(row, "disabled");

        (void)printf("%-16s  %-10s  %-8s  %s\n", text_of(row, "name"), text_of(row, "role"),
                     cJSON_IsTrue(disabled) ? "disabled" : "active", text_of(row, "full_name"));
    }
}

static int cmd_users(const struct line *l)
{
    return simple(l, "user.list", NULL, show_users);
}

/* ---------------------------------------------------------------- orders */

static void show_import(const cJSON *answer)
{
    const cJSON *row;

    cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(answer, "orders"))
    {
        const cJSON *existed = cJSON_GetObjectItemCaseSensitive(row, "existed");

        (void)printf("%lld  %s  %s\n", (long long)int_of(row, "number"), text_of(row, "id"),
                     cJSON_IsTrue(existed) ? "there already" : "new");
    }
}

/* By the name of the file, and for JSON by what it says it is. */
static const char *guess_format(const char *path, const char *text)
{
    size_t len = strlen(path);

    if (len > 4 && strcmp(path + len - 4, ".csv") == 0)
        return "csv";
    return strstr(text, "\"resourceType\"") != NULL ? "fhir" : "json";
}

static int cmd_import(const struct line *l)
{
    const char *format = l->value[OPT_FORMAT];
    cJSON *answer = NULL;
    char *text = NULL;
    struct reason r;
    cJSON *q;
    enum err e = file_read(l->arg[0], CSV_MAX_LEN, &text, NULL, &r);

    if (e != ERR_OK)
        return fail(&r);
    q = request_for("import");
    json_put_text(q, "format", format != NULL ? format : guess_format(l->arg[0], text));
    json_put_text(q, "text", text);
    free(text);
    e = ask(l, q, &answer, &r);
    return finish(l, e, answer, &r, show_import);
}

static void show_orders(const cJSON *answer)
{
    const cJSON *row;

    (void)printf("%8s  %-32s  %-12s  %-24s  %s\n", "NUMBER", "ID", "STATE", "LOCKER", "DOOR");
    cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(answer, "orders"))
    {
        const cJSON *locker = cJSON_GetObjectItemCaseSensitive(row, "locker");

        (void)printf("%8lld  %-32s  %-12s  %-24s  %s\n", (long long)int_of(row, "number"), text_of(row, "id"),
                     text_of(row, "state"), text_of(locker, "name"), text_of(row, "door"));
    }
}

static int cmd_orders(const struct line *l)
{
    return simple(l, "orders", NULL, show_orders);
}

/* ---------------------------------------------------------------- badge */

/* Digits that mint accepts: not all equal, no run up or down. */
static void draw_pin(char out[PIN_LEN + 1])
{
    bool equal, up, down;

    do {
        equal = up = down = true;
        for (unsigned i = 0; i < PIN_LEN; i++) {
            out[i] = (char)('0' + randombytes_uniform(10));
            equal = equal && out[i] == out[0];
            up = up && out[i] == out[0] + (char)i;
            down = down && out[i] == out[0] - (char)i;
        }
    } while (equal || up || down);
    out[PIN_LEN] = '\0';
}

static void show_badge(const cJSON *answer)
{
    char until[32];

    time_text(int_of(answer, "not_after_s") * 1000, until);
    (void)printf("Badge:  %s, until %s\n", text_of(answer, "badge"), until);
    if (text_of(answer, "pin")[0] != '\0')
        (void)printf("PIN:    %s\n", text_of(answer, "pin"));
}

static enum err save_page(const struct line *l, cJSON *answer, struct reason *r)
{
    const char *page = text_of(answer, "page");
    enum err e = ERR_OK;

    if (l->value[OPT_PAGE] == NULL)
        return ERR_OK;
    e = file_replace(l->value[OPT_PAGE], page, strlen(page), 0600, r);
    cJSON_DeleteItemFromObjectCaseSensitive(answer, "page");
    return e;
}

static int cmd_badge(const struct line *l)
{
    char pin[64] = "";
    cJSON *answer = NULL;
    struct reason r;
    cJSON *q;
    int status;
    enum err e = ERR_OK;

    if (l->value[OPT_USER] == NULL || l->value[OPT_LOCKER] == NULL)
        return misuse("badge needs --user and --locker");
    if (!l->json && l->value[OPT_PAGE] == NULL)
        return misuse("badge needs --page FILE, where the page to print goes");
    if (l->standard_input)
        e = read_line(pin, sizeof(pin), "PIN", &r);
    else
        draw_pin(pin);
    q = request_for("badge");
    json_put_text(q, "user", l->value[OPT_USER]);
    json_put_text(q, "locker", l->value[OPT_LOCKER]);
    json_put_text(q, "pin", pin);
    if (l->value[OPT_DAYS] == NULL)
        json_put_int(q, "days", 90);
    else if (e == ERR_OK)
        e = put_number(l, OPT_DAYS, "days", 365, q, &r);
    if (e == ERR_OK)
        e = ask(l, q, &answer, &r);
    else
        cJSON_Delete(q);
    if (e == ERR_OK && !l->standard_input)
        json_put_text(answer, "pin", pin);
    if (e == ERR_OK) {
        e = save_page(l, answer, &r);
        if (e != ERR_OK)
            cJSON_Delete(answer);
    }
    status = finish(l, e, answer, &r, show_badge);
    sodium_memzero(pin, sizeof(pin));
    return status;
}

/* ---------------------------------------------------------------- audit, backup */

static void show_verified(const cJSON *answer)
{
    (void)printf("%lld rows, unbroken. Head: %s\n", (long long)int_of(answer, "rows"), text_of(answer, "head"));
}

static int cmd_verify(const struct line *l)
{
    return simple(l, "verify", NULL, show_verified);
}

static int cmd_backup(const struct line *l)
{
    char path[FILE_PATH_CAP];
    struct line with_path = *l;
    struct reason r;

    if (absolute(l->arg[0], path, &r) != ERR_OK)
        return fail(&r);
    with_path.arg[0] = path;
    return simple(&with_path, "backup", "path", NULL);
}

/* ---------------------------------------------------------------- the command line */

static const struct command {
    const char *word[2]; /* [1] NULL: one word */
    int args;
    bool name; /* --name, or one argument in its place */
    int (*run)(const struct line *l);
} commands[] = {
    {{"init", NULL}, 1, false, cmd_init},
    {{"status", NULL}, 0, false, cmd_status},
    {{"locker", "invite"}, 0, true, cmd_invite},
    {{"locker", "enrol"}, 0, true, cmd_enrol},
    {{"locker", "revoke"}, 1, true, cmd_revoke},
    {{"locker", "lost"}, 1, true, cmd_lost},
    {{"locker", "address"}, 2, false, cmd_address},
    {{"locker", "hours"}, 2, false, cmd_hours},
    {{"locker", "list"}, 0, false, cmd_lockers},
    {{"user", "add"}, 0, true, cmd_user_add},
    {{"user", "password"}, 1, true, cmd_user_password},
    {{"user", "disable"}, 1, true, cmd_user_disable},
    {{"user", "forget-factor"}, 1, true, cmd_user_forget},
    {{"user", "list"}, 0, false, cmd_users},
    {{"import", NULL}, 1, false, cmd_import},
    {{"orders", NULL}, 0, false, cmd_orders},
    {{"badge", NULL}, 0, false, cmd_badge},
    {{"verify", NULL}, 0, false, cmd_verify},
    {{"backup", NULL}, 1, false, cmd_backup},
};

static const struct command *find_command(int n, char **words, int *used)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        const struct command *c = &commands[i];

        *used = c->word[1] != NULL ? 2 : 1;
        if (n >= *used && strcmp(words[0], c->word[0]) == 0 && (*used == 1 || strcmp(words[1], c->word[1]) == 0))
            return c;
    }
    return NULL;
}

/* -1: go on. */
static int read_flag(int c, struct line *l)
{
    switch (c) {
    case OPT_BROKER_NAME:
        if (l->broker_names == SETUP_NAMES_MAX)
            return misuse("too many --broker-name");
        l->broker_name[l->broker_names++] = optarg;
        return -1;
    case OPT_STDIN:
        l->standard_input = true;
        return -1;
    case OPT_INSECURE_COOKIE:
        l->insecure_cookie = true;
        return -1;
    case OPT_JSON:
        l->json = true;
        return -1;
    case OPT_VERSION:
        (void)puts("hubctl " MEDLOCKER_VERSION);
        return EXIT_SUCCESS;
    case OPT_HELP:
        (void)fputs(help, stdout);
        return EXIT_SUCCESS;
    default:
        return OPTION_EXIT;
    }
}

static int read_options(int argc, char **argv, struct line *l)
{
    int c;

    while ((c = option_next("hubctl", argc, argv, ":", long_options)) != -1) {
        int status = -1;

        if (c >= 0 && c < OPT_WITH_VALUE)
            l->value[c] = optarg;
        else
            status = read_flag(c, l);
        if (status >= 0)
            return status;
    }
    return -1;
}

/* A name may be given as --name or as the argument. */
static int read_arguments(const struct command *c, int n, char **words, struct line *l)
{
    if (c->name && n == 1 && l->value[OPT_NAME] == NULL)
        l->value[OPT_NAME] = words[0];
    else if (c->name && n == 0 && l->value[OPT_NAME] != NULL)
        n = 0;
    else if (c->name || n != c->args)
        return misuse(c->name ? "one name is needed" : "wrong number of arguments");
    if (c->name) {
        l->arg[0] = l->value[OPT_NAME];
        return -1;
    }
    for (int i = 0; i < n && i < ARGS_MAX; i++)
        l->arg[i] = words[i];
    return -1;
}

int main(int argc, char **argv)
{
    struct line l = {.json = false};
    const struct command *c;
    int used = 0;
    int status = read_options(argc, argv, &l);

    if (status >= 0)
        return status;
    log_set_level(LOG_LEVEL_WARNING);
    if (sodium_init() < 0) {
        (void)fputs("hubctl: libsodium does not start\n", stderr);
        return EXIT_FAILURE;
    }
    if (optind == argc)
        return misuse("a command is needed");
    c = find_command(argc - optind, argv + optind, &used);
    if (c == NULL)
        return misuse("no such command");
    status = read_arguments(c, argc - optind - used, argv + optind + used, &l);
    if (status >= 0)
        return status;
    return c->run(&l);
}
