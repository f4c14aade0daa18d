/* Files whole or not at all. Works below build/test_file, which is emptied first and last. */
#include "base/file.h"
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ROOM "build/test_file"

static int empty_room(void **state)
{
    (void)state;
    DIR *room = opendir(ROOM);
    for (struct dirent *e; room && (e = readdir(room));) {
        char path[600];
        snprintf(path, sizeof path, ROOM "/%s", e->d_name);
        if (e->d_name[0] != '.') remove(path);
    }
    if (room) closedir(room);
    return 0;
}

static int make_room(void **state)
{
    return file_make_folder("build") || file_make_folder(ROOM) ? -1 : empty_room(state);
}

static int files_in_room(void)
{
    int count = 0;
    DIR *room = opendir(ROOM);
    assert_non_null(room);
    for (struct dirent *e; (e = readdir(room));) count += e->d_name[0] != '.';
    closedir(room);
    return count;
}

static void assert_holds(const char *path, const char *text)
{
    file f;
    assert_null(file_map(path, &f));
    assert_int_equal(f.bytes, strlen(text));
    assert_memory_equal(f.data, text, f.bytes);
    file_unmap(f);
}

static void test_what_is_written_can_be_mapped(void **state)
{
    (void)state;
    assert_null(file_write(ROOM "/a", "first", 5));
    assert_holds(ROOM "/a", "first");
    assert_null(file_write(ROOM "/a", "second one", 10));
    assert_holds(ROOM "/a", "second one");
    struct stat info;
    assert_int_equal(stat(ROOM "/a", &info), 0);
    assert_int_equal(info.st_mode & 0777, 0644);
    assert_int_equal(files_in_room(), 1);
}

static void test_an_empty_file_is_a_file(void **state)
{
    (void)state;
    assert_null(file_write(ROOM "/empty", NULL, 0));
    file f = {(const unsigned char *)"", 7};
    assert_null(file_map(ROOM "/empty", &f));
    assert_null(f.data);
    assert_int_equal(f.bytes, 0);
    file_unmap(f);
}

static void assert_unreadable(const char *path, const char *line)
{
    file f = {NULL, 7};
    assert_string_equal(file_map(path, &f), line);
    assert_int_equal(f.bytes, 7); /* not set */
}

static void test_what_cannot_be_mapped(void **state)
{
    (void)state;
    assert_unreadable(ROOM "/none", "cannot open " ROOM "/none: No such file or directory");
    assert_unreadable(ROOM, "cannot read " ROOM ": it is not a file");
    assert_int_equal(mkfifo(ROOM "/pipe", 0600), 0);
    alarm(5); /* or opening the pipe waits for a writer for ever */
    assert_unreadable(ROOM "/pipe", "cannot read " ROOM "/pipe: it is not a file");
    alarm(0);
}

static void test_what_cannot_be_written(void **state)
{
    (void)state;
    assert_null(file_write(ROOM "/a", "old", 3));
    assert_string_equal(file_write(ROOM "/none/a", "new", 3),
                        "cannot write " ROOM "/none/a: No such file or directory");
    assert_string_equal(file_write(ROOM "/a/b", "new", 3),
                        "cannot write " ROOM "/a/b: Not a directory");
    assert_string_equal(file_write(ROOM, "new", 3),
                        "cannot write " ROOM ": it is there and not a file");
    assert_int_equal(mkfifo(ROOM "/pipe", 0600), 0);
    assert_non_null(file_write(ROOM "/pipe", "new", 3)); /* and not replaced: */
    struct stat info;
    assert_true(stat(ROOM "/pipe", &info) == 0 && S_ISFIFO(info.st_mode));
    static char endless[5000];
    memset(endless, 'x', sizeof endless - 1);
    assert_string_equal(file_write(endless, "new", 3),
                        "cannot write a file whose path has 4999 letters");
    assert_holds(ROOM "/a", "old");
    assert_int_equal(files_in_room(), 2);
}

/* A full disk, played by a limit on the size of a file: a part is written, the rest is not. */
static int write_to_a_full_disk(void)
{
    static char many[100000];
    const struct rlimit limit = {4096, 4096};
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
    error wrong = file_write(ROOM "/a", many, sizeof many);
    return wrong && strcmp(wrong, "cannot write " ROOM "/a: File too large") == 0 ? 0 : 1;
}

static void test_a_full_disk_leaves_the_old_file(void **state)
{
    (void)state;
    assert_null(file_write(ROOM "/a", "old", 3));
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) _exit(write_to_a_full_disk());
    int status = 0;
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_holds(ROOM "/a", "old");
    assert_int_equal(files_in_room(), 1);
}

static void test_folders(void **state)
{
    (void)state;
    assert_null(file_make_folder(ROOM "/folder"));
    assert_null(file_make_folder(ROOM "/folder")); /* it is there: good */
    assert_null(file_write(ROOM "/a", "old", 3));
    assert_string_equal(file_make_folder(ROOM "/a"),
                        "cannot make the folder " ROOM "/a: File exists");
    assert_string_equal(file_make_folder(ROOM "/no/no"),
                        "cannot make the folder " ROOM "/no/no: No such file or directory");
}

#define IN_AN_EMPTY_ROOM(test) cmocka_unit_test_setup_teardown(test, make_room, empty_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_AN_EMPTY_ROOM(test_what_is_written_can_be_mapped),
        IN_AN_EMPTY_ROOM(test_an_empty_file_is_a_file),
        IN_AN_EMPTY_ROOM(test_what_cannot_be_mapped),
        IN_AN_EMPTY_ROOM(test_what_cannot_be_written),
        IN_AN_EMPTY_ROOM(test_a_full_disk_leaves_the_old_file),
        IN_AN_EMPTY_ROOM(test_folders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
