/* Does plot.h say why, where a figure cannot be made? */
#include "aborts.h"
#include "svg_check.h"

#include "draw/plot.h"
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const PNG = "build/test_plot_trouble.png", *const CSV =
                                                                  "build/test_plot_trouble.csv";
static const char *const SVG = "build/test_plot_trouble.svg", *const ALONE =
                                                                  "build/test_plot_alone.svg";
static double x[300], y[300], z[300];

static void more_cells_than_an_int(void)
{
    plot p = {0};
    plot_heat(&p, 65536, 65537, y, (plot_box){0, 0, 1, 1});
}

static void too_many_cells_are_refused(void **state)
{
    (void)state;
    assert_true(aborts(more_cells_than_an_int));
}

/* Saved, or one line that says why not. */
static bool saved(error wrong)
{
    if (!wrong) return true;
    assert_null(strchr(wrong, '\n'));
    assert_true(strstr(wrong, "memory") || strstr(wrong, "are left"));
    return false;
}

static int pictures_in(const char *svg)
{
    int n = 0;
    while ((svg = strstr(svg, "<image"))) n++, svg++;
    return n;
}

static void little_memory_is_an_error(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 26);
    for (int i = 0; i < 300; i++) x[i] = i / 30.0, y[i] = sin(x[i]), z[i] = exp(-x[i]);
    static plot p[4];
    memset(p, 0, sizeof p);
    for (int i = 0; i < 4; i++) {
        p[i].title = "panel";
        plot_heat(&p[i], 15, 20, y, (plot_box){0, -1, 10, 1});
        plot_line(&p[i], "line", 300, x, y)->marker = 5;
        plot_band(&p[i], "band", 300, x, y, z);
        plot_histogram(&p[i], "many", 300, y, 299);
        plot_arrows(&p[i], 300, x, y, y, z);
    }
    bool before[4] = {false};
    for (size_t bytes = 1 << 16; bytes < 1 << 26; bytes += bytes / 8) {
        arena tight = arena_make(bytes);
        bool now[] = {saved(plot_save(p, ALONE, tight)), saved(plot_save(p, PNG, tight)),
                      saved(plot_save_grid(p, 2, 2, SVG, tight)),
                      saved(plot_save_csv(p, 4, CSV, tight))};
        for (int i = 0; i < 4; i++) assert_true(now[i] || !before[i]);
        arena scratch = memory;
        if (now[0]) assert_int_equal(pictures_in(svg_read(ALONE, &scratch)), 2);
        memcpy(before, now, sizeof now);
        arena_free(tight);
    }
    for (int i = 0; i < 4; i++) assert_true(before[i]);
    arena_free(memory);
}

static void sheets_beyond_all_sizes_are_refused(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 26);
    static const double sizes[][2] = {{1e6, 1e6}, {1e300, 1e300}, {1e9, 1}, {40000, 1}, {1, 40000}};
    struct stat info;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        plot p = {.title = "t", .width = sizes[i][0], .height = sizes[i][1]};
        plot_line(&p, "line", 2, NULL, (const double[]){1, 2});
        assert_false(saved(plot_save(&p, "build/too_large.png", memory)));
        assert_int_not_equal(stat("build/too_large.png", &info), 0);
        assert_null(plot_save(&p, SVG, memory));
    }
    arena_free(memory);
}

static void trouble_is_one_line_and_leaves_nothing(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 26);
    struct stat info;
    plot p = {0};
    const char *paths[] = {"build/none/x.png", "build/none/x.svg", "build/x.jpeg", "", NULL};
    for (int i = 0; paths[i]; i++) {
        error wrong = plot_save(&p, paths[i], memory);
        assert_non_null(wrong);
        assert_null(strchr(wrong, '\n'));
        assert_int_not_equal(stat(paths[i], &info), 0);
    }
    assert_non_null(plot_save_csv(&p, 1, "build/none/x.csv", memory));
    arena_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_many_cells_are_refused),
        cmocka_unit_test(little_memory_is_an_error),
        cmocka_unit_test(sheets_beyond_all_sizes_are_refused),
        cmocka_unit_test(trouble_is_one_line_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
