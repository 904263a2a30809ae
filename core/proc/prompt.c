/* SPDX-License-Identifier: MIT */
#include "proc/prompt.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static int32_t refuse(const char *reason)
{
    fprintf(stderr, "dais: %s\n", reason);
    return DAIS_E_INVALID;
}

static int32_t read_line(char ret_line[PROMPT_BYTES])
{
    if (fgets(ret_line, PROMPT_BYTES, stdin) == NULL)
        return refuse("nothing was entered");
    size_t len = strcspn(ret_line, "\r\n");
    if (ret_line[len] == '\0' && len == PROMPT_BYTES - 1)
        return refuse("this is too long");
    ret_line[len] = '\0';
    return len > 0 ? DAIS_OK : refuse("nothing was entered");
}

/* Turns the terminal's echo off, and back to `before`. */
static int32_t read_hidden(const char *name, const char *suffix, char ret_line[PROMPT_BYTES])
{
    struct termios before, silent;
    if (tcgetattr(STDIN_FILENO, &before) != 0)
        return refuse("the terminal can't be set up");
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) != 0)
        return refuse("the terminal can't be set up");
    fprintf(stderr, "%s%s: ", name, suffix); /* now: what comes before the flush is lost */
    int32_t error = read_line(ret_line);
    int restored = tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fputc('\n', stderr);
    return restored == 0 ? error : refuse("the terminal can't be put back: type `stty echo`");
}

int32_t prompt_secret(const char *name, char ret_secret[PROMPT_BYTES])
{
    char again[PROMPT_BYTES] = "";
    if (!isatty(STDIN_FILENO))
        return read_line(ret_secret);
    int32_t error = read_hidden(name, "", ret_secret);
    if (error == DAIS_OK)
        error = read_hidden(name, ", again", again);
    if (error == DAIS_OK && strcmp(ret_secret, again) != 0)
        error = refuse("the two differ");
    explicit_bzero(again, sizeof again);
    return error;
}
