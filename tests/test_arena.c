/* Properties of the shelf, and that its promises are watched. What must abort runs in a child. */
#include "aborts.h"
#include "base/arena.h"
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
enum { WATCHED = 1 };
#else
enum { WATCHED = 0 };
#endif

static void test_blocks_are_aligned_and_apart(void **state)
{
    (void)state;
    arena a = arena_make(1 << 20);
    char *last = NULL;
    for (size_t bytes = 0; bytes < 300; bytes++) {
        char *block = arena_take(&a, bytes);
        assert_int_equal((uintptr_t)block % 64, 0);
        if (last) assert_true(block >= last);
        memset(block, 1, bytes);
        last = block + bytes;
    }
    arena_free(a);
}

static void test_all_that_was_asked_for_can_be_taken(void **state)
{
    (void)state;
    static const size_t wishes[] = {1, 1000, 65536, 100001, 1 << 20};
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
        arena a = arena_make(wishes[i]);
        assert_true(arena_left(a) >= wishes[i]);
        memset(arena_take(&a, arena_left(a)), 1, wishes[i]);
        assert_int_equal(arena_left(a), 0);
        assert_non_null(arena_take(&a, 0));
        assert_non_null(arena_take(&a, 0)); /* nothing does not run out */
        arena_free(a);
    }
}

static char *take_from_a_copy(arena scratch, size_t bytes)
{
    return arena_take(&scratch, bytes);
}

static void test_a_copy_gives_back_by_returning(void **state)
{
    (void)state;
    arena a = arena_make(1 << 20);
    size_t left = arena_left(a);
    char *first = take_from_a_copy(a, 1000), *second = take_from_a_copy(a, 10);
    assert_ptr_equal(first, second);
    assert_int_equal(arena_left(a), left);
    char *kept = arena_take(&a, 1000);
    assert_ptr_equal(kept, first);
    assert_true(arena_left(a) < left);
    assert_true((char *)arena_take(&a, 1) >= kept + 1000);
    arena_free(a);
}

static void make_under_a_limit(void)
{
    const struct rlimit limit = {512 << 20, 512 << 20};
    if (setrlimit(RLIMIT_AS, &limit) != 0) _exit(1);
    arena a = arena_make(0);
    if (!a.begin || arena_left(a) < 64 << 20 || arena_left(a) > 512 << 20) _exit(2);
    memset(arena_take(&a, 1 << 20), 1, 1 << 20);
    if (arena_left(arena_make(SIZE_MAX)) < 64 << 20) _exit(3);
    _exit(0);
}

static void test_a_limit_halves_the_wish(void **state)
{
    (void)state;
    if (WATCHED) skip(); /* its own shadow of the memory is far above any such limit */
    assert_int_equal(fate(make_under_a_limit), 0);
}

static void take_too_much(void)
{
    arena a = arena_make(1 << 16);
    arena_take(&a, arena_left(a) + 1);
}

static void take_all_there_could_be(void)
{
    arena a = arena_make(1 << 16);
    arena_take(&a, SIZE_MAX);
}

static void take_from_nothing(void)
{
    arena a = {0};
    arena_take(&a, 0);
}

static void test_a_full_shelf_aborts(void **state)
{
    (void)state;
    assert_true(aborts(take_too_much));
    assert_true(aborts(take_all_there_could_be));
    assert_true(aborts(take_from_nothing));
}

/* The mistakes that ASan must see. Each comes after an access that is still right, of another byte:
 * gcc checks the same byte only once. */
static void use_after_the_next_take(void)
{
    arena a = arena_make(1 << 16);
    volatile char *stale = take_from_a_copy(a, 1000);
    stale[999] = 1;
    arena_take(&a, 10);
    stale[998] = 2;
}

static void use_after_forgetting(void)
{
    arena a = arena_make(1 << 16);
    volatile char *stale = take_from_a_copy(a, 1000);
    stale[0] = 1;
    arena_forget(a);
    stale[500] = 2;
}

static void write_beyond_a_block(void)
{
    arena a = arena_make(1 << 16);
    volatile char *block = arena_take(&a, 10);
    arena_take(&a, 10);
    block[9] = 1;
    block[10] = 2;
}

static void test_asan_sees_what_was_given_back(void **state)
{
    (void)state;
    if (!WATCHED) skip();
    assert_int_not_equal(fate(use_after_the_next_take), 0);
    assert_int_not_equal(fate(use_after_forgetting), 0);
    assert_int_not_equal(fate(write_beyond_a_block), 0);
}

static void test_asan_fills_with_nan(void **state)
{
    (void)state;
    if (!WATCHED) skip();
    arena a = arena_make(1 << 16);
    float *x = arena_take(&a, sizeof *x);
    double *y = arena_take(&a, sizeof *y);
    assert_true(*x != *x && *y != *y);
    arena_free(a);
}

static void test_a_shelf_can_be_made_again(void **state)
{
    (void)state;
    size_t left = 0;
    for (int i = 0; i < 3000; i++) { /* 3000 x 64 GiB would not fit if they were not given back */
        arena a = arena_make(0);
        if (i == 0) left = arena_left(a);
        assert_int_equal(arena_left(a), left);
        memset(take_from_a_copy(a, 5000), i, 5000);
        arena_free(a);
    }
    arena_free((arena){0});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_are_aligned_and_apart),
        cmocka_unit_test(test_all_that_was_asked_for_can_be_taken),
        cmocka_unit_test(test_a_copy_gives_back_by_returning),
        cmocka_unit_test(test_a_limit_halves_the_wish),
        cmocka_unit_test(test_a_full_shelf_aborts),
        cmocka_unit_test(test_asan_sees_what_was_given_back),
        cmocka_unit_test(test_asan_fills_with_nan),
        cmocka_unit_test(test_a_shelf_can_be_made_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
