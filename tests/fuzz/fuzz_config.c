/* Fuzzing config_parse(), all that is asked of its result, and what networks make of it. Run by
 * `make fuzz`. */
#include "models/clip_text.h"
#include "models/config.h"
#include "models/taesd.h"
#include "models/unet.h"
#include "models/vae.h"
#include <stdint.h>
#include <string.h>

enum { MEMORY = 1 << 26, NETWORK = 1 << 25 };

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

/* As the configuration of a network: refused, or of a form that can be built. Nothing is there to
 * build it of, so loading it ends with an error. */
static void as_network(const config *c, arena keep)
{
    unet_config u;
    vae_config v;
    taesd_config t;
    unet of_u;
    vae of_v;
    taesd of_t;
    clip_text text;
    weights w = weights_from(NULL, 0, &keep);
    bool good = unet_read(c, &u) == NULL;
    PROMISE(!good || (!unet_check(&u) && unet_load(w, u, &keep, &of_u)), "no UNet of nothing");
    good = vae_read(c, &v) == NULL;
    PROMISE(!good || (!vae_check(&v) && vae_load(w, v, &keep, &of_v)), "no VAE of nothing");
    good = taesd_read(c, &t) == NULL;
    PROMISE(!good || taesd_load(w, t, &keep, &of_t), "no TAESD of nothing");
    PROMISE(clip_text_load(w, c, &keep, &text), "no text encoder of nothing");
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
    if (arena_left(keep) > NETWORK) as_network(c, keep);
    volatile double sum = walk(c);
    (void)sum;
    wrong = config_trouble(c);
    PROMISE(!wrong || strstr(wrong, "fuzz: "), "trouble names the file");
    return 0;
}
