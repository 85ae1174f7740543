/* SPDX-License-Identifier: MIT
 *
 * The filter expressions of a model's taps. The model keeps them as texts, since only libpcap knows
 * what is an expression, and who has a model and libpcap asks here.
 */
#ifndef ZONED_RECORDING_TAP_FILTERS_H
#define ZONED_RECORDING_TAP_FILTERS_H

#include "base/errs.h"
#include "model/model.h"

/* False: errs has an error for each that is none, at its place in the model. */
bool tap_filters_check(const struct model *m, struct errs *errs);

#endif
