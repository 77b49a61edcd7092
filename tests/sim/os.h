/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os: what the daemons ask of the system, by the names that tests/sim/side gives it. Each acts for the process whose
 * fiber is running, and answers as the real one does. Files are in os_file.c, memory in os_memory.c.
 */
#ifndef MEDLOCKER_SIM_OS_H
#define MEDLOCKER_SIM_OS_H

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <systemd/sd-event.h>
#include <systemd/sd-id128.h>
#include <time.h>

/* os_clock.c */
int os_clock_gettime(clockid_t id, struct timespec *to);
int os_nanosleep(const struct timespec *span, struct timespec *left);
int os_clock_nanosleep(clockid_t id, int flags, const struct timespec *t, struct timespec *left);
int os_adjtimex(struct timex *t);

/* os_thread.c: a mutex and a condition variable keep their state in the bytes of the real type. */
int os_pthread_create(pthread_t *out, const pthread_attr_t *attr, void *(*fn)(void *arg), void *arg);
int os_pthread_join(pthread_t thread, void **result);
int os_pthread_sigmask(int how, const sigset_t *set, sigset_t *before);
int os_pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *attr);
int os_pthread_mutex_destroy(pthread_mutex_t *m);
int os_pthread_mutex_lock(pthread_mutex_t *m);
int os_pthread_mutex_unlock(pthread_mutex_t *m);
int os_pthread_cond_init(pthread_cond_t *c, const pthread_condattr_t *attr);
int os_pthread_cond_destroy(pthread_cond_t *c);
int os_pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m);
int os_pthread_cond_signal(pthread_cond_t *c);
int os_pthread_cond_broadcast(pthread_cond_t *c);

/* os_fd.c */
ssize_t os_read(int fd, void *to, size_t len);
ssize_t os_write(int fd, const void *from, size_t len);
int os_close(int fd);
int os_dup(int fd);
int os_poll(struct pollfd *fds, nfds_t n, int timeout_ms);
int os_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask);
int os_eventfd(unsigned count, int flags);
int os_eventfd_read(int fd, eventfd_t *to);
int os_eventfd_write(int fd, eventfd_t n);
int os_socket(int domain, int type, int protocol);
int os_bind(int fd, const struct sockaddr *a, socklen_t len);
int os_listen(int fd, int backlog);
int os_connect(int fd, const struct sockaddr *a, socklen_t len);
int os_accept4(int fd, struct sockaddr *a, socklen_t *len, int flags);
ssize_t os_recv(int fd, void *to, size_t len, int flags);
ssize_t os_send(int fd, const void *from, size_t len, int flags);
int os_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
int os_getsockopt(int fd, int level, int name, void *value, socklen_t *len);
int os_shutdown(int fd, int how);

/* os_event.c */
int os_sd_event_new(sd_event **out);
int os_sd_event_default(sd_event **out);
sd_event *os_sd_event_ref(sd_event *e);
sd_event *os_sd_event_unref(sd_event *e);
int os_sd_event_loop(sd_event *e);
int os_sd_event_exit(sd_event *e, int code);
int os_sd_event_set_watchdog(sd_event *e, int on);
int os_sd_event_add_io(sd_event *e, sd_event_source **out, int fd, uint32_t events, sd_event_io_handler_t fn,
                       void *arg);
int os_sd_event_add_time(sd_event *e, sd_event_source **out, clockid_t clock, uint64_t us, uint64_t accuracy,
                         sd_event_time_handler_t fn, void *arg);
int os_sd_event_add_time_relative(sd_event *e, sd_event_source **out, clockid_t clock, uint64_t us, uint64_t accuracy,
                                  sd_event_time_handler_t fn, void *arg);
int os_sd_event_add_signal(sd_event *e, sd_event_source **out, int sig, sd_event_signal_handler_t fn, void *arg);
int os_sd_event_add_defer(sd_event *e, sd_event_source **out, sd_event_handler_t fn, void *arg);
sd_event_source *os_sd_event_source_unref(sd_event_source *s);
sd_event_source *os_sd_event_source_disable_unref(sd_event_source *s);
sd_event *os_sd_event_source_get_event(sd_event_source *s);
int os_sd_event_source_set_description(sd_event_source *s, const char *text);
int os_sd_event_source_set_priority(sd_event_source *s, int64_t priority);
int os_sd_event_source_set_enabled(sd_event_source *s, int enabled);
int os_sd_event_source_get_enabled(sd_event_source *s, int *enabled);
int os_sd_event_source_set_io_events(sd_event_source *s, uint32_t events);
int os_sd_event_source_set_time(sd_event_source *s, uint64_t us);
int os_sd_event_source_set_time_relative(sd_event_source *s, uint64_t us);

/* os_misc.c */
int os_sd_notify(int unset, const char *state);
int os_sd_notifyf(int unset, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int os_sd_watchdog_enabled(int unset, uint64_t *us);
int os_sd_id128_get_boot(sd_id128_t *to);
char *os_sd_id128_to_string(sd_id128_t id, char text[SD_ID128_STRING_MAX]);
int os_prctl(int option, ...);
int os_sigprocmask(int how, const sigset_t *set, sigset_t *before);
sighandler_t os_signal(int sig, sighandler_t handler);
int os_setrlimit(int what, const struct rlimit *limit);
mode_t os_umask(mode_t mask);
int os_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int os_fprintf(FILE *to, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int os_puts(const char *text);
int os_putchar(int c);
_Noreturn void os_abort(void);
_Noreturn void os___assert_fail(const char *what, const char *file, unsigned line, const char *function);

/* os_random.c: chance of the process; for code that runs for nobody, of the world. */
struct world;
void os_random_use(struct world *w); /* libsodium's own randomness too, from now on */
void os_randombytes_buf(void *to, size_t len);
uint32_t os_randombytes_random(void);
uint32_t os_randombytes_uniform(uint32_t below);
int os_crypto_pwhash(unsigned char *out, unsigned long long out_len, const char *text, unsigned long long text_len,
                     const unsigned char *salt, unsigned long long passes, size_t memory, int algorithm);

#endif
