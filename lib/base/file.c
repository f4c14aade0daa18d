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

enum { PATH = 4096 };

static error map_open(int fd, const char *path, file *out)
{
    struct stat info;
    if (fstat(fd, &info) != 0) return error_make("cannot read %.200s: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode)) return error_make("cannot read %.200s: it is not a file", path);
    size_t bytes = (size_t)info.st_size;
    void *data = NULL; /* an empty file cannot be mapped */
    if (bytes > 0) data = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) return error_make("cannot map %.200s: %s", path, strerror(errno));
    *out = (file){data, bytes};
    return NULL;
}

error file_map(const char *path, file *out)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a pipe must not hang us */
    if (fd < 0) return error_make("cannot open %.200s: %s", path, strerror(errno));
    error wrong = map_open(fd, path, out);
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

static bool write_named(const char *beside, const void *data, size_t bytes)
{
    unlink(beside); /* left by a program that was killed and had our number */
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) return false;
    bool good = write_all(fd, data, bytes);
    int why = errno;
    if (close(fd) != 0 && good) return false;
    errno = why;
    return good;
}

/* Linux: a file that has no name until it is whole leaves nothing behind when the program is killed
 * in the middle. False where that cannot be done, with nothing left. */
static bool write_unnamed(const char *folder, const char *beside, const void *data, size_t bytes)
{
#ifdef O_TMPFILE
    char itself[64];
    int fd = open(folder, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
    if (fd < 0) return false;
    snprintf(itself, sizeof itself, "/proc/self/fd/%d", fd);
    unlink(beside);
    bool good = write_all(fd, data, bytes) &&
                linkat(AT_FDCWD, itself, AT_FDCWD, beside, AT_SYMLINK_FOLLOW) == 0;
    return close(fd) == 0 && good;
#else
    (void)folder, (void)beside, (void)data, (void)bytes;
    return false;
#endif
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
    bool good = write_unnamed(length ? folder : ".", beside, data, bytes) ||
                write_named(beside, data, bytes);
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
