/* A program of somebody else's, in C and in C++, that has only what `make install` gives. */
#include <diffusion.h>
#include <stdio.h>

static void nothing_there(void *self, float *x0, const float *x, const int shape[4], double sigma)
{
    (void)self, (void)x, (void)sigma;
    for (int i = 0; i < shape[0] * shape[1] * shape[2] * shape[3]; i++) x0[i] = 0;
}

int main(void)
{
    float x[6];
    double sigma[9];
    const int shape[4] = {1, 2, 3, 1};
    const diffusion_walk walk = {"heun", sigma, 8, 1, -1};
    int wrong = diffusion_noise(x, shape, 1) || diffusion_sigmas(sigma, 8, "karras", 0.1, 10) ||
                diffusion_sample(x, shape, &walk, nothing_there, NULL);
    printf("diffusion %s: %s\n", diffusion_version(), wrong ? diffusion_error() : "all well");
    for (int i = 0; i < 6; i++) wrong |= !(x[i] * x[i] < 1e-12f);
    return wrong;
}
