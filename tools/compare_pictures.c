/* Are two pictures the same but for rounding?   build/tools/compare_pictures A.png B.png
 * Exit 1 when their sizes differ, or their pixels by more than a little. */
#include "draw/image.h"
#include <stdio.h>
#include <stdlib.h>

/* Of 255. Sampled pictures go through exp and log, whose last bit is not the same everywhere. */
static const double MEAN_LIMIT = 0.5;

static error compare(const char *path[2], arena memory)
{
    image one, other;
    error wrong = image_load(path[0], &memory, &one);
    if (wrong) return wrong;
    wrong = image_load(path[1], &memory, &other);
    if (wrong) return wrong;
    if (one.w != other.w || one.h != other.h)
        return error_make("%s is %d x %d, %s is %d x %d", path[0], one.w, one.h, path[1], other.w,
                          other.h);
    size_t count = (size_t)one.w * (size_t)one.h * (size_t)one.c;
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += abs(one.pixels[i] - other.pixels[i]);
    double mean = sum / (double)count;
    if (mean <= MEAN_LIMIT) return NULL;
    return error_make("%s and %s differ by %.3f of 255 on average, more than %g", path[0], path[1],
                      mean, MEAN_LIMIT);
}

int main(int argc, char **argv)
{
    if (argc != 3) return fprintf(stderr, "usage: %s PICTURE PICTURE\n", argv[0]), 2;
    arena memory = arena_make(0);
    if (!memory.begin) return fprintf(stderr, "no memory\n"), 2;
    error wrong = compare((const char *[2]){argv[1], argv[2]}, memory);
    arena_free(memory);
    if (wrong) return fprintf(stderr, "%s\n", wrong), 1;
    return 0;
}
