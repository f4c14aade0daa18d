#include "draw/plot_ticks.h"
#include "base/writer.h"
#include "draw/text.h"
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

double plot_position(plot_axis axis, double v)
{
    if (!isfinite(v) || fabs(v) > 1e302 || (axis.log && v <= 0)) return (double)NAN;
    if (axis.log) return (log10(v) - log10(axis.low)) / (log10(axis.high) - log10(axis.low));
    return (v - axis.low) / (axis.high - axis.low);
}

double plot_number(plot_axis axis, double t)
{
    if (axis.log) return pow(10, (1 - t) * log10(axis.low) + t * log10(axis.high));
    return axis.low + t * (axis.high - axis.low);
}

static const char MINUS[] = "\u2212"; /* as wide as a plus; '-' is a hyphen */

/* Written out, or as 2.5×10^k with one k for the whole axis: whichever is shorter. */
static void write_number(char *label, double v, double step, double largest)
{
    char number[32];
    double first = floor(log10(largest) + 1e-9), last = floor(log10(step) + 1e-9);
    double power = first == last + 1 ? last : first; /* 2, 4, ... 10×10^5 */
    double plain_places = fmax(first, 0) + 1 + fmax(-last, 0);
    bool plain = v == 0 || plain_places < power - last + 6;
    double shown = plain ? v : power < -290 ? v * 1e290 / pow(10, power + 290) : v / pow(10, power);
    int decimals = (int)fmin(fmax(plain ? -last : power - last, 0), 15);
    snprintf(number, sizeof number, "%.*f", v == 0 ? 0 : decimals, shown);
    writer_mend_points(number, localeconv()->decimal_point);
    bool hyphen = number[0] == '-', negative = hyphen && strpbrk(number, "123456789"); /* no -0 */
    int n = snprintf(label, PLOT_TICK_LABEL, "%s%s", negative ? MINUS : "", number + hyphen);
    if (!plain)
        snprintf(label + n, PLOT_TICK_LABEL - (size_t)n, "×10^{%s%.0f}", power < 0 ? MINUS : "",
                 fabs(power));
}

/* The smallest of 1, 2, 5 times a power of ten that is not below v. */
static double round_up(double v)
{
    double power = pow(10, floor(log10(v) + 1e-9)), part = v / power * (1 - 1e-9);
    return power * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
}

static int linear_ticks(plot_axis axis, int most, plot_tick *out)
{
    int n = 0;
    double range = axis.high - axis.low, step = round_up(range / (most + 1));
    double slack = 1e-6 * step, first, last;
    while (first = ceil((axis.low - slack) / step), last = floor((axis.high + slack) / step),
           last - first >= most)
        step = round_up(step * 1.5);
    double largest = fmax(fabs(first * step), fabs(last * step));
    for (double k = first; k <= last && n < PLOT_TICKS; k++) {
        out[n].at = fmin(fmax(k * step, axis.low), axis.high);
        write_number(out[n++].label, k == 0 ? 0 : k * step, step, largest);
    }
    return n;
}

/* Marks at 1, 2, 3, ... times powers of ten. Over many decades every few powers have a label, over
 * less than two decades also 2 and 5 times each, written out. */
static int log_ticks(plot_axis axis, int most, bool decades, plot_tick *out)
{
    int n = 0, labels = 0;
    double first = floor(log10(axis.low) + 1e-9), last = floor(log10(axis.high) + 1e-9);
    double stride = fmax(ceil((last - first + 1) / most), 1);
    int digits = stride == 1 && last - first <= 12 ? 9 : 1;
    for (double k = first; k <= last; k++)
        for (int digit = 1; digit <= digits; digit++) {
            double at = digit * pow(10, k);
            bool inside = at >= axis.low * (1 - 1e-9) && at <= axis.high * (1 + 1e-9);
            if (!inside || n == PLOT_TICKS || fmod(k, stride) != 0) continue;
            out[n] = (plot_tick){.at = at};
            bool named = digit == 1 || (!decades && (digit == 2 || digit == 5));
            labels += named;
            if (named && !decades) write_number(out[n].label, at, at / digit, at);
            if (named && decades)
                snprintf(out[n].label, PLOT_TICK_LABEL, "10^{%s%.0f}", k < 0 ? MINUS : "", fabs(k));
            n++;
        }
    return labels < 2 || labels > most ? 0 : n;
}

static int name_ticks(plot_axis axis, plot_tick *out)
{
    int n = 0;
    for (int i = 0; axis.names[i] && n < PLOT_TICKS; i++) {
        if (i < axis.low || i > axis.high) continue;
        out[n].at = i;
        text_shorten(out[n++].label, PLOT_TICK_LABEL, axis.names[i]);
    }
    return n;
}

int plot_ticks(plot_axis axis, int most, plot_tick out[PLOT_TICKS])
{
    if (axis.names) return name_ticks(axis, out);
    bool few_decades = axis.log && axis.high / axis.low < 150;
    int n = few_decades ? log_ticks(axis, most, false, out) : 0;
    if (n == 0 && axis.log) n = log_ticks(axis, most, true, out);
    return n ? n : linear_ticks(axis, most, out);
}
