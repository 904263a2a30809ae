/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The routes and events of a plugin that does not even load: they were noted in
 * <data>/run/plugins/<id>.routes and .events when it last ran, so that they answer 503 with the
 * reason instead of 404.
 */

struct host;
struct plugin;

/** Notes routes and events of every started plugin, where they changed. [main thread, blocks] */
void plugin_routes_save(const struct host *host);

/**
 * Adds to the table that is being filled (host->tables) what was noted of the plugins that are left
 * out and registered nothing; `except` (or NULL) is about to come back. [main thread]
 */
void plugin_routes_restore(struct host *host, const struct plugin *except);
