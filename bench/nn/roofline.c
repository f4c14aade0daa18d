/* Williams, Waterman, Patterson 2009, "Roofline: an insightful visual performance model":
 *
 *     FLOP/s  <=  min(peak, bytes/s x FLOP per byte)
 *
 * with the bytes that must come from memory at least once: x and weights read, y written. */
#include "draw/plot.h"
#include "table.h"
#include <math.h>
#include <stdio.h>

enum { ROOF = 3 };

void table_roofline(const table *const *t, int n, const machine *m, arena scratch)
{
    double turn = m->peak / m->read, low = turn / 8, high = turn * 4;
    double x[8][TABLE_ROWS], y[8][TABLE_ROWS];
    plot p = {.title = "Roofline: what the machine allows, and our kernels",
              .x = {.label = "FLOP for each byte that must move", .log = true},
              .y = {.label = "GFLOP/s", .log = true}};
    int tables = 0;
    for (int k = 0; k < n && k < 8; k++) {
        if (t[k]->n == 0 || t[k]->rows[0].bytes <= 0) continue; /* norms count bytes, not FLOP */
        for (int i = 0; i < t[k]->n; i++) {
            const race *c = &t[k]->rows[i];
            x[k][i] = c->work / c->bytes, y[k][i] = c->r[0].rate;
            low = fmin(low, x[k][i] / 2), high = fmax(high, x[k][i] * 2);
        }
        plot_points(&p, t[k]->file, t[k]->n, x[k], y[k]), tables++;
    }
    if (!tables) return;
    double across[ROOF] = {low, turn, high}, up[ROOF] = {low * m->read, m->peak, m->peak};
    plot_series *roof = plot_line(&p, "the roof", ROOF, across, up);
    roof->marker = PLOT_NO_MARKERS, roof->dash = 0, roof->ink = colour_ink;
    table_save(&p, "out/bench_roofline.svg", scratch);
}
