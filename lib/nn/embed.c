#include "nn/embed.h"
#include "base/error.h"
#include <math.h>

void embed_time(double t, embed_form form, float *out)
{
    int half = form.width / 2;
    PROMISE(half > form.shift, "embed_time: no room for waves");
    for (int i = 0; i < half; i++) {
        double angle = t * pow(10000, -i / (half - form.shift));
        double first = form.sines_first ? sin(angle) : cos(angle);
        double second = form.sines_first ? cos(angle) : sin(angle);
        out[i] = (float)first, out[half + i] = (float)second;
    }
    if (form.width % 2 != 0) out[form.width - 1] = 0;
}
