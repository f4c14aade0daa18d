#include "draw/codec.h"
#include <png.h>
#include <string.h>

typedef struct {
    png_struct *png;
    png_info *info;
    file from; /* when reading */
    const char *name;
    size_t at;         /* bytes read or written by now */
    unsigned char *to; /* when writing, ... */
    size_t room;       /* ... so many bytes at most */
    error wrong;
} session;

static void on_error(png_struct *png, const char *why)
{
    session *s = png_get_error_ptr(png);
    s->wrong = s->to ? error_make("cannot make a PNG: %s", why)
                     : error_make("cannot read %s: the PNG is damaged (%s)", s->name, why);
    png_longjmp(png, 1);
}

static void on_warning(png_struct *png, const char *why)
{
    (void)png, (void)why;
}

static void read_bytes(png_struct *png, png_byte *out, size_t bytes)
{
    session *s = png_get_io_ptr(png);
    if (bytes > s->from.bytes - s->at) png_error(png, "it is cut short");
    memcpy(out, s->from.data + s->at, bytes);
    s->at += bytes;
}

/* What is clear becomes white. */
static void lay_over_white(image out, image picture)
{
    size_t pixels = (size_t)out.w * (size_t)out.h;
    for (size_t i = 0; i < pixels; i++)
        for (size_t c = 0; c < 3; c++) {
            int ink = picture.pixels[4 * i + c], alpha = picture.pixels[4 * i + 3];
            out.pixels[3 * i + c] =
                (unsigned char)((ink * alpha + 255 * (255 - alpha) + 127) / 255);
        }
}

static error decode(session *s, arena *keep, image *out)
{
    if (setjmp(png_jmpbuf(s->png))) return s->wrong;
    png_read_info(s->png, s->info);
    png_uint_32 w = png_get_image_width(s->png, s->info);
    png_uint_32 h = png_get_image_height(s->png, s->info);
    error wrong = codec_check_size(s->name, w, h, 3 + 4, *keep);
    if (wrong) return wrong;

    png_set_expand(s->png); /* palette, few bits, transparent colour -> 8 bits, alpha */
    png_set_scale_16(s->png);
    png_set_gray_to_rgb(s->png);
    int passes = png_set_interlace_handling(s->png);
    png_read_update_info(s->png, s->info);
    *out = image_new(keep, (int)w, (int)h, 3);
    arena scratch = *keep;
    bool alpha = png_get_channels(s->png, s->info) == 4;
    image raw = alpha ? image_new(&scratch, out->w, out->h, 4) : *out;
    for (int pass = 0; pass < passes; pass++)
        for (int y = 0; y < raw.h; y++) png_read_row(s->png, image_at(raw, 0, y), NULL);
    png_read_end(s->png, NULL);
    if (alpha) lay_over_white(*out, raw);
    return NULL;
}

error codec_png_decode(file from, const char *name, arena *keep, image *out)
{
    session s = {.from = from, .name = name};
    s.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &s, on_error, on_warning);
    s.info = s.png ? png_create_info_struct(s.png) : NULL;
    error wrong = error_make("cannot read %s: no memory for libpng", name);
    if (s.info) {
        png_set_read_fn(s.png, &s, read_bytes);
        png_set_user_limits(s.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); /* codec_check_size is ours */
        png_set_keep_unknown_chunks(s.png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
        wrong = decode(&s, keep, out);
    }
    png_destroy_read_struct(&s.png, &s.info, NULL);
    return wrong;
}

static void write_bytes(png_struct *png, png_byte *data, size_t bytes)
{
    session *s = png_get_io_ptr(png);
    if (bytes > s->room - s->at) png_error(png, "it is larger than expected");
    memcpy(s->to + s->at, data, bytes);
    s->at += bytes;
}

static void flush(png_struct *png)
{
    (void)png;
}

static error encode(session *s, image picture, const char *credit, int filters)
{
    static const int type[] = {
        [1] = PNG_COLOR_TYPE_GRAY, [3] = PNG_COLOR_TYPE_RGB, [4] = PNG_COLOR_TYPE_RGB_ALPHA};
    char key[] = "Copyright";
    png_text text = {PNG_TEXT_COMPRESSION_NONE, .key = key, .text = (void *)(size_t)credit};
    for (const char *p = credit; p && *p; p++)
        if (*p & 0x80) text.compression = PNG_ITXT_COMPRESSION_NONE; /* tEXt is for Latin letters */
    if (setjmp(png_jmpbuf(s->png))) return s->wrong;
    png_set_write_fn(s->png, s, write_bytes, flush);
    png_set_user_limits(s->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_IHDR(s->png, s->info, (png_uint_32)picture.w, (png_uint_32)picture.h, 8,
                 type[picture.c], PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    if (credit) png_set_text(s->png, s->info, &text, 1); /* copies */
    png_set_filter(s->png, PNG_FILTER_TYPE_BASE, filters);
    png_set_compression_level(s->png, 6);
    png_set_compression_buffer_size(s->png, 1 << 20); /* also the length of an IDAT chunk */
    png_write_info(s->png, s->info);
    for (int y = 0; y < picture.h; y++) png_write_row(s->png, image_at(picture, 0, y));
    png_write_end(s->png, NULL);
    return NULL;
}

/* Deflate cannot shrink noise: a row is its filter's number and its bytes, and 5 bytes are lost for
 * every block of at least 16 KB. The rest is for chunks. */
size_t codec_png_room(image picture, const char *credit)
{
    size_t row = 1 + (size_t)picture.w * (size_t)picture.c, all = row * (size_t)picture.h;
    return all + all / 1024 + 4096 + (credit ? strlen(credit) : 0);
}

static error encode_once(image picture, const char *credit, int filters, arena *keep, file *out)
{
    size_t room = codec_png_room(picture, credit);
    if (room > arena_left(*keep)) return error_make("no memory to make a PNG of %zu bytes", room);
    session s = {.to = arena_take(keep, room), .room = room};
    s.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &s, on_error, on_warning);
    s.info = s.png ? png_create_info_struct(s.png) : NULL;
    error wrong = s.info ? encode(&s, picture, credit, filters)
                         : error_make("cannot make a PNG: no memory for libpng");
    png_destroy_write_struct(&s.png, &s.info);
    if (!wrong) *out = (file){s.to, s.at};
    return wrong;
}

/* Photographs are up to a third smaller with filters, figures and noise without: try both. */
error image_png(image picture, const char *credit, arena *keep, file *out)
{
    file plain;
    error wrong = encode_once(picture, credit, PNG_ALL_FILTERS, keep, out);
    if (!wrong) wrong = encode_once(picture, credit, PNG_FILTER_NONE, keep, &plain);
    if (!wrong && plain.bytes < out->bytes) *out = plain;
    return wrong;
}
