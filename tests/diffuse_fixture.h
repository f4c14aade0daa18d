/** @file diffuse_fixture.h
 *  For tests that run build/programs/diffuse on small generated models. Everything they write is in
 *  one folder beside the test. To be included first.
 */
#ifndef TESTS_DIFFUSE_FIXTURE_H
#define TESTS_DIFFUSE_FIXTURE_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "says.h"
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char room[400];   /**< where all is written */
static char beside[400]; /**< the folder of this test: build/tests */
static char said[20000]; /**< what the last program wrote, to standard output and error */

/** A shell command in `room`; its exit code. @p D in it stands for the program under test. */
static inline int shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline int shell(const char *format, ...)
{
    char command[9000], whole[10500];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    snprintf(whole, sizeof whole,
             "cd '%s'; D='%s/../programs/diffuse'; M='%s/../tools/make_model'; { %s\n} > said.txt "
             "2>&1 < /dev/null",
             room, beside, beside, command);
    int code = system(whole);
    snprintf(whole, sizeof whole, "%s/said.txt", room);
    FILE *f = fopen(whole, "rb");
    size_t n = f ? fread(said, 1, sizeof said - 1, f) : 0;
    said[n] = 0;
    if (f) fclose(f);
    return WIFEXITED(code) ? WEXITSTATUS(code) : 1000;
}

/** The same, which must end well. */
#define shell_well(...)                                                    \
    do {                                                                   \
        int code_ = shell(__VA_ARGS__);                                    \
        if (code_) fail_msg("exit code %d, and it said: %s", code_, said); \
    } while (0)

/** Which must end with 1 and one line that begins with the program's name and says this. */
static inline void assert_one_line(int code, const char *says)
{
    size_t n = strlen(said);
    if (code != 1) fail_msg("exit code %d, not 1: %s", code, said);
    assert_says(said, says);
    if (strncmp(said, "diffuse: ", 9) != 0 || strchr(said, '\n') != said + n - 1)
        fail_msg("not one line of diffuse: %s", said);
}

/** Whether a file is there. */
static inline bool is_there(const char *name)
{
    char path[900];
    snprintf(path, sizeof path, "%s/%s", room, name);
    return access(path, F_OK) == 0;
}

/** Whether a folder has files that somebody began to write. */
static inline bool has_parts(void)
{
    bool found = false;
    DIR *all = opendir(room);
    for (struct dirent *one; all && (one = readdir(all));)
        found = found || strstr(one->d_name, ".part");
    if (all) closedir(all);
    return found;
}

static inline void assert_same_files(const char *a, const char *b)
{
    if (shell("cmp %s %s", a, b) != 0) fail_msg("%s", said);
}

static inline void assert_other_files(const char *a, const char *b)
{
    assert_int_equal(shell("cmp %s %s", a, b), 1);
}

/** The program with options (divided by spaces), running; await() reads what it said. */
static inline pid_t spawn(const char *options)
{
    char program[900], text[2000];
    const char *words[40];
    int n = 0;
    snprintf(program, sizeof program, "%s/../programs/diffuse", beside);
    snprintf(text, sizeof text, "%s", options);
    words[n++] = program;
    for (char *word = strtok(text, " "); word && n < 39; word = strtok(NULL, " "))
        words[n++] = word;
    words[n] = NULL;
    pid_t child = fork();
    if (child != 0) return child;
    if (chdir(room) != 0 || !freopen("spawned.txt", "wb", stdout) || dup2(1, 2) < 0) _exit(99);
    execv(program, (char *const *)(uintptr_t)words);
    _exit(98);
}

static inline void wait_ms(int ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

/** Its exit code; 1000 and more where a signal has ended it. It must end within a minute. */
static inline int await(pid_t child)
{
    int code = 0, left = 6000;
    while (left-- > 0 && waitpid(child, &code, WNOHANG) == 0) wait_ms(10);
    if (left < 0) kill(child, SIGKILL);
    assert_true(left >= 0);
    shell("cat spawned.txt");
    return WIFEXITED(code) ? WEXITSTATUS(code) : 1000 + WTERMSIG(code);
}

/** `room`, empty, and in it the models that `make` says: "$M tiny --tiny".
 *  @return for main(): 0 */
static inline int make_models(const char *program, const char *folder, const char *make)
{
    const char *slash = strrchr(program, '/');
    char *here = realpath(".", NULL);
    int length = slash ? (int)(slash - program) : 1;
    snprintf(beside, sizeof beside, "%.200s%s%.*s",
             program[0] == '/' ? ""
             : here            ? here
                               : "",
             program[0] == '/' ? "" : "/", length, slash ? program : ".");
    free(here);
    snprintf(room, sizeof room, "%.300s/%.80s", beside, folder);
    char command[1000];
    snprintf(command, sizeof command, "rm -rf '%s'; mkdir '%s'", room, room);
    if (system(command) != 0 || shell("set -e; %s", make) != 0)
        return fprintf(stderr, "%s", said), 1;
    return 0;
}

#endif
