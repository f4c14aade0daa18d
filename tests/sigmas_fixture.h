/* sigmas_fixture.h: the schedules that both tests of lists walk on. */
#ifndef SIGMAS_FIXTURE_H
#define SIGMAS_FIXTURE_H
#include "diffusion/sigmas.h"
#include "numbers.h"
#include <stdio.h>
#include <string.h>

static arena shelf;
static schedule exact, compvis, diffusers, flow3, twice3;

/* Lists with more steps than they are asked for: test_sigmas_rising.c has how many. */
static inline bool rises(const char *name)
{
    return strcmp(name, "restart") == 0 || strcmp(name, "repaint") == 0;
}

static inline sigmas make(const char *name, int n, const schedule *s, sigmas_options o)
{
    sigmas walk = {0};
    error wrong = sigmas_make(name, n, s, o, &shelf, &walk);
    if (wrong) fail_msg("%s", wrong);
    assert_true(rises(name) ? walk.n >= n : walk.n == n);
    return walk;
}

/* The error names a number of steps, `most` or (0) any other, and that one can be made. */
static inline void assert_possible(const char *name, int most, error wrong, const schedule *s,
                                   sigmas_options o)
{
    int said = -1;
    const char *here = strstr(wrong, "possible"), *at_most = strstr(wrong, "at most ");
    if (here) sscanf(here + strcspn(here, ":"), ": %d", &said);
    if (at_most) sscanf(at_most, "at most %d", &said);
    if (said < 0 || (most > 0 && said != most)) fail_msg("%s, not %d", wrong, most);
    if (said > 0) make(name, said, s, o);
}

static inline int set_up(void **state)
{
    (void)state;
    shelf = arena_make(0);
    schedule_options o = {.manner = SCHEDULE_COMPVIS};
    if (schedule_make("scaled_linear", (schedule_options){0}, &shelf, &exact)) return -1;
    if (schedule_make("scaled_linear", o, &shelf, &compvis)) return -1;
    o.manner = SCHEDULE_DIFFUSERS;
    if (schedule_make("scaled_linear", o, &shelf, &diffusers)) return -1;
    schedule_options twice = {.shift = 3, .manner = SCHEDULE_DIFFUSERS};
    if (schedule_make("flow", twice, &shelf, &twice3)) return -1;
    return schedule_make("flow", (schedule_options){.shift = 3}, &shelf, &flow3) ? -1 : 0;
}

#endif
