/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine RULES LOG PROGRAM [ARGUMENT...]: runs a program as the service manager would run it by its unit file, where
 * no service manager is at hand. RULES is written by tests/sandbox/rules.mjs from the unit; a line is a word and its
 * value.
 *
 * The process that becomes the program takes the rules upon itself, so that its id, its signals and its end are those
 * of the program. A second one stays beside it: it answers each refused system call as the unit says
 * (SystemCallErrorNumber), and writes it to LOG as "denied NAME A0 A1 A2"; it also is the notification socket, and
 * writes "notify MS TEXT".
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <seccomp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/keyctl.h>

#define RULES_MAX 1024
#define VALUE_CAP 512
#define KEEP_MAX 64
#define NAMESPACES                                                                                                     \
    ((scmp_datum_t)(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |       \
                    CLONE_NEWNET))
#define WRITE_EXEC ((scmp_datum_t)6) /* PROT_WRITE | PROT_EXEC */
#define SETID_BITS ((scmp_datum_t)(S_ISUID | S_ISGID))

/* For nftw, which hands nothing on. */
static uid_t owner;

struct rule {
    char word[32], value[VALUE_CAP];
};

struct rules {
    struct rule rule[RULES_MAX];
    unsigned count;
};

static void die(const char *what, ...) __attribute__((format(printf, 1, 2), noreturn));
static void die(const char *what, ...)
{
    int because = errno;
    va_list args;
    va_start(args, what);
    fputs("confine: ", stderr);
    vfprintf(stderr, what, args);
    fprintf(stderr, ": %s\n", strerror(because));
    va_end(args);
    _exit(77);
}

/* ---------------------------------------------------------------- rules */

static void read_rules(struct rules *r, const char *path)
{
    char line[VALUE_CAP + 64];
    FILE *f = fopen(path, "re");
    if (f == NULL)
        die("%s", path);
    while (fgets(line, sizeof line, f) != NULL) {
        struct rule *rule = &r->rule[r->count];
        if (r->count == RULES_MAX || sscanf(line, "%31s %511[^\n]", rule->word, rule->value) < 1)
            die("%s: line \"%s\"", path, line);
        r->count++;
    }
    (void)fclose(f);
}

static bool is(const struct rule *rule, const char *word)
{
    return strcmp(rule->word, word) == 0;
}

static const char *value_of(const struct rules *r, const char *word)
{
    for (unsigned i = 0; i < r->count; i++) {
        if (is(&r->rule[i], word))
            return r->rule[i].value;
    }
    return NULL;
}

static unsigned long number_of(const struct rules *r, const char *word, unsigned long otherwise)
{
    const char *value = value_of(r, word);
    return value == NULL ? otherwise : strtoul(value, NULL, 0);
}

/* ---------------------------------------------------------------- the one beside */

static long long now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int errno_of(int syscall_nr, int usual)
{
    if (syscall_nr == __NR_clone3)
        return ENOSYS; /* the C library then takes clone, whose flags can be looked at */
    return syscall_nr == __NR_socket ? EAFNOSUPPORT : usual;
}

static void answer_call(FILE *log, int fd, int usual)
{
    struct seccomp_notif *asked = NULL;
    struct seccomp_notif_resp *answer = NULL;
    if (seccomp_notify_alloc(&asked, &answer) != 0)
        return;
    if (seccomp_notify_receive(fd, asked) == 0) {
        char *name = seccomp_syscall_resolve_num_arch(asked->data.arch, asked->data.nr);
        answer->id = asked->id;
        answer->error = -errno_of(asked->data.nr, usual);
        fprintf(log, "denied %s %#llx %#llx %#llx\n", name == NULL ? "?" : name,
                (unsigned long long)asked->data.args[0], (unsigned long long)asked->data.args[1],
                (unsigned long long)asked->data.args[2]);
        free(name);
        (void)seccomp_notify_respond(fd, answer);
    }
    seccomp_notify_free(asked, answer);
}

static void take_notification(FILE *log, int fd)
{
    char text[1024];
    ssize_t n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);
    if (n <= 0)
        return;
    text[n] = '\0';
    for (char *c = text; *c != '\0'; c++) {
        if (*c == '\n')
            *c = ' ';
    }
    fprintf(log, "notify %lld %s\n", now_ms(), text);
}

static int receive_fd(int from)
{
    char byte;
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec io = {&byte, 1};
    struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control};
    int fd = -1;
    if (recvmsg(from, &m, 0) == 1 && CMSG_FIRSTHDR(&m) != NULL)
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
    return fd;
}

/* Until no process is left that the filter holds for. */
static void stand_beside(FILE *log, int from, int notifications, int usual)
{
    struct pollfd p[2] = {{receive_fd(from), POLLIN, 0}, {notifications, POLLIN, 0}};
    setvbuf(log, NULL, _IOLBF, 0);
    while (p[0].fd >= 0 && poll(p, 2, -1) > 0) {
        if ((p[1].revents & POLLIN) != 0)
            take_notification(log, p[1].fd);
        if ((p[0].revents & POLLIN) != 0)
            answer_call(log, p[0].fd, usual);
        else if (p[0].revents != 0)
            break;
    }
    while (poll(&p[1], 1, 0) > 0)
        take_notification(log, p[1].fd);
}

/* Answers the socket through which the filter's descriptor is handed over. */
static int start_beside(const struct rules *r, const char *log_path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int pair[2], notifications = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    FILE *log = fopen(log_path, "ae");
    int len = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "medlocker-%d", (int)getpid());
    if (log == NULL || notifications < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0 ||
        bind(notifications, (struct sockaddr *)&address,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len)) != 0)
        die("%s", log_path);
    address.sun_path[0] = '@';
    if (setenv("NOTIFY_SOCKET", address.sun_path, 1) != 0)
        die("environment");
    pid_t first = fork();
    if (first < 0)
        die("fork");
    if (first == 0) {
        if (fork() != 0)
            _exit(0);
        (void)close(pair[1]);
        (void)setsid();
        for (int fd = 0; fd <= 2; fd++) /* whoever waits for the end of the program's output does not wait for this */
            (void)close(fd);
        stand_beside(log, pair[0], notifications, (int)number_of(r, "errno", EPERM));
        _exit(0);
    }
    (void)waitpid(first, NULL, 0);
    (void)close(pair[0]);
    (void)close(notifications);
    (void)fclose(log);
    return pair[1];
}

/* ---------------------------------------------------------------- what can be seen */

static void write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        die("%s", path);
    (void)close(fd);
}

/* Nothing that is started later can have a capability. */
static void empty_bounds(void)
{
    for (unsigned long c = 0; c <= CAP_LAST_CAP; c++) {
        if (prctl(PR_CAPBSET_DROP, c, 0, 0, 0) != 0)
            die("capability %lu", c);
    }
}

/* A namespace of users in which there is one: ours, under another number. */
static void become(unsigned long uid, int more_namespaces)
{
    char map[64];
    uid_t user = geteuid();
    gid_t group = getegid();
    if (unshare(CLONE_NEWUSER | more_namespaces) != 0)
        die("a namespace of users");
    write_text("/proc/self/setgroups", "deny");
    (void)snprintf(map, sizeof map, "%lu %u 1", uid, (unsigned)user);
    write_text("/proc/self/uid_map", map);
    (void)snprintf(map, sizeof map, "%lu %u 1", uid, (unsigned)group);
    write_text("/proc/self/gid_map", map);
}

static int own_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)kind;
    (void)where;
    return st->st_uid == owner || lchown(path, owner, owner) == 0 || errno == ENOENT ? 0 : -1;
}

static void own(const char *path, uid_t user)
{
    owner = user;
    if (nftw(path, own_one, 16, FTW_PHYS) != 0)
        die("%s", path);
}

/* The folders that the service manager would make for the user of the unit. */
static void own_all(const struct rules *r, uid_t user)
{
    for (unsigned i = 0; i < r->count; i++) {
        if (is(&r->rule[i], "writable") || is(&r->rule[i], "owned"))
            own(r->rule[i].value, user);
    }
}

/* As PrivateUsers does it: a namespace in which root and the user of the unit keep their numbers, and nobody else has
 * one. Only somebody outside may write that down. */
static void become_other(uid_t user)
{
    char path[64], map[128], byte = 0;
    int go[2];
    pid_t self = getpid();
    if (pipe2(go, O_CLOEXEC) != 0)
        die("pipe");
    pid_t outside = fork();
    if (outside < 0)
        die("fork");
    if (outside == 0) {
        (void)close(go[1]);
        (void)!read(go[0], &byte, 1);
        (void)snprintf(map, sizeof map, "0 0 1\n%u %u 1\n", (unsigned)user, (unsigned)user);
        (void)snprintf(path, sizeof path, "/proc/%d/uid_map", (int)self);
        write_text(path, map);
        (void)snprintf(path, sizeof path, "/proc/%d/gid_map", (int)self);
        write_text(path, map);
        _exit(0);
    }
    int status = 0;
    if (unshare(CLONE_NEWUSER) != 0)
        die("a namespace of users");
    (void)close(go[0]);
    (void)close(go[1]);
    if (waitpid(outside, &status, 0) != outside || status != 0)
        die("numbers of users");
    empty_bounds();
    if (setgroups(0, NULL) != 0 || setresgid(user, user, user) != 0 || setresuid(user, user, user) != 0)
        die("another user");
}

/* What stays visible below a place that is covered: taken before, put back after. */
struct kept {
    const struct rule *rule;
    int tree;
    bool is_file;
};

static unsigned keep(const struct rules *r, struct kept *kept)
{
    unsigned n = 0;
    for (unsigned i = 0; i < r->count; i++) {
        const struct rule *rule = &r->rule[i];
        struct stat st;
        if (!is(rule, "writable") && !is(rule, "readable") && !is(rule, "device"))
            continue;
        if (stat(rule->value, &st) != 0)
            continue; /* a device that this machine does not have */
        if (n == KEEP_MAX)
            die("too many paths are kept");
        kept[n].rule = rule;
        kept[n].is_file = !S_ISDIR(st.st_mode);
        kept[n].tree = open_tree(AT_FDCWD, rule->value, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
        if (kept[n].tree < 0)
            die("%s", rule->value);
        n++;
    }
    return n;
}

static void make_place(const char *path, bool is_file)
{
    char part[VALUE_CAP];
    for (size_t i = 1; path[i] != '\0'; i++) {
        if (path[i] != '/')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        (void)mkdir(part, 0755);
    }
    if (is_file)
        (void)close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    else
        (void)mkdir(path, 0755);
}

static void set_read_only(const char *path, bool yes, unsigned depth)
{
    struct mount_attr attr = {.attr_set = yes ? MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID : 0,
                              .attr_clr = yes ? 0 : MOUNT_ATTR_RDONLY};
    if (mount_setattr(AT_FDCWD, path, depth, &attr, sizeof attr) != 0 && yes)
        die("%s read-only", path);
}

static void restrict_view(const struct rules *r)
{
    struct kept kept[KEEP_MAX];
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        die("a private view");
    unsigned n = keep(r, kept);
    for (unsigned i = 0; i < r->count; i++) {
        const struct rule *rule = &r->rule[i];
        if ((is(rule, "empty") || is(rule, "scratch")) && access(rule->value, F_OK) == 0 &&
            mount("tmpfs", rule->value, "tmpfs", MS_NOSUID | (strcmp(rule->value, "/dev") == 0 ? 0 : MS_NODEV),
                  is(rule, "scratch") ? "mode=1777" : "mode=755") != 0)
            die("an empty %s", rule->value);
    }
    for (unsigned i = 0; i < n; i++) {
        make_place(kept[i].rule->value, kept[i].is_file);
        if (move_mount(kept[i].tree, "", AT_FDCWD, kept[i].rule->value, MOVE_MOUNT_F_EMPTY_PATH) != 0)
            die("%s", kept[i].rule->value);
        (void)close(kept[i].tree);
    }
    if (value_of(r, "proc") != NULL &&
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, value_of(r, "proc")) != 0)
        fprintf(stderr, "confine: /proc stays as it is: %s\n", strerror(errno));
    set_read_only("/", true, AT_RECURSIVE);
    set_read_only("/proc", false, 0);
    for (unsigned i = 0; i < r->count; i++) {
        if (is(&r->rule[i], "writable") || is(&r->rule[i], "scratch"))
            set_read_only(r->rule[i].value, false, 0);
    }
}

/* ---------------------------------------------------------------- what can be used */

static void limit(int what, const struct rules *r, const char *word)
{
    const char *value = value_of(r, word);
    if (value == NULL)
        return;
    rlim_t n = strtoul(value, NULL, 10);
    if (setrlimit((__rlimit_resource_t)what, &(struct rlimit){n, n}) != 0)
        die("limit %s", word);
}

static void drop_rights(void)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capset, &head, none) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        die("rights");
    (void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0);
}

/* ---------------------------------------------------------------- what can be called */

static void allow(scmp_filter_ctx f, const char *name, unsigned count, const struct scmp_arg_cmp *args)
{
    int nr = seccomp_syscall_resolve_name(name);
    if (nr == __NR_SCMP_ERROR || nr < 0)
        return; /* not a call of this machine */
    int rc = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, nr, count, args);
    if (rc != 0 && rc != -EEXIST) {
        errno = -rc;
        die("filter: %s", name);
    }
}

static void allow_equal(scmp_filter_ctx f, const char *name, unsigned arg, scmp_datum_t value)
{
    allow(f, name, 1, &(struct scmp_arg_cmp){arg, SCMP_CMP_EQ, value, 0});
}

/* Allowed only while the bits of one argument are as given. */
static void allow_masked(scmp_filter_ctx f, const char *name, unsigned arg, scmp_datum_t mask, scmp_datum_t value)
{
    allow(f, name, 1, &(struct scmp_arg_cmp){arg, SCMP_CMP_MASKED_EQ, mask, value});
}

static bool allow_memory(scmp_filter_ctx f, const char *name)
{
    if (strcmp(name, "mmap") == 0) {
        for (scmp_datum_t v = 0; v < WRITE_EXEC; v += 2)
            allow_masked(f, name, 2, WRITE_EXEC, v);
    } else if (strcmp(name, "mprotect") == 0 || strcmp(name, "pkey_mprotect") == 0) {
        allow_masked(f, name, 2, 4, 0);
    } else if (strcmp(name, "shmat") == 0) {
        allow_masked(f, name, 2, 0100000, 0);
    } else {
        return false;
    }
    return true;
}

static bool allow_threads(scmp_filter_ctx f, const char *name)
{
    if (strcmp(name, "clone") == 0)
        allow_masked(f, name, 0, NAMESPACES, 0);
    else if (strcmp(name, "clone3") != 0 && strcmp(name, "unshare") != 0 && strcmp(name, "setns") != 0)
        return false;
    return true;
}

static bool allow_scheduling(scmp_filter_ctx f, const char *name)
{
    static const scmp_datum_t usual[] = {SCHED_OTHER, SCHED_BATCH, SCHED_IDLE};
    if (strcmp(name, "sched_setscheduler") != 0)
        return strcmp(name, "sched_setattr") == 0;
    for (unsigned i = 0; i < sizeof usual / sizeof usual[0]; i++)
        allow_equal(f, name, 1, usual[i]);
    return true;
}

static bool allow_modes(scmp_filter_ctx f, const char *name)
{
    static const struct {
        const char *name;
        unsigned mode;
    } calls[] = {{"chmod", 1},   {"fchmod", 1}, {"fchmodat", 2}, {"fchmodat2", 2}, {"mkdir", 1},
                 {"mkdirat", 2}, {"mknod", 1},  {"mknodat", 2},  {"creat", 1}};
    static const struct {
        const char *name;
        unsigned flags;
    } opens[] = {{"open", 1}, {"openat", 2}};
    for (unsigned i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (strcmp(name, calls[i].name) == 0) {
            allow_masked(f, name, calls[i].mode, SETID_BITS, 0);
            return true;
        }
    }
    for (unsigned i = 0; i < sizeof opens / sizeof opens[0]; i++) {
        if (strcmp(name, opens[i].name) == 0) {
            allow_masked(f, name, opens[i].flags, O_CREAT | __O_TMPFILE, 0);
            allow_masked(f, name, opens[i].flags + 1, SETID_BITS, 0);
            return true;
        }
    }
    return strcmp(name, "openat2") == 0;
}

static bool allow_families(scmp_filter_ctx f, const char *name, const struct rules *r)
{
    if (strcmp(name, "socket") != 0)
        return false;
    for (unsigned i = 0; i < r->count; i++) {
        if (is(&r->rule[i], "family"))
            allow_equal(f, name, 0, strtoul(r->rule[i].value, NULL, 10));
    }
    return true;
}

static bool allow_personality(scmp_filter_ctx f, const char *name)
{
    if (strcmp(name, "personality") != 0)
        return false;
    allow_equal(f, name, 0, 0);
    allow_equal(f, name, 0, 0xffffffff);
    return true;
}

static void restrict_calls(const struct rules *r, int beside)
{
    bool kill = value_of(r, "kill") != NULL;
    scmp_filter_ctx f = seccomp_init(kill ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_NOTIFY);
    if (f == NULL)
        die("filter");
    for (unsigned i = 0; i < r->count; i++) {
        const char *name = r->rule[i].value;
        if (!is(&r->rule[i], "call"))
            continue;
        bool done = (value_of(r, "no-write-exec") != NULL && allow_memory(f, name)) ||
                    (value_of(r, "no-namespaces") != NULL && allow_threads(f, name)) ||
                    (value_of(r, "no-realtime") != NULL && allow_scheduling(f, name)) ||
                    (value_of(r, "no-setid") != NULL && allow_modes(f, name)) ||
                    (value_of(r, "family") != NULL && allow_families(f, name, r)) ||
                    (value_of(r, "no-personality") != NULL && allow_personality(f, name));
        if (!done)
            allow(f, name, 0, NULL);
    }
    if (kill) /* the C library asks this one first, as under the unit, and lives with the refusal */
        (void)seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), __NR_clone3, 0);
    int rc = seccomp_load(f);
    if (rc != 0) {
        errno = -rc;
        die("filter");
    }
    int fd = kill ? -1 : seccomp_notify_fd(f);
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {.bytes = {0}};
    char byte = 0;
    struct iovec io = {&byte, 1};
    struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    if (!kill && sendmsg(beside, &m, 0) != 1)
        die("filter");
    if (!kill)
        (void)close(fd);
}

int main(int argc, char **argv)
{
    static struct rules rules;
    if (argc < 4) {
        fputs("usage: confine RULES LOG PROGRAM [ARGUMENT...]\n", stderr);
        return 2;
    }
    read_rules(&rules, argv[1]);
    const char *watchdog = value_of(&rules, "watchdog_us");
    if (watchdog != NULL && setenv("WATCHDOG_USEC", watchdog, 1) != 0)
        die("environment");
    int beside = start_beside(&rules, argv[2]);
    int private = CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;
    uid_t user = (uid_t)number_of(&rules, "user", 65534);
    bool root = geteuid() == 0;
    if (!root)
        become(0, private);
    else if (unshare(private) != 0)
        die("namespaces");
    else
        own_all(&rules, user);
    restrict_view(&rules);
    if (root) {
        become_other(user);
    } else {
        become(user, 0);
        empty_bounds();
    }
    limit(RLIMIT_NOFILE, &rules, "limit_nofile");
    limit(RLIMIT_CORE, &rules, "limit_core");
    limit(RLIMIT_NPROC, &rules, "limit_tasks");
    (void)umask((mode_t)number_of(&rules, "umask", 022));
    drop_rights();
    restrict_calls(&rules, beside);
    (void)execv(argv[3], argv + 3);
    die("%s", argv[3]);
}
