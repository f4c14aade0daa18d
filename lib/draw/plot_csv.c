#include "base/writer.h"
#include "draw/plot_panel.h"
#include <math.h>
#include <string.h>

/* RFC 4180: words with a comma, a quote or a line end stand in quotes, and quotes are doubled. */
static void put_words(writer *w, const char *words)
{
    bool quoted = words && strpbrk(words, ",\"\r\n");
    if (quoted) writer_put(w, "\"");
    for (; words && *words; words++) writer_put(w, *words == '"' ? "\"\"" : "%c", *words);
    if (quoted) writer_put(w, "\"");
}

/* 17 digits give every double back; NaN has no sign here. */
static void put_number(writer *w, bool there, double v)
{
    writer_put(w, ",");
    if (there) writer_put(w, "%.17g", isnan(v) ? fabs(v) : v);
}

static void put_row(writer *w, const plot_panel *panel, int k, int i)
{
    const plot_series *s = &panel->p->series[k];
    bool heat = s->kind == PLOT_HEAT, bins = s->kind == PLOT_HISTOGRAM;
    bool bars = s->kind == PLOT_BARS, arrows = s->kind == PLOT_ARROWS;
    plot_box e = panel->element[k][heat ? 0 : i];
    double x = bars ? plot_x(s, i) : e.x0, y = bars || bins ? e.y1 : e.y0;
    if (heat) {
        plot_axis across = {.log = panel->x.log, .low = e.x0, .high = e.x1};
        plot_axis up = {.log = panel->y.log, .low = e.y0, .high = e.y1};
        x = plot_number(across, (i % s->columns + 0.5) / s->columns);
        y = plot_number(up, (i / s->columns + 0.5) / (s->n / s->columns));
    }
    put_number(w, s->kind != PLOT_HORIZONTAL, x);
    put_number(w, s->kind != PLOT_VERTICAL, y);
    put_number(w, arrows || bins, e.x1);
    put_number(w, arrows || s->kind == PLOT_BAND, e.y1);
    put_number(w, heat, heat ? s->v[i] : 0);
    writer_put(w, "\n");
}

error plot_save_csv(const plot *p, int panels, const char *path, arena scratch)
{
    static const char *const kinds[] = {"line", "points", "bars", "band",     "histogram",
                                        "heat", "arrows", "text", "vertical", "horizontal"};
    writer w = {.memory = &scratch};
    writer_put(&w, "panel,series,kind,x,y,x2,y2,value\n");
    for (int number = 1; number <= panels; number++, p++) {
        plot_panel panel;
        error wrong = plot_panel_of(p, &scratch, &panel);
        if (wrong) return wrong;
        for (int k = 0; k < p->count; k++) {
            int rows = p->series[k].kind == PLOT_HEAT ? p->series[k].n : panel.elements[k];
            for (int i = 0; i < rows; i++) {
                if (!p->title) writer_put(&w, "%d", number);
                put_words(&w, p->title);
                writer_put(&w, ",");
                put_words(&w, p->series[k].name);
                writer_put(&w, ",%s", kinds[p->series[k].kind]);
                put_row(&w, &panel, k, i);
            }
        }
    }
    return writer_save(&w, path);
}
