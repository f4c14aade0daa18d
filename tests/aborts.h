/* Is a broken promise noticed? A child process breaks it, so that the test goes on. */
#ifndef TESTS_ABORTS_H
#define TESTS_ABORTS_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whether a child that runs this is ended by abort(). */
static inline bool aborts(void (*act)(void))
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr)) _exit(99);
        act();
        _exit(0);
    }
    int status = 0;
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) && WTERMSIG(status) == 6; /* SIGABRT */
}

#endif
