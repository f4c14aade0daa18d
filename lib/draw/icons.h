/** @file icons.h
 *  Eight little pictures drawn by formula: a data set that needs no download and has no licence.
 *
 *  Small enough for an exact denoiser to know them all by heart, different enough to see at once
 *  which one a sampler is heading for.
 */
#ifndef DRAW_ICONS_H
#define DRAW_ICONS_H
#include "base/tensor.h"

enum { ICONS = 8 };

/** sun, moon, heart, star, tree, house, fish, face; NULL at the end. */
extern const char *const icons_names[];

/** Draw all of them.
 *  @param keep where the tensor comes from
 *  @param size rows and columns, at least 1; 32 looks well
 *  @return [8, size, size, 3] in -1..1, in the order of icons_names */
tensor icons_draw(arena *keep, int size);

#endif
