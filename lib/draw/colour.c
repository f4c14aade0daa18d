#include "draw/colour.h"
#include "base/pi.h"
#include <math.h>

const colour colour_ink = {51, 51, 51, 255}, colour_guide = {110, 110, 110, 255};
const colour colour_grid = {226, 226, 226, 255}, colour_paper = {255, 255, 255, 255};

colour colour_series(int i)
{
    static const colour palette[] = {{0, 114, 178, 255},   {213, 94, 0, 255},  {0, 158, 115, 255},
                                     {204, 121, 167, 255}, {230, 159, 0, 255}, {86, 180, 233, 255},
                                     {0, 0, 0, 255}};
    return palette[i % (int)(sizeof palette / sizeof *palette)];
}

/* Linear light to an sRGB byte, IEC 61966-2-1. */
static unsigned char byte_of(double light)
{
    light = fmin(fmax(light, 0), 1);
    double v = light < 0.0031308 ? 12.92 * light : 1.055 * pow(light, 1 / 2.4) - 0.055;
    return (unsigned char)lround(255 * v);
}

/* Oklab (Ottosson 2020, "A perceptual color space for image processing"): lightness l, and a, b
 * whose angle is the hue and whose length is the chroma. */
static colour from_oklab(double l, double a, double b)
{
    double x = pow(l + 0.3963377774 * a + 0.2158037573 * b, 3);
    double y = pow(l - 0.1055613458 * a - 0.0638541728 * b, 3);
    double z = pow(l - 0.0894841775 * a - 1.2914855480 * b, 3);
    return (colour){byte_of(4.0767416621 * x - 3.3077115913 * y + 0.2309699292 * z),
                    byte_of(-1.2684380046 * x + 2.6097574011 * y - 0.3413193965 * z),
                    byte_of(-0.0041960863 * x - 0.7034186147 * y + 1.7076147010 * z), 255};
}

colour colour_map(double t)
{
    if (isnan(t)) return (colour){0};
    t = fmin(fmax(t, 0), 1);
    double lightness = 0.25 + 0.68 * t;
    double hue = (315 - 207 * t) * PI / 180;
    double chroma = 0.085 + 0.05 * (2 * t - 1) * (2 * t - 1) + 0.025 * t; /* what sRGB can show */
    return from_oklab(lightness, chroma * cos(hue), chroma * sin(hue));
}

colour colour_faded(colour c, double opacity)
{
    c.a = (unsigned char)lround(255 * opacity);
    return c;
}
