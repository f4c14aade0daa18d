#define _DEFAULT_SOURCE
#include "draw/image.h"
#include "draw/codec.h"
#include <math.h>
#include <string.h>
#include <strings.h>

static size_t count(image picture)
{
    return (size_t)picture.w * (size_t)picture.h * (size_t)picture.c;
}

image image_new(arena *keep, int w, int h, int c)
{
    PROMISE(w > 0 && h > 0, "image_new: a size is not positive");
    PROMISE(c == 1 || c == 3 || c == 4, "image_new: a picture has 1, 3 or 4 channels");
    image picture = {NULL, w, h, c};
    picture.pixels = memset(arena_take(keep, count(picture)), 0, count(picture));
    return picture;
}

error codec_check_size(const char *name, size_t w, size_t h, size_t bytes, arena left)
{
    if (w > IMAGE_SIDE || h > IMAGE_SIDE)
        return error_make("cannot read %s: its %zu x %zu pixels are above the limit of %d a side",
                          name, w, h, IMAGE_SIDE);
    if (w * h > IMAGE_PIXELS)
        return error_make("cannot read %s: its %zu x %zu pixels are above the limit of %d", name, w,
                          h, IMAGE_PIXELS);
    size_t need = w * h * bytes + 4096;
    if (need > arena_left(left))
        return error_make("cannot read %s: its %zu x %zu pixels need %zu bytes, %zu are left", name,
                          w, h, need, arena_left(left));
    return NULL;
}

error image_decode(file from, const char *name, arena *keep, image *out)
{
    static const unsigned char png[] = {0x89, 'P', 'N', 'G'}, jpeg[] = {0xff, 0xd8, 0xff};
    arena own = *keep;
    image made;
    error wrong;
    if (from.bytes == 0)
        wrong = error_make("cannot read %s: it is empty", name);
    else if (from.bytes >= sizeof png && memcmp(from.data, png, sizeof png) == 0)
        wrong = codec_png_decode(from, name, &own, &made);
    else if (from.bytes >= sizeof jpeg && memcmp(from.data, jpeg, sizeof jpeg) == 0)
        wrong = codec_jpeg_decode(from, name, &own, &made);
    else
        wrong = error_make("cannot read %s: it is neither PNG nor JPEG", name);
    if (!wrong) *keep = own, *out = made;
    return wrong;
}

error image_load(const char *path, arena *keep, image *out)
{
    file from;
    error wrong = file_map(path, &from);
    if (wrong) return wrong;
    wrong = image_decode(from, path, keep, out);
    file_unmap(from);
    return wrong;
}

bool codec_ends_in(const char *path, const char *ending)
{
    size_t all = strlen(path), end = strlen(ending);
    return all > end && strcasecmp(path + all - end, ending) == 0;
}

error image_save(const char *path, image picture, const char *credit, arena scratch)
{
    file made;
    if (!codec_ends_in(path, ".png"))
        return error_make("cannot write %s: its name must end in .png", path);
    error wrong = image_png(picture, credit, &scratch, &made);
    return wrong ? wrong : file_write(path, made.data, made.bytes);
}

tensor image_to_tensor(arena *keep, image picture)
{
    PROMISE(picture.c != 4, "image_to_tensor: lay the picture over white first");
    tensor x = tensor_new(keep, 1, picture.h, picture.w, picture.c);
    for (size_t i = 0; i < count(picture); i++) x.data[i] = (real)(2 * picture.pixels[i]) / 255 - 1;
    return x;
}

image image_from_tensor(arena *keep, tensor x, int i)
{
    PROMISE(x.c == 1 || x.c == 3, "image_from_tensor: a picture has 1 or 3 channels, a latent 4");
    tensor one = tensor_pictures(x, i, 1);
    image picture = image_new(keep, x.w, x.h, x.c);
    for (size_t k = 0; k < count(picture); k++) {
        double value = fmin(1, fmax(-1, (double)one.data[k]));
        picture.pixels[k] = (unsigned char)lrint((value + 1) * 127.5);
    }
    return picture;
}

/* The mean over columns x0..x1 and rows y0..y1 of one channel, pixels at the rim in part. */
static double area_mean(image picture, int c, const double x[2], const double y[2])
{
    double sum = 0;
    for (int v = (int)y[0]; v < y[1]; v++) {
        double row = 0;
        for (int u = (int)x[0]; u < x[1]; u++)
            row += (fmin(u + 1, x[1]) - fmax(u, x[0])) * image_at(picture, u, v)[c];
        sum += (fmin(v + 1, y[1]) - fmax(v, y[0])) * row;
    }
    return sum / ((x[1] - x[0]) * (y[1] - y[0]));
}

image image_reduce(arena *keep, image picture, int w, int h)
{
    PROMISE(w > 0 && h > 0, "image_reduce: a size is not positive");
    double factor = fmin(1, fmin((double)w / picture.w, (double)h / picture.h));
    image out = image_new(keep, (int)fmax(1, rint(picture.w * factor)),
                          (int)fmax(1, rint(picture.h * factor)), picture.c);
    double across = (double)picture.w / out.w, down = (double)picture.h / out.h;
    for (int v = 0; v < out.h; v++)
        for (int u = 0; u < out.w; u++) {
            double x[2] = {u * across, fmin((u + 1) * across, picture.w)};
            double y[2] = {v * down, fmin((v + 1) * down, picture.h)};
            for (int c = 0; c < out.c; c++)
                image_at(out, u, v)[c] = (unsigned char)lrint(area_mean(picture, c, x, y));
        }
    return out;
}

image image_crop(arena *keep, image picture, int x, int y, int w, int h)
{
    PROMISE(x >= 0 && y >= 0 && w <= picture.w - x && h <= picture.h - y,
            "image_crop: the rectangle is not within the picture");
    image out = image_new(keep, w, h, picture.c);
    size_t row = (size_t)w * (size_t)out.c;
    for (int v = 0; v < h; v++) memcpy(image_at(out, 0, v), image_at(picture, x, y + v), row);
    return out;
}
