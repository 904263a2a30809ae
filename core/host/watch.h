/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Watching the plugins' files, for `dais serve --dev`: a file that was written or renamed into its
 * place is loaded some milliseconds later.
 *
 * Folders are watched, since a compiler or an installer replaces files. A file that is not complete
 * is left alone until it is; one with the build id that serves, or that was refused last, is
 * ignored. [main thread]
 */

struct host;

/** Begins when the options ask for it; problems are logged. */
void watch_open(struct host *host);

/** The descriptor to wait for, or -1. */
int watch_fd(void);

/** Loads what has changed; in how many ms to look again, -1: when the descriptor is readable. */
int watch_run(struct host *host);

/** Ends the watch. */
void watch_close(void);
