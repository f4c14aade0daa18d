/** @file sampler.h
 *  From noise to picture, one step at a time.
 *
 *  A denoiser D(x, sigma) looks at a picture x with noise of size sigma in it and guesses the clean
 *  picture x0. A sampler walks down a list of noise sizes
 *
 *      sigma[0] > sigma[1] > ... > sigma[n] = 0
 *
 *  and each kind of sampler is one function that makes ONE step, calling the denoiser as often as
 *  its paper does. Everything else is here, in three views of one implementation:
 *
 *      sampler_run    the whole walk                            (k-diffusion's view)
 *      sampler_step   one step, then the caller looks or edits  (a UI's, an inpainter's)
 *      sampler_ask    the caller runs the model himself         (diffusers' view)
 *
 *      sampler s = sampler_make(&sampler_heun, model, walk, noise_fresh(rng_torch(1)));
 *      error wrong = sampler_run(&s, x, memory);       // x: noise of size sigma[0], then a picture
 *
 *  x is in the denoiser's coordinate (denoiser.h), so it starts as noise of size sigma[0]. Before
 *  the walk the caller may change s.options and s.watch.
 */
#ifndef DIFFUSION_SAMPLER_H
#define DIFFUSION_SAMPLER_H
#include "diffusion/denoiser.h"
#include "diffusion/discrete.h"
#include "diffusion/noise.h"
#include "diffusion/sigmas.h"

/** A walk under way; its fields are below. */
typedef struct sampler sampler;

/** One step of x from `sigma` to `next`. A step to 0 lands on the guess D: a rule with a second
 * question falls back to Euler there (heun.c). */
typedef void sampler_step_fn(sampler *s, tensor x, double sigma, double next);

/** The options that not every kind listens to: SAMPLER_ETA is the bit in sampler_kind.takes, eta
 * the field of sampler_options (control stands for all in it, snr goes with correct). Asking a kind
 * for another is an error: an option that is not listened to would be a silent surprise. ORDER is
 * set by max_order, FORM by forms. */
/* clang-format off */
#define SAMPLER_OPTIONS(X) \
    X(ETA, eta) X(CHURN, churn) X(ORDER, order) X(VARIANCE, variance) X(FORM, form) \
    X(NOISE_PREDICTION, noise_prediction) X(KEEP_ORDER, keep_order) X(EULER_LAST, euler_last) \
    X(R, r) X(GAMMA, gamma) X(CORRECT, correct) X(PREDICTOR, predictor) X(PECE, pece) \
    X(CONTROL, control) X(TEMPERATURE, temperature) X(AS_PUBLISHED, as_published)
#define SAMPLER_PLACE(BIT, field) SAMPLER_PLACE_##BIT,                    /**< counts them */
#define SAMPLER_BIT(BIT, field) SAMPLER_##BIT = 1 << SAMPLER_PLACE_##BIT, /**< a bit for each */
enum { SAMPLER_OPTIONS(SAMPLER_PLACE) SAMPLER_PLACES };
enum { SAMPLER_OPTIONS(SAMPLER_BIT) SAMPLER_MASK = 1 << SAMPLER_PLACES, /* no options, but ... */
       SAMPLER_AWAY = 2 << SAMPLER_PLACES }; /* ... s->mask and s->known; answer.away */
/* clang-format on */

/** What a sampler file exports. */
typedef struct {
    const char *name, *label, *paper;
    const char *also;      /**< what other programs call it, commas between */
    const char *use;       /**< when to take it, in a sentence */
    int order;             /**< promised order of convergence at eta 0, once the history that the
                                rule looks at is full; a test measures it; 0: not one of the ODE */
    int max_order;         /**< options.order: the highest; 0 when it has only one */
    int evals;             /**< denoiser calls a step, at most */
    double eta;            /**< share of the noise made fresh unless options say otherwise */
    const char *forms;     /**< which options.form it has: "midpoint or heun"; NULL: the usual */
    unsigned takes;        /**< which options, see above; and SAMPLER_MASK: it needs s->mask and
                                s->known; SAMPLER_AWAY: walks along answer.away if there is one */
    bool stochastic;       /**< draws noise as it is, without being asked to */
    bool needs_schedule;   /**< looks at s->schedule */
    bool no_flow;          /**< has no form for a flow, whose noise at sigma 1 is all there is */
    bool whole_walk;       /**< adaptive: the walk is one step from its first size to its last */
    bool discrete;         /**< x holds symbols, the list holds times, s->discrete the tables */
    bool mask_alone;       /**< the noise must be MASK and nothing else */
    double temperature;    /**< of draws of symbols unless options say otherwise */
    sampler_step_fn *step; /**< the rule */
} sampler_kind;

/** The constant that a sampler file exports, sampler_NAME; its rule is the file's step(). The first
 * fields stand in the order of sampler_kind, what is not 0 of the others behind them. */
#define SAMPLER(name, label, paper, also, use, ...) \
    const sampler_kind sampler_##name = {#name, label, paper, also, use, .step = step, __VA_ARGS__}

/** Which variance DDPM draws with: Ho 2020, section 3.2, the two ends of what is right. */
typedef enum {
    SAMPLER_FIXED_SMALL,  /**< beta~_t: right when the data are one picture */
    SAMPLER_FIXED_LARGE,  /**< beta_t: right when the data are noise themselves, x0 ~ N(0, 1) */
    SAMPLER_LEARNED,      /**< what the network says: answer.log_variance itself, ... */
    SAMPLER_LEARNED_RANGE /**< ... or as a place between the two fixed ones */
} sampler_variance;

/** Papers and programs that agree on a rule up to terms of a higher order. */
typedef enum {
    SAMPLER_FORM_USUAL,     /**< what the sampler's file says */
    SAMPLER_MIDPOINT,       /**< DPM-Solver: the weight of a second answer as a middle has it ... */
    SAMPLER_HEUN,           /**< ... and as an exact integral has it */
    SAMPLER_BH1,            /**< UniPC: B(h) = h */
    SAMPLER_BH2,            /**< UniPC: B(h) = e^h - 1 */
    SAMPLER_EULER_MARUYAMA, /**< score_sde: Euler's rule for the SDE; usual: reverse diffusion */
    SAMPLER_ANCESTRAL,      /**< score_sde: the noise that DDPM's posterior has */
    SAMPLER_REVERSE,        /**< ER-SDE: phi(lambda) = lambda^(1 + eta), the reverse SDE */
    SAMPLER_PLMS,           /**< PNDM: start as Stable Diffusion's PLMS does */
    SAMPLER_IPNDM_V         /**< iPNDM: weights for unequal steps */
} sampler_form;

/** How an adaptive kind chooses its steps; zeros mean its usual numbers. */
typedef struct {
    double rtol, atol; /**< error allowed: rtol of the picture's own size, at least atol */
    double first;      /**< the first step tried, in lambda */
    double p, i, d;    /**< weights of the controller: the last error, the one before, the trend */
    double safety;     /**< a step is accepted when the next may be at least this much longer */
} sampler_control;

/** All options of all samplers; sampler_make() sets each kind's usual ones. Numbers are 0 or from
 * 1e-30 to 1e9, none is below 0; noise_min and noise_max may be anything that leaves a range. */
typedef struct {
    double eta;                  /**< 0: no fresh noise; 1: as much as the forward process had */
    double s_noise;              /**< factor on every fresh noise, 1 */
    double churn;                /**< EDM's S_churn: noise put back before a step, 0 */
    double noise_min, noise_max; /**< where churn or SA-Solver's eta is at work: only for sigmas
                                      between these (EDM's S_tmin, S_tmax) */
    int order;                   /**< of rules that have several; 0: the kind's own */
    double temperature;          /**< of draws of symbols, 0 or more: vq_diffusion, masked */
    sampler_variance variance;   /**< ddpm */
    sampler_form form;           /**< of rules that have several */
    bool noise_prediction;       /**< let the guess of eps, not that of x0, stand still in a step:
                                      DPM-Solver instead of DPM-Solver++ */
    bool keep_order;             /**< keep the order up to the end of a short walk (diffusers:
                                      lower_order_final off) */
    bool euler_last;             /**< let the last step be of order 1, wherever it ends (diffusers:
                                      euler_at_final) */
    double r;                    /**< where the second question lies, 1e-6 to 1; 0: the usual */
    double gamma;                /**< gradient_estimation: how far to lean; 0: the usual */
    int correct;                 /**< Langevin steps before each step (predictor-corrector); each
                                       asks once more, and sampler_ask() has SAMPLER_TAPE questions
                                       a step */
    double snr;                  /**< ... and their size, as a ratio of signal to noise; 0: 0.16 */
    int predictor;               /**< SA-Solver: predicts from so many, 1 to 5; 0: order - 1 */
    bool pece;                   /**< ask again where the corrector lands */
    sampler_control control;     /**< of adaptive kinds */
    bool as_published;           /**< do what the well-known program does where it is wrong, to get
                                       others' pictures again: the sampler's file says where */
    bool climb;                  /**< where the list rises, follow the slope (inversion) instead of
                                       adding noise (restart) */
} sampler_options;

/** What is remembered of a step. A slope of old is (x - x0) / sigma of its entry. */
typedef struct {
    tensor x;     /**< the picture at the step's first question */
    answer guess; /**< the answer to it */
    tensor carry; /**< what a corrector wants to keep */
    double sigma; /**< the size in that question */
} sampler_memory;

/** How many steps are remembered, [0] is this one; and the room that a walk wants, in pictures as
 * large as x: up to 25 for the history, 11 for a step, a little for the model. */
enum { SAMPLER_PAST = 5, SAMPLER_ROOM = 48 };

/** A walk under way. Copy it before it has begun; later two copies would share one history. */
struct sampler {
    const sampler_kind *kind;
    denoiser model;
    sigmas walk;
    noise noise;
    sampler_options options;
    const schedule *schedule; /**< for the few kinds that ask for t or beta; may be NULL */
    const discrete *discrete; /**< for kinds of symbols: what noise replaces them with */
    tensor mask, known;       /**< for repaint, shaped as x: the clean picture `known` is to be kept
                                   where mask is 1, made where it is 0; for others data is NULL */

    /** Called after every step with what it knows; false stops the walk. May change x. */
    bool (*watch)(void *watcher, const sampler *s, tensor x);
    void *watcher;

    double sigma; /**< size of the noise in x now */
    int i;        /**< steps made; while one is being made, its number from 0 */
    int calls;    /**< denoiser calls so far */
    int history;  /**< earlier steps that past[1], past[2], ... know about */
    bool stopped;
    error wrong; /**< what stopped the walk, or NULL */

    sampler_memory past[SAMPLER_PAST]; /**< [0] is this step's, [1] the one before */
    arena scratch;                     /**< of the step being made */
    int evals;                         /**< questions in the step being made */
};

/** All kinds, NULL at the end. */
extern const sampler_kind *const samplers[];

/** A kind by its name.
 *  @param name as in sampler_kind.name
 *  @param out  the kind
 *  @return NULL, or the known names and the nearest */
error sampler_find(const char *name, const sampler_kind **out);

/** The options that a kind listens to, in words.
 *  @param kind  which rule
 *  @param out   filled in: "eta, form heun", or "no options"; 200 bytes hold them all
 *  @param room  bytes there are */
void sampler_takes(const sampler_kind *kind, char *out, size_t room);

/** Put a walk together, with the kind's usual options.
 *  @param kind  which rule
 *  @param model one answer a question
 *  @param walk  from sigmas.h; belongs to the caller
 *  @param source where stochastic kinds draw their noise; deterministic ones never do, and take
 *                (noise){0}
 *  @return a sampler that stands before step 0 */
sampler sampler_make(const sampler_kind *kind, denoiser model, sigmas walk, noise source);

/** The whole walk.
 *  @param s       from sampler_make(); afterwards s->i tells how far it came
 *  @param x       [n, h, w, c], noise of size sigma[0]; the picture afterwards
 *  @param scratch for the history (SAMPLER_ROOM) and the model
 *  @return NULL, or what is wrong with the walk, the options or x, or which step gave NaN; x then
 *          stands as before that step */
error sampler_run(sampler *s, tensor x, arena scratch);

/** Get ready to step: checks everything and takes room for the history. sampler_run() does it
 *  itself.
 *  @param s    from sampler_make()
 *  @param x    the picture it will walk, as for sampler_run()
 *  @param keep where the history lives; has SAMPLER_ROOM
 *  @return NULL, or what is wrong */
error sampler_begin(sampler *s, tensor x, arena *keep);

/** One step, of a sampler that has begun and has s->i < s->walk.n.
 *  @param s       moves on
 *  @param x       [n, h, w, c], changed in place
 *  @param scratch for the step and the model
 *  @return NULL, or which step gave NaN */
error sampler_step(sampler *s, tensor x, arena scratch);

/** The tape of sampler_ask(). */
enum { SAMPLER_TAPE = 8 };

/** A question to the caller's model. */
typedef struct {
    tensor x;                    /**< what to look at */
    double sigma;                /**< size of the noise in it */
    answer answer[SAMPLER_TAPE]; /**< put yours into answer[told], then count told up */
    int told, read;
} sampler_question;

/** Room for questions. Not for kinds with whole_walk, whose questions depend on the answers, nor
 *  for more questions a step than the tape holds (evals, and options.correct).
 *  @param s    a sampler that has begun; of s->model only what it will answer is used
 *  @param x    the picture
 *  @param keep where the room is
 *  @return nothing asked yet */
sampler_question sampler_listen(const sampler *s, tensor x, arena *keep);

/** The walk turned inside out: while this returns true, run your model on (q->x, q->sigma), write
 *  the guess into q->answer[q->told] and add 1 to q->told. Bit for bit the same as sampler_run().
 *  @param s       a sampler that has begun
 *  @param q       from sampler_listen()
 *  @param x       [n, h, w, c], changed when a step is complete
 *  @param scratch for the step
 *  @return false when the walk is over, or s->wrong says why it cannot go on */
bool sampler_ask(sampler *s, sampler_question *q, tensor x, arena scratch);

/** @name For step functions
 *  @{ */

/** Ask the denoiser; the first answer of a step is remembered in past[0].
 *  @param s     the sampler
 *  @param x     what to look at
 *  @param sigma size of the noise in it
 *  @return the answer, in the step's scratch or history */
answer sampler_guess(sampler *s, tensor x, double sigma);

/** a x + b y.
 *  @param s the sampler
 *  @param a factor of x
 *  @param x a picture
 *  @param b factor of y
 *  @param y another of its shape
 *  @return the sum, in scratch */
tensor sampler_mix(sampler *s, double a, tensor x, double b, tensor y);

/** The noise that a guess says is in x: eps = (x - alpha x0) / sigma.
 *  @param s     the sampler
 *  @param x     the picture
 *  @param x0    the guess
 *  @param sigma size of the noise in x
 *  @return eps, in scratch */
tensor sampler_eps(sampler *s, tensor x, tensor x0, double sigma);

/** dx/dsigma = (x - D) / sigma at a point.
 *  @param s     the sampler
 *  @param x     the point
 *  @param sigma its size of noise
 *  @return the slope, in scratch */
tensor sampler_slope(sampler *s, tensor x, double sigma);

/** The slope of an earlier step, j = 0 for this one, along sampler_along() of its answer.
 *  @param s the sampler
 *  @param j at most s->history
 *  @return the slope, in scratch */
tensor sampler_past_slope(sampler *s, int j);

/** The guess whose noise is walked along: answer.away where there is one (CFG++), else x0.
 *  @param guess an answer
 *  @return one of its tensors */
tensor sampler_along(answer guess);

/** After a step along answer.away: put x0 in its place, x += share (x0 - away). Chung 2024,
 *  arXiv:2406.08070, Algorithm 2, where share is alpha'. Nothing where there is no away.
 *  @param x     changed
 *  @param guess the answer
 *  @param share of the picture in x now */
void sampler_exchange(tensor x, answer guess, double share);

/** alpha of the coordinate.
 *  @param s     the sampler
 *  @param sigma size of the noise
 *  @return 1, or 1 - sigma for a flow */
double sampler_alpha(const sampler *s, double sigma);

/** The clock in which exponential rules are tame: lambda = ln(alpha / sigma), half the log-SNR.
 *  @param s     the sampler
 *  @param sigma size of the noise
 *  @return infinite at sigma 0, minus infinite at a flow's sigma 1 */
double sampler_lambda(const sampler *s, double sigma);

/** The size at a lambda, sampler_lambda() turned round.
 *  @param s      the sampler
 *  @param lambda finite
 *  @return sigma */
double sampler_sigma(const sampler *s, double lambda);

/** Follow a guess that does not move, exactly: x' = (next/sigma) x + (1 - next/sigma) x0, in both
 *  coordinates. Papers write the second factor as -alpha' expm1(-h) with h = lambda' - lambda,
 *  which is the same number; this form holds where lambda is infinite too. DPM-Solver++(1), DDIM
 *  and Euler are this.
 *  @param x     moved from sigma to next
 *  @param x0    the guess
 *  @param sigma from
 *  @param next  to */
void sampler_follow(tensor x, tensor x0, double sigma, double next);

/** How much of the noise at `next` is fresh: up = eta next sqrt(1 - r^2), r = (next/alpha') /
 *  (sigma/alpha), at most next. Song 2021, arXiv:2010.02502, eq. 16.
 *  @param s     the sampler, for eta
 *  @param sigma from
 *  @param next  to
 *  @return up, in the units of next */
double sampler_up(const sampler *s, double sigma, double next);

/** More noise, less picture: from sigma up to next, x' = (alpha'/alpha) x + sqrt(next^2 - (alpha'
 *  sigma / alpha)^2) z. The noise is that of the step under way, wherever it starts to rise.
 *  @param s     the sampler
 *  @param x     changed
 *  @param sigma from; 0 is a clean picture
 *  @param next  to, at least sigma */
void sampler_rise(sampler *s, tensor x, double sigma, double next);

/** Let the caller look, after a step or, in an adaptive kind, after every part of one it accepts.
 *  @param s     the sampler; s->sigma becomes sigma
 *  @param x     the picture now
 *  @param sigma size of the noise in it
 *  @return false when the caller wants to stop: return at once */
bool sampler_show(sampler *s, tensor x, double sigma);

/** Word that the step under way gave no finite picture.
 *  @param s the sampler
 *  @return the line, also in s->wrong */
error sampler_not_finite(sampler *s);

/** x += amount s_noise z with z drawn for the step from sigma to next; nothing when amount is 0.
 *  @param s      the sampler
 *  @param x      changed
 *  @param amount size of the noise
 *  @param sigma  from
 *  @param next   to */
void sampler_add_noise(sampler *s, tensor x, double amount, double sigma, double next);

/** Karras 2022, arXiv:2206.00364, Algorithm 2, lines 4 to 6: put noise back before a step.
 *      gamma = min(S_churn / n, sqrt(2) - 1)  for sigma in [S_tmin, S_tmax], else 0
 *      raised = (1 + gamma) sigma,  x = x + sqrt(raised^2 - sigma^2) S_noise z
 *  @param s     the sampler
 *  @param x     changed
 *  @param sigma from
 *  @return raised */
double sampler_churn(sampler *s, tensor x, double sigma);
/** @} */

/** Makes the list below a list of declarations. */
#define SAMPLER_DECLARE(name) extern const sampler_kind sampler_##name;
/** The list: a new sampler is its file and one word here. */
/* clang-format off */
#define SAMPLERS(X) \
    X(euler) X(heun) X(dpm_2) X(ddim) X(lms) X(dpmpp_2m) X(dpm_solver_singlestep) \
    X(dpm_solver_multistep) X(deis) X(uni_pc) X(pndm) X(ipndm) X(res_singlestep) X(res_multistep) \
    X(gradient_estimation) X(dpm_adaptive) X(ddpm) X(euler_ancestral) X(dpm_2_ancestral) \
    X(dpmpp_2s_ancestral) X(dpmpp_sde) X(dpmpp_2m_sde) X(dpmpp_3m_sde) X(score_sde_ve) \
    X(score_sde_vp) X(sa_solver) X(er_sde) X(seeds_2) X(seeds_3) X(repaint) X(lcm) X(tcd) \
    X(consistency) X(vq_diffusion) X(masked)
/* clang-format on */
SAMPLERS(SAMPLER_DECLARE)

#endif
