// %% [markdown]
// # A scheduler's two jobs
//
// A diffusion model learns to take noise out of pictures. Two things must be settled around it, and
// people call both of them "scheduler":
//
// 1. *Adding noise.* Training makes pictures noisy. How much noise is in them at time t?
// 2. *The next step.* A trained model takes noise out in steps. What is the picture with a little
//    less noise in it?
//
// In this course the first is called the *schedule* and the second the *sampler*. Between them
// stands a list: at which amounts of noise does the sampler stop on its way down? This notebook is
// about the schedule and the list. The sampler begins in lesson 07.
//
// 10 minutes. The notebook is an ordinary C program, [02_schedules.c](02_schedules.c): change it
// there, and `make notebooks` runs it and puts what it prints below its cells. A cell that begins
// with `CELL` does something and may be changed; the first one names what the others share.

// %%
#include "notebook.h"

#include "base/rng.h"
#include "diffusion/noise.h"
#include "diffusion/sigmas.h"

schedule sd = {0};                       /* how training set the noise, for each time t */
sigmas walk = {0};                       /* the list of noise sizes a sampler walks down */
tensor x0 = {0}, eps = {0}, noisy = {0}; /* a photograph, noise, and one in the other */

// %% [markdown]
// ## The training schedule
//
// Training has 1,000 times t. At each it brings in a little noise, of variance beta
// (*variance*: [lesson 01](../docs/01_gaussian.md)). For Stable Diffusion beta grows from 0.00085
// to 0.012, with its *root* on a straight line: `scaled_linear`. (Many a text says "cosine" here.
// It is not so: [lesson 03](../docs/03_add_noise.md).)
//
// All the noise up to t is one larger noise ([lesson 02](../docs/02_schedules.md)). Its size, for
// one unit of picture, is called sigma. Between which two rows is there as much noise as picture?

// %%
CELL(1)
{
    schedule_options options = {
        .T = 1000, .beta_start = 0.00085, .beta_end = 0.012, .manner = SCHEDULE_DIFFUSERS};
    notebook_must(schedule_make("scaled_linear", options, &notebook_memory, &sd));
    const int times[] = {0, 250, 500, 750, 999};
    printf("%5s %10s %9s\n", "t", "beta", "sigma");
    for (int k = 0; k < 5; k++) {
        int t = times[k];
        printf("%5d %10.6f %9.4f\n", t, schedule_beta(&sd, t), schedule_sigma(&sd, t));
    }
}

// %% [markdown]
// ## Fifteen steps
//
// A sampler cannot afford 1,000 steps. For 15 it divides 999 into 14 equal parts and stops at their
// ends, from much noise to little. Most of these times lie between two trained ones. That does no
// harm: sigma is a curve, and a curve can be read anywhere.

// %%
CELL(2)
{
    const int steps = 15;
    notebook_must(
        sigmas_make("linspace", steps, &sd, (sigmas_options){0}, &notebook_memory, &walk));
    for (int i = 0; i < walk.n; i++)
        printf("%9.4f%s", walk.t[i], i % 5 == 4 || i == walk.n - 1 ? "\n" : "");
}

// %% [markdown]
// The sizes of the noise at these times. There are sixteen: the last step ends at 0, in a picture
// without noise. They are, digit for digit, what the Python library diffusers prints for its
// `LMSDiscreteScheduler` after `set_timesteps(15)`.

// %%
CELL(3)
{
    for (int i = 0; i <= walk.n; i++)
        printf("%9.4f%s", walk.at[i], i % 5 == 4 || i == walk.n ? "\n" : "");
}

// %% [markdown]
// Notebooks like to call this plot "Noise Schedule". Equal steps in t are not equal steps in sigma:
// the first seven steps take away most of the noise, the last eight the little that is left.

// %%
CELL(4)
{
    plot chart = {.title = notebook_words("The %d noise sizes of %d steps", walk.n + 1, walk.n),
                  .x = {.label = "sampling step"},
                  .y = {.label = "σ"}};
    plot_line(&chart, NULL, walk.n + 1, NULL, walk.at);
    notebook_plot("02_sigma", &chart, "Sigma falls from 14.6 at step 0, steeply at first, to 0");
}

// %% [markdown]
// ## Adding noise
//
// Now the first job, on a photograph. (Stable Diffusion does it to a *latent*, a smaller picture of
// four channels that stands for the photograph. It is the same line.) A picture is numbers between
// -1 and 1; the noise is as many random numbers of mean 0 and standard deviation 1. The cat is
// Chelsea, by Stefan van der Walt, CC0.

// %%
CELL(5)
{
    image photo;
    notebook_must(image_load("assets/cat.png", &notebook_memory, &photo));
    x0 = image_to_tensor(&notebook_memory, image_reduce(&notebook_memory, photo, 96, 64));
    eps = tensor_like(&notebook_memory, x0);
    noisy = tensor_like(&notebook_memory, x0);
    rng seed = rng_torch(42);
    rng_normal(&seed, eps, notebook_memory);
    printf("%d x %d pixels of %d colours: %zu numbers\n", x0.w, x0.h, x0.c, tensor_count(x0));
}

// %% [markdown]
// diffusers has a function `add_noise` for what is one line and no loop:
//
// $$x = x_0 + \sigma \epsilon$$
//
// with $x_0$ the photograph and $\epsilon$ (eps) the noise. This is how noisy a sampler finds the
// picture at step 10 of 15.

// %%
CELL(6)
{
    const int step = 10;
    noise_add(noisy, x0, eps, walk.at[step], NOISE_VE); /* x = x0 + sigma eps */
    printf("step %d of %d: t = %.4f, sigma = %.4f\n", step, walk.n, walk.t[step], walk.at[step]);
    image pictures[] = {image_from_tensor(&notebook_memory, x0, 0),
                        image_from_tensor(&notebook_memory, noisy, 0)};
    const char *captions[] = {"x_0", notebook_words("x_0 + %.4f ε", walk.at[step])};
    strip pair = {.rows = 1, .columns = 2, .pictures = pictures, .captions = captions, .scale = 6};
    notebook_strip("02_step_10", &pair, "A cat, and the same cat, hard to find, in noise");
}

// %% [markdown]
// ## From noise to the cat
//
// Six stops of a walk in 30 steps. To be shown, each x is divided by $\sqrt{1+\sigma^2}$, or most
// of its numbers would lie outside what a screen can show
// ([lesson 03](../docs/03_add_noise.md) has both). At which step do you first see the cat?
//
// Compare step 10 with the one above: 10 of 30 is not 10 of 15. A step is a place in a list, not an
// amount of noise. Whoever names a step must say of how many.

// %%
CELL(7)
{
    enum { STEPS = 30, SHOWN = 6 };
    const int shown[SHOWN] = {0, 10, 20, 25, 27, 29};
    sigmas longer;
    image pictures[SHOWN];
    const char *captions[SHOWN];
    notebook_must(
        sigmas_make("linspace", STEPS, &sd, (sigmas_options){0}, &notebook_memory, &longer));
    for (int k = 0; k < SHOWN; k++) {
        double sigma = longer.at[shown[k]];
        noise_add(noisy, x0, eps, sigma, NOISE_VP); /* (x0 + sigma eps) / sqrt(1 + sigma^2) */
        pictures[k] = image_from_tensor(&notebook_memory, noisy, 0);
        captions[k] = notebook_words("step %d, σ = %.2f", shown[k], sigma);
    }
    strip film = {.rows = 2, .columns = 3, .pictures = pictures, .captions = captions, .scale = 4};
    notebook_strip("02_steps", &film, "Six pictures: at step 0 only noise, at 29 a clear cat");
}

// %% [markdown]
// ## Your turn
//
// Change one of the four knobs and run the cell again. Before you do, say whether there will be
// more noise in the picture or less. The names to try: schedules `linear`, `scaled_linear`,
// `cosine`, `sigmoid`; lists `linspace`, `karras`, `exponential`, `trailing`. A wrong name costs
// nothing: the error tells you those there are.

// %%
CELL(8)
{
    const char *betas = "cosine", *list = "linspace";
    const int steps = 15, step = 10;
    schedule other;
    sigmas down;
    if (step > steps) notebook_must(error_make("there is no step %d of %d", step, steps));
    notebook_must(schedule_make(betas, (schedule_options){0}, &notebook_memory, &other));
    notebook_must(sigmas_make(list, steps, &other, (sigmas_options){0}, &notebook_memory, &down));
    printf("%s, %s, step %d of %d: sigma = %.4f\n", betas, list, step, steps, down.at[step]);
    noise_add(noisy, x0, eps, down.at[step], NOISE_VE);
    image picture = image_from_tensor(&notebook_memory, noisy, 0);
    strip one = {.rows = 1, .columns = 1, .pictures = &picture, .scale = 6};
    notebook_strip("02_yours", &one, "The cat with noise as your knobs say");
}

// %% [markdown]
// Where to go on: [lesson 02](../docs/02_schedules.md) derives sigma from beta and draws four
// schedules in one figure; [lesson 03](../docs/03_add_noise.md) puts noise into a photograph in all
// the ways there are, yours too. The second job begins in
// [lesson 07](../docs/07_ddpm.md). Who calls which thing a scheduler:
// [the words](../docs/words.md#the-two-jobs-called-scheduler).

// %% [end]
NOTEBOOK_MAIN(8)
