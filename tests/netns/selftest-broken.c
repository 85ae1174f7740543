/* SPDX-License-Identifier: MIT
 *
 * zonectl with a fault: what selftest must find. $BREAK_RULES is a command that is run behind the
 * commit of the ruleset, in its name space; $BREAK_IMAGE is what becomes of the compiled policies:
 * "less" (no function of the first Modbus rule is left) or "more" (it has all).
 */
#include <stdlib.h>
#include <string.h>

#include "compile/policy_build.h"
#include "nft/nft.h"
#include "proto/modbus/policy.h"

int __real_nft_commit(struct mnl_socket *nl, const struct model *m, const struct nft_opts *o,
		      struct errs *errs);
int __wrap_nft_commit(struct mnl_socket *nl, const struct model *m, const struct nft_opts *o,
		      struct errs *errs);
struct pol_image *__real_policy_build(const struct model *m, uint32_t generation, int *err);
struct pol_image *__wrap_policy_build(const struct model *m, uint32_t generation, int *err);

int __wrap_nft_commit(struct mnl_socket *nl, const struct model *m, const struct nft_opts *o,
		      struct errs *errs)
{
	const char *command = getenv("BREAK_RULES");
	int err = __real_nft_commit(nl, m, o, errs);
	if (!err && command && system(command) != 0)
		abort(); /* the test's own fault */
	return err;
}

struct pol_image *__wrap_policy_build(const struct model *m, uint32_t generation, int *err)
{
	const char *how = getenv("BREAK_IMAGE");
	struct pol_image *img = __real_policy_build(m, generation, err);
	if (!img || !how || !img->n_rules[PROTO_MODBUS])
		return img;
	struct pol_mb_rule *r =
		(struct pol_mb_rule *)(void *)((char *)img + img->rules_off[PROTO_MODBUS]);
	memset(r->functions, strcmp(how, "more") == 0 ? 0xff : 0, sizeof(r->functions));
	return img;
}
