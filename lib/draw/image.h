/** @file image.h
 *  Pictures of bytes: in from PNG and JPEG, out to PNG, to and from tensors.
 *
 *      image cat;
 *      error wrong = image_load("cat.png", &memory, &cat);        // always 3 channels
 *      tensor x0 = image_to_tensor(&memory, cat);                 // [1, h, w, 3] in -1..1
 *      image again = image_from_tensor(&memory, x0, 0);
 *      wrong = image_save("out/x0.png", again, NULL, memory);
 *
 *  A file from elsewhere is not trusted: the size is read from its header and compared with a limit
 *  and with the memory at hand before anything is decoded, and damage is an error, never a guess.
 *
 *  Reading and writing is the work of libpng and libjpeg-turbo. stb_image and stb_image_write would
 *  be less to install, but stb_image (2022) believes what a PNG says of itself: 87 bytes made it
 *  ask for 1 GB, and one pixel whose data unpack to 1 GB made it use that much (libpng: 13 MB).
 *  Its JPEG half read out of bounds within 20 s of fuzzing. A photograph is 1.4 times as large
 *  when stb_image_write wrote it.
 *
 *  Not done: colour profiles and gamma are ignored (all is taken for sRGB), CMYK is refused.
 */
#ifndef DRAW_IMAGE_H
#define DRAW_IMAGE_H
#include "base/error.h"
#include "base/file.h"
#include "base/tensor.h"

/** A picture, passed by value: rows from the top, channels last, 8 bits sRGB, never strided. */
typedef struct {
    unsigned char *pixels; /**< w h c bytes */
    int w, h, c;           /**< columns, rows, channels: 1 grey, 3 RGB, 4 RGB and alpha */
} image;

/** The largest picture that is read. */
enum {
    IMAGE_SIDE = 32768,    /**< columns or rows */
    IMAGE_PIXELS = 1 << 26 /**< 64 megapixels */
};

/** A picture of zeros: black, or clear when there is alpha.
 *  @param keep where its pixels come from
 *  @param w    columns
 *  @param h    rows
 *  @param c    channels: 1, 3 or 4
 *  @return the picture */
image image_new(arena *keep, int w, int h, int c);

/** Where a pixel stands.
 *  @param picture any
 *  @param x       column, from the left
 *  @param y       row, from the top
 *  @return its c bytes */
static inline unsigned char *image_at(image picture, int x, int y)
{
    return picture.pixels + ((size_t)y * (size_t)picture.w + (size_t)x) * (size_t)picture.c;
}

/** Read a PNG or JPEG file; which it is, its content says. Grey becomes RGB, what is transparent is
 *  laid over white, 16 bits become 8, and a photo is turned as its camera noted (EXIF).
 *  @param path which file
 *  @param keep where the pixels come from; as it was when there is an error
 *  @param out  c = 3, set when all went well
 *  @return NULL, or why not: missing, a folder, empty, neither PNG nor JPEG, damaged or cut short,
 *          more than IMAGE_SIDE or IMAGE_PIXELS, more than `keep` has left, CMYK */
error image_load(const char *path, arena *keep, image *out);

/** Read a picture from memory, as image_load() does from a file.
 *  @param from the bytes of a PNG or JPEG file
 *  @param name what to call it in errors
 *  @param keep where the pixels come from; as it was when there is an error
 *  @param out  c = 3, set when all went well
 *  @return NULL, or why not */
error image_decode(file from, const char *name, arena *keep, image *out);

/** Write a picture as a PNG file, which keeps every bit.
 *  @param path    where; ends in .png
 *  @param picture which
 *  @param credit  who made it, on what terms, in UTF-8: goes into the file's metadata; may be NULL
 *  @param scratch for the file in the making
 *  @return NULL, or why it cannot be written */
error image_save(const char *path, image picture, const char *credit, arena scratch);

/** A PNG file in memory, for a place that is not a file (inside an SVG).
 *  @param picture which
 *  @param credit  as in image_save(); may be NULL
 *  @param keep    where its bytes come from; about twice the picture's size is taken
 *  @param out     its bytes; they belong to `keep`, file_unmap() is not for them
 *  @return NULL, or why not: no memory */
error image_png(image picture, const char *credit, arena *keep, file *out);

/** Bytes to numbers, bit for bit as diffusers does it: x = 2 v / 255 - 1 in float.
 *  @param keep    where the tensor comes from
 *  @param picture c = 1 or 3
 *  @return [1, h, w, c] in -1..1 */
tensor image_to_tensor(arena *keep, image picture);

/** Numbers to bytes: v = (x + 1) 255/2, rounded, x first cut to -1..1 (NaN gives 0).
 *  @param keep where the pixels come from
 *  @param x    [n, h, w, c], c = 1 or 3; a latent has 4 and must be decoded first
 *  @param i    which of the n
 *  @return the picture */
image image_from_tensor(arena *keep, tensor x, int i);

/** Make a picture fit into w x h without changing the shape of things: each pixel becomes the mean
 *  of the area it covers. The mean is of the sRGB bytes, not of light, as Pillow and torchvision
 *  do it: these bytes are what noise is added to and what networks were trained on.
 *  @param keep    where the pixels come from
 *  @param picture any; one that fits already is copied
 *  @param w       columns at most
 *  @param h       rows at most
 *  @return the picture */
image image_reduce(arena *keep, image picture, int w, int h);

/** Cut out a rectangle.
 *  @param keep    where the pixels come from
 *  @param picture any
 *  @param x       its left column
 *  @param y       its top row
 *  @param w       its columns; all within the picture
 *  @param h       its rows; all within the picture
 *  @return a copy, w x h */
image image_crop(arena *keep, image picture, int x, int y, int w, int h);

#endif
