/** @file says.h
 *  An error must say certain words.
 */
#ifndef TESTS_SAYS_H
#define TESTS_SAYS_H
#include "base/error.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static inline void assert_says(error wrong, const char *words)
{
    if (!wrong) fail_msg("no error, but \"%s\" was expected", words);
    if (!strstr(wrong, words)) fail_msg("\"%s\" does not say \"%s\"", wrong, words);
}

#endif
