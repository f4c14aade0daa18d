#include "table.h"
#include "draw/plot.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* What counts as 1: the loop that ran beside the row, or what memcpy moves, which stands last. */
static double roof_of(const table *t, const race *c)
{
    return strcmp(t->unit, "GB/s") == 0 ? c->r[c->n - 1].rate : c->peak;
}

static double best_peer(const race *c)
{
    double best = (double)NAN;
    for (int i = 0; i < c->n; i++)
        if (c->r[i].side == RACE_THEIRS) best = fmax(best, c->r[i].rate);
    return best;
}

/* 1.4e-07 as 1e-7, to save room */
static void print_error(double wrong)
{
    char text[32] = "";
    if (wrong > 0) snprintf(text, sizeof text, "%.0e", wrong);
    char *zero = strstr(text, "e-0");
    if (zero) memmove(zero + 2, zero + 3, strlen(zero + 2));
    printf(" %-5s", wrong == 0 ? "exact" : text);
}

static void print_row(const table *t, const race *c)
{
    printf("%-18s", c->name);
    for (int i = 0; i < c->n; i++) {
        if (isnan(c->r[i].rate)) {
            printf("%4s %10s", "-", "");
            continue;
        }
        printf("%4.0f %.2f", c->r[i].rate, c->r[i].rate / roof_of(t, c));
        print_error(c->r[i].error);
    }
    double against = c->r[0].rate / best_peer(c);
    if (!isnan(against)) printf(" %5.2f", against);
    if (c->target > 0) printf(" (%.2f)", c->target);
    printf("%s\n", c->noisy ? " ?" : "");
    fflush(stdout);
}

void table_row(table *t, race row)
{
    if (t->n == TABLE_ROWS) return;
    if (t->n == 0) {
        printf("%s\n%s, share of the roof, relative error (rms)\n%-19s", t->title, t->unit, "");
        for (int i = 0; i < row.n; i++) printf(" %-14s", row.r[i].name);
        printf("ours/best (wanted)\n");
    }
    race_run(&row, t->m);
    print_row(t, &row);
    t->rows[t->n++] = row;
}

/* One of ours is, be it the first column, whose ratio is printed, or another. */
static bool behind(const table *t, const race *c)
{
    (void)t;
    for (int i = 0; i < c->n; i++)
        if (c->r[i].side == RACE_OURS && c->r[i].rate < c->target * best_peer(c)) return true;
    return false;
}

static bool low(const table *t, const race *c)
{
    for (int i = 0; i < c->n; i++)
        if (c->r[i].rate < c->r[i].share * roof_of(t, c)) return true;
    return false;
}

static void list(const table *t, const char *what, bool (*is)(const table *t, const race *c))
{
    int found = 0;
    for (int i = 0; i < t->n; i++)
        if (is(t, &t->rows[i])) printf("%s%s", found++ ? ", " : what, t->rows[i].name);
    if (found) printf("  (%d of %d)\n", found, t->n);
}

static bool noisy(const table *t, const race *c)
{
    (void)t;
    return c->noisy;
}

bool table_unsaved;

void table_save(plot *p, const char *path, arena scratch)
{
    error wrong = plot_save(p, path, scratch);
    if (wrong) table_unsaved = true;
    fprintf(wrong ? stderr : stdout, "%s\n", wrong ? wrong : path);
}

static void draw(const table *t, arena scratch)
{
    const char *names[TABLE_ROWS + 1] = {NULL};
    double share[RACE_MOST][TABLE_ROWS], height[TABLE_ROWS];
    plot p = {.title = t->title, .width = 760, .height = 120 + 22 * t->n};
    p.x = (plot_axis){.label = "share of the roof"}, p.y = (plot_axis){.names = names};
    for (int i = 0; i < t->n; i++) /* the first row on top */
        names[t->n - 1 - i] = t->rows[i].name, height[i] = t->n - 1 - i;
    for (int k = 0; k < t->rows[0].n; k++) {
        for (int i = 0; i < t->n; i++) share[k][i] = t->rows[i].r[k].rate / roof_of(t, &t->rows[i]);
        plot_points(&p, t->rows[0].r[k].name, t->n, share[k], height);
    }
    plot_vertical(&p, 1, NULL);
    char path[64];
    snprintf(path, sizeof path, "out/bench_%s.svg", t->file);
    table_save(&p, path, scratch);
    printf("\n");
}

void table_end(const table *t, arena scratch)
{
    if (t->n == 0) return;
    list(t, "behind the best library, more than wanted: ", behind);
    list(t, "farther from the roof than wanted: ", low);
    list(t, "? too noisy to judge (the loop of multiply-adds fell by more than a tenth): ", noisy);
    draw(t, scratch);
}
