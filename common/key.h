/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key: secret keys in files of mode 0600, owned by the reader, each exactly its bytes. Nothing else may read or write
 * keys.
 */
#ifndef MEDLOCKER_KEY_H
#define MEDLOCKER_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/* Reads exactly len bytes. Refuses a file that others may read or that has another length. Blocks on the disk.
 * Errors: ERR_NOT_FOUND, ERR_DENIED, ERR_SYNTAX (length), ERR_IO. */
enum err key_read(const char *path, uint8_t *out, size_t len, struct reason *r) ERR_MUST_CHECK;

/* Writes a new file atomically (temporary name, sync, rename, sync of the folder), mode 0600. Refuses to overwrite:
 * ERR_DUPLICATE. */
enum err key_write_new(const char *path, const uint8_t *bytes, size_t len, struct reason *r) ERR_MUST_CHECK;

/* Writes an Ed25519 seed as an unencrypted PKCS#8 PEM file (RFC 8410), for TLS, mode 0600. */
enum err key_write_pem(const char *path, const uint8_t seed[32], struct reason *r) ERR_MUST_CHECK;

#endif
