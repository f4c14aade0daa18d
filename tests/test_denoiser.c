/* Denoisers made of networks and of other denoisers: one guess, whatever it is told in. */
#include "diffusion/clip.h"
#include "diffusion/guidance.h"
#include "diffusion/network.h"
#include "toy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static arena memory;

static void assert_near(tensor x, tensor y, double most)
{
    for (size_t i = 0; i < tensor_count(x); i++)
        if (!(fabs((double)(x.data[i] - y.data[i])) <= most))
            fail_msg("number %zu: %g and %g", i, (double)x.data[i], (double)y.data[i]);
}

static answer ask(denoiser d, tensor x, double sigma)
{
    answer out = denoiser_room(d, &memory, x);
    denoiser_ask(d, out, x, sigma, memory);
    return out;
}

/* ---- Networks ---- */

/* A network that says what toy_bells knows, in the words of its kind, each defined as its paper
 * does by x_t = alpha x0 + sigma eps with alpha^2 + sigma^2 = 1 (flow: alpha + sigma = 1). */
typedef struct {
    network_prediction says;
    const schedule *schedule;
    double sigma_data;
} speaker;

static void speak(void *self, tensor out, tensor in, double t, arena scratch)
{
    const speaker *s = self;
    bool edm = s->says == NETWORK_EDM, flow = s->says == NETWORK_FLOW;
    double size = edm ? exp(4 * t) : schedule_sigma(s->schedule, t), sd = s->sigma_data;
    double alpha = edm ? 1 : flow ? 1 - size : 1 / sqrt(1 + size * size);
    double sigma = flow ? size : alpha * size;
    double c_in = 1 / sqrt(size * size + sd * sd), c_skip = sd * sd * c_in * c_in;
    double c_out = size * sd * c_in;
    tensor x = tensor_like(&scratch, in);
    tensor_scale(x, edm ? 1 / c_in : flow ? 1 : 1 / alpha, in);
    answer x0 = denoiser_room(toy_bells, &scratch, x);
    denoiser_ask(toy_bells, x0, x, size, scratch);
    for (size_t i = 0; i < tensor_count(x); i++) {
        double guess = (double)x0.x0.data[i], x_t = (double)in.data[i];
        double eps = (x_t - alpha * guess) / sigma;
        double words[] = {[NETWORK_EPS] = eps,
                          [NETWORK_V] = alpha * eps - sigma * guess,
                          [NETWORK_X0] = guess,
                          [NETWORK_FLOW] = eps - guess,
                          [NETWORK_EDM] = (guess - c_skip * (double)x.data[i]) / c_out};
        for (size_t j = 0; j < (size_t)(out.n / in.n); j++)
            out.data[j * tensor_count(in) + i] = (real)(words[s->says] * (j ? 2 : 1));
    }
}

static void every_network_becomes_the_same_guess(void **state)
{
    (void)state;
    schedule sd, flow;
    assert_null(schedule_make("scaled_linear", (schedule_options){0}, &memory, &sd));
    assert_null(schedule_make("flow", (schedule_options){.shift = 3}, &memory, &flow));
    const double sizes[] = {0.05, 0.31, 0.7, 0.99, 3, 14};
    for (int says = NETWORK_EPS; says <= NETWORK_EDM; says++)
        for (int i = 0; i < (says == NETWORK_FLOW ? 4 : 6); i++) {
            arena a = memory;
            speaker who = {(network_prediction)says, says == NETWORK_FLOW ? &flow : &sd, 0.5};
            network net = {.run = speak, .self = &who, .says = who.says, .schedule = who.schedule};
            if (i % 2) net.sigma_data = who.sigma_data = 0.8;
            denoiser d = network_denoiser(&net);
            assert_true(d.flow == (says == NETWORK_FLOW));
            tensor x = toy_start(&memory, 3, sizes[i]);
            /* x - sigma eps: a float32 eps of 1e-7 times sigma */
            assert_near(ask(d, x, sizes[i]).x0, ask(toy_bells, x, sizes[i]).x0,
                        1e-6 * (1 + sizes[i]));
            memory = a;
        }
}

static void a_network_may_answer_several_at_once(void **state)
{
    (void)state;
    arena a = memory;
    schedule sd;
    assert_null(schedule_make("scaled_linear", (schedule_options){0}, &memory, &sd));
    speaker who = {NETWORK_EPS, &sd, 0};
    network net = {.run = speak, .self = &who, .k = 2, .says = NETWORK_EPS, .schedule = &sd};
    tensor x = toy_start(&memory, 3, 2), guess = ask(toy_bells, x, 2).x0;
    answer out = ask(network_denoiser(&net), x, 2);
    assert_int_equal(out.x0.n, 6);
    assert_near(tensor_pictures(out.x0, 0, 3), guess, 3e-6);
    tensor_mix(guess, 2, guess, -1, x); /* twice the noise taken away: x - 2 (x - D) */
    assert_near(tensor_pictures(out.x0, 3, 3), guess, 6e-6);
    memory = a;
}

static void alpha_is_the_coordinates(void **state)
{
    (void)state;
    denoiser flow = {.flow = true};
    assert_true(denoiser_alpha(toy_bells, 0.3) == 1 && denoiser_alpha(flow, 0.3) == 0.7);
}

/* ---- Guidance ---- */

/* A guess that is 0.25 everywhere. */
static void flat(void *self, answer out, tensor x, double sigma, arena scratch)
{
    (void)self, (void)x, (void)sigma, (void)scratch;
    tensor_fill(out.x0, 0.25);
}

static void guidance_leans_away_from_the_first(void **state)
{
    (void)state;
    arena a = memory;
    denoiser each[] = {toy_line, toy_bells, {.guess = flat}};
    stack all = {each, 3};
    tensor x = toy_start(&memory, 3, 2), zero = ask(toy_line, x, 2).x0;
    tensor one = ask(toy_bells, x, 2).x0, expected = tensor_like(&memory, x);
    const double weights[][2] = {{7.5, 0}, {1, 0}, {0, 1}, {0, 0}, {3, -1.5}, {2, 2}};
    for (int k = 0; k < 6; k++) {
        const double *w = weights[k];
        guidance g = {.model = stack_denoiser(&all), .weight = w};
        for (size_t i = 0; i < tensor_count(x); i++) {
            double d0 = (double)zero.data[i], d1 = (double)one.data[i];
            expected.data[i] = (real)(d0 + w[0] * (d1 - d0) + w[1] * (0.25 - d0));
        }
        answer out = ask(guidance_denoiser(&g), x, 2);
        assert_near(out.x0, expected, 2e-6);
        assert_null(out.away.data);
    }
    memory = a;
}

/* Chung 2024, arXiv:2406.08070: x' = D_w + next (x - D_0) / sigma, with DDIM's step. */
static void cfg_plus_plus_walks_along_the_unconditioned_noise(void **state)
{
    (void)state;
    arena a = memory;
    denoiser each[] = {toy_line, toy_bells};
    stack all = {each, 2};
    const double w = 0.6;
    double at[] = {2, 0.9};
    guidance g = {.model = stack_denoiser(&all), .weight = &w, .walk_unconditioned = true};
    tensor x = toy_start(&memory, 3, 2), expected = tensor_like(&memory, x);
    tensor d0 = ask(toy_line, x, 2).x0, d1 = ask(toy_bells, x, 2).x0;
    for (size_t i = 0; i < tensor_count(x); i++) {
        double u = (double)d0.data[i], c = (double)d1.data[i];
        expected.data[i] = (real)(u + w * (c - u) + 0.9 * ((double)x.data[i] - u) / 2);
    }
    sampler s = sampler_make(&sampler_ddim, guidance_denoiser(&g), (sigmas){.n = 1, .at = at},
                             noise_fresh(rng_torch(1)));
    assert_null(sampler_run(&s, x, memory));
    assert_near(x, expected, 1e-6);
    memory = a;
}

/* ---- Clipping ---- */

static void tell(void *self, answer out, tensor x, double sigma, arena scratch)
{
    (void)x, (void)sigma, (void)scratch;
    tensor_copy(out.x0, *(tensor *)self);
}

static void clipping_cuts_at_the_limit(void **state)
{
    (void)state;
    real said[] = {-3, -1, -0.5, 0, 0.25f, 1, 1.5f, (real)NAN},
         cut[] = {-1, -1, -0.5, 0, 0.25f, 1, 1};
    tensor raw = {said, 2, 2, 2, 1};
    denoiser model = {.guess = tell, .self = &raw};
    for (int keep = 0; keep < 2; keep++) {
        clip c = {.model = model, .limit = 1, .keep_direction = keep};
        answer out = ask(clip_denoiser(&c), raw, 1);
        assert_near((tensor){out.x0.data, 1, 1, 7, 1}, (tensor){cut, 1, 1, 7, 1}, 0);
        assert_true(isnan(out.x0.data[7])); /* a NaN must not become a number */
        assert_true((out.away.data != NULL) == keep);
        if (keep) assert_near((tensor){out.away.data, 1, 1, 7, 1}, (tensor){said, 1, 1, 7, 1}, 0);
    }
}

/* A guess that is cut and was to be walked along another's noise still is: x' = cut(D_w) + next (x
 * - D_0) / sigma, whether or not the direction is to be kept. */
static void clipping_keeps_the_noise_of_cfg_plus_plus(void **state)
{
    (void)state;
    arena a = memory;
    denoiser each[] = {toy_line, toy_bells};
    stack all = {each, 2};
    const double w = 7.5, limit = 0.8;
    double at[] = {2, 0.9};
    guidance g = {.model = stack_denoiser(&all), .weight = &w, .walk_unconditioned = true};
    for (int keep = 0; keep < 2; keep++) {
        clip c = {.model = guidance_denoiser(&g), .limit = limit, .keep_direction = keep};
        tensor x = toy_start(&memory, 3, 2), expected = tensor_like(&memory, x);
        tensor d0 = ask(toy_line, x, 2).x0, d1 = ask(toy_bells, x, 2).x0;
        int cuts = 0;
        for (size_t i = 0; i < tensor_count(x); i++) {
            double u = (double)d0.data[i], led = u + w * ((double)d1.data[i] - u);
            cuts += fabs(led) > limit;
            expected.data[i] =
                (real)(fmax(-limit, fmin(led, limit)) + 0.9 * ((double)x.data[i] - u) / 2);
        }
        assert_true(cuts > 10);
        sampler s = sampler_make(&sampler_ddim, clip_denoiser(&c), (sigmas){.n = 1, .at = at},
                                 noise_fresh(rng_torch(1)));
        assert_null(sampler_run(&s, x, memory));
        assert_near(x, expected, 4e-6);
    }
    memory = a;
}

/* A model that tells its variance, 0.5 everywhere, goes on telling it. */
static void unsure(void *self, answer out, tensor x, double sigma, arena scratch)
{
    toy_bells_guess(self, out, x, sigma, scratch);
    tensor_fill(out.log_variance, 0.5);
}

static void clipping_hands_the_variance_on(void **state)
{
    (void)state;
    arena a = memory;
    clip c = {.model = {.guess = unsure, .gives_variance = true}, .limit = 1};
    denoiser d = clip_denoiser(&c);
    tensor x = toy_start(&memory, 3, 2);
    answer out = denoiser_room(d, &memory, x);
    tensor_fill(out.log_variance, 0);
    denoiser_ask(d, out, x, 2, memory);
    for (size_t i = 0; i < tensor_count(x); i++) assert_true(out.log_variance.data[i] == (real)0.5);
    memory = a;
}

/* s is the share's place among the sizes, in proportion between two, at least 1 and at most the
 * limit; picture by picture. */
static void dynamic_thresholding_divides_by_the_share(void **state)
{
    (void)state;
    real said[] = {4,    -9,   1,    0,     -3,   6,     7,    -2,   5,    8, /* |.| = 0..9 */
                   0.1f, 0.2f, 0.3f, -0.4f, 0.5f, -0.6f, 0.7f, 0.8f, 0.9f, 0.95f};
    tensor raw = {said, 2, 1, 5, 2};
    denoiser model = {.guess = tell, .self = &raw};
    const struct {
        double share, limit, s[2];
    } table[] = {{0.95, 100, {8.55, 1}}, {0.5, 100, {4.5, 1}}, {1, 100, {9, 1}}, {0.95, 5, {5, 1}}};
    for (int k = 0; k < 4; k++) {
        clip c = {.model = model, .limit = table[k].limit, .share = table[k].share};
        answer out = ask(clip_denoiser(&c), raw, 1);
        for (int i = 0; i < 20; i++) {
            double s = table[k].s[i / 10];
            double expected = fmin(fmax((double)said[i], -s), s) / s;
            assert_true(fabs((double)out.x0.data[i] - expected) < 1e-6);
        }
    }
}

int main(void)
{
    memory = arena_make(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_network_becomes_the_same_guess),
        cmocka_unit_test(a_network_may_answer_several_at_once),
        cmocka_unit_test(alpha_is_the_coordinates),
        cmocka_unit_test(guidance_leans_away_from_the_first),
        cmocka_unit_test(cfg_plus_plus_walks_along_the_unconditioned_noise),
        cmocka_unit_test(clipping_cuts_at_the_limit),
        cmocka_unit_test(clipping_keeps_the_noise_of_cfg_plus_plus),
        cmocka_unit_test(clipping_hands_the_variance_on),
        cmocka_unit_test(dynamic_thresholding_divides_by_the_share),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(memory);
    return failed;
}
