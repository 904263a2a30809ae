/* SPDX-License-Identifier: MIT */
/* A shared object without the symbol dais_plugin. */
extern const int no_descriptor;

const int no_descriptor = 1;
