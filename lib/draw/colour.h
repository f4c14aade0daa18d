/** @file colour.h
 *  Colours that everybody can tell apart, on a screen and on grey paper.
 */
#ifndef DRAW_COLOUR_H
#define DRAW_COLOUR_H

/** sRGB, and how opaque: 0 is clear, 255 covers. */
typedef struct {
    unsigned char r, g, b, a; /**< red, green, blue, how opaque */
} colour;

extern const colour colour_ink;   /**< of words and axes: nearly black */
extern const colour colour_guide; /**< of guide lines: grey */
extern const colour colour_grid;  /**< of the lines behind data: pale grey */
extern const colour colour_paper; /**< white */

/** Colours for series: chosen so that people with any colour vision can tell them apart.
 *  Okabe, Ito 2008, "Color Universal Design", with the yellow left out: it is lost on white.
 *  @param i 0, 1, 2, ...; repeats after 7
 *  @return opaque */
colour colour_series(int i);

/** Colours for numbers: dark violet, blue, green, pale yellow. Lightness rises evenly, so that the
 *  order survives grey print.
 *  @param t 0 (lowest) to 1 (highest), cut to that; NaN is clear
 *  @return opaque, or clear */
colour colour_map(double t);

/** The same colour, as opaque as this.
 *  @param c       any
 *  @param opacity 0 to 1
 *  @return c with another `a` */
colour colour_faded(colour c, double opacity);

#endif
