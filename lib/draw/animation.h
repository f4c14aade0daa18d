/** @file animation.h
 *  Pictures one after the other in one file that browsers and GitHub play, in full colour: APNG,
 *  a PNG with more pictures behind the first, for ever. What knows only PNG shows the first.
 *  Format: W3C, "Portable Network Graphics (PNG) Specification", third edition, 2025.
 */
#ifndef DRAW_ANIMATION_H
#define DRAW_ANIMATION_H
#include "draw/image.h"

/** How fast an animation goes. */
typedef struct {
    double seconds; /**< each frame is shown, > 0, at most 60 */
    double hold;    /**< the last frame is shown longer by this many seconds, >= 0, at most 60 */
} animation_pace;

/** Write an animation. One frame makes a plain PNG.
 *  @param path    where; ends in .png or .apng
 *  @param frames  n pictures of one size and one number of channels
 *  @param n       at least 1
 *  @param pace    how fast
 *  @param credit  as in image_save(); may be NULL
 *  @param scratch for the file in the making
 *  @return NULL, or why not: frames of unequal size, a bad pace, an unknown ending, no place */
error animation_save(const char *path, const image *frames, int n, animation_pace pace,
                     const char *credit, arena scratch);

#endif
