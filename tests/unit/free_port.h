/* SPDX-License-Identifier: Apache-2.0 */
/* A port of this machine for a server that can only be given a number. */
#ifndef MEDLOCKER_TESTS_UNIT_FREE_PORT_H
#define MEDLOCKER_TESTS_UNIT_FREE_PORT_H

#include <netinet/in.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

/* Below those that the kernel gives to whoever connects (32768 and up): one of these would be taken by another program,
 * or by the client's own connection, before the server listens. Needs cmocka.h before it. */
static inline uint16_t free_port(void)
{
    for (;;) {
        uint16_t port = (uint16_t)(20000 + randombytes_uniform(12000));
        struct sockaddr_in a = {
            .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(fd >= 0);
        bool is_free = bind(fd, (struct sockaddr *)&a, sizeof a) == 0;
        (void)close(fd);
        if (is_free)
            return port;
    }
}

#endif
