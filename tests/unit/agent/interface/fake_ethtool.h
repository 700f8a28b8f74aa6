/* SPDX-License-Identifier: BSD-2-Clause */
/* Takes the place of io/kernel/ethtool.h: a test says what the driver does. */
#ifndef TMIP_TESTS_AGENT_FAKE_ETHTOOL_H
#define TMIP_TESTS_AGENT_FAKE_ETHTOOL_H

#include "io/kernel/ethtool.h"

extern bool fake_ethtool_strips_tags;

#endif
