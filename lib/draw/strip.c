#include "draw/strip.h"
#include "draw/canvas.h"
#include "draw/text.h"
#include <string.h>

enum { LINES = 4, GAP = 6, EDGE = 8, ROOM = 84 };
static const double SIZE = 11, TITLE = 13, LEADING = 1.4;

static const char *word(const char *const *list, int i)
{
    return list ? list[i] : NULL;
}

/* Sizes on the page that are the same for all cells. */
typedef struct {
    double w, h;          /* of the largest picture */
    double cell;          /* as wide as that, or as captions need */
    double left, top;     /* where the first cell begins */
    double above, below;  /* of a cell: for column names, for captions */
    double width, height; /* of the whole */
} layout;

/* Of words in lines of this width: the longest line, and the height of the most lines. A word that
 * is longer than a line widens it. */
static canvas_box extent(const char *const *words, int n, double width)
{
    char line[LINES][TEXT_LINE];
    canvas_box most = {0};
    for (int i = 0; words && i < n; i++) {
        int lines = text_wrap(line, LINES, words[i], SIZE, width);
        if (lines) most.h = fmax(most.h, lines * SIZE * LEADING + 4);
        while (lines-- > 0) most.w = fmax(most.w, text_width(line[lines], SIZE));
    }
    return most;
}

static layout lay_out(const strip *s)
{
    int n = s->rows * s->columns, scale = s->scale > 0 ? s->scale : 1;
    double names = 0;
    layout l = {0};
    for (int i = 0; s->pictures && i < n; i++) {
        if (!s->pictures[i].pixels) continue;
        l.w = fmax(l.w, (double)s->pictures[i].w * scale / CANVAS_SCALE);
        l.h = fmax(l.h, (double)s->pictures[i].h * scale / CANVAS_SCALE);
    }
    double captions = extent(s->captions, n, ROOM).w;
    l.cell = ceil(fmax(l.w, fmax(captions, extent(s->column_names, s->columns, ROOM).w)));
    l.above = extent(s->column_names, s->columns, l.cell).h;
    l.below = extent(s->captions, n, l.cell).h;
    for (int i = 0; s->row_names && i < s->rows; i++)
        names = fmax(names, text_width(s->row_names[i], SIZE));
    l.left = EDGE + (names > 0 ? ceil(names) + GAP : 0);
    l.top = EDGE + (s->title ? 1.8 * TITLE : 0) + l.above;
    l.width = l.left + s->columns * (l.cell + GAP) - GAP + EDGE;
    l.width = ceil(fmax(l.width, text_width(s->title, TITLE) + 2 * EDGE));
    l.height = ceil(l.top + s->rows * (l.h + l.below + GAP) - GAP + EDGE);
    return l;
}

static void write_lines(canvas *c, const char *text, canvas_point top, double width)
{
    char line[LINES][TEXT_LINE];
    int n = text_wrap(line, LINES, text, SIZE, width);
    for (int k = 0; k < n; k++)
        canvas_text(c, line[k], (canvas_point){top.x, top.y + SIZE * (1 + LEADING * k)},
                    (canvas_font){SIZE, colour_ink, 0.5, 0});
}

static void draw_cell(canvas *c, const strip *s, const layout *l, int i)
{
    int scale = s->scale > 0 ? s->scale : 1;
    double x = l->left + (l->cell + GAP) * (i % s->columns);
    double y = l->top + (l->h + l->below + GAP) * (i / s->columns);
    if (s->pictures && s->pictures[i].pixels) {
        image p = s->pictures[i];
        double w = (double)p.w * scale / CANVAS_SCALE, h = (double)p.h * scale / CANVAS_SCALE;
        canvas_picture(c, p,
                       (canvas_box){floor(x + (l->cell - w) / 2), floor(y + (l->h - h) / 2), w, h});
    }
    write_lines(c, word(s->captions, i), (canvas_point){x + l->cell / 2, y + l->h + 4}, l->cell);
    if (i < s->columns)
        write_lines(c, word(s->column_names, i), (canvas_point){x + l->cell / 2, y - l->above},
                    l->cell);
    if (i % s->columns == 0)
        canvas_text(c, word(s->row_names, i / s->columns),
                    (canvas_point){l->left - GAP, y + l->h / 2 + 0.36 * SIZE},
                    (canvas_font){SIZE, colour_ink, 1, 0});
}

static canvas draw(const strip *s, const char *path, arena *memory)
{
    PROMISE(s->rows > 0 && s->columns > 0, "strip: no cells");
    layout l = lay_out(s);
    canvas c = canvas_make(path, l.width, l.height, memory);
    canvas_text(&c, s->title, (canvas_point){l.width / 2, EDGE + TITLE},
                (canvas_font){TITLE, colour_ink, 0.5, 0});
    for (int i = 0; i < s->rows * s->columns; i++) draw_cell(&c, s, &l, i);
    return c;
}

error strip_save(const strip *s, const char *path, arena scratch)
{
    canvas c = draw(s, path, &scratch);
    return canvas_save(&c, path);
}

image strip_image(arena *keep, const strip *s)
{
    canvas c = draw(s, "x.png", keep);
    PROMISE(!c.wrong, "strip_image: the picture is too large for the arena");
    return c.picture;
}
