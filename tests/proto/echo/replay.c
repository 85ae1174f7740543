/* SPDX-License-Identifier: MIT
 * The facts of an echo message are all there is. */
#include "zonectl/replay.h"

const struct replay_ops replay_echo = { .each = NULL };
