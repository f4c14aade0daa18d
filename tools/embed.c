/* A file as C: `embed FILE NAME` prints `const unsigned char NAME[]` and `const size_t NAME_bytes`,
 * so that a program carries its font along, wherever it runs from. */
#include <stdio.h>

int main(int argc, char **argv)
{
    FILE *in = argc == 3 ? fopen(argv[1], "rb") : NULL;
    if (!in) return fprintf(stderr, "embed: usage: embed FILE NAME > NAME.c\n"), 1;
    printf("#include <stddef.h>\n");
    printf("extern const unsigned char %s[];\nextern const size_t %s_bytes;\n", argv[2], argv[2]);
    printf("const unsigned char %s[] = {", argv[2]);
    size_t bytes = 0;
    for (int byte; (byte = getc(in)) != EOF; bytes++)
        printf("%s%d,", bytes % 24 ? "" : "\n    ", byte);
    printf("\n};\nconst size_t %s_bytes = %zu;\n", argv[2], bytes);
    int wrong = ferror(in) || bytes == 0 || fflush(stdout) != 0 || ferror(stdout);
    fclose(in);
    if (wrong) fprintf(stderr, "embed: cannot copy %s\n", argv[1]);
    return wrong;
}
