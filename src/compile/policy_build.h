/* SPDX-License-Identifier: MIT
 * Model -> policy image. Pure. */
#ifndef ZONED_COMPILE_POLICY_BUILD_H
#define ZONED_COMPILE_POLICY_BUILD_H

#include "model/model.h"
#include "policy/policy.h"

/* malloc'ed image, the caller frees; NULL and -errno in *err when memory is
 * out or the plant exceeds an index. Flow ids number the model's inspected
 * flows in order of conduit, then leg, then flow. Zone ids are the model's indices. */
struct pol_image *policy_build(const struct model *m, uint32_t generation, int *err);

#endif
