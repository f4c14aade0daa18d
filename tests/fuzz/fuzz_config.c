/* Fuzzing config_parse() and all that is asked of its result. Run by `make fuzz`. */
#include "models/config.h"
#include <stdint.h>
#include <string.h>

enum { MEMORY = 1 << 22 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Every value by all the ways there are, whatever it is. */
static double ask(const config *c, const char *key)
{
    const char *text = config_text(c, key, "");
    double sum = config_number(c, key, 1) + config_int(c, key, 1) + config_bool(c, key, true);
    sum += (double)strlen(text) + config_int_at(c, key, 1, 2);
    return sum + (double)strlen(config_text_at(c, key, 0, "")) + config_count(c, key);
}

static double walk(const config *c)
{
    double sum = 0;
    for (int i = 0; i < c->count; i++) {
        if (c->kind == CONFIG_TABLE) {
            PROMISE(c->inside[i].key, "what is in a table has a name");
            sum += ask(c, c->inside[i].key);
        }
        sum += walk(&c->inside[i]);
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static arena memory;
    if (!memory.begin) memory = arena_make(MEMORY);
    arena keep = memory;
    const config *c = NULL;
    error wrong = config_parse(data, bytes, "fuzz", &keep, &c);
    PROMISE(!wrong || (keep.begin == memory.begin && strlen(wrong) > 10),
            "an error leaves no trace");
    if (wrong) return 0;
    volatile double sum = walk(c);
    (void)sum;
    wrong = config_trouble(c);
    PROMISE(!wrong || strstr(wrong, "fuzz: "), "trouble names the file");
    return 0;
}
