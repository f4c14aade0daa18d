/* Fuzzing image_decode(): whatever the bytes, it must come back, with a picture or an error, and
 * leave the rest of memory alone. Run by `make fuzz`; small files of all kinds to start from are in
 * the folder beside this file.
 */
#include "draw/image.h"
#include <stdint.h>
#include <string.h>

#include <zlib.h>

enum { MEMORY = 1 << 24, SIGNATURE = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t room, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t bytes, size_t room); /* libFuzzer's own */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static arena memory;
    if (!memory.begin) memory = arena_make(MEMORY); /* so little that a large picture is refused */
    arena keep = memory;
    image out;
    error wrong = image_decode((file){data, bytes}, "fuzz", &keep, &out);
    PROMISE(!wrong || (keep.begin == memory.begin && strlen(wrong) > 10),
            "an error leaves no trace");
    if (wrong) return 0;
    const volatile uint8_t *pixel = out.pixels; /* ASan watches every one of these reads */
    for (size_t i = 0; i < (size_t)out.w * (size_t)out.h * 3; i++) (void)pixel[i];
    PROMISE(out.c == 3, "three channels");
    return 0;
}

static size_t number(const uint8_t *p)
{
    return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

/* After a change nearly every PNG has a wrong checksum and is refused before its pixels are looked
 * at. Put the checksums right, except in one of eight. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t room, unsigned seed)
{
    bytes = LLVMFuzzerMutate(data, bytes, room);
    if (seed % 8 == 0) return bytes;
    for (size_t at = SIGNATURE; bytes >= 12 && at <= bytes - 12;) {
        size_t length = number(data + at);
        if (length > bytes - at - 12) break;
        uLong sum = crc32_z(0, data + at + 4, 4 + length);
        for (int i = 0; i < 4; i++)
            data[at + 8 + length + (size_t)i] = (uint8_t)(sum >> (24 - 8 * i));
        at += 12 + length;
    }
    return bytes;
}
