/* Do figures show the numbers they were given, with words that can be read? */
#include "svg_check.h"

#include "base/parallel.h"
#include "draw/plot.h"
#include "draw/plot_ticks.h"
#include <float.h>
#include <locale.h>

static const char *const PNG = "build/test_plot.png", *const SVG = "build/test_plot.svg";
static const char *const CSV = "build/test_plot.csv";

/* Written both ways, and both can be read. */
static char *save_both(const plot *p, arena *memory)
{
    image back;
    assert_null(plot_save(p, SVG, *memory));
    assert_null(plot_save(p, PNG, *memory));
    assert_null(image_load(PNG, memory, &back));
    assert_int_equal(back.w, 2 * (p->width > 0 ? p->width : 640));
    assert_int_equal(back.h, 2 * (p->height > 0 ? p->height : 420));
    char *s = svg_read(SVG, memory);
    assert_true(svg_well_formed(s));
    assert_null(strstr(s, "nan"));
    assert_null(strstr(s, "inf"));
    svg_assert_texts_fit(s);
    return s;
}

static double x[300], y[300], z[300];

static void fill(void)
{
    for (int i = 0; i < 300; i++) {
        x[i] = i / 30.0, y[i] = sin(x[i]), z[i] = exp(-x[i]);
    }
}

static void all_kinds_at_once(void **state)
{
    (void)state;
    fill();
    arena memory = arena_make(1 << 28);
    plot p = {.title = "a < b & σ_max",
              .x = {.label = "x_0 \"quoted\""},
              .y = {.label = "√ᾱ_t"},
              .z.label = "p(x)"};
    plot_heat(&p, 15, 20, y, (plot_box){0, -1, 10, 1});
    plot_line(&p, "line <1>", 300, x, y);
    plot_band(&p, NULL, 300, x, y, z);
    plot_points(&p, "points", 20, x, z);
    plot_bars(&p, "bars", 10, NULL, y);
    plot_histogram(&p, "many", 300, y, 0);
    plot_arrows(&p, 30, x, y, y, z);
    char *s = save_both(&p, &memory);
    assert_non_null(strstr(s, "a &lt; b &amp; σ<tspan"));
    assert_non_null(strstr(s, ">line &lt;1&gt;</text>"));
    assert_non_null(strstr(s, ">x<tspan"));
    assert_non_null(strstr(s, "√ᾱ"));
    plot_text(&p, 3, 0.5, "here");
    plot_vertical(&p, 9.99, "near the right end");
    plot_horizontal(&p, -0.99, "low");
    plot_horizontal(&p, 0.99, "high");
    assert_null(plot_save(&p, SVG, memory));
    s = svg_read(SVG, &memory);
    assert_true(svg_well_formed(s) && strstr(s, ">here</text>") && strstr(s, ">high</text>"));
    arena_free(memory);
}

/* Numbers that break careless programs. */
static void odd_numbers_give_sane_figures(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 28);
    static const double huge[] = {-1e300, 1e300, 0}, tiny[] = {1e-300, 2e-300, 3e-300};
    static const double same[] = {5, 5, 5}, zero[] = {0, 0, 0}, denormal[] = {0, 4e-320, 5e-324};
    static const double near[] = {1, 1 + 1e-16, 1 - 1e-16}, wide[] = {1e-300, 1, 1e300};
    static const double least[] = {5e-324, 5e-324, 5e-324}, subnormal[] = {-4e-310, 1e-311, 4e-310};
    static const double beyond[] = {1.7e308, -1.7e308, 1},
                        large[] = {123456789, 123456790, 123456791};
    double gaps[] = {(double)NAN, 1, (double)INFINITY};
    const double *lists[] = {huge, tiny,   same,  zero, denormal, near,
                             wide, beyond, large, gaps, least,    subnormal};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (int log = 0; log < 4; log++)
            for (int n = 0; n <= 3; n++) {
                arena scratch = memory;
                plot p = {.title = "t",
                          .x = {.label = "x", .log = log & 1},
                          .y = {.label = "y", .log = log > 1}};
                plot_line(&p, "line", n, lists[i], lists[i]);
                plot_band(&p, "band", n, NULL, lists[i], same);
                plot_bars(&p, "bars", n, NULL, lists[i]);
                plot_arrows(&p, n, lists[i], lists[i], lists[i], lists[i]);
                plot_histogram(&p, "histogram", n, lists[i], 3);
                assert_null(plot_save(&p, SVG, scratch));
                char *s = svg_read(SVG, &scratch);
                assert_true(svg_well_formed(s) && !strstr(s, "nan") && !strstr(s, "inf"));
                svg_assert_texts_fit(s);
                if (n == 3 && !log) assert_null(plot_save(&p, PNG, scratch));
                arena_forget(memory);
            }
    arena_free(memory);
}

static void labels_wider_than_the_margin_are_not_cut(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 26);
    plot p = {.width = 260, .height = 160, .x = {.low = 0, .high = 4e-200}};
    save_both(&p, &memory);
    arena_free(memory);
}

static void long_titles_and_labels_are_not_cut(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 26);
    const char *words = "many words that go on and on and still go on, and on, to the very end";
    plot p = {.title = words, .width = 240, .height = 180, .x.label = words, .y.label = words};
    plot_line(&p, "a name", 3, NULL, (const double[]){1, 3, 2})->dash = PLOT_NO_LINE;
    plot_bars(&p, NULL, 3, NULL, (const double[]){1, 3, 2})->dash = PLOT_NO_LINE;
    assert_null(plot_save(&p, SVG, memory));
    svg_text t[SVG_TEXTS];
    for (int i = 0, n = svg_texts(svg_read(SVG, &memory), t); i < n; i++)
        assert_true(t[i].left >= 0 && t[i].right <= 240 && t[i].top >= 0 && t[i].bottom <= 180);
    arena_free(memory);
}

static void an_empty_plot_is_a_frame(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 26);
    plot p = {0};
    save_both(&p, &memory);
    plot_line(&p, NULL, 0, NULL, NULL);
    save_both(&p, &memory);
    arena_free(memory);
}

static void names_lie_below_bars(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 26);
    const char *names[] = {"euler_ancestral", "dpmpp_2m_sde", "exponential_heun",
                           "restart",         "dpm_fast",     "adaptive_dpm",
                           "singlestep",      "consistency",  NULL};
    static const double calls[] = {80, 40, 38, 80, 120, 25, 12, 4};
    plot p = {.x.names = names, .y.label = "calls"};
    plot_bars(&p, "calls", 8, NULL, calls);
    char *s = save_both(&p, &memory);
    for (int i = 0; names[i]; i++) assert_non_null(strstr(s, names[i]));
    assert_non_null(strstr(s, "rotate(-40")); /* too many to lie level */
    names[3] = NULL;
    assert_null(strstr(save_both(&p, &memory), "rotate(-40"));
    arena_free(memory);
}

static void gaps_are_left_out(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 26);
    double v[] = {1, 2, (double)NAN, 3, 4, (double)INFINITY, 5}; /* two pieces and a dot */
    plot p = {0};
    plot_line(&p, NULL, 7, NULL, v)->marker = PLOT_NO_MARKERS;
    char *s = save_both(&p, &memory), *line = strstr(s, "stroke=\"#0072b2\"");
    int begins = 0;
    for (char *at = strstr(line, " d=\""); *at != '>'; at++) begins += *at == 'M';
    assert_int_equal(begins, 3);
    arena_free(memory);
}

/* Series of random walks: the legend covers no point, or stands outside. */
static void the_legend_hides_nothing(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 26);
    for (int i = 0; i < 300; i++) x[i] = (i * 97 % 300) / 300.0, y[i] = (i * 61 % 300) / 300.0;
    plot p = {0};
    plot_points(&p, "everywhere", 300, x, y);
    char *s = save_both(&p, &memory);
    assert_true(svg_number(strstr(s, "\"><rect x") + 2, " width=\"") < 520);
    plot q = {0}; /* an upper right corner that is free */
    plot_line(&q, "falling", 2, NULL, (const double[]){1, 0});
    s = save_both(&q, &memory);
    assert_true(svg_number(strstr(s, "\"><rect x") + 2, " width=\"") > 550);
    svg_text t[SVG_TEXTS];
    int n = svg_texts(s, t);
    assert_true(t[n - 1].left > 320 && t[n - 1].bottom < 210);
    assert_string_equal(t[n - 1].words, "falling");
    arena_free(memory);
}

static void grids_share_sizes(void **state)
{
    (void)state;
    fill();
    arena memory = arena_make(1 << 28);
    static plot p[6];
    image back;
    memset(p, 0, sizeof p);
    for (int i = 0; i < 5; i++) {
        p[i].title = "panel";
        plot_line(&p[i], "line", 300, x, i == 2 ? z : y);
        p[i].y.high = i == 1 ? 1e6 : 0;
    }
    assert_null(plot_save_grid(p, 2, 3, PNG, memory));
    assert_null(image_load(PNG, &memory, &back));
    assert_int_equal(back.w, 2 * 3 * 320);
    assert_int_equal(back.h, 2 * 2 * 250);
    assert_null(plot_save_grid(p, 2, 3, SVG, memory));
    char *s = svg_read(SVG, &memory);
    assert_true(svg_well_formed(s));
    svg_assert_texts_fit(s);
    const char *first = strstr(s, "\"><rect x"), *next = strstr(first + 1, "\"><rect x");
    assert_near(svg_number(first + 2, " width=\""), svg_number(next + 2, " width=\""), 1e-9);
    int panels = 0;
    for (const char *at = s; (at = strstr(at, ">panel<")); at++) panels++;
    assert_int_equal(panels, 5);
    arena_free(memory);
}

/* Row `line` of a CSV file, column `column`. */
static double cell(const char *csv, int line, int column)
{
    while (line-- > 0) csv = strchr(csv, '\n') + 1;
    while (column-- > 0) csv = strchr(csv, ',') + 1;
    return strtod(csv, NULL);
}

static void csv_gives_every_bit_back(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 26);
    const double v[] = {0.1, 1.0 / 3, -1e-300, 1.7976931348623157e308, 5e-324, -0.0};
    plot p[2] = {{.title = "one"}, {0}};
    plot_line(&p[0], "plain", 6, NULL, v);
    plot_band(&p[0], "low, \"high\"", 6, v, v, v);
    plot_heat(&p[1], 2, 3, v, (plot_box){0, 0, 3, 2});
    assert_null(plot_save_csv(p, 2, CSV, memory));
    char *s = svg_read(CSV, &memory);
    for (int i = 0; i < 6; i++) {
        double back = cell(s, 1 + i, 4);
        assert_memory_equal(&back, &v[i], sizeof back);
        assert_near(cell(s, 1 + i, 3), i, 0);
        back = cell(s, 13 + i, 7);
        assert_memory_equal(&back, &v[i], sizeof back);
        assert_near(cell(s, 13 + i, 3), i % 3 + 0.5, 1e-15);
        assert_near(cell(s, 13 + i, 4), i / 3 + 0.5, 1e-15);
    }
    assert_int_equal(strncmp(s, "panel,series,kind,x,y,x2,y2,value\none,plain,line,0,0.1", 54), 0);
    assert_non_null(strstr(s, "\none,\"low, \"\"high\"\"\",band,"));
    assert_non_null(strstr(s, "\n2,,heat,"));
    arena_free(memory);
}

static void histograms_have_area_1(void **state)
{
    (void)state;
    arena memory = arena_make(1 << 26);
    double v[1000];
    for (int i = 0; i < 1000; i++) v[i] = i % 10 ? sqrt(i) : (double)NAN;
    plot p = {0};
    plot_histogram(&p, "h", 1000, v, 7);
    assert_null(plot_save_csv(&p, 1, CSV, memory));
    char *s = svg_read(CSV, &memory);
    double area = 0;
    for (int i = 1; i <= 7; i++) area += cell(s, i, 4) * (cell(s, i, 5) - cell(s, i, 3));
    assert_near(area, 1, 1e-12);
    assert_near(cell(s, 1, 3), 1, 0);
    assert_near(cell(s, 7, 5), sqrt(999), 1e-13);
    plot close = {0}; /* too close to each other for bins between them */
    plot_histogram(&close, "h", 3, (const double[]){-4e-310, 1e-311, 4e-310}, 7);
    assert_null(plot_save_csv(&close, 1, CSV, memory));
    s = svg_read(CSV, &memory), area = 0;
    for (int i = 1; i <= 7; i++) area += cell(s, i, 4) * (cell(s, i, 5) - cell(s, i, 3));
    assert_near(area, 1, 1e-12);
    arena_free(memory);
}

/* Files are for all countries: they have points also where printf writes commas. */
static void commas_of_the_locale_stay_out(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "es_ES.UTF-8", "it_IT.UTF-8",
                                        "pt_BR.UTF-8", "ru_RU.UTF-8", "sv_SE.UTF-8", NULL};
    fill();
    arena memory = arena_make(1 << 26);
    plot p = {.title = "words, 1 and 2,5", .x.high = 0.7, .y.label = "y"};
    plot_line(&p, "line", 300, x, y)->width = 1.5;
    char *text[2][2];
    const char *found = "C";
    for (int comma = 0; comma < 2; comma++) {
        for (int i = 0; comma && names[i] && !setlocale(LC_ALL, found = names[i]); i++) {}
        if (comma && strcmp(localeconv()->decimal_point, ",") != 0) skip();
        assert_null(plot_save(&p, SVG, memory));
        assert_null(plot_save_csv(&p, 1, CSV, memory));
        setlocale(LC_ALL, "C");
        text[comma][0] = svg_read(SVG, &memory);
        text[comma][1] = svg_read(CSV, &memory);
    }
    assert_string_equal(text[0][0], text[1][0]);
    assert_string_equal(text[0][1], text[1][1]);
    arena_free(memory);
}

/* The cells are more than the points of any other series. */
static void large_heat_maps_keep_to_their_box(void **state)
{
    (void)state;
    static double v[200 * 200];
    arena memory = arena_make(1 << 28);
    image back;
    for (int i = 0; i < 200 * 200; i++) v[i] = sin(i);
    plot p = {0};
    plot_heat(&p, 200, 200, v, (plot_box){0, 0, 1, 1});
    assert_null(plot_save(&p, PNG, memory));
    assert_null(image_load(PNG, &memory, &back));
    for (int i = 0; i < 3 * back.w; i++) assert_int_equal(back.pixels[i], 255);
    arena_free(memory);
}

static void same_bits_for_any_threads(void **state)
{
    (void)state;
    fill();
    arena memory = arena_make(1 << 26);
    image first, back;
    plot p = {0};
    plot_line(&p, "sine", 300, x, y);
    for (int threads = 1; threads <= 7; threads += 3) {
        parallel_set_threads(threads);
        assert_null(plot_save(&p, PNG, memory));
        assert_null(image_load(PNG, &memory, threads == 1 ? &first : &back));
        if (threads > 1)
            assert_memory_equal(first.pixels, back.pixels, (size_t)(first.w * first.h * 3));
    }
    arena_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_kinds_at_once),
        cmocka_unit_test(odd_numbers_give_sane_figures),
        cmocka_unit_test(labels_wider_than_the_margin_are_not_cut),
        cmocka_unit_test(long_titles_and_labels_are_not_cut),
        cmocka_unit_test(an_empty_plot_is_a_frame),
        cmocka_unit_test(names_lie_below_bars),
        cmocka_unit_test(gaps_are_left_out),
        cmocka_unit_test(the_legend_hides_nothing),
        cmocka_unit_test(grids_share_sizes),
        cmocka_unit_test(csv_gives_every_bit_back),
        cmocka_unit_test(histograms_have_area_1),
        cmocka_unit_test(commas_of_the_locale_stay_out),
        cmocka_unit_test(large_heat_maps_keep_to_their_box),
        cmocka_unit_test(same_bits_for_any_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
