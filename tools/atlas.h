/* atlas.h: which samplers the atlas shows, and how many to a figure; for tools/draw_atlas.c, which
 * draws them, and tools/double_samplers.c, which prints the page around them. */
#ifndef ATLAS_H
#define ATLAS_H
#include "diffusion/sampler.h"

enum { ATLAS_ROWS = 8 };

/* Those that walk from noise to a picture by themselves: all whose order is known. */
static inline bool atlas_shows(const sampler_kind *kind)
{
    return kind->order > 0;
}

#endif
