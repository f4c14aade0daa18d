/* Answer to exercise 24. An eps network, walked as a flow.
 *
 * In the lesson a flow network did the work of one that says eps. Now the other way round, as if
 * Stable Diffusion 1.5 were to run in a program for Stable Diffusion 3. The program holds
 * y = (1 - s) x0 + s eps and wants u = eps - x0. The network wants a VP picture,
 * x_vp = sqrt(abar) x0 + sqrt(1 - abar) eps, with as much noise for one unit of picture as there is
 * in y. It says eps. By which number is y to be multiplied, and how is u made of eps and y?
 *
 *     make exercises
 *     build/lessons/answers/24_flow_matching            a table
 *     build/lessons/answers/24_flow_matching --check    ends with 0
 *
 * Look for: 1e-07 in the last column. Page: docs/24_flow_matching.md.
 */
#include "../bells.h"
#include "../vp.h"
#include "diffusion/network.h"

enum { STEPS = 12, CROWD = 1000, RULES = 2, SEED = 2 };
static const sampler_kind *const rules[RULES] = {&sampler_euler, &sampler_dpmpp_2m};
static schedule vp;

/* The network: what it says is (x - D) / sigma, in x = x0 + sigma eps. */
static void says_eps(void *self, tensor eps, tensor x_vp, double t, arena scratch)
{
    const denoiser *d = self;
    double sigma = schedule_sigma(&vp, t);
    answer out = denoiser_room(*d, &scratch, x_vp);
    tensor_scale(eps, sqrt(1 + sigma * sigma), x_vp);
    denoiser_ask(*d, out, eps, sigma, scratch);
    tensor_mix(eps, 1 / sigma, eps, -1 / sigma, out.x0);
}

/* x_vp = in y,   u = of_eps eps + of_y y */
typedef struct {
    double in, of_eps, of_y;
} words;

static words flow_words(double s)
{
    return (words){1 / sqrt((1 - s) * (1 - s) + s * s), 1 / (1 - s), -1 / (1 - s)};
}

/* The same network, as a flow network is asked. */
static void says_u(void *self, tensor u, tensor y, double s, arena scratch)
{
    words w = flow_words(s);
    tensor x_vp = tensor_like(&scratch, y);
    tensor_scale(x_vp, w.in, y);
    says_eps(self, u, x_vp, schedule_t(&vp, s / (1 - s)), scratch);
    tensor_mix(u, w.of_eps, u, w.of_y, y);
}

int main(int argc, char **argv)
{
    lesson l = lesson_begin(argc, argv);
    exact_mixture bells = bells_mixture(&l.memory);
    denoiser d = exact_denoiser(&bells);
    schedule flow;
    sigmas walk[2];
    tensor z = tensor_new(&l.memory, CROWD, 1, 1, 1);
    tensor x[] = {tensor_like(&l.memory, z), tensor_like(&l.memory, z)};
    lesson_must(schedule_make("scaled_linear", (schedule_options){0}, &l.memory, &vp));
    lesson_must(schedule_make("flow", (schedule_options){0}, NULL, &flow));
    const network net[] = {{.run = says_u, .self = &d, .says = NETWORK_FLOW, .schedule = &flow},
                           {.run = says_eps, .self = &d, .says = NETWORK_EPS, .schedule = &vp}};
    for (int j = 0; j < 2; j++)
        lesson_must(sigmas_make("karras", STEPS, &vp, (sigmas_options){0}, &l.memory, &walk[j]));
    for (int i = 0; i < STEPS; i++) walk[0].at[i] /= 1 + walk[0].at[i];
    vp_noise(&l, z, SEED);
    printf("%-10s %20s\n", "", "flow and VE, apart");
    for (int k = 0; k < RULES; k++) {
        for (int j = 0; j < 2; j++) {
            tensor_scale(x[j], walk[j].at[0], z);
            sampler s = sampler_make(rules[k], network_denoiser(&net[j]), walk[j], (noise){0});
            lesson_must(sampler_run(&s, x[j], l.memory));
        }
        double apart = tensor_distance(x[0], x[1]);
        printf("%-10s %20.1e\n", rules[k]->label, apart);
        lesson_expect(&l, "they end in the same places", apart, 0, 1e-6); /* floats */
    }
    return lesson_end(&l);
}
