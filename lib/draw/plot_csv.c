#include "draw/plot_panel.h"
#include "draw/writer.h"
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

static void put_row(writer *w, const plot_panel *panel, int k, int i)
{
    enum { X, Y, X2, Y2, VALUE, COLUMNS };
    const plot_series *s = &panel->p->series[k];
    plot_box e = panel->element[k][s->kind == PLOT_HEAT ? 0 : i];
    double row[COLUMNS] = {e.x0, e.y0, e.x1, e.y1, 0};
    bool there[COLUMNS] = {true, true};
    if (s->kind == PLOT_ARROWS) there[X2] = there[Y2] = true;
    if (s->kind == PLOT_BAND) there[Y2] = true;
    if (s->kind == PLOT_HISTOGRAM) there[X2] = true, row[Y] = e.y1;
    if (s->kind == PLOT_BARS) row[X] = s->x ? s->x[i] : i, row[Y] = e.y1;
    there[X] = s->kind != PLOT_HORIZONTAL;
    there[Y] = s->kind != PLOT_VERTICAL;
    if (s->kind == PLOT_HEAT) {
        plot_axis across = {.log = panel->x.log, .low = e.x0, .high = e.x1};
        plot_axis up = {.log = panel->y.log, .low = e.y0, .high = e.y1};
        row[X] = plot_number(across, (i % s->columns + 0.5) / s->columns);
        row[Y] = plot_number(up, (i / s->columns + 0.5) / (s->n / s->columns));
        row[VALUE] = s->v[i], there[VALUE] = true;
    }
    for (int j = 0; j < COLUMNS; j++) { /* 17 digits give every double back; NaN has no sign here */
        writer_put(w, ",");
        if (there[j]) writer_put(w, "%.17g", isnan(row[j]) ? fabs(row[j]) : row[j]);
    }
    writer_put(w, "\n");
}

static error put_panel(writer *w, const plot *p, int number, arena *memory)
{
    static const char *const kinds[] = {"line", "points", "bars", "band",     "histogram",
                                        "heat", "arrows", "text", "vertical", "horizontal"};
    plot_panel panel;
    error wrong = plot_panel_of(p, memory, &panel);
    if (wrong) return wrong;
    for (int k = 0; k < p->count; k++) {
        int rows = p->series[k].kind == PLOT_HEAT ? p->series[k].n : panel.elements[k];
        for (int i = 0; i < rows; i++) {
            if (p->title)
                put_words(w, p->title);
            else
                writer_put(w, "%d", number);
            writer_put(w, ",");
            put_words(w, p->series[k].name);
            writer_put(w, ",%s", kinds[p->series[k].kind]);
            put_row(w, &panel, k, i);
        }
    }
    return NULL;
}

error plot_save_csv(const plot *p, int panels, const char *path, arena scratch)
{
    writer w = {.memory = &scratch};
    writer_put(&w, "panel,series,kind,x,y,x2,y2,value\n");
    error wrong = NULL;
    for (int i = 0; i < panels && !wrong; i++) wrong = put_panel(&w, &p[i], i + 1, &scratch);
    return wrong ? wrong : writer_save(&w, path);
}
