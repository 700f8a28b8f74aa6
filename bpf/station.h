/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the maps say about a station: find_station reads its slot with one cache miss, or else
 * tmip_station. update_heard notes that the station was heard, and shut_slots closes its slot after
 * a program has changed its entry. include/tmip/maps.h says how slots are kept. All programs use
 * this.
 */
#ifndef TMIP_BPF_STATION_H
#define TMIP_BPF_STATION_H

#include "frame.h"

/*
 * state is 0 for a station that is not known. The other fields are those of struct tmip_station; a
 * field that has no meaning in the station's state may be zero.
 */
struct station {
	struct tmip_mac mac;
	__u8 state, flags;
	__u32 ifindex, home_ifindex;
	__be32 parent, current;
	__be32 ipv4;
	__u16 heard; /* the lower half, see tmip_heard_half */
};

/*
 * Copies the slot, if it is the station's. Returns 1 if so, 0 if it is not the station's, and a
 * negative value if it is but the programs must ask tmip_station.
 */
static __always_inline int read_slot(const struct tmip_slot *slot, __be32 ipv4,
				     struct tmip_slot *copy)
{
	const volatile __u64 *from = (const volatile __u64 *)slot;
	__u64 *to = (__u64 *)copy;

	to[0] = from[0];
	if (*(__be32 *)copy->v4 != ipv4)
		return 0;
	to[1] = from[1];
	to[2] = from[2];
	to[3] = from[3];
	return copy->state && copy->turn_mac == copy->turn && copy->turn_home == copy->turn &&
	       copy->turn_here == copy->turn ? 1 : -1;
}

static __always_inline void copy_slot(struct station *s, const struct tmip_slot *slot)
{
	s->mac = slot->mac;
	s->state = slot->state;
	s->flags = slot->flags;
	s->heard = slot->heard;
	if (tmip_is_ours(slot->state))
		s->home_ifindex = slot->home;
	else
		s->parent = slot->home;
	if (tmip_is_here(slot->state))
		s->ifindex = slot->here;
	else
		s->current = slot->here;
}

/* Returns 1 if the slots say all that there is to know about the station. Else ask tmip_station. */
static __always_inline int lookup_slots(struct station *s, __u32 slots)
{
	__u32 index = TMIP_SLOT_INDEX(bpf_ntohl(s->ipv4), slots), next = TMIP_SLOT_OTHER(index);
	const struct tmip_slot *first = bpf_map_lookup_elem(&tmip_slot, &index);
	const struct tmip_slot *second = bpf_map_lookup_elem(&tmip_slot, &next);
	struct tmip_slot copy;
	int found, others;

	if (!slots || !first || !second)
		return 0;
	found = read_slot(first, s->ipv4, &copy);
	others = copy.others;
	if (!found)
		found = read_slot(second, s->ipv4, &copy);
	if (found > 0)
		copy_slot(s, &copy);
	return found ? found > 0 : !others;
}

static __always_inline void lookup_map(struct station *s)
{
	struct tmip_addr addr = addr_of(s->ipv4);
	const struct tmip_station *entry = bpf_map_lookup_elem(&tmip_station, &addr);

	if (!entry)
		return;
	s->mac = entry->mac;
	s->state = entry->state;
	s->flags = entry->flags;
	s->ifindex = entry->ifindex;
	s->home_ifindex = entry->home_ifindex;
	s->parent = ipv4_of(&entry->parent);
	s->current = ipv4_of(&entry->current);
	s->heard = tmip_heard_half(entry->heard);
}

static __noinline void lookup_station(struct station *s, __be32 ipv4, __u32 slots)
{
	__builtin_memset(s, 0, sizeof(*s));
	s->ipv4 = ipv4;
	if (!lookup_slots(s, slots))
		lookup_map(s);
}

static __always_inline void find_station(const struct frame *f, __be32 ipv4, struct station *s)
{
	lookup_station(s, ipv4, f->config->slots);
}

static __always_inline void shut_slot(__u32 index, __be32 ipv4)
{
	struct tmip_slot *slot = bpf_map_lookup_elem(&tmip_slot, &index);

	if (!slot || *(const __be32 *)slot->v4 != ipv4)
		return;
	/* If the agent is filling the slot right now, it sees the new turn. */
	__sync_fetch_and_add((__u64 *)slot, TMIP_SLOT_TURN);
	*(volatile __u8 *)&slot->state = 0;
}

/*
 * Shuts the station's slot after a program has changed the entry in tmip_station. Until the agent
 * fills the slot again, look-ups ask tmip_station. A program calls this after the change, and not
 * before: so it also shuts a slot that the agent has meanwhile filled from the older entry.
 */
static __always_inline void shut_slots(__be32 ipv4, __u32 slots)
{
	__u32 index = TMIP_SLOT_INDEX(bpf_ntohl(ipv4), slots);

	if (!slots)
		return;
	shut_slot(index, ipv4);
	shut_slot(TMIP_SLOT_OTHER(index), ipv4);
}

static __always_inline __u32 heard_now(void)
{
	return bpf_ktime_get_coarse_ns() >> TMIP_HEARD_SHIFT;
}

/*
 * The agent may give the slot to another station at this moment. Then that station counts as heard,
 * which does no harm.
 */
static __always_inline int mark_slot(__u32 index, __be32 ipv4, __u16 half)
{
	struct tmip_slot *slot = bpf_map_lookup_elem(&tmip_slot, &index);

	if (!slot || *(const __be32 *)slot->v4 != ipv4)
		return 0;
	*(volatile __u16 *)&slot->heard = half;
	return 1;
}

static __noinline int write_heard(__be32 ipv4, __u32 slots, __u32 now)
{
	__u32 index = TMIP_SLOT_INDEX(bpf_ntohl(ipv4), slots);
	struct tmip_addr addr = addr_of(ipv4);
	struct tmip_station *entry;

	if (slots && (mark_slot(index, ipv4, tmip_heard_half(now)) ||
		      mark_slot(TMIP_SLOT_OTHER(index), ipv4, tmip_heard_half(now))))
		return 0;
	entry = bpf_map_lookup_elem(&tmip_station, &addr);
	if (entry)
		entry->heard = now;
	return 0;
}

/*
 * The station itself has sent a frame in its cell. The time is written at most once in a unit
 * (TMIP_HEARD_SHIFT), so that the cache line stays clean most of the time. While the station's
 * packets are held, the time of its return stays, because is_held needs it.
 */
static __always_inline void update_heard(const struct frame *f, const struct station *s)
{
	__u32 now = heard_now();

	if (s->heard != tmip_heard_half(now) && !(s->heard && s->flags & TMIP_STATION_F_HELD))
		write_heard(s->ipv4, f->config->slots, now);
}

#endif
