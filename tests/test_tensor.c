/* Definition and properties of tensors. tests/double_tensor.c repeats in double what differs. */
#include "aborts.h"
#include "base/tensor.h"
#include <math.h>

static arena memory;

/* A tensor whose numbers are all different: 1, 2, 3, ... times `unit`. */
static tensor counted(arena *a, int n, int h, int w, int c, float unit)
{
    tensor x = tensor_new(a, n, h, w, c);
    for (size_t i = 0; i < tensor_count(x); i++) x.data[i] = (float)(i + 1) * unit;
    return x;
}

static void test_numbers_stand_channels_last(void **state)
{
    (void)state;
    arena scratch = memory;
    tensor x = counted(&scratch, 2, 3, 4, 5, 1);
    assert_int_equal(tensor_count(x), 2 * 3 * 4 * 5);
    float field[2][5][3][4]; /* [n, c, h, w] */
    tensor_to_nchw(&field[0][0][0][0], x);
    for (int n = 0; n < 2; n++)
        for (int h = 0; h < 3; h++)
            for (int w = 0; w < 4; w++)
                for (int c = 0; c < 5; c++)
                    assert_true(x.data[((n * 3 + h) * 4 + w) * 5 + c] == field[n][c][h][w]);
}

static void test_there_and_back_is_nothing(void **state)
{
    (void)state;
    static const int shapes[][4] = {{1, 1, 1, 1}, {1, 7, 5, 3},  {3, 1, 13, 1},
                                    {2, 9, 1, 4}, {5, 3, 3, 17}, {1, 1, 1, 31}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        arena scratch = memory;
        const int *d = shapes[s];
        tensor x = counted(&scratch, d[0], d[1], d[2], d[3], 1), y = tensor_like(&scratch, x);
        float *field = arena_take(&scratch, tensor_count(x) * sizeof *field);
        tensor_to_nchw(field, x);
        tensor_fill(y, (double)NAN);
        tensor_from_nchw(y, field);
        assert_memory_equal(x.data, y.data, tensor_count(x) * sizeof *x.data);
    }
}

static void test_mix_may_write_over_what_it_reads(void **state)
{
    (void)state;
    arena scratch = memory;
    tensor x = counted(&scratch, 1, 3, 3, 3, 1), y = counted(&scratch, 1, 3, 3, 3, 0.5f);
    tensor out = tensor_like(&scratch, x), over = tensor_like(&scratch, x);
    tensor_mix(out, 2, x, -3, y); /* 2 i - 3 i / 2 = i / 2 */
    assert_memory_equal(out.data, y.data, 27 * sizeof(float));
    tensor_copy(over, x), tensor_mix(over, 2, over, -3, y);
    assert_memory_equal(over.data, out.data, 27 * sizeof(float));
    tensor_copy(over, y), tensor_mix(over, 2, x, -3, over);
    assert_memory_equal(over.data, out.data, 27 * sizeof(float));
    tensor_copy(over, x), tensor_mix(over, 0.25, over, 0.25, over);
    assert_memory_equal(over.data, y.data, 27 * sizeof(float));
    tensor_copy(over, x), tensor_add_scaled(over, -0.5, over);
    assert_memory_equal(over.data, y.data, 27 * sizeof(float));
}

/* Coefficients are double and are rounded to float when they meet a picture, and the two products
 * are rounded before they are added: no fused multiply-add. */
static void test_mix_rounds_as_python_does(void **state)
{
    (void)state;
    arena scratch = memory;
    tensor x = tensor_new(&scratch, 1, 1, 1, 1), y = tensor_like(&scratch, x);
    tensor_fill(x, 1 + 0x1p-12);
    tensor_fill(y, -1);
    double square = 1 + 0x1p-11; /* (1 + 2^-12)^2 in float, where 2^-24 is lost */
    tensor_mix(y, 1 + 0x1p-12, x, square, y);
    assert_true(*y.data == 0);
    tensor_fill(y, 1);
    tensor_scale(y, 1 + 0x1p-30, y);
    assert_true(*y.data == 1);
}

static void test_distance_is_root_mean_square(void **state)
{
    (void)state;
    arena scratch = memory;
    tensor x = counted(&scratch, 1, 1, 2, 2, 1), y = tensor_like(&scratch, x);
    tensor_fill(y, 1);
    assert_true(fabs(tensor_distance(x, y) - sqrt((0 + 1 + 4 + 9) / 4.0)) < 1e-15);
    assert_true(tensor_distance(x, x) == 0);
    tensor_fill(y, 0);
    tensor_fill(x, 1e30); /* squares beyond float */
    assert_true(fabs(tensor_distance(x, y) / (double)1e30f - 1) < 1e-15);
}

static void test_finite_sees_one_number_in_many(void **state)
{
    (void)state;
    arena scratch = memory;
    tensor x = counted(&scratch, 1, 5, 5, 3, 1);
    assert_true(tensor_finite(x));
    static const float odd[] = {NAN, INFINITY, -INFINITY};
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < 75; i++) {
            float before = x.data[i];
            x.data[i] = odd[k];
            assert_false(tensor_finite(x));
            x.data[i] = before;
        }
}

static void test_pictures_of_a_batch_are_seen_in_place(void **state)
{
    (void)state;
    arena scratch = memory;
    tensor x = counted(&scratch, 5, 2, 3, 4, 1), some = tensor_pictures(x, 1, 3);
    assert_true(some.n == 3 && some.h == 2 && some.w == 3 && some.c == 4);
    assert_ptr_equal(some.data, x.data + 24);
    assert_false(tensor_same_shape(x, some));
    assert_true(tensor_same_shape(x, tensor_pictures(x, 0, 5)));
}

static void too_large(void)
{
    arena a = memory;
    tensor_new(&a, 1 << 16, 1 << 16, 1 << 16, 1 << 16); /* 2^64 numbers, which is 0 to a size_t */
}

static void no_such_pictures(void)
{
    arena a = memory;
    tensor_pictures(tensor_new(&a, 2, 1, 1, 1), 1, 2147483647);
}

static void one_picture_too_many(void)
{
    arena a = memory;
    tensor_pictures(tensor_new(&a, 2, 1, 1, 1), 1, 2);
}

static void shapes_differ(void)
{
    arena a = memory;
    tensor_copy(tensor_new(&a, 1, 2, 3, 1), tensor_new(&a, 1, 3, 2, 1));
}

static void no_size(void)
{
    arena a = memory;
    tensor_new(&a, 1, 0, 3, 1);
}

static void test_broken_promises_abort(void **state)
{
    (void)state;
    void (*const broken[])(void) = {too_large, no_such_pictures, one_picture_too_many,
                                    shapes_differ, no_size};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) assert_true(aborts(broken[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_stand_channels_last),
        cmocka_unit_test(test_there_and_back_is_nothing),
        cmocka_unit_test(test_mix_may_write_over_what_it_reads),
        cmocka_unit_test(test_mix_rounds_as_python_does),
        cmocka_unit_test(test_distance_is_root_mean_square),
        cmocka_unit_test(test_finite_sees_one_number_in_many),
        cmocka_unit_test(test_pictures_of_a_batch_are_seen_in_place),
        cmocka_unit_test(test_broken_promises_abort),
    };
    memory = arena_make(1 << 20);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(memory);
    return failed;
}
