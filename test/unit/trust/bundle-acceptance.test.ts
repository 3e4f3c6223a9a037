/** Which bundle a lock takes (PROTOCOL 10.1): every way to be wrong that a holder, a thief or a mistake has (T5). */

import { bytesEqual } from "../../../modules/base/bytes.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { encodeUtf8 } from "../../../modules/base/utf8.ts";
import { decodeSign, encodeSign } from "../../../modules/cose/sign.ts";
import type { Crypto } from "../../../modules/platform/crypto.ts";
import { decodeBundle, type TrustBundle } from "../../../modules/trust/bundle.ts";
import { type Admission, type BundleReason, judgeBundle } from "../../../modules/trust/bundle-acceptance.ts";
import { check, type Suite } from "../../harness/test.ts";
import {
	type Holder,
	holder,
	makeRootFor,
	publicKeys,
	SIGNED_UNIX_SECONDS,
	signBundle,
	trustBundle,
} from "../../sim/bundles.ts";

const DAY = 86400;

/** Five bundles, each a day after the one before; the keys of bundle signing are others from end to end. */
function chain(): readonly { readonly bundle: TrustBundle; readonly holders: readonly Holder[] }[] {
	const [a, b, c, d, e, f] = [1, 2, 3, 4, 5, 6].map(holder) as [
		Holder,
		Holder,
		Holder,
		Holder,
		Holder,
		Holder,
	];
	const steps: readonly (readonly [
		threshold: number,
		keys: readonly Holder[],
		signers: readonly Holder[],
	])[] = [
		[2, [a, b, c], [a, b]],
		[2, [b, c, d], [b, c]],
		[2, [c, d, e], [c, d]],
		[3, [d, e, f], [d, e, f]],
		[1, [f], [d, e, f]],
	];
	return steps.map(([threshold, keys, holders], index) => ({
		bundle: trustBundle({
			version: index + 1,
			signedUnixSeconds: SIGNED_UNIX_SECONDS + index * DAY,
			// Links in between are long past their end when the last one is signed.
			expiresUnixSeconds: SIGNED_UNIX_SECONDS + index * DAY + (index === 4 ? 365 * DAY : 3600),
			bundleRole: { threshold, keys: publicKeys(...keys) },
			relayRoots: [{ der: makeRootFor(20 + index) }],
		}),
		holders,
	}));
}

/** Version 2 that is right but for `parts`, signed by `signers`, after version 1. */
function second(
	crypto: Crypto,
	parts: Partial<TrustBundle> = {},
	signers: readonly Holder[] = [holder(1), holder(2)],
): ReturnType<typeof verdict> {
	const message = signBundle(crypto, trustBundle({ version: 2, ...parts }), signers);
	return verdict(crypto, trustBundle(), message);
}

function verdict(
	crypto: Crypto,
	current: TrustBundle | undefined,
	message: Uint8Array,
	admission: Admission = "next",
): BundleReason | "accepted" | "no change" {
	const judged = judgeBundle(crypto, current, message, admission);
	if (!judged.ok) return judged.reason;
	return judged.value.isNew ? "accepted" : "no change";
}

export default function suite(t: Suite): void {
	t.test("a chain from version 1 to 5 leads to keys of which none was there at first (T5)", ({ crypto }) => {
		const links = chain();
		let current = links[0]!.bundle;
		for (const { bundle, holders } of links.slice(1)) {
			const message = signBundle(crypto, bundle, holders);
			current = check.accepted(judgeBundle(crypto, current, message, "next")).bundle;
			check.deepEqual(current, bundle);
		}
		const [first, last] = [links[0]!.bundle.bundleRole.keys, current.bundleRole.keys];
		check.ok(last.every((key) => !first.includes(key)));
	});

	t.test("no link of a chain can be left out, and none comes back (T5, I3)", ({ crypto }) => {
		const links = chain();
		for (let at = 0; at < links.length; at++) {
			for (let offered = 0; offered < links.length; offered++) {
				const { bundle, holders } = links[offered]!;
				const said = verdict(crypto, links[at]!.bundle, signBundle(crypto, bundle, holders));
				const expected = offered === at ? "no change" : offered === at + 1 ? "accepted" : "version";
				check.equal(said, expected, `version ${offered + 1} after ${at + 1}`);
			}
		}
	});

	t.test("version + 2 is refused however well it is signed (T5)", ({ crypto }) => {
		const all = [1, 2, 3].map(holder);
		check.equal(
			verdict(crypto, trustBundle(), signBundle(crypto, trustBundle({ version: 3 }), all)),
			"version",
		);
		check.equal(second(crypto, {}, all), "accepted");
	});

	t.test(
		"the present version with another content is a conflict, with the same one no change (T5)",
		({ crypto }) => {
			const current = trustBundle({ version: 2 });
			const other = trustBundle({ version: 2, relayRoots: [{ der: makeRootFor(9) }] });
			check.equal(verdict(crypto, current, signBundle(crypto, other)), "conflict");
			check.equal(verdict(crypto, current, signBundle(crypto, current)), "no change");
			// It is compared before it is decoded (T16), so no rule that a later image has is asked of it either.
			const flawed = trustBundle({ version: 2, relays: [] });
			check.equal(verdict(crypto, flawed, signBundle(crypto, flawed)), "no change");
			check.equal(verdict(crypto, current, signBundle(crypto, flawed)), "flawed");
			// Nothing is asked of signatures that change nothing.
			check.equal(verdict(crypto, current, signBundle(crypto, current, [holder(40)])), "no change");
		},
	);

	t.test("the new bundle's own threshold must be met (T5)", ({ crypto }) => {
		const rotated = { bundleRole: { threshold: 2, keys: publicKeys(holder(1), holder(4), holder(5)) } };
		check.equal(second(crypto, rotated, [1, 2].map(holder)), "threshold");
		check.equal(second(crypto, rotated, [1, 2, 4].map(holder)), "accepted");
		check.equal(
			second(crypto, { bundleRole: { threshold: 3, keys: publicKeys(...[1, 2, 3].map(holder)) } }),
			"threshold",
		);
	});

	t.test(
		"the present bundle's threshold must be met: a thief of fewer keys rotates nothing (T5)",
		({ crypto }) => {
			const stolen = { bundleRole: { threshold: 1, keys: publicKeys(holder(7)) } };
			check.equal(second(crypto, stolen, [holder(7)]), "old-threshold");
			check.equal(second(crypto, stolen, [holder(7), holder(1)]), "old-threshold");
			check.equal(second(crypto, stolen, [holder(7), holder(1), holder(3)]), "accepted");
			check.equal(second(crypto, {}, [holder(1)]), "threshold");
		},
	);

	t.test("one key that signs twice is one signer (T5)", ({ crypto }) => {
		check.equal(second(crypto, {}, [holder(1), holder(1)]), "duplicate");
		check.equal(second(crypto, {}, [holder(1), holder(2), holder(2)]), "duplicate");
	});

	t.test("keys of other roles, and unknown ones, sign no bundle (T5)", ({ crypto }) => {
		for (const number of [11, 12, 13, 99]) {
			check.equal(second(crypto, {}, [holder(1), holder(2), holder(number)]), "unknown-key", `${number}`);
		}
	});

	t.test("a bad signature beside enough good ones refuses the bundle (T5)", ({ crypto }) => {
		const message = signBundle(crypto, trustBundle({ version: 2 }), [1, 2, 3].map(holder));
		check.equal(verdict(crypto, trustBundle(), message), "accepted");
		const { payload, signatures } = check.accepted(decodeSign(message));
		signatures[2]!.signature[63]! ^= 1;
		check.equal(verdict(crypto, trustBundle(), encodeSign({ payload, signatures })), "signature");
	});

	t.test("what was signed as another kind is no bundle (T5, external_aad)", ({ crypto }) => {
		const signers = [holder(1), holder(2)];
		for (const kind of ["latchkey update", "latchkey time", "latchkey trust ", ""]) {
			const message = signBundle(crypto, trustBundle({ version: 2 }), signers, encodeUtf8(kind));
			check.equal(verdict(crypto, trustBundle(), message), "signature", kind);
		}
	});

	t.test(
		"a bundle signed before the present one is refused, one signed in the same second is not (T5, I3)",
		({ crypto }) => {
			check.equal(second(crypto, { signedUnixSeconds: SIGNED_UNIX_SECONDS - 1 }), "signed-earlier");
			check.equal(second(crypto, { signedUnixSeconds: SIGNED_UNIX_SECONDS }), "accepted");
		},
	);

	t.test("neither an expired present bundle nor an expired new one stands in the way (T5)", ({ crypto }) => {
		const current = trustBundle({ expiresUnixSeconds: SIGNED_UNIX_SECONDS + 1 });
		const later = SIGNED_UNIX_SECONDS + 90 * DAY;
		const next = trustBundle({ version: 2, signedUnixSeconds: later, expiresUnixSeconds: later + 1 });
		check.equal(verdict(crypto, current, signBundle(crypto, next)), "accepted");
	});

	t.test("a bundle that breaks a rule of its own is refused before any signature counts", ({ crypto }) => {
		check.equal(second(crypto, { relays: [] }), "flawed");
		check.equal(second(crypto, { timeKeys: publicKeys(holder(1)) }), "flawed");
	});

	t.test(
		"before the seal any bundle goes that its own threshold signed; after it only the next one (T5)",
		({ crypto }) => {
			const any = signBundle(crypto, trustBundle({ version: 40 }));
			check.equal(verdict(crypto, undefined, any, "any"), "accepted");
			check.equal(verdict(crypto, trustBundle(), any, "any"), "accepted");
			check.equal(verdict(crypto, trustBundle({ version: 41 }), any, "any"), "accepted");
			check.equal(verdict(crypto, undefined, any), "no-trust");
			check.equal(verdict(crypto, trustBundle(), any), "version");
			const short = signBundle(crypto, trustBundle({ version: 40 }), [holder(1)]);
			check.equal(verdict(crypto, undefined, short, "any"), "threshold");
			const foreign = signBundle(crypto, trustBundle({ version: 40 }), [holder(8), holder(9)]);
			check.equal(verdict(crypto, undefined, foreign, "any"), "unknown-key");
		},
	);

	t.test("no bytes are accepted by accident, and none throw (T15, I9)", ({ crypto, random }) => {
		const good = signBundle(crypto, trustBundle({ version: 2 }));
		let accepted = 0;
		for (let round = 0; round < 200; round++) {
			const bytes = random.mutate(good);
			if (!bytesEqual(bytes, good) && verdict(crypto, trustBundle(), bytes) === "accepted") accepted++;
		}
		check.equal(accepted, 0);
		check.equal(verdict(crypto, trustBundle(), new Uint8Array(LIMITS.bundleBytes + 1)), "malformed");
		check.refused(decodeBundle(good), "form");
	});
}
