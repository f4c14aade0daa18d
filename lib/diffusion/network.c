#include "diffusion/network.h"
#include "base/error.h"
#include <math.h>

network_scaling network_scale(const network *net, double sigma)
{
    double a = 1 / sqrt(1 + sigma * sigma);
    double s = net->sigma_data > 0 ? net->sigma_data : 0.5;
    double q = sqrt(sigma * sigma + s * s), above = sigma - net->sigma_min;
    if (net->says == NETWORK_EPS) return (network_scaling){a, 1, -sigma};
    if (net->says == NETWORK_V) return (network_scaling){a, a * a, -a * sigma};
    if (net->says == NETWORK_X0) return (network_scaling){a, 0, 1};
    if (net->says == NETWORK_FLOW) return (network_scaling){1, 1, -sigma};
    return (network_scaling){1 / q, s * s / (above * above + s * s), above * s / q}; /* EDM */
}

static void run_and_convert(void *self, answer out, tensor x, double sigma, arena scratch)
{
    const network *net = self;
    network_scaling scale = network_scale(net, sigma);
    double t = net->says == NETWORK_EDM ? log(sigma) / 4 : schedule_t(net->schedule, sigma);
    tensor in = tensor_like(&scratch, x);
    tensor_scale(in, scale.in, x);
    net->run(net->self, out.x0, in, t, scratch);
    for (int j = 0; j < out.x0.n / x.n; j++) {
        tensor part = tensor_pictures(out.x0, j * x.n, x.n);
        tensor_mix(part, scale.skip, x, scale.out, part);
    }
}

denoiser network_denoiser(const network *net)
{
    PROMISE(net->schedule || net->says == NETWORK_EDM, "network_denoiser: t needs a schedule");
    bool flow = net->says == NETWORK_FLOW;
    return (denoiser){run_and_convert, (void *)(size_t)net, .k = net->k, .flow = flow};
}
