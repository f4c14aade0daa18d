/* The scratch of every kernel, block by block: each block ends where memory ends, so that nobody
 * reads or writes behind what he took. What comes out is held by other tests, and so is that
 * NAME_room() is enough. */
#include "nn_fixture.h"

#include "nn/attention.h"
#include "nn/conv.h"
#include "nn/linear.h"

enum { MOST = 1 << 20 };
static float nothing[MOST], out[MOST];
static fence pages;

/* In the place of base/arena.c: blocks between pages, full of NaN. Only what an alignment of 64
 * bytes takes lies before a page. */
void *arena_take(arena *a, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), block = (bytes + 63) / 64 * 64,
           room = (block + page - 1) / page * page;
    char *end = a->begin + room;
    assert_true(end + page <= a->end);
    assert_int_equal(mprotect(a->begin, room, PROT_READ | PROT_WRITE), 0);
    assert_int_equal(mprotect(end, page, PROT_NONE), 0);
    memset(end - block, 0xff, block);
    a->begin = end + page;
    return end - block;
}

size_t arena_left(arena a)
{
    return (size_t)(a.end - a.begin);
}

void arena_forget(arena a)
{
    (void)a;
}

/* Of one thread its own piece is the whole block. */
static const int threads[] = {1, 3};
static arena scratch(int t)
{
    parallel_set_threads(threads[t]);
    return (arena){pages.begin, pages.end, NULL};
}

/* Tiles have 6 or 14 rows: 43 leave one row over, 84 none. */
static void test_conv(void)
{
    static const conv sizes[] = {
        {.n = 1, .h = 1, .w = 43, .in = 4, .out = 3}, /* patches; pixels; strips of pixels */
        {.n = 1, .h = 1, .w = 43, .in = 36, .out = 3},
        {.n = 2, .h = 1, .w = 43, .in = 330, .out = 3},
        {.n = 1, .h = 12, .w = 7, .in = 35, .out = 37, .sides = CONV_HALVE},
        {.n = 1, .h = 9, .w = 19, .in = 330, .out = 37, .sides = CONV_HALVE},
        {.n = 1, .h = 80, .w = 71, .in = 43, .out = 20, .sides = CONV_HALVE_LATE},
        {.n = 1, .h = 5, .w = 43, .in = 650, .out = 33, .sides = CONV_HALVE},
        {.n = 1, .h = 5, .w = 43, .in = 16, .out = 33}, /* Winograd's from here on */
        {.n = 2, .h = 32, .w = 32, .in = 64, .out = 17},
        {.n = 1, .h = 21, .w = 35, .in = 385, .out = 70, .sides = CONV_DOUBLE},
    };
    bool twin = strcmp(isa_name(), "plain") == 0; /* slow, with one block */
    for (size_t i = 0; i < (twin ? 3 : sizeof sizes / sizeof *sizes); i++)
        for (int t = 0; t < 2; t++) {
            conv c = sizes[i];
            c.x = nothing, c.weights.data = nothing, c.y = out;
            conv_apply(c, scratch(t));
        }
}

static void test_linear(void)
{
    static const int sizes[][3] = {{1, 1, 1}, {84, 40, 33}, {84, 321, 70}, {192, 641, 673}};
    for (int i = 0; i < 4; i++)
        for (int t = 0; t < 4; t++) {
            linear l = {.rows = sizes[i][0], .in = sizes[i][1], .out = sizes[i][2], .gate = t > 1};
            l.x = nothing, l.w.data = nothing, l.y = out;
            linear_apply(l, scratch(t % 2));
        }
}

static void test_attention(void)
{
    static const int sizes[][3] = {{1, 1, 1}, {40, 200, 1001}, {385, 7, 400}, {801, 14, 70}};
    for (int i = 0; i < 4; i++)
        for (int t = 0; t < 2; t++) {
            attention a = {.n = 1, .heads = 2, .size = sizes[i][0]};
            a.queries = sizes[i][1], a.keys = sizes[i][2];
            a.q = a.k = a.v = nothing, a.y = out;
            attention_apply(a, scratch(t));
        }
}

static void test_group_norm(void)
{
    for (int channels = 1; channels < 36; channels++)
        for (int t = 0; t < 2; t++) {
            arena keep = scratch(t);
            norm_group((norm_groups){2, 257, channels, 1, nothing, nothing, nothing, 1, false},
                       &keep);
        }
}

int main(void)
{
    static const nn_test tests[] = {
        NN_TEST(test_conv),
        NN_TEST(test_linear),
        NN_TEST(test_attention),
        NN_TEST(test_group_norm),
    };
    pages = fence_make((size_t)1 << 24);
    return nn_run(tests, sizeof tests / sizeof *tests);
}
