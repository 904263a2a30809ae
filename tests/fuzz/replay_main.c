/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target over its corpus where the compiler has no libFuzzer: each argument is a file
 * or a folder of files. Every input is given twice: whole, and as a prefix that ends in the middle,
 * so that a parser's "not enough yet" is walked too.
 */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define INPUT_BYTES_MAX (16u << 20)

/* A heap block of the input's own size lets the sanitizers see a read past its end. */
static void give(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    if (!copy)
        abort();
    for (size_t i = 0; i < len; i++)
        copy[i] = data[i];
    LLVMFuzzerTestOneInput(copy, len);
    free(copy);
}

static int replay_file(const char *path)
{
    static uint8_t input[INPUT_BYTES_MAX];
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return -1;
    }
    size_t len = fread(input, 1, sizeof(input), file);
    fclose(file);
    give(input, len);
    give(input, len / 2);
    return 1;
}

static int replay_folder(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder) {
        perror(path);
        return -1;
    }
    int replayed = 0;
    for (struct dirent *entry = readdir(folder); entry && replayed >= 0; entry = readdir(folder)) {
        char name[PATH_MAX];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        replayed = replay_file(name) < 0 ? -1 : replayed + 1;
    }
    closedir(folder);
    return replayed;
}

static int replay(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        perror(path);
        return -1;
    }
    return S_ISDIR(info.st_mode) ? replay_folder(path) : replay_file(path);
}

int main(int argc, char **argv)
{
    int total = 0;
    for (int i = 1; i < argc; i++) {
        int replayed = replay(argv[i]);
        if (replayed < 0)
            return 1;
        total += replayed;
    }
    printf("%d inputs replayed\n", total);
    return total > 0 ? 0 : 1;
}
