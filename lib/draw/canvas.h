/* For lib/draw and tools that draw: a sheet to draw on, in pixels of a page with y downward. Two
 * kinds, one set of calls: a PNG, with 2 x 2 of its pixels for each of the page's, and an SVG,
 * where text stays text.
 *
 *     canvas c = canvas_make("out/cross.svg", 100, 60, &scratch);
 *     canvas_line(&c, (canvas_point){10, 10}, (canvas_point){90, 50}, pen);
 *     error wrong = canvas_save(&c, "out/cross.svg");
 *
 * What drawing takes of the arena is the caller's to give back, by forgetting. */
#ifndef DRAW_CANVAS_H
#define DRAW_CANVAS_H
/** @cond not in the manual */
#include "base/error.h"
#include "base/writer.h"
#include "draw/colour.h"
#include "draw/image.h"
#include <math.h>

enum { CANVAS_SCALE = 2, CANVAS_DASHES = 6 };

typedef struct {
    double x, y;
} canvas_point;

/* Between two points of a path: lift the pen. */
#define CANVAS_GAP ((canvas_point){(double)NAN, (double)NAN})

static inline bool canvas_is_gap(canvas_point p)
{
    return !isfinite(p.x) || !isfinite(p.y);
}

typedef struct {
    double x, y, w, h; /* left, top, width, height */
} canvas_box;

/* How to draw a path. */
typedef struct {
    colour fill;  /* inside; clear: not filled */
    colour line;  /* along; clear: no line */
    double width; /* of the line; its ends are round */
    int dash;     /* 0 is solid; repeats after CANVAS_DASHES */
} canvas_pen;

/* How to write. */
typedef struct {
    double size;
    colour ink;
    double align; /* 0: begins at the point, 0.5: its middle is there, 1: ends there */
    double turn;  /* degrees, against the clock; 90 reads upward */
} canvas_font;

typedef struct canvas canvas;

/* What the two kinds do. */
typedef struct {
    void (*begin)(canvas *c);
    void (*path)(canvas *c, int n, const canvas_point *p, bool closed, canvas_pen pen);
    void (*text)(canvas *c, const char *text, canvas_point at, canvas_font font);
    void (*picture)(canvas *c, image picture, canvas_box where);
    void (*clip)(canvas *c); /* NULL: looks at c->clip when it draws */
    error (*save)(canvas *c, const char *path);
} canvas_kind;

extern const canvas_kind canvas_png, canvas_svg; /* raster.c, svg.c */
extern const char canvas_credit[];               /* in the metadata of every figure */

/* Patterns of dashes: drawn, left out, drawn, ..., 0; lengths for a line 2 wide. */
extern const double canvas_dashes[CANVAS_DASHES][7];

struct canvas {
    const canvas_kind *kind;
    double w, h;        /* pixels of a page */
    arena *memory;      /* for all that drawing needs */
    error wrong;        /* no sheet could be made: nothing is drawn, canvas_save() says why */
    canvas_box clip;    /* nothing is drawn outside */
    image picture;      /* PNG: what was drawn so far, RGB */
    float *mask;        /* PNG: how much of each pixel the path covers, rows of w + 2 */
    int x0, y0, x1, y1; /* PNG: the part of the mask in use */
    writer svg;         /* SVG: what was written so far */
    int clips;          /* SVG: clips so far, to name them */
    bool clipped;       /* SVG: inside one */
};

/* An empty white sheet; the path's ending says the kind: .svg or .png. */
canvas canvas_make(const char *path, double w, double h, arena *memory);

/* Lines through points, or the surface they enclose. A point alone is a dot of the pen's width; one
 * that is not finite is a gap. `closed`: each piece ends where it began. */
void canvas_path(canvas *c, int n, const canvas_point *p, bool closed, canvas_pen pen);
void canvas_rectangle(canvas *c, canvas_box b, canvas_pen pen);
void canvas_line(canvas *c, canvas_point p, canvas_point q, canvas_pen pen);

/* One line of text, with the markup of plot.h; `at` is on its baseline. NULL: nothing. */
void canvas_text(canvas *c, const char *text, canvas_point at, canvas_font font);

/* A picture of 1, 3 or 4 channels, each of its pixels a sharp rectangle. */
void canvas_picture(canvas *c, image picture, canvas_box where);

/* From now on draw only inside b; canvas_whole() ends it. */
void canvas_clip(canvas *c, canvas_box b);
canvas_box canvas_whole(const canvas *c);

error canvas_save(canvas *c, const char *path);

/** @endcond */
#endif
