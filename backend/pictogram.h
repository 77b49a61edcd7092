/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pictogram: the way to the bag in five pictures, for who does not read: drawn by this project, black on white, told by
 * shape alone. Each is an <svg> element of 100 x 100. Pure.
 */
#ifndef MEDLOCKER_PICTOGRAM_H
#define MEDLOCKER_PICTOGRAM_H

enum pictogram {
    PICTOGRAM_GO,    /* somebody walks to the cabinet */
    PICTOGRAM_CODE,  /* the paper before the scanner, or the keypad */
    PICTOGRAM_LIGHT, /* one door opens, its lamp shines */
    PICTOGRAM_TAKE,  /* the bag comes out */
    PICTOGRAM_CLOSE, /* the door is pushed shut */
    PICTOGRAM_N
};

/* Never NULL. */
const char *pictogram_svg(enum pictogram p);

#endif
