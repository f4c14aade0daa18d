/** @file codec.h
 *  Private to lib/draw: between picture files and pixels. codec_png.c asks libpng, codec_jpeg.c
 *  asks libjpeg-turbo. Both libraries report trouble by longjmp(), which ends in those
 *  two files and leaves them as an `error`.
 */
#ifndef DRAW_CODEC_H
#define DRAW_CODEC_H
#include "base/file.h"
#include "draw/image.h"

/** Whether a picture may be decoded, asked before any of it is.
 *  @param name  the file
 *  @param w     columns, as the file's header says
 *  @param h     rows
 *  @param bytes needed for each pixel
 *  @param left  the memory at hand
 *  @return NULL, or an error that names the size and the limit */
error codec_check_size(const char *name, size_t w, size_t h, size_t bytes, arena left);

/** What a file's name ends in, in small or capital letters.
 *  @param path   the name, with something before the ending
 *  @param ending with its dot, ".png"
 *  @return whether it does */
bool codec_ends_in(const char *path, const char *ending);

/** PNG to pixels.
 *  @param from the file's bytes
 *  @param name what to call it in errors
 *  @param keep where the pixels come from
 *  @param out  c = 3
 *  @return NULL, or why not */
error codec_png_decode(file from, const char *name, arena *keep, image *out);

/** JPEG to pixels.
 *  @param from the file's bytes
 *  @param name what to call it in errors
 *  @param keep where the pixels come from
 *  @param out  c = 3
 *  @return NULL, or why not */
error codec_jpeg_decode(file from, const char *name, arena *keep, image *out);

/** How long a PNG can become.
 *  @param picture any
 *  @param credit  for the metadata, or NULL
 *  @return bytes, never less than image_png() makes */
size_t codec_png_room(image picture, const char *credit);

#endif
