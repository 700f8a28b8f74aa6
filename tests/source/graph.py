# SPDX-License-Identifier: BSD-2-Clause
"""Circles in a directed graph, which is {node: nodes that it points to}. All results are sorted."""
from collections import deque


def make_graph(nodes, pairs):
    """A graph of these nodes and pairs, without edges from a node to itself."""
    graph = {node: set() for node in nodes}
    for start, end in pairs:
        if start != end:
            graph[start].add(end)
    return graph


def reachable(graph, start):
    """The nodes that one or more steps from `start` lead to."""
    seen, waiting = set(), list(graph[start])
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting += graph[node]
    return seen


def find_circles(graph):
    """The strongly connected components of more than one node."""
    reach = {node: reachable(graph, node) for node in graph}
    found = {frozenset(other for other in reach[node] if node in reach[other])
             for node in graph if node in reach[node]}
    return sorted(sorted(circle) for circle in found)


def way_back(graph, start):
    """The nodes of a shortest way from `start` back to it, each once, or None."""
    before, waiting = {}, deque([start])
    while waiting:
        node = waiting.popleft()
        for after in sorted(graph[node]):
            if after == start:
                way = [node]
                while way[-1] != start:
                    way.append(before[way[-1]])
                return way[::-1]
            if after not in before:
                before[after] = node
                waiting.append(after)
    return None


def shortest_circle(graph, members):
    """One of the shortest ways round these nodes, which are a circle of find_circles()."""
    inside = {node: graph[node] & set(members) for node in members}
    return min((way_back(inside, node) for node in members), key=lambda way: (len(way), way))
