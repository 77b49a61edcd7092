/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/ballast.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"

#define NAME "ballast"

enum ballast ballast_ensure(const char *dir)
{
    char path[FILE_PATH_CAP];
    if (file_path(path, dir, NAME, NULL) != ERR_OK) {
        return BALLAST_NO_ROOM;
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        log_warning("ballast", "%s: %s", path, strerror(errno));
        return BALLAST_NO_ROOM;
    }
    struct stat st;
    if (fstat(fd, &st) == 0 && st.st_size == BALLAST_BYTES) {
        close(fd);
        return BALLAST_THERE;
    }
    int rc = posix_fallocate(fd, 0, BALLAST_BYTES);
    close(fd);
    if (rc != 0) {
        log_warning("ballast", "%s: %s", path, strerror(rc));
        (void)unlink(path);
        return BALLAST_NO_ROOM;
    }
    return BALLAST_MADE;
}

void ballast_drop(const char *dir)
{
    char path[FILE_PATH_CAP];
    if (file_path(path, dir, NAME, NULL) == ERR_OK && unlink(path) == 0) {
        log_warning("ballast", "given up: the disk is full");
    }
}
