/* diagram.h: boxes with words in them, and arrows between: out/NAME.svg, and the boxes as numbers
 * in out/NAME.csv.
 *
 *     diagram d = diagram_begin(&l, "27_merges", 640, 300);
 *     diagram_box(&d, (canvas_box){8, 8, 60, 30}, diagram_pale, "fusion", "9364");
 *     diagram_end(&d);
 */
#ifndef DIAGRAM_H
#define DIAGRAM_H
#include "draw/canvas.h"
#include "draw/text.h"
#include "lesson.h"

static const colour diagram_pale = {244, 244, 244, 255}, diagram_blue = {176, 208, 232, 255},
                    diagram_orange = {242, 200, 128, 255};

typedef struct {
    const lesson *l;
    const char *name;
    arena *memory;
    canvas page;
    writer numbers;
} diagram;

static inline diagram diagram_begin(lesson *l, const char *name, double w, double h)
{
    diagram d = {.l = l, .name = name, .memory = &l->memory};
    d.page = canvas_make("out/a.svg", w, h, d.memory);
    d.numbers = (writer){.memory = d.memory};
    writer_put(&d.numbers, "words,below,x,y,w,h\n");
    return d;
}

static inline void diagram_words(diagram *d, const char *words, canvas_point at, double size,
                                 double align)
{
    canvas_text(&d->page, words, at, (canvas_font){size, colour_ink, align, 0});
}

/* Words in the middle, and a smaller line below them; NULL: none. */
static inline void diagram_box(diagram *d, canvas_box b, colour fill, const char *words,
                               const char *below)
{
    double x = b.x + b.w / 2, y = b.y + fmin(b.h, 36) / 2;
    canvas_rectangle(&d->page, b, (canvas_pen){fill, colour_ink, 1.2, 0});
    diagram_words(d, words, (canvas_point){x, y + (below ? -1.5 : 4.5)}, 12.5, 0.5);
    if (below) diagram_words(d, below, (canvas_point){x, y + 12}, 9.5, 0.5);
    const double numbers[] = {b.x, b.y, b.w, b.h};
    writer_put(&d->numbers, "\"%s\",\"%s\"", words, below ? below : "");
    for (int i = 0; i < 4; i++) writer_put(&d->numbers, ",%g", numbers[i]);
    writer_put(&d->numbers, "\n");
}

/* A line through points, with a head at its end. */
static inline void diagram_arrow(diagram *d, int n, const canvas_point *p)
{
    const double length = 7, half = 3.5;
    canvas_point tip = p[n - 1], from = p[n - 2];
    double far = hypot(tip.x - from.x, tip.y - from.y);
    double dx = (tip.x - from.x) / far, dy = (tip.y - from.y) / far;
    canvas_point foot = {tip.x - length * dx, tip.y - length * dy};
    canvas_point head[] = {
        tip, {foot.x - half * dy, foot.y + half * dx}, {foot.x + half * dy, foot.y - half * dx}};
    canvas_path(&d->page, n, p, false, (canvas_pen){{0}, colour_ink, 1.3, 0});
    canvas_path(&d->page, 3, head, true, (canvas_pen){colour_ink, colour_ink, 1, 0});
}

static inline void diagram_end(diagram *d)
{
    char path[256];
    if (d->l->checking) return;
    snprintf(path, sizeof path, "out/%s.csv", d->name);
    lesson_must(writer_save(&d->numbers, path));
    snprintf(path, sizeof path, "out/%s.svg", d->name);
    lesson_must(canvas_save(&d->page, path));
    printf("wrote %s\n", path);
}

#endif
