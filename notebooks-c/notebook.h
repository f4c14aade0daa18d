/* notebook.h: what every notebook in C starts with. Its cells are one ordinary program, which a
 * compiler checks; clang-repl, an interpreter of C, runs the same cells one by one.
 *
 *     // %% [markdown]       words
 *     // # A heading
 *
 *     // %%                  a cell that defines: it is run once
 *     #include "notebook.h"
 *     schedule sd = {0};
 *
 *     // %%                  a cell that does: change it, run it again
 *     CELL(1)
 *     {
 *         notebook_must(schedule_make("cosine", (schedule_options){0}, &notebook_memory, &sd));
 *         printf("%g\n", schedule_sigma(&sd, 500));
 *     }
 *
 *     // %% [end]            what only the program needs
 *     NOTEBOOK_MAIN(1)
 *
 * Three rules, because clang-repl compiles every cell by itself. What a cell leaves for the next is
 * not `static` and has a value, `sd = {0}`: of a static object each cell gets a fresh copy, and one
 * without a value breaks the cells after it (up to clang-repl 19). Within a CELL nothing is static,
 * not even a constant: clang-repl (19 and 22) crashes. And no name is defined twice. */
#ifndef NOTEBOOK_H
#define NOTEBOOK_H
#include "base/file.h"
#include "draw/plot.h"
#include "draw/strip.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

arena notebook_memory = {0}; /* where all that the cells make lives */

#ifdef __CLANG_REPL__
jmp_buf notebook_cell = {0};
#define CELL(n)         if (setjmp(notebook_cell) == 0)
#define NOTEBOOK_STOP() longjmp(notebook_cell, 1)
#else
#define CELL(n)         static void cell_##n(void)
#define NOTEBOOK_STOP() exit(1)
#endif

/* What went wrong outside the notebook (no such file, a name with a typing error), in one line. It
 * ends the program; in clang-repl only the cell. */
static inline void notebook_must(error wrong)
{
    if (!wrong) return;
    fprintf(stderr, "error: %s\n", wrong);
    NOTEBOOK_STOP();
}

/* Words for a caption, as printf makes them. */
ERROR_FORMAT(1)
static inline const char *notebook_words(const char *format, ...)
{
    enum { LONGEST = 120 };
    char *words = arena_take(&notebook_memory, LONGEST);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, LONGEST, format, arguments);
    va_end(arguments);
    return words;
}

/* A figure becomes out/notebook_NAME.png, and is reported by a line "FIGURE path words": whoever
 * shows the cell's output puts the picture there. `alt` says in words what is to be seen. */
static inline void notebook_plot(const char *name, const plot *p, const char *alt)
{
    const char *path = notebook_words("out/notebook_%s.png", name);
    notebook_must(plot_save(p, path, notebook_memory));
    printf("FIGURE %s %s\n", path, alt);
}

static inline void notebook_strip(const char *name, const strip *s, const char *alt)
{
    const char *path = notebook_words("out/notebook_%s.png", name);
    notebook_must(strip_save(s, path, notebook_memory));
    printf("FIGURE %s %s\n", path, alt);
}

static inline void notebook_begin(void)
{
    notebook_memory = arena_make(0);
    if (!notebook_memory.begin) notebook_must("there is no memory left");
    notebook_must(file_make_folder("out"));
}

#ifdef __CLANG_REPL__
#define NOTEBOOK_MAIN(n)
notebook_begin();
#else

/* The program runs all cells. After each it prints a line with the character 30, which ASCII calls
 * record separator and a terminal shows as an empty line: tools/notebook.c cuts there. */
static inline int notebook_run(int n, void (*const cell[])(void))
{
    notebook_begin();
    for (int i = 0; i < n; i++) {
        cell[i]();
        puts("\036");
        fflush(stdout); /* if the next cell crashes, it is known which */
    }
    arena_free(notebook_memory);
    if (fflush(stdout) != 0 || ferror(stdout)) notebook_must("cannot write what the cells print");
    return 0;
}

#define NOTEBOOK_MAIN(n)                                       \
    int main(void)                                             \
    {                                                          \
        return notebook_run(n, (void (*[])(void)){CELLS_##n}); \
    }
#define CELLS_1  cell_1
#define CELLS_2  CELLS_1, cell_2
#define CELLS_3  CELLS_2, cell_3
#define CELLS_4  CELLS_3, cell_4
#define CELLS_5  CELLS_4, cell_5
#define CELLS_6  CELLS_5, cell_6
#define CELLS_7  CELLS_6, cell_7
#define CELLS_8  CELLS_7, cell_8
#define CELLS_9  CELLS_8, cell_9
#define CELLS_10 CELLS_9, cell_10
#define CELLS_11 CELLS_10, cell_11
#define CELLS_12 CELLS_11, cell_12
#define CELLS_13 CELLS_12, cell_13
#define CELLS_14 CELLS_13, cell_14
#define CELLS_15 CELLS_14, cell_15
#define CELLS_16 CELLS_15, cell_16
#endif
#endif
