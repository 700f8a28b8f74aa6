/* SPDX-License-Identifier: BSD-2-Clause */
/* Carries out what the roaming machine decided. `arg` is the struct agent. Called by the machine alone. */
#ifndef TMIP_AGENT_ACTIONS_H
#define TMIP_AGENT_ACTIONS_H

#include "core/roam/roam.h"

void actions_perform(const struct roam_action *action, void *arg);

#endif
