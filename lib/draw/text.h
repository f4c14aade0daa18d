/* For lib/draw and tools that draw: words in figures, UTF-8 with sub- and superscripts (plot.h says
 * how they are written), measured and outlined by the one font built in, a part of DejaVu Sans
 * (assets/font). */
#ifndef DRAW_TEXT_H
#define DRAW_TEXT_H
/** @cond not in the manual */
#include "base/arena.h"
#include "draw/canvas.h"

/* Reads a text letter by letter. Starts as {.at = text}. */
typedef struct {
    const char *at;     /* what comes next */
    const char *from;   /* the letter just read, in UTF-8, up to `at` */
    unsigned letter;    /* its code point; U+FFFD where the text is not UTF-8 */
    int level;          /* 1 raised, -1 lowered, 0 neither */
    double scale, rise; /* its size and how far it goes up, in parts of the size of the text */
    int base;           /* letters and digits in a row before `at` */
    int script;         /* how the script ends: at a brace, or with the word */
} text_reader;

bool text_next(text_reader *r); /* false at the end */

double text_advance(unsigned letter);             /* how far it takes the pen, in sizes */
double text_width(const char *text, double size); /* pixels; NULL has no width */

/* Copy the letters that fit whole into `room` bytes, or also end in … what does not fit. The first
 * gives the bytes copied. */
size_t text_copy(char *out, size_t room, const char *words);
void text_shorten(char *out, size_t room, const char *words);

/* Break a text into lines that fit: as many words in each as have room. The last takes the rest.
 * Gives how many lines; NULL has none. */
enum { TEXT_LINE = 256 }; /* bytes */
int text_wrap(char line[][TEXT_LINE], int most, const char *text, double size, double width);

enum { TEXT_OUTLINE = 1 << 14 }; /* bytes that text_outline() takes at most */

/* Closed loops, each with a gap behind it; y goes down, 1 is the size, 0 the baseline. Gives how
 * many points. */
int text_outline(unsigned letter, arena *keep, canvas_point **out);

/** @endcond */
#endif
