/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The one list of verdict reasons. Every frame that a TMip program handles ends with one of them,
 * and the map tmip_stat counts it under the reason's number. The enum comes from this list, and so
 * do the names that `tmip-agent why`, `status` and the metrics print. A number is never reused; new
 * reasons go to the end.
 *
 *   X(number, NAME, verdict, text)
 *   verdict: PASS (to the kernel), SEND (redirected), TAKE (given to the agent), DROP
 */
#ifndef TMIP_REASON_H
#define TMIP_REASON_H

#define TMIP_REASONS(X)                                                                            \
	X(0, NOT_OURS, PASS, "not TMip's business: left to the kernel")                            \
	X(1, HOME, PASS, "from a station at home: routed by the kernel")                           \
	X(2, UNREGISTERED_HOME, PASS, "from an address of this cell that no one registered yet")   \
	X(3, GROUP, PASS, "broadcast or multicast: stays in its cell")                             \
	X(4, ENCAP_PARENT, SEND, "into the tunnel to the parent CN")                               \
	X(5, ENCAP_VISITED, SEND, "into the tunnel to the visited CN")                             \
	X(6, RELAY, SEND, "out of one tunnel into another")                                        \
	X(7, DECAP_STATION, SEND, "out of the tunnel to a station in a cell")                      \
	X(8, DECAP_KERNEL, SEND, "out of the tunnel to the kernel, as if it came from the cell")   \
	X(9, NEXT_DOOR, SEND, "between two stations in cells of this CN")                          \
	X(10, ARP_ANSWERED, SEND, "ARP request answered for what is not on this link")             \
	X(11, ARP_ABSENT, SEND, "ARP request of this host answered for an absent station")         \
	X(12, ICMP_TOO_BIG, SEND, "too big for the tunnel: ICMP fragmentation needed returned")    \
	X(13, DHCP_TAKEN, TAKE, "DHCP message given to the agent")                                 \
	X(14, DHCP_RING_FULL, DROP, "DHCP message lost: the agent does not keep up or is away")    \
	X(15, DHCP_RATE, DROP, "DHCP message over the rate limit of its MAC")                      \
	X(16, MALFORMED, DROP, "header is cut short or contradicts itself")                        \
	X(17, FOREIGN_SOURCE, DROP, "source address belongs to no cell of the network")            \
	X(18, UNREGISTERED, DROP, "source address belongs to another cell and is not registered")  \
	X(19, WRONG_MAC, DROP, "source address is registered with another MAC")                    \
	X(20, BLOCKED, DROP, "station is blocked: the register refused it")                        \
	X(21, UNKNOWN_PEER, PASS, "tunnel packet from no CN of this network: left to the kernel")  \
	X(22, TUNNEL_SOURCE, DROP, "tunnel packet whose inner source that CN must not send for")   \
	X(23, NOT_HERE, DROP, "tunnel packet for a station that is not here and not known")        \
	X(24, HOPS, DROP, "hop limit of the tunnel packet used up: the CNs disagree")              \
	X(25, NO_ROUTE, DROP, "no route to the other end of the tunnel")                           \
	X(26, TOO_BIG, DROP, "too big for the tunnel and no ICMP error may be sent")               \
	X(27, HEADROOM, DROP, "the kernel refused to change the packet's headers")                 \
	X(28, NO_CELL, DROP, "interface is not a cell of this CN any more")                        \
	X(29, PROBE, SEND, "tunnel probe answered")                                                \
	X(30, PROBE_REPLY, PASS, "answer to a tunnel probe: left to the raw socket that asked")    \
	X(31, CONGESTION, DROP,                                                                    \
	  "congestion met in the tunnel, and the packet inside cannot carry the mark (RFC 6040)")  \
	X(32, BUFFERED, TAKE, "held by the agent for a station that has left its cell")            \
	X(33, REPLAYED, SEND, "held before, and now on its way to the station")                    \
	X(34, ENCAP_DIRECT, SEND, "into the tunnel straight to the CN where the other station is") \
	X(35, FORWARDED, SEND, "forwarded by the kernel's tables, past its netfilter")             \
	X(36, OUTER_FRAGMENT, PASS,                                                                \
	  "fragment of a tunnel packet: a CN sends none, so it is left to the kernel")             \
	X(37, GROUP_HOME, SEND,                                                                    \
	  "broadcast or multicast of a station elsewhere: to its home subnet")                     \
	X(38, GROUP_RATE, DROP,                                                                    \
	  "broadcast or multicast of or for stations elsewhere, over its rate limit")              \
	X(39, GROUP_COPIED, PASS,                                                                  \
	  "broadcast or multicast: in its cell, and a copy for stations of it that are elsewhere") \
	X(40, GROUP_NOT_COPIED, PASS,                                                              \
	  "broadcast or multicast: in its cell, not copied: over the rate limit, or no agent")     \
	X(41, GROUP_ABROAD, SEND,                                                                  \
	  "broadcast or multicast of a home subnet: into the tunnel to a CN with guests of it")    \
	X(42, GROUP_TAKEN, TAKE,                                                                   \
	  "broadcast or multicast of guests' home subnet: the agent sends it to each of them")     \
	X(43, GROUP_NO_GUEST, DROP,                                                                \
	  "broadcast or multicast of another subnet: no guest of its CN is here, or no agent")     \
	X(44, ICMP_CELL, SEND, "too big for the cell: ICMP fragmentation needed returned")         \
	X(45, CELL_TOO_BIG, DROP, "too big for the cell and no ICMP error may be sent")            \
	X(46, TO_FRAGMENT, TAKE, "too big but may be fragmented: given to the agent for that")     \
	X(47, FROM_AGENT, SEND,                                                                    \
	  "fragment or ICMP error that the agent made of a packet that was too big: on its way")   \
	X(48, FOREIGN_TUNNEL, PASS,                                                                \
	  "tunnel packet between addresses that belong to no cell: left to the kernel")            \
	X(49, LINK_LOCAL, DROP,                                                                    \
	  "link-local address (169.254/16), which no router may forward (RFC 3927)")               \
	X(50, CELL_DOWN, DROP, "for a cell whose interface is down or gone")                       \
	X(51, PROBE_NOTED, TAKE, "tunnel probe about a station: noted, and not answered")          \
	X(52, OTHER_MAC, TAKE,                                                                     \
	  "ARP by another MAC of a host than the one in use: noted, and kept from the kernel")

enum tmip_reason {
#define X(number, name, verdict, text) TMIP_REASON_##name = number,
	TMIP_REASONS(X)
#undef X
	TMIP_REASON_COUNT
};

/* What a reason means for the frame. */
enum tmip_verdict {
	TMIP_VERDICT_PASS,
	TMIP_VERDICT_SEND,
	TMIP_VERDICT_TAKE,
	TMIP_VERDICT_DROP,
};

#endif
