#include "pipeline/report.h"
#include "base/writer.h"
#include "draw/canvas.h"
#include <stdio.h>
#include <stdlib.h>

static int slower_first(const void *a, const void *b)
{
    const profile_row *x = a, *y = b;
    return (x->seconds < y->seconds) - (x->seconds > y->seconds);
}

/* Sorts the rows, and gives the seconds of all parts. */
static double tidy(profile *p)
{
    double whole = 0;
    qsort(p->row, (size_t)p->rows, sizeof *p->row, slower_first);
    for (int i = 0; i < p->parts; i++) whole += p->part[i].seconds;
    return whole;
}

const char *report_table(profile *p, arena *keep)
{
    writer w = {.memory = keep};
    double whole = tidy(p);
    writer_put(&w, "%-48s %5s %9s %6s %8s\n", "", "calls", "seconds", "%", "GFLOP/s");
    for (int i = 0; i < p->parts; i++) {
        double rest = p->part[i].seconds;
        writer_put(&w, "%-48s %5s %9.3f %6.1f\n", p->part[i].name, "", rest, 100 * rest / whole);
        for (int k = 0; k < p->rows; k++) {
            const profile_row *r = &p->row[k];
            if (r->part != i) continue;
            writer_put(&w, "  %-46s %5d %9.3f %6.1f %8.0f\n", r->name, r->calls, r->seconds,
                       100 * r->seconds / whole, 1e-9 * r->flop / r->seconds);
            rest -= r->seconds;
        }
        writer_put(&w, "  %-46s %5s %9.3f %6.1f\n", "all else", "", rest, 100 * rest / whole);
    }
    writer_put(&w, "%-48s %5s %9.3f %6.1f\n", "whole", "", whole, 100.0);
    return w.full ? "there was no room for the table\n" : w.text;
}

enum { BARS = 24, LINE = 22, EDGE = 16, NAMES = 290, LENGTH = 300, WIDTH = 860 };

static void words(canvas *c, const char *text, double x, int line)
{
    canvas_text(c, text, (canvas_point){x, EDGE + LINE * line - 6},
                (canvas_font){.size = 12, .ink = colour_ink});
}

/* A name, a bar of a part of LENGTH, and its seconds. */
static void bar(canvas *c, int line, const char *name, double length, int series, const char *text)
{
    words(c, name, EDGE, line);
    words(c, text, NAMES + LENGTH * length + 6, line);
    canvas_rectangle(c,
                     (canvas_box){NAMES, EDGE + LINE * (line - 1) + 4, LENGTH * length, LINE - 8},
                     (canvas_pen){.fill = colour_series(series)});
}

error report_picture(profile *p, const char *path, arena scratch)
{
    double whole = tidy(p);
    int bars = p->rows < BARS ? p->rows : BARS, line = 1;
    canvas c = canvas_make(path, WIDTH, 2 * EDGE + LINE * (bars + p->parts + 2), &scratch);
    char text[128];
    snprintf(text, sizeof text, "Where %.2f seconds went", whole);
    words(&c, text, EDGE, line++);
    for (int i = 0; i < p->parts; i++) {
        double x = p->part[i].seconds / whole;
        snprintf(text, sizeof text, "%.3f s, %.1f %%", p->part[i].seconds, 100 * x);
        bar(&c, line++, p->part[i].name, x, i, text);
    }
    words(&c, "The layers that took longest", EDGE, line++);
    for (const profile_row *r = p->row; r < p->row + bars; r++) {
        snprintf(text, sizeof text, "%.3f s, %.1f %%, %.0f GFLOP/s", r->seconds,
                 100 * r->seconds / whole, 1e-9 * r->flop / r->seconds);
        bar(&c, line++, r->name, r->seconds / p->row[0].seconds, r->part, text);
    }
    return canvas_save(&c, path);
}
