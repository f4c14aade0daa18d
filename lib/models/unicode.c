#include "models/unicode.h"
#include "base/error.h"
#include <stdbool.h>
#include <string.h>

#include <utf8proc.h>

enum { REPLACEMENT = 0xfffd, I_WITH_DOT = 0x130, DOT_ABOVE = 0x307 };
/* Canonical decomposition makes up to 4 code points of one (U+1F82 and its like, 3 bytes of UTF-8),
 * and up to 3 of one with 2 bytes; then a lower case adds one to one, the I with a dot. */
enum { PARTS = 4, PARTS_PER_BYTE = 2 };

size_t unicode_decode(const char *text, size_t bytes, int32_t *code)
{
    const unsigned char *s = (const unsigned char *)text;
    *code = s[0];
    if (s[0] < 0x80) return 1;
    *code = REPLACEMENT;
    if (s[0] < 0xc2 || s[0] > 0xf4) return 1;
    /* The second byte rules out what has a shorter form, surrogates, and what is above U+10FFFF. */
    unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    size_t more = s[0] >= 0xf0 ? 3 : s[0] >= 0xe0 ? 2 : 1;
    int32_t value = s[0] & (0x3f >> more);
    for (size_t i = 1; i <= more; i++, low = 0x80, high = 0xbf) {
        if (i == bytes || s[i] < low || s[i] > high) return i;
        value = value << 6 | (s[i] & 0x3f);
    }
    *code = value;
    return more + 1;
}

size_t unicode_encode(int32_t code, char *out)
{
    return (size_t)utf8proc_encode_char(code, (utf8proc_uint8_t *)out);
}

unicode_kind unicode_kind_of(int32_t code)
{
    utf8proc_category_t c = utf8proc_category(code);
    /* White_Space: separators, and these of the control characters */
    if (c >= UTF8PROC_CATEGORY_ZS && c <= UTF8PROC_CATEGORY_ZP) return UNICODE_SPACE;
    if ((code >= 9 && code <= 13) || code == 0x85) return UNICODE_SPACE;
    if (c >= UTF8PROC_CATEGORY_LU && c <= UTF8PROC_CATEGORY_LO) return UNICODE_LETTER;
    if (c >= UTF8PROC_CATEGORY_ND && c <= UTF8PROC_CATEGORY_NO) return UNICODE_NUMBER;
    return UNICODE_OTHER;
}

static utf8proc_propval_t class_of(int32_t code)
{
    return utf8proc_get_property(code)->combining_class;
}

/* Marks behind a letter stand in the order of their classes, those of one class as they came. A
 * counting sort: a text may be a million marks. */
static void order_marks(int32_t *marks, size_t n, int32_t *spare)
{
    size_t place[257] = {0};
    for (size_t i = 0; i < n; i++) place[class_of(marks[i]) + 1]++;
    for (int c = 0; c < 256; c++) place[c + 1] += place[c];
    for (size_t i = 0; i < n; i++) spare[place[class_of(marks[i])]++] = marks[i];
    memcpy(marks, spare, n * sizeof *marks);
}

static void order(int32_t *codes, size_t n, int32_t *spare)
{
    for (size_t i = 0, end; i < n; i = end + 1) {
        for (end = i; end < n && class_of(codes[end]) > 0;) end++;
        if (end > i + 1) order_marks(codes + i, end - i, spare);
    }
}

size_t unicode_room(size_t bytes)
{
    return 2 * ((bytes * PARTS_PER_BYTE + PARTS) * sizeof(int32_t) + 64);
}

int32_t *unicode_lower(const char *text, size_t bytes, arena *keep, size_t *count)
{
    size_t most = bytes * PARTS_PER_BYTE + PARTS, n = 0;
    int32_t *out = arena_take(keep, most * sizeof *out);
    int32_t *codes = arena_take(keep, most * sizeof *codes), code;
    bool plain = true;
    for (size_t at = 0; at < bytes;) {
        at += unicode_decode(text + at, bytes - at, &code);
        plain = plain && code < 0xc0;
        utf8proc_ssize_t parts =
            utf8proc_decompose_char(code, codes + n, (utf8proc_ssize_t)(most - n),
                                    UTF8PROC_STABLE | UTF8PROC_DECOMPOSE, NULL);
        PROMISE(parts > 0 && (size_t)parts <= most - n, "a code point has at most 4 parts");
        n += (size_t)parts;
    }
    if (!plain) {
        order(codes, n, out);
        n = (size_t)utf8proc_normalize_utf32(codes, (utf8proc_ssize_t)n,
                                             UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    }
    *count = 0;
    for (size_t i = 0; i < n; i++) {
        out[(*count)++] = utf8proc_tolower(codes[i]);
        if (codes[i] == I_WITH_DOT) out[(*count)++] = DOT_ABOVE;
    }
    return out;
}
