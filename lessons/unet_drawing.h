/* unet_drawing.h: for lesson 28: the UNet as a table and as a drawing, from its configuration.
 *
 *     unet_drawing d = unet_drawing_make(&l, unet_usual(), 64, 77);
 *     unet_drawing_print(&d);
 *     unet_drawing_save(&l, "28_unet", &d);
 */
#ifndef UNET_DRAWING_H
#define UNET_DRAWING_H
#include "costs.h"
#include "diagram.h"

enum { UNET_DRAWING_BLOCKS = 2 * BLOCKS_LEVELS + 1 };

/* All levels, in the order in which a picture meets them. */
typedef struct {
    int levels, blocks, tokens, text;
    struct {
        const char *name;
        int side, channels, layers;
        bool words; /* hears them */
        costs_of_level cost;
    } block[UNET_DRAWING_BLOCKS];
    cost ends, all; /* conv_in, conv_out, what tells the time; all of it */
} unet_drawing;

static inline void unet_drawing_add(unet_drawing *d, const char *name, const unet_level *l,
                                    int side)
{
    costs_of_level c = costs_level(l, (double)side * side, d->tokens);
    d->all = costs_add(d->all, c.all);
    d->block[d->blocks].words = c.attention.words.numbers > 0;
    d->block[d->blocks].name = name, d->block[d->blocks].side = side;
    d->block[d->blocks].channels = l->layer[0].resnet.conv1.out;
    d->block[d->blocks].layers = l->layers, d->block[d->blocks++].cost = c;
}

static inline unet_drawing unet_drawing_make(lesson *l, unet_config c, int side, int tokens)
{
    unet u = costs_unet(l, c);
    unet_drawing d = {.levels = c.levels, .tokens = tokens, .text = c.text};
    double pixels = (double)side * side;
    d.ends = costs_add(costs_conv(&u.conv_in, pixels), costs_conv(&u.conv_out, pixels));
    d.ends = costs_add(d.ends, costs_norm(u.norm_out.channels));
    d.ends = costs_add(d.ends, costs_add(costs_linear(&u.time1, 1), costs_linear(&u.time2, 1)));
    d.all = d.ends;
    for (int i = 0; i < c.levels; i++)
        unet_drawing_add(&d, lesson_words(l, "down %d", i), &u.down[i], side >> i);
    unet_drawing_add(&d, "middle", &u.middle, side >> (c.levels - 1));
    for (int i = 0; i < c.levels; i++)
        unet_drawing_add(&d, lesson_words(l, "up %d", i), &u.up[i], side >> (c.levels - 1 - i));
    return d;
}

static inline void unet_drawing_print(const unet_drawing *d)
{
    cost filters = d->ends, self = {0, 0}, words = {0, 0}, think = {0, 0};
    printf("block    pixels   channels  million weights  MB in f16  GFLOP\n");
    for (int i = 0; i < d->blocks; i++) {
        cost all = d->block[i].cost.all;
        printf("%-7s %3d x %-3d %8d %15.1f %11.0f %7.1f\n", d->block[i].name, d->block[i].side,
               d->block[i].side, d->block[i].channels, 1e-6 * all.numbers, 2e-6 * all.numbers,
               1e-9 * all.flop);
        filters = costs_add(filters, d->block[i].cost.filters);
        self = costs_add(self, d->block[i].cost.attention.self);
        words = costs_add(words, d->block[i].cost.attention.words);
        think = costs_add(think, d->block[i].cost.attention.think);
    }
    printf("ends %32.1f %11.0f %7.1f\n", 1e-6 * d->ends.numbers, 2e-6 * d->ends.numbers,
           1e-9 * d->ends.flop);
    printf("all %33.1f %11.0f %7.1f\n", 1e-6 * d->all.numbers, 2e-6 * d->all.numbers,
           1e-9 * d->all.flop);
    printf("of these: filters %.0f, pixels to pixels %.0f, to words %.0f, each for itself %.0f\n",
           1e-9 * filters.flop, 1e-9 * self.flop, 1e-9 * words.flop, 1e-9 * think.flop);
}

/* Way down on the left, way up on the right, a bar as long as the work below each box. */
static inline void unet_drawing_save(lesson *l, const char *name, const unet_drawing *d)
{
    const double wide = 190, high = 46, apart = 84, left = 14, right = 496, top = 44;
    double most = 0;
    diagram page = diagram_begin(l, name, 700, top + (d->levels + 1) * apart - 16);
    for (int i = 0; i < d->blocks; i++) most = fmax(most, d->block[i].cost.all.flop);
    for (int i = 0; i < d->blocks; i++) {
        bool down = i < d->levels, middle = i == d->levels;
        int row = down ? i : middle ? d->levels : d->blocks - 1 - i;
        double x = down ? left : middle ? (left + right) / 2 : right, y = top + row * apart;
        cost all = d->block[i].cost.all;
        const char *words = lesson_words(l, "%s: %d × %d × %d", d->block[i].name, d->block[i].side,
                                         d->block[i].side, d->block[i].channels);
        const char *below =
            lesson_words(l, "%.1f M weights, %.0f GFLOP", 1e-6 * all.numbers, 1e-9 * all.flop);
        diagram_box(&page, (canvas_box){x, y, wide, high},
                    d->block[i].words ? diagram_blue : diagram_pale, words, below);
        canvas_rectangle(&page.page, (canvas_box){x + 5, y + 37, (wide - 10) * all.flop / most, 5},
                         (canvas_pen){colour_ink, {0}, 0, 0});
        if (down && row + 1 < d->levels)
            diagram_arrow(&page, 2, (canvas_point[]){{x + 160, y + high}, {x + 160, y + apart}});
        if (!down && !middle && row > 0)
            diagram_arrow(&page, 2, (canvas_point[]){{x + 160, y}, {x + 160, y - apart + high}});
        if (down) {
            diagram_arrow(&page, 2, (canvas_point[]){{x + wide, y + 23}, {right, y + 23}});
            diagram_words(&page, lesson_words(l, "%d skips", d->block[i].layers + 1),
                          (canvas_point){(left + wide + right) / 2, y + 18}, 11, 0.5);
        }
    }
    double deep = top + (d->levels - 1) * apart + high, low = top + d->levels * apart + 23;
    double centre = (left + right) / 2;
    diagram_arrow(&page, 3, (canvas_point[]){{left + 160, deep}, {left + 160, low}, {centre, low}});
    diagram_arrow(&page, 3,
                  (canvas_point[]){{centre + wide, low}, {right + 160, low}, {right + 160, deep}});
    diagram_arrow(&page, 2, (canvas_point[]){{left + 95, 22}, {left + 95, top}});
    diagram_arrow(&page, 2, (canvas_point[]){{right + 95, top}, {right + 95, 22}});
    const char *side = lesson_words(l, "%d × %d", d->block[0].side, d->block[0].side);
    diagram_words(&page, lesson_words(l, "x: %s × 4", side), (canvas_point){left + 95, 16}, 12.5,
                  0.5);
    diagram_words(&page, lesson_words(l, "eps: %s × 4", side), (canvas_point){right + 95, 16}, 12.5,
                  0.5);
    diagram_box(&page, (canvas_box){centre - 15, 4, 220, 22}, diagram_blue,
                lesson_words(l, "blue: hears the words, %d × %d", d->tokens, d->text), NULL);
    diagram_words(&page, "bar: its share of the work", (canvas_point){left, low + 22}, 11, 0);
    diagram_end(&page);
}

#endif
