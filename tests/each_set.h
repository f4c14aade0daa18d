/** @file each_set.h
 *  The same check with every instruction set that this processor has; the others are said to be not
 *  run, never passed.
 */
#ifndef TESTS_EACH_SET_H
#define TESTS_EACH_SET_H
#include "nn/isa.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/** The largest error of a check, in parts of what it allows; checks raise it. */
static double each_set_worst;

static inline void with_each_set(void (*check)(void))
{
    for (int i = 0; isa_names[i]; i++) {
        each_set_worst = 0;
        if (!isa_here(isa_names[i])) {
            print_message("%-12s not run: this processor lacks it\n", isa_names[i]);
            continue;
        }
        assert_null(isa_choose(isa_names[i]));
        check();
        if (each_set_worst > 0)
            print_message("%-12s error %.2f of what is allowed\n", isa_names[i], each_set_worst);
    }
    assert_null(isa_choose(NULL));
}

#endif
