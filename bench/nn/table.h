/** @file table.h
 *  Races as rows of a table and points of figures.
 */
#ifndef BENCH_NN_TABLE_H
#define BENCH_NN_TABLE_H
#include "draw/plot.h"
#include "race.h"

enum { TABLE_ROWS = 25 };

/** A table, {0} but for what the caller gives at first. */
typedef struct {
    const char *file;      /**< out/bench_FILE.svg */
    const char *title;     /**< over table and figure */
    const char *unit;      /**< of a rate: "GFLOP/s" or "GB/s" */
    const machine *m;      /**< whose roof is the figure's 1 */
    race rows[TABLE_ROWS]; /**< so far */
    int n;                 /**< how many */
} table;

/** Run a race and print its row; the first prints the heads of the columns.
 *  @param t   the table
 *  @param row what runs */
void table_row(table *t, race row);

/** Print which rows are behind their targets and which were disturbed, and draw the figure.
 *  @param t       the table
 *  @param scratch for the drawing */
void table_end(const table *t, arena scratch);

/** Save a drawing, and say where it is, or on stderr why it is not.
 *  @param p       the drawing
 *  @param path    where
 *  @param scratch for the drawing */
void table_save(plot *p, const char *path, arena scratch);

/** Whether any was not saved. */
extern bool table_unsaved;

/** Draw the roofline: GFLOP/s over FLOP for each byte, our first column of each table.
 *  @param t       [n] tables, those without rows are left out
 *  @param n       how many
 *  @param m       the roofs
 *  @param scratch for the drawing */
void table_roofline(const table *const *t, int n, const machine *m, arena scratch);

#endif
