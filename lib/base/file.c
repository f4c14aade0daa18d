#define _DEFAULT_SOURCE
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH = 4096 };

static error map_open(int fd, const char *path, file *out)
{
    struct stat info;
    if (fstat(fd, &info) != 0) return error_make("cannot read %s: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode)) return error_make("cannot read %s: it is not a file", path);
    size_t bytes = (size_t)info.st_size;
    void *data = NULL; /* an empty file cannot be mapped */
    if (bytes > 0) data = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) return error_make("cannot map %s: %s", path, strerror(errno));
    *out = (file){data, bytes};
    return NULL;
}

error file_map(const char *path, file *out)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a pipe must not hang us */
    if (fd < 0) return error_make("cannot open %s: %s", path, strerror(errno));
    error wrong = map_open(fd, path, out);
    close(fd);
    return wrong;
}

void file_unmap(file f)
{
    if (f.data) munmap((void *)(size_t)f.data, f.bytes);
}

static bool write_all(int fd, const char *data, size_t bytes)
{
    while (bytes > 0) {
        ssize_t wrote = write(fd, data, bytes);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return false;
        data += wrote;
        bytes -= (size_t)wrote;
    }
    return fchmod(fd, 0644) == 0 && fsync(fd) == 0;
}

error file_write(const char *path, const void *data, size_t bytes)
{
    char beside[PATH];
    struct stat info; /* renaming over a device, say /dev/null, would replace it */
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return error_make("cannot write %s: it is there and not a file", path);
    if (snprintf(beside, sizeof beside, "%s.XXXXXX.part", path) >= PATH)
        return error_make("cannot write a file whose path has %zu letters", strlen(path));
    int fd = mkstemps(beside, (int)strlen(".part"));
    if (fd < 0) return error_make("cannot write %s: %s", path, strerror(errno));
    bool good = write_all(fd, data, bytes);
    int why = errno;
    if (close(fd) != 0 && good) good = false, why = errno;
    if (good && rename(beside, path) != 0) good = false, why = errno;
    if (good) return NULL;
    unlink(beside);
    return error_make("cannot write %s: %s", path, strerror(why));
}

error file_make_folder(const char *path)
{
    struct stat info;
    if (mkdir(path, 0777) == 0) return NULL;
    if (errno == EEXIST && stat(path, &info) == 0 && S_ISDIR(info.st_mode)) return NULL;
    return error_make("cannot make the folder %s: %s", path, strerror(errno));
}
