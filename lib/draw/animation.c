#include "draw/animation.h"
#include "draw/codec.h"
#include <math.h>
#include <string.h>
#include <zlib.h>

/* A PNG is a signature and chunks. A chunk is: how many bytes of data, four letters, the data, and
 * a checksum of letters and data. An APNG has a control chunk (acTL) behind the first chunk, a head
 * (fcTL) before each frame, and the pixels of all frames but the first in fdAT instead of IDAT. */
enum { SIGNATURE = 8, HEAD = 8, CHECKSUM = 4, EXTRA = 256 };
static const double longest = 60; /* seconds; the format ends at 65.5 */

typedef struct {
    unsigned char *data;
    size_t bytes;
    size_t number; /* heads and fdAT chunks are numbered together */
} apng;

typedef struct {
    int x, y, w, h;
} box;

static unsigned char *put(unsigned char *out, size_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--, value >>= 8) out[i] = (unsigned char)(value & 255);
    return out + bytes;
}

/* Number, if there is one, and data. */
static void add_chunk(apng *to, const char *letters, bool numbered, const void *data, size_t bytes)
{
    size_t all = bytes + (numbered ? 4 : 0);
    unsigned char *begin = put(to->data + to->bytes, all, 4), *at = begin;
    memcpy(at, letters, 4);
    at += 4;
    if (numbered) at = put(at, to->number++, 4);
    memcpy(at, data, bytes);
    put(at + bytes, crc32_z(0, begin, 4 + all), CHECKSUM);
    to->bytes += HEAD + all + CHECKSUM;
}

static void add_head(apng *to, box where, double seconds)
{
    unsigned char data[22] = {0}, *at = data; /* ends in 0, 0: the box replaces what was there */
    const int place[] = {where.w, where.h, where.x, where.y};
    for (int i = 0; i < 4; i++) at = put(at, (size_t)place[i], 4);
    at = put(at, (size_t)lrint(1000 * seconds), 2);
    put(at, 1000, 2);
    add_chunk(to, "fcTL", true, data, sizeof data);
}

static bool is(const unsigned char *chunk, const char *letters)
{
    return memcmp(chunk + 4, letters, 4) == 0;
}

/* Take over the chunks of a frame's own PNG: of the first frame all, of the others the pixels only,
 * of the last one also the end. A single frame stays a plain PNG. */
static void add_frame(apng *to, file png, int i, int n, box where, double seconds)
{
    bool headed = n == 1;
    unsigned char control[8] = {0}; /* how many, and how often to play: 0 is for ever */
    put(control, (size_t)n, 4);
    size_t bytes;
    for (const unsigned char *c = png.data + SIGNATURE; c < png.data + png.bytes;
         c += HEAD + bytes + CHECKSUM) {
        bytes = (size_t)c[0] << 24 | (size_t)c[1] << 16 | (size_t)c[2] << 8 | c[3];
        bool pixels = is(c, "IDAT"), whole = is(c, "IEND") ? i == n - 1 : i == 0;
        if (pixels && !headed) add_head(to, where, seconds), headed = true;
        if (whole) add_chunk(to, (const char *)c + 4, false, c + HEAD, bytes);
        if (pixels && !whole) add_chunk(to, "fdAT", true, c + HEAD, bytes);
        if (is(c, "IHDR") && whole && n > 1) add_chunk(to, "acTL", false, control, sizeof control);
    }
}

/* The smallest box outside which two pictures are the same; one pixel when all is. */
static box changed(image before, image now)
{
    int left = now.w, right = 0, top = now.h, bottom = 0;
    for (int y = 0; y < now.h; y++)
        for (int x = 0; x < now.w; x++) {
            if (memcmp(image_at(before, x, y), image_at(now, x, y), (size_t)now.c) == 0) continue;
            left = x < left ? x : left;
            right = x >= right ? x + 1 : right;
            top = y < top ? y : top;
            bottom = y + 1;
        }
    return right == 0 ? (box){0, 0, 1, 1} : (box){left, top, right - left, bottom - top};
}

static error check(const char *path, const image *frames, int n, animation_pace pace)
{
    if (!codec_ends_in(path, ".png") && !codec_ends_in(path, ".apng"))
        return error_make("cannot write %s: an animation's name must end in .png or .apng", path);
    if (!(pace.seconds > 0 && pace.seconds <= longest && pace.hold >= 0 &&
          pace.seconds + pace.hold <= longest))
        return error_make("cannot write %s: %g s a frame and %g s more for the last; they must be "
                          "above 0 and together at most %g",
                          path, pace.seconds, pace.hold, longest);
    for (int i = 1; i < n; i++)
        if (frames[i].w != frames[0].w || frames[i].h != frames[0].h || frames[i].c != frames[0].c)
            return error_make("cannot write %s: frame %d is %d x %d x %d, frame 0 %d x %d x %d",
                              path, i, frames[i].w, frames[i].h, frames[i].c, frames[0].w,
                              frames[0].h, frames[0].c);
    return NULL;
}

error animation_save(const char *path, const image *frames, int n, animation_pace pace,
                     const char *credit, arena scratch)
{
    PROMISE(n > 0, "animation_save: there is no frame");
    error wrong = check(path, frames, n, pace);
    if (wrong) return wrong;
    size_t each = codec_png_room(frames[0], credit) + EXTRA, room = (size_t)n * each;
    if (room + each > arena_left(scratch)) /* also a copy of what changed in a frame */
        return error_make("cannot write %s: no memory for %d frames", path, n);
    apng made = {arena_take(&scratch, room), SIGNATURE, 0};
    for (int i = 0; i < n; i++) {
        arena own = scratch; /* each frame uses the same place */
        box all = {0, 0, frames[i].w, frames[i].h};
        box where = i == 0 ? all : changed(frames[i - 1], frames[i]);
        image part = image_crop(&own, frames[i], where.x, where.y, where.w, where.h);
        file png;
        wrong = image_png(part, i == 0 ? credit : NULL, &own, &png);
        if (wrong) return wrong;
        memcpy(made.data, png.data, SIGNATURE);
        add_frame(&made, png, i, n, where, pace.seconds + (i == n - 1 ? pace.hold : 0));
    }
    return file_write(path, made.data, made.bytes);
}
