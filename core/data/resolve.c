/* SPDX-License-Identifier: MIT */
#include "data/resolve.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "loop/fiber.h"
#include "loop/job.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <netdb.h>
#include <string.h>

#define REMEMBER_MS 5000u
#define ADDRESSES_OF_A_HOST_MAX 4u

/* What the connection string says about where the server is. */
struct place {
    PQconninfoOption *options;
    const char *host, *hostaddr, *port; /* "" when not given */
};

static bool read_place(const char *conninfo, struct place *ret_place)
{
    *ret_place = (struct place){PQconninfoParse(conninfo, NULL), "", "", ""};
    for (PQconninfoOption *option = ret_place->options; option && option->keyword; option++) {
        if (!option->val)
            continue;
        if (strcmp(option->keyword, "host") == 0)
            ret_place->host = option->val;
        else if (strcmp(option->keyword, "hostaddr") == 0)
            ret_place->hostaddr = option->val;
        else if (strcmp(option->keyword, "port") == 0)
            ret_place->port = option->val;
    }
    return ret_place->options != NULL;
}

/* The part of a list before the next comma; `*list` moves behind it, or becomes NULL. */
static struct dais_str next_item(const char **list)
{
    struct dais_str item = dais_str(*list, strcspn(*list, ","));
    *list = (*list)[item.len] == ',' ? *list + item.len + 1 : NULL;
    return item;
}

static bool is_number(struct dais_str host)
{
    char text[INET6_ADDRSTRLEN + 1];
    struct in6_addr address;
    if (host.len >= sizeof text)
        return false;
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

/* A folder of sockets (also an abstract one), or the default of libpq. */
static bool is_path(struct dais_str host)
{
    return host.len == 0 || host.ptr[0] == '/' || host.ptr[0] == '@';
}

bool resolve_is_needed(const char *conninfo)
{
    struct place place;
    bool is_needed = false;
    if (!read_place(conninfo, &place))
        return false;
    const char *rest = place.hostaddr[0] ? NULL : place.host;
    while (rest && !is_needed) {
        struct dais_str host = next_item(&rest);
        is_needed = !is_path(host) && !is_number(host);
    }
    PQconninfoFree(place.options);
    return is_needed;
}

/* The lists as they grow. */
struct lists {
    struct strbuf hosts, numbers, ports;
    uint32_t count;
};

static void add(struct lists *lists, struct dais_str host, struct dais_str number,
                struct dais_str port)
{
    const char *comma = lists->count++ > 0 ? "," : "";
    strbuf_addf(&lists->hosts, "%s%.*s", comma, (int)host.len, host.ptr);
    strbuf_addf(&lists->numbers, "%s%.*s", comma, (int)number.len, number.ptr);
    strbuf_addf(&lists->ports, "%s%.*s", comma, (int)port.len, port.ptr);
}

static void look_up(struct lists *lists, struct dais_str host, struct dais_str port)
{
    char name[NI_MAXHOST], number[NI_MAXHOST];
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found = NULL;
    if (host.len >= sizeof name)
        return;
    memcpy(name, host.ptr, host.len);
    name[host.len] = '\0';
    if (getaddrinfo(name, NULL, &hints, &found) != 0)
        return;
    uint32_t count = 0;
    for (const struct addrinfo *one = found; one && count < ADDRESSES_OF_A_HOST_MAX;
         one = one->ai_next) {
        if (getnameinfo(one->ai_addr, one->ai_addrlen, number, sizeof number, NULL, 0,
                        NI_NUMERICHOST) != 0)
            continue;
        add(lists, host, dais_cstr(number), port);
        count++;
    }
    freeaddrinfo(found);
}

static void fill(struct lists *lists, const struct place *place)
{
    const char *hosts = place->host, *ports = place->port;
    struct dais_str port = {"", 0};
    while (hosts) {
        struct dais_str host = next_item(&hosts);
        if (ports) /* the last one is that of all further hosts */
            port = next_item(&ports);
        if (is_path(host))
            add(lists, host, dais_str("", 0), port);
        else if (is_number(host))
            add(lists, host, host, port);
        else
            look_up(lists, host, port);
    }
}

int32_t resolve_all(const char *conninfo, struct addresses *ret_addresses)
{
    struct place place;
    struct lists lists = {0};
    if (!read_place(conninfo, &place))
        return DAIS_E_INVALID;
    strbuf_init_on(&lists.hosts, ret_addresses->hosts, sizeof ret_addresses->hosts);
    strbuf_init_on(&lists.numbers, ret_addresses->numbers, sizeof ret_addresses->numbers);
    strbuf_init_on(&lists.ports, ret_addresses->ports, sizeof ret_addresses->ports);
    fill(&lists, &place);
    PQconninfoFree(place.options);
    if (strbuf_error(&lists.hosts) || strbuf_error(&lists.numbers) || strbuf_error(&lists.ports))
        return DAIS_E_LIMIT;
    return lists.count > 0 ? DAIS_OK : DAIS_E_UNAVAILABLE;
}

void resolver_init(struct resolver *resolver, const char *conninfo)
{
    *resolver = (struct resolver){.conninfo = conninfo, .is_needed = resolve_is_needed(conninfo)};
}

/* On the stack of the fiber that waits for the job. */
struct lookup {
    const char *conninfo;
    struct addresses found;
};

static int32_t look_up_all(void *arg)
{
    struct lookup *lookup = arg;
    return resolve_all(lookup->conninfo, &lookup->found);
}

static void run(void *arg)
{
    struct resolver *resolver = arg;
    struct lookup lookup = {.conninfo = resolver->conninfo};
    uint32_t job_class = 0;
    int32_t code = job_class_find(dais_cstr("database"), &job_class);
    if (code == DAIS_OK)
        code = job_run(job_class, look_up_all, &lookup);
    resolver->is_running = false;
    if (code != DAIS_OK) {
        if (!resolver->told)
            LOG_WARN("the database's host is not found", log_code(code));
        resolver->told = true;
        return;
    }
    resolver->told = false;
    resolver->found = lookup.found;
    resolver->is_found = true;
    resolver->until_ms = clock_ms() + REMEMBER_MS;
}

int32_t resolver_get(struct resolver *resolver, const struct addresses **ret_addresses)
{
    *ret_addresses = NULL;
    if (!resolver->is_needed)
        return DAIS_OK;
    if (!resolver->is_running && (!resolver->is_found || clock_ms() >= resolver->until_ms)) {
        const struct fiber_spec spec = {.name = "database resolve", .fn = run, .arg = resolver};
        resolver->is_running = fiber_spawn(&spec, NULL) == DAIS_OK;
    }
    if (!resolver->is_found)
        return DAIS_E_UNAVAILABLE;
    *ret_addresses = &resolver->found;
    return DAIS_OK;
}
