/* Linear layers of every instruction set that is here, the plain twin among them, against the
 * formula of linear.h. How many lanes a set has is its own affair, so sizes go up to two of the
 * largest tiles, 14 x 32, and more: 129 columns are four panels of 32 and one column. */
#include "nn_fixture.h"

#include "aborts.h"
#include "nn/linear.h"

enum { ROWS = 2 * 14 + 1, OUT = 2 * 64 + 1, IN = 1282 };
enum { X, W, BIAS, ADD, SCALE, SHIFT, Y, ARRAYS };
static fence fences[ARRAYS];
static arena scratch;

/* A case: sizes, and bits that say all else. */
typedef struct {
    int rows, in, out;
    uint32_t bits;
} which;

static int pick(uint32_t *bits, uint32_t of)
{
    uint32_t picked = *bits % of;
    *bits /= of;
    return (int)picked;
}

/* Where an array lies: against one fence, against the other, or somewhere. */
static int anywhere(uint32_t *bits)
{
    int place = pick(bits, 3);
    return place == 2 ? pick(bits, 17) : -place;
}

static float *floats(int array, size_t n, int place, float size)
{
    float *x = nn_place(fences[array], n, sizeof *x, place);
    nn_fill(x, n, (uint32_t)array, size);
    return x;
}

/* The bits of a case, the lowest first: options 0 to OPTIONS - 1, then where the arrays lie. The
 * weights are of a size that makes sums of size 1 for any number of inputs. */
enum { OPTIONS = 2 * 3 * 4 * 3 * 2 * 4 };
static linear made(which c)
{
    static float w[2 * OUT * IN];
    uint32_t b = c.bits;
    linear l = {.rows = c.rows, .in = c.in, .out = c.out, .gate = pick(&b, 2)};
    dtype type = (dtype)pick(&b, 3);
    int before = pick(&b, 4), add = pick(&b, 3), bias = pick(&b, 2);
    l.after = (activation)pick(&b, 4);
    size_t outs = (size_t)(l.gate ? 2 : 1) * (size_t)c.out, in = (size_t)c.in;
    size_t y = (size_t)(c.rows * c.out);
    b = c.bits * 2246822519u;
    nn_fill(w, outs * in, W, ldexpf(2, -ilogbf((float)c.in + 1) / 2));
    void *to = nn_place(fences[W], outs * in, dtype_size(type), anywhere(&b));
    l.w = nn_weights(type, to, w, outs * in);
    l.x = floats(X, (size_t)c.rows * in, anywhere(&b), 1);
    l.y = nn_place(fences[Y], y, sizeof *l.y, anywhere(&b));
    int place = anywhere(&b), pictures = 1;
    if (before == 1) l.before.epsilon = 1e-5f;
    if (before > 1) {
        l.before.rows = 1 + pick(&b, (uint32_t)c.rows), l.before.silu = before == 3;
        pictures = (c.rows - 1) / l.before.rows + 1;
    }
    if (before) l.before.scale = floats(SCALE, (size_t)pictures * in, place, 1);
    if (before) l.before.shift = floats(SHIFT, (size_t)pictures * in, place, 1);
    if (bias) l.bias = floats(BIAS, outs, place, 1);
    if (add) l.add = add == 1 ? floats(ADD, y, place, 1) : l.y;
    return l;
}

/* As much as linear_room() says, and full of NaN. */
static arena promised(const linear *l)
{
    size_t room = linear_room(*l);
    bool plain = strcmp(isa_name(), "plain") == 0;
    assert_true(plain || room < (size_t)parallel_threads() * LINEAR_ROOM);
    return nn_promised(scratch, room);
}

/* What lies around y must stay. */
static void apply(linear l)
{
    size_t n = (size_t)(l.rows * l.out), around = (size_t)(fences[Y].end - fences[Y].begin);
    static char before[sizeof(float) * (ROWS * OUT + (1 << 14))];
    assert_true(around <= sizeof before);
    memset(fences[Y].begin, 0x7a, around);
    nn_fill(l.y, n, ADD, 1);
    memcpy(before, fences[Y].begin, around);
    linear_apply(l, promised(&l));
    size_t at = (size_t)((char *)l.y - fences[Y].begin), end = at + n * sizeof *l.y;
    assert_memory_equal(before, fences[Y].begin, at);
    assert_memory_equal(before + end, fences[Y].begin + end, around - end);
}

static double sum(const linear *l, const float *row, const float *w, int o)
{
    double s = l->bias ? (double)l->bias[o] : 0;
    for (int k = 0; k < l->in; k++) s += (double)row[k] * (double)w[o * l->in + k];
    return s;
}

/* The formula, with what tests/test_norm.c, test_activate.c and test_weight.c hold; `row` has been
 * normed. */
static float value(const linear *l, const float *row, const float *w, int i, int o)
{
    double s = sum(l, row, w, o), gate = l->gate ? sum(l, row, w, l->out + o) : s;
    double bent = (double)activate_one(l->after, (float)gate);
    size_t at = (size_t)(i * l->out + o);
    double add = !l->add          ? 0
                 : l->add == l->y ? (double)nn_number((uint32_t)at, ADD)
                                  : (double)l->add[at];
    return (float)((l->gate ? s * bent : bent) + add);
}

static float *formula(const linear *l)
{
    static float w[2 * OUT * IN], row[IN];
    size_t n = (size_t)(l->rows * l->out);
    float *y = malloc(n * sizeof *y);
    for (int i = 0; i < (l->gate ? 2 : 1) * l->out * l->in; i++) w[i] = weight_at(l->w, (size_t)i);
    for (int i = 0; i < l->rows; i++) {
        norm_row(&l->before, i, l->x + i * l->in, l->in, row);
        for (int o = 0; o < l->out; o++) y[i * l->out + o] = value(l, row, w, i, o);
    }
    return y;
}

/* Kept for the sets that go through the same cases later. */
static int next;
static const float *expected(which c, const linear *l)
{
    static struct {
        which c;
        float *y;
    } kept[1 << 12];
    static int count;
    assert_true(next < 1 << 12);
    if (next < count && memcmp(&kept[next].c, &c, sizeof c) != 0)
        while (count > next) free(kept[--count].y);
    if (next == count) kept[count].c = c, kept[count++].y = formula(l);
    return kept[next++].y;
}

/* Sums of size 1 are rounded `in` times on the way, at random. Layer norm's own sums and SiLU's e^x
 * add a few units. Products of bf16 are rounded twice. */
static double allowed(const linear *l)
{
    double units = nn_bf16() ? 0x1p-9 : 0x1p-24;
    return units * (nn_bf16() ? 10 : 12 + 1.5 * sqrt(l->in));
}

static void hold_one(const linear *l, const char *what, int at, float right)
{
    nn_near(what, (size_t)at, l->y[at], (double)right,
            allowed(l) * (1 + fabs((double)right)) * (l->gate ? 3 : 1));
}

static void hold(which c)
{
    linear l = made(c);
    const float *right = expected(c, &l);
    apply(l);
    char what[200];
    snprintf(what, sizeof what, "%s, %d x %d x %d, type %d, bits %u", isa_name(), l.rows, l.out,
             l.in, l.w.type, c.bits);
    for (int i = 0; i < l.rows * l.out; i++) hold_one(&l, what, i, right[i]);
}

static void test_every_size(void)
{
    uint32_t n = 0;
    next = 0;
    parallel_set_threads(1);
    for (int rows = 1; rows <= ROWS; rows++)
        for (int out = 1; out <= OUT;
             out++, n++) { /* a strip has 320 columns, with avx512_bf16 640 */
            static const int deep[] = {319, 320, 321, 639, 640, 641, 961, 1279, 1280, 1281, 1282};
            int k = (int)(n % 51), in = k < 40 ? k + 1 : deep[k - 40];
            if (n % NN_EVERY == 0) hold((which){rows, in, out, n * 2654435761u});
        }
}

static void test_every_option(void)
{
    static const int sizes[][3] = {{1, 1, 1}, {3, 33, 5}, {15, 70, 40}, {29, 129, 321}};
    next = 0;
    parallel_set_threads(1);
    for (uint32_t n = 0; n < OPTIONS; n += NN_EVERY)
        for (int i = 0; i < (n % 8 == 0 ? 4 : 3); i++)
            hold((which){sizes[i][0], sizes[i][2], sizes[i][1], n + OPTIONS * n});
}

/* Beyond the sizes above: several blocks of rows and of columns, for several threads. */
enum { MANY_ROWS = 1350 / NN_EVERY + 50, MANY_IN = 1200, MANY_OUT = 600 / NN_EVERY + 100 };
static linear large(int rows, int in, int out)
{
    static float x[MANY_ROWS * MANY_IN], w[MANY_OUT * MANY_IN], y[MANY_ROWS * MANY_OUT];
    nn_fill(x, MANY_ROWS * MANY_IN, X, 1);
    nn_fill(w, MANY_OUT * MANY_IN, W, 0x1p-4f);
    memset(y, 0xff, sizeof y);
    return (linear){.rows = rows, .in = in, .out = out, .x = x, .w = {w, DTYPE_F32}, .y = y};
}

/* Each row and each column somewhere: bits that are always the same may always be wrong. */
static void hold_places(const linear *l)
{
    static float row[MANY_IN];
    for (int n = 0; n < l->rows || n < l->out; n++) {
        int i = n % l->rows, o = n % l->out;
        norm_row(&l->before, i, l->x + i * l->in, l->in, row);
        hold_one(l, isa_name(), i * l->out + o, value(l, row, l->w.data, i, o));
    }
}

/* Normed x is nothing that bf16 has. The error on average, as a part of y: seen are 5.6e-4 and
 * 1.8e-7; cut off and not rounded it would be twice as much. */
static void test_error_on_average(void)
{
    static float row[MANY_IN];
    linear l = large(50, MANY_IN, 70);
    l.before = (norm){.scale = l.w.data, .shift = l.w.data, .epsilon = 1e-5f};
    linear_apply(l, promised(&l));
    double wrong = 0, all = 0;
    for (int i = 0; i < l.rows; i++) {
        norm_row(&l.before, i, l.x + i * l.in, l.in, row);
        for (int o = 0; o < l.out; o++) {
            double right = (double)value(&l, row, l.w.data, i, o);
            double off = (double)l.y[i * l.out + o] - right;
            wrong += off * off, all += right * right;
        }
    }
    nn_near("on average", 0, (float)sqrt(wrong / all), 0, nn_bf16() ? 7e-4 : 2.5e-7);
}

static void same_bits(int rows, int in, int out, bool gate)
{
    static float first[MANY_ROWS * MANY_OUT];
    static const int threads[] = {7, 3, 2, 1};
    for (int t = 0; t < 4; t++) {
        linear l = large(rows, in, out);
        size_t bytes = (size_t)(l.rows * l.out) * sizeof *l.y;
        l.gate = gate, l.after = gate ? ACTIVATE_GELU : ACTIVATE_NOT;
        parallel_set_threads(threads[t]);
        linear_apply(l, promised(&l));
        if (t == 0) memcpy(first, l.y, bytes), hold_places(&l);
        assert_memory_equal(first, l.y, bytes);
    }
}

/* Few rows and long ones; then so many that a thread has several blocks, of one group of columns
 * and of two, whose weights are kept. */
static void test_same_bits_for_any_number_of_threads(void)
{
    const int many = MANY_ROWS < 800 ? MANY_ROWS : 800;
    for (int gate = 0; gate < 2; gate++) {
        same_bits(50, MANY_IN, MANY_OUT / (gate + 1), gate);
        same_bits(many, 330, 90, gate);
        same_bits(many, 330, MANY_OUT / (gate + 1), gate);
    }
}

/* Also where rows are of many pictures, in many blocks, which find weights that were kept. */
static void row_alone(bool gate)
{
    enum { PICTURE = 100 };
    static float alone[MANY_OUT], pictures[(MANY_ROWS / PICTURE + 1) * MANY_IN];
    linear l = large(MANY_ROWS, MANY_IN, gate ? 60 : 75);
    l.gate = gate, l.after = ACTIVATE_SILU;
    nn_fill(pictures, sizeof pictures / sizeof *pictures, SCALE, 1);
    l.before = (norm){.scale = pictures, .shift = pictures, .rows = PICTURE};
    linear_apply(l, promised(&l));
    hold_places(&l);
    for (int i = 0; i < l.rows; i += 23) {
        linear one = l;
        one.rows = 1, one.x += i * l.in, one.y = alone;
        one.before.scale += i / PICTURE * l.in, one.before.shift = one.before.scale;
        linear_apply(one, promised(&one));
        assert_memory_equal(alone, l.y + i * l.out, (size_t)l.out * sizeof *alone);
    }
}

static void test_a_row_alone_has_the_same_bits(void)
{
    row_alone(false);
    row_alone(true);
}

/* The blocks that take most: two of as many rows as one may have, with weights that are just kept
 * and all columns; and smaller ones with weights that are not. */
static void test_the_scratch_that_is_promised_is_enough(void)
{
    const linear most[] = {large(MANY_ROWS < 672 ? MANY_ROWS : 672, 640, MANY_OUT - 60),
                           large(MANY_ROWS < 380 ? MANY_ROWS : 380, 650, MANY_OUT - 60)};
    for (int i = 0; i < 4; i++)
        for (int threads = 1; threads <= 16; threads += 15) {
            linear l = most[i % 2];
            l.gate = i > 1;
            parallel_set_threads(threads);
            linear_apply(l, promised(&l));
        }
}

/* Panels times blocks of columns are more than an int holds. */
static void test_very_many_columns(void)
{
    enum { OUTS = 7000001 };
    static uint16_t w[OUTS];
    static float y[OUTS];
    const float x = 1;
    for (int o = 0; o < OUTS; o++) w[o] = nn_narrow(DTYPE_BF16, nn_number((uint32_t)o, W));
    linear l = {.rows = 1, .in = 1, .out = OUTS, .x = &x, .w = {w, DTYPE_BF16}, .y = y};
    memset(y, 0xff, sizeof y);
    linear_apply(l, promised(&l));
    for (int o = 0; o < OUTS; o++)
        if (y[o] != nn_number((uint32_t)o, W)) fail_msg("%s: column %d", isa_name(), o);
}

static void onto_itself(void)
{
    float x[4] = {0};
    linear_apply((linear){.rows = 2, .in = 2, .out = 2, .x = x, .w = {x, DTYPE_F32}, .y = x},
                 scratch);
}
static void no_rows(void)
{
    (void)linear_room((linear){.rows = 0, .in = 2, .out = 2});
}
static void more_than_int_counts(void)
{
    (void)linear_room((linear){.rows = 1 << 30, .in = 1, .out = 1});
}
static void too_little_scratch(void)
{
    float x[4] = {0}, y[4];
    linear l = {.rows = 2, .in = 2, .out = 2, .x = x, .w = {x, DTYPE_F32}, .y = y};
    linear_apply(l, nn_cut(scratch, linear_room(l) - 64));
}

static void a_norm_of_no_kind(void)
{
    float x[4] = {0}, y[4];
    linear_apply((linear){.rows = 2,
                          .in = 2,
                          .out = 2,
                          .x = x,
                          .before = {.scale = x, .shift = x},
                          .w = {x, DTYPE_F32},
                          .y = y},
                 scratch);
}

static void test_broken_promises_are_noticed(void)
{
    assert_true(aborts(a_norm_of_no_kind));
    assert_true(aborts(onto_itself));
    assert_true(aborts(no_rows));
    assert_true(aborts(more_than_int_counts));
    assert_true(aborts(too_little_scratch));
}

int main(void)
{
    static const nn_test tests[] = {
        NN_TEST(test_every_size),
        NN_TEST(test_every_option),
        NN_TEST(test_error_on_average),
        NN_TEST(test_same_bits_for_any_number_of_threads),
        NN_TEST(test_a_row_alone_has_the_same_bits),
        NN_TEST(test_the_scratch_that_is_promised_is_enough),
        NN_TEST(test_very_many_columns),
        NN_TEST(test_broken_promises_are_noticed),
    };
    static const size_t most[ARRAYS] = {
        [X] = ROWS * IN,     [W] = 2 * OUT * IN,  [BIAS] = 2 * OUT, [ADD] = ROWS * OUT,
        [SCALE] = ROWS * IN, [SHIFT] = ROWS * IN, [Y] = ROWS * OUT,
    };
    scratch = arena_make((size_t)1 << 26);
    for (int i = 0; i < ARRAYS; i++) fences[i] = fence_make(most[i] + 16);
    return nn_run(tests, sizeof tests / sizeof *tests);
}
