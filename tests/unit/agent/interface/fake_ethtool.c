/* SPDX-License-Identifier: BSD-2-Clause */
/* A driver as a test wants it. See fake_ethtool.h. */
#include "fake_ethtool.h"

bool fake_ethtool_strips_tags;

bool ethtool_strips_tags(const char *name)
{
	(void)name;
	return fake_ethtool_strips_tags;
}
