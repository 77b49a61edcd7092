/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_file: the file calls of the daemons. A path below /sim/ is on the disk of the machine of the process whose fiber
 * runs; every other path is a real one (board profiles, pages). A dead process gets EIO and changes nothing. Closing,
 * reading and writing by number are in os_fd.c, which finds these files as their kind.
 */
#ifndef MEDLOCKER_SIM_OS_FILE_H
#define MEDLOCKER_SIM_OS_FILE_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

int os_open(const char *path, int flags, ...);
int os_fsync(int fd);
int os_fstat(int fd, struct stat *st);
int os_fchmod(int fd, mode_t mode);
int os_posix_fallocate(int fd, off_t at, off_t len);
int os_mkostemp(char *path, int flags);
int os_rename(const char *from, const char *to);
int os_renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags);
int os_unlink(const char *path);
int os_mkdir(const char *path, mode_t mode);
int os_stat(const char *path, struct stat *st);
int os_access(const char *path, int mode);
DIR *os_opendir(const char *path);
struct dirent *os_readdir(DIR *dir);
int os_closedir(DIR *dir);
FILE *os_fopen(const char *path, const char *mode); /* to read */
int os_fileno(FILE *f);

#endif
