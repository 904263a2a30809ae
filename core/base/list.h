/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Intrusive doubly linked list. The node is a member of what is listed; a list owns nothing.
 *
 *     struct list waiting;                  list_init(&waiting);
 *     struct list_node node;                list_push(&waiting, &item->node);
 *     LIST_EACH(node, &waiting) { … LIST_ITEM(node, struct item, node) … }
 *
 * A node that is in no list has `next == NULL` (list_node_init, or zeroed memory).
 */
#include "base/check.h"

#include <stdbool.h>

struct list_node {
    struct list_node *next, *prev;
};

/** The ring's head: `head.next` is the first node, `head.prev` the last. */
struct list {
    struct list_node head;
};

static inline void list_init(struct list *list)
{
    list->head.next = list->head.prev = &list->head;
}

static inline bool list_is_empty(const struct list *list)
{
    return list->head.next == &list->head;
}

static inline void list_node_init(struct list_node *node)
{
    node->next = node->prev = NULL;
}

/** Whether the node is in a list. */
static inline bool list_is_linked(const struct list_node *node)
{
    return node->next != NULL;
}

/** Appends; the node must be in no list. */
static inline void list_push(struct list *list, struct list_node *node)
{
    CHECK(!list_is_linked(node));
    node->prev = list->head.prev;
    node->next = &list->head;
    list->head.prev->next = node;
    list->head.prev = node;
}

/** Puts in front; the node must be in no list. */
static inline void list_push_front(struct list *list, struct list_node *node)
{
    CHECK(!list_is_linked(node));
    node->next = list->head.next;
    node->prev = &list->head;
    list->head.next->prev = node;
    list->head.next = node;
}

/** Takes the node out of its list; a node in no list is left alone. */
static inline void list_remove(struct list_node *node)
{
    if (!list_is_linked(node))
        return;
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_node_init(node);
}

/** The first node without taking it, or NULL. */
static inline struct list_node *list_first(const struct list *list)
{
    return list_is_empty(list) ? NULL : list->head.next;
}

/** Takes the first node out and returns it, or NULL. */
static inline struct list_node *list_pop(struct list *list)
{
    struct list_node *node = list_first(list);
    if (node)
        list_remove(node);
    return node;
}

/** Moves all nodes of `from` behind those of `to`; `from` is empty then. */
static inline void list_append(struct list *to, struct list *from)
{
    if (list_is_empty(from))
        return;
    from->head.next->prev = to->head.prev;
    to->head.prev->next = from->head.next;
    from->head.prev->next = &to->head;
    to->head.prev = from->head.prev;
    list_init(from);
}

/** The item that holds `node` as `member`. */
#define LIST_ITEM(node, type, member) CONTAINER_OF(node, type, member)

/** Visits each node; the node visited may be removed or freed by the body, others not. */
#define LIST_EACH(node, list)                                                                      \
    for (struct list_node *node = (list)->head.next, *node##_next = node->next;                    \
         node != &(list)->head; node = node##_next, node##_next = node->next)
