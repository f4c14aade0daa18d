#define _GNU_SOURCE
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef O_TMPFILE
#define O_TMPFILE 0 /* a folder cannot be opened so: it fails, as it must */
#endif

enum { PATH = 4096 };

error file_map(const char *path, file *out)
{
    struct stat info;
    void *data = NULL; /* an empty file cannot be mapped */
    error wrong = NULL;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a pipe must not hang us */
    if (fd < 0) return error_make("cannot open %.200s: %s", path, strerror(errno));
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        wrong = error_make("cannot read %.200s: it is not a file", path);
    else if (info.st_size > 0)
        data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) wrong = error_make("cannot map %.200s: %s", path, strerror(errno));
    if (!wrong) *out = (file){data, (size_t)info.st_size};
    close(fd);
    return wrong;
}

void file_unmap(file f)
{
    if (f.data) munmap((void *)(size_t)f.data, f.bytes);
}

/* All of it, and on the disk; else false with errno. Some file systems cannot promise the disk. */
static bool write_all(int fd, const char *data, size_t bytes)
{
    while (bytes > 0) {
        ssize_t wrote = write(fd, data, bytes);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return false;
        data += wrote;
        bytes -= (size_t)wrote;
    }
    while (fsync(fd) != 0)
        if (errno != EINTR) return errno == EINVAL || errno == ENOSYS || errno == ENOTSUP;
    return true;
}

/* The file `beside`; where a folder is given it has no name in there until it is whole, so that a
 * program that is killed in the middle leaves nothing behind. That only Linux can do. */
static bool write_new(const char *folder, const char *beside, const void *data, size_t bytes)
{
    char itself[64];
    unlink(beside); /* left by a program that was killed and had our number */
    int fd = folder ? open(folder, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666)
                    : open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) return false;
    snprintf(itself, sizeof itself, "/proc/self/fd/%d", fd);
    bool good = write_all(fd, data, bytes);
    if (good && folder) good = linkat(AT_FDCWD, itself, AT_FDCWD, beside, AT_SYMLINK_FOLLOW) == 0;
    int why = errno;
    if (close(fd) != 0 && good) return false;
    errno = why;
    return good;
}

error file_write(const char *path, const void *data, size_t bytes)
{
    char folder[PATH], beside[PATH + 64];
    struct stat info; /* renaming over a device, say /dev/null, would replace it */
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return error_make("cannot write %.200s: it is there and not a file", path);
    const char *slash = strrchr(path, '/');
    int length = snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash + 1 - path) : 0, path);
    if (strlen(path) >= PATH)
        return error_make("cannot write a file whose path has %zu letters", strlen(path));
    snprintf(beside, sizeof beside, "%s%ld-%zx.part", folder, (long)getpid(), (size_t)beside);
    bool good = write_new(length ? folder : ".", beside, data, bytes) ||
                write_new(NULL, beside, data, bytes);
    if (good && rename(beside, path) == 0) return NULL;
    int why = errno;
    unlink(beside);
    return error_make("cannot write %.200s: %s", path, strerror(why));
}

error file_make_folder(const char *path)
{
    struct stat info;
    if (mkdir(path, 0777) == 0) return NULL;
    if (errno == EEXIST && stat(path, &info) == 0 && S_ISDIR(info.st_mode)) return NULL;
    return error_make("cannot make the folder %.200s: %s", path, strerror(errno));
}
