/** @file strip.h
 *  Pictures side by side with words around them: a strip, or a grid of rows and columns.
 *
 *      strip s = {.rows = 1, .columns = 6, .pictures = steps, .captions = words, .scale = 2};
 *      error wrong = strip_save(&s, "out/steps.png", scratch);
 *
 *  Pictures are enlarged by a whole factor, so that every pixel stays a sharp square. Words are as
 *  in plot.h (UTF-8, x_0, 10^{-3}); captions too long for their cell go on in the next line.
 */
#ifndef DRAW_STRIP_H
#define DRAW_STRIP_H
#include "base/arena.h"
#include "base/error.h"
#include "draw/image.h"

/** What to show. Every list may be NULL, and so may every entry of a list of words. */
typedef struct {
    const char *title;               /**< above everything */
    int rows, columns;               /**< at least 1 */
    const image *pictures;           /**< [rows, columns]; one whose pixels are NULL stays empty */
    const char *const *captions;     /**< [rows, columns], each below its picture */
    const char *const *column_names; /**< [columns], on top */
    const char *const *row_names;    /**< [rows], on the left */
    int scale;                       /**< a pixel becomes scale x scale pixels of a PNG; 0: 1 */
} strip;

/** Draw a strip into a file.
 *  @param s       the strip
 *  @param path    ends in .png or .svg
 *  @param scratch for the drawing
 *  @return NULL, or why it cannot be written */
error strip_save(const strip *s, const char *path, arena scratch);

/** Draw a strip as a picture, to be a frame of an animation.
 *  @param keep    where its pixels live; must have room for it
 *  @param s       the strip
 *  @return RGB; the same size for strips with the same sizes of pictures and captions */
image strip_image(arena *keep, const strip *s);

#endif
