#include "draw/codec.h"
#include <setjmp.h>
#include <stdio.h> /* jpeglib.h needs it */
#include <string.h>

#include <jpeglib.h>

#include <jerror.h> /* after it: the codes in it depend on which version jpeglib.h says it is */

enum { SCANS = 500, EXIF = JPEG_APP0 + 1, ORIENTATION = 0x0112 };

typedef struct {
    struct jpeg_error_mgr manager; /* first: libjpeg knows only this part */
    jmp_buf back;
    char why[JMSG_LENGTH_MAX];
} trouble;

static void on_error(j_common_ptr jpeg)
{
    trouble *t = (trouble *)jpeg->err;
    jpeg->err->format_message(jpeg, t->why);
    longjmp(t->back, 1);
}

/* Level -1 is a warning: libjpeg would go on with grey where data are missing or damaged. Stray
 * bytes between two parts harm nothing, and some cameras write them. */
static void on_message(j_common_ptr jpeg, int level)
{
    if (level < 0 && jpeg->err->msg_code != JWRN_EXTRANEOUS_DATA) on_error(jpeg);
}

/* A progressive file may have any number of scans, each as slow as the whole picture. */
static void on_progress(j_common_ptr jpeg)
{
    trouble *t = (trouble *)jpeg->err;
    if (((j_decompress_ptr)jpeg)->input_scan_number <= SCANS) return;
    snprintf(t->why, sizeof t->why, "more than %d scans", SCANS);
    longjmp(t->back, 1);
}

static unsigned number(const unsigned char *p, int bytes, bool little)
{
    unsigned value = 0;
    for (int i = 0; i < bytes; i++) value = value << 8 | p[little ? bytes - 1 - i : i];
    return value;
}

/* CIPA DC-008 (EXIF 2.32), 4.6: "Exif", two zeros, a TIFF header ("II" or "MM", 42, where the list
 * starts), a list of 12-byte entries (tag, type, count, value). 1 means upright. */
static int orientation(jpeg_saved_marker_ptr marker)
{
    while (marker && (marker->data_length < 14 || memcmp(marker->data, "Exif\0", 6) != 0))
        marker = marker->next;
    if (!marker) return 1;
    const unsigned char *tiff = marker->data + 6;
    size_t bytes = marker->data_length - 6;
    bool little = tiff[0] == 'I';
    size_t list = number(tiff + 4, 4, little);
    if (list > bytes || bytes - list < 2) return 1;
    size_t entries = number(tiff + list, 2, little);
    for (size_t at = list + 2; entries > 0 && bytes - at >= 12; entries--, at += 12) {
        if (number(tiff + at, 2, little) != ORIENTATION) continue;
        unsigned value = number(tiff + at + 8, 2, little);
        return value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}

/* The eight ways to hold a camera: mirror left and right, top and bottom, rows become columns. */
static void turn(image out, image raw, int way)
{
    bool mirror = way == 2 || way == 3 || way == 7 || way == 8;
    bool flip = way == 3 || way == 4 || way == 6 || way == 7;
    for (int y = 0; y < out.h; y++)
        for (int x = 0; x < out.w; x++) {
            int u = way > 4 ? y : x, v = way > 4 ? x : y;
            if (mirror) u = raw.w - 1 - u;
            if (flip) v = raw.h - 1 - v;
            memcpy(image_at(out, x, y), image_at(raw, u, v), 3);
        }
}

static error decode(j_decompress_ptr jpeg, trouble *t, const char *name, arena *keep, image *out)
{
    if (setjmp(t->back))
        return error_make("cannot read %s: the JPEG is damaged (%s)", name, t->why);
    jpeg_read_header(jpeg, TRUE);
    size_t w = jpeg->image_width, h = jpeg->image_height;
    error wrong = codec_check_size(name, w, h, 3 + 3, *keep);
    if (wrong) return wrong;
    if (jpeg->num_components == 4)
        return error_make("cannot read %s: its colours are CMYK, for print; save it as RGB", name);

    int way = orientation(jpeg->marker_list);
    *out = way > 4 ? image_new(keep, (int)h, (int)w, 3) : image_new(keep, (int)w, (int)h, 3);
    arena scratch = *keep;
    image raw = way > 1 ? image_new(&scratch, (int)w, (int)h, 3) : *out;
    jpeg->out_color_space = JCS_RGB;
    jpeg_start_decompress(jpeg);
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = image_at(raw, 0, (int)jpeg->output_scanline);
        jpeg_read_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_decompress(jpeg);
    if (way > 1) turn(*out, raw, way);
    return NULL;
}

error codec_jpeg_decode(file from, const char *name, arena *keep, image *out)
{
    trouble t;
    struct jpeg_progress_mgr progress = {.progress_monitor = on_progress};
    struct jpeg_decompress_struct jpeg = {.err = jpeg_std_error(&t.manager)};
    t.manager.error_exit = on_error, t.manager.emit_message = on_message;
    if (setjmp(t.back)) return error_make("cannot read %s: %s", name, t.why);
    jpeg_create_decompress(&jpeg);
    jpeg.progress = &progress;
    jpeg_save_markers(&jpeg, EXIF, 0xffff);
    jpeg_mem_src(&jpeg, from.data, from.bytes);
    error wrong = decode(&jpeg, &t, name, keep, out);
    jpeg_destroy_decompress(&jpeg);
    return wrong;
}
