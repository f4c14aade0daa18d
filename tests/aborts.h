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

/* What a child that runs `act` leaves behind: its exit code, or minus the signal that ended it. Its
 * last words are not shown. */
static inline int fate(void (*act)(void))
{
#if defined(__EMSCRIPTEN__)
    skip(); /* one process is all there is */
#endif
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr)) _exit(99);
        act();
        _exit(0);
    }
    int status = 0;
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static inline bool aborts(void (*act)(void))
{
    return fate(act) == -6; /* SIGABRT */
}

#endif
