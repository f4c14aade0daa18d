/* lesson.h: what every lesson starts and ends with, so that the rest of it is the idea.
 *
 *     lesson l = lesson_begin(argc, argv);
 *     ...                                                  compute, print one table
 *     lesson_expect(&l, "sigma at the end", sigma, 14.6146, 5e-5);
 *     lesson_plot(&l, "02_sigma", 1, 1, &chart);           out/02_sigma.svg and .csv
 *     return lesson_end(&l);
 *
 * With --check nothing is written: the numbers are computed again, each is compared with what the
 * lesson expects, and the program ends with 1 when one is off.
 */
#ifndef LESSON_H
#define LESSON_H
#include "base/file.h"
#include "draw/image.h"
#include "draw/plot.h"
#include "draw/strip.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    bool checking;
    int wrong, expected;
    arena memory;
} lesson;

/* What went wrong outside the lesson (no such file, a full disk) ends it in one line; under --check
 * with 2, because 1 says that a number was off. */
static int lesson_trouble = 1;
static inline void lesson_must(error wrong)
{
    if (!wrong) return;
    fprintf(stderr, "%s\n", wrong);
    exit(lesson_trouble);
}

static inline void lesson_help(const char *program, const char *argument)
{
    const char *slash = strrchr(program, '/'), *name = slash ? slash + 1 : program;
    const char *folder = strstr(program, "/exercises/") ? "exercises/"
                         : strstr(program, "/answers/") ? "answers/"
                                                        : "";
    printf(
        "usage: %s [--check]%s\n"
        "Runs from the top of the repository, prints a table and writes its figures to out/.\n"
        "  --check  write nothing; compare every number with what the lesson expects, end with 1\n"
        "           when one is off\n"
        "What it teaches: docs/%s.md. Its source: lessons/%s%s.c, knobs on top.\n",
        name, argument ? argument : "", name, folder, name);
}

/* `word` is the argument that is no option, `name` what the help calls it; `model` is what --model
 * or $DIFFUSE_MODEL says, NULL under --check, whose numbers are those of the lesson itself. NULL in
 * place of any of them: the lesson takes none. */
static inline lesson lesson_begin_asking(int argc, char **argv, const char *name, const char **word,
                                         const char **model)
{
    lesson l = {.memory = arena_make(0)};
    bool named = false;
    if (!l.memory.begin) lesson_must("there is no memory left");
    if (model) *model = getenv("DIFFUSE_MODEL");
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--check") == 0) {
            l.checking = true;
            lesson_trouble = 2;
        } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            lesson_help(argv[0], name);
            exit(0);
        } else if (model && strcmp(argv[i], "--model") == 0 && i + 1 < argc) {
            *model = argv[++i];
        } else if (word && argv[i][0] != '-' && !named) {
            *word = argv[i];
            named = true;
        } else {
            lesson_must(error_make("unknown argument %s; see %s --help", argv[i], argv[0]));
        }
    }
    if (model && (l.checking || (*model && !**model))) *model = NULL;
    if (!l.checking) lesson_must(file_make_folder("out"));
    return l;
}

/* The last argument that is not an option is for lessons that look at a picture. */
static inline lesson lesson_begin_with(int argc, char **argv, const char **picture)
{
    return lesson_begin_asking(argc, argv, picture ? " [PICTURE.png or .jpg]" : NULL, picture,
                               NULL);
}

static inline lesson lesson_begin(int argc, char **argv)
{
    return lesson_begin_with(argc, argv, NULL);
}

/* A number that must come out: |value - expected| <= tolerance, and NaN is always wrong. */
static inline void lesson_expect(lesson *l, const char *what, double value, double expected,
                                 double tolerance)
{
    bool good = fabs(value - expected) <= tolerance;
    l->expected++;
    l->wrong += !good;
    if (l->checking || !good)
        printf("%s %s: %.9g, expected %.9g within %.2g\n", good ? "ok " : "BAD", what, value,
               expected, tolerance);
}

/* Words for a caption, as printf makes them, kept as long as the lesson runs. */
ERROR_FORMAT(2)
static inline const char *lesson_words(lesson *l, const char *format, ...)
{
    enum { LONGEST = 120 };
    char *words = arena_take(&l->memory, LONGEST);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, LONGEST, format, arguments);
    va_end(arguments);
    return words;
}

/* A plot, or a grid of them, as out/NAME.svg with the numbers behind it as out/NAME.csv. */
static inline void lesson_plot(const lesson *l, const char *name, int rows, int columns,
                               const plot *panels)
{
    char path[256];
    if (l->checking) return;
    snprintf(path, sizeof path, "out/%s.csv", name);
    lesson_must(plot_save_csv(panels, rows * columns, path, l->memory));
    snprintf(path, sizeof path, "out/%s.svg", name);
    lesson_must(rows * columns == 1 ? plot_save(panels, path, l->memory)
                                    : plot_save_grid(panels, rows, columns, path, l->memory));
    printf("wrote %s\n", path);
}

/* A strip of pictures as out/NAME.png. */
static inline void lesson_strip(const lesson *l, const char *name, const strip *s)
{
    char path[256];
    if (l->checking) return;
    snprintf(path, sizeof path, "out/%s.png", name);
    lesson_must(strip_save(s, path, l->memory));
    printf("wrote %s\n", path);
}

static inline int lesson_end(const lesson *l)
{
    if (l->checking) printf("%d of %d as expected\n", l->expected - l->wrong, l->expected);
    arena_free(l->memory);
    if (fflush(stdout) != 0 || ferror(stdout)) lesson_must("cannot write the table");
    return l->checking && l->wrong > 0;
}

#endif
