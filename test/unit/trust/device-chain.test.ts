/** Which certificates a lock takes from a relay (PROTOCOL 8.1): a refusal for each field, each beside a legal twin. */
import { LIMITS } from "../../../modules/base/limits.ts";
import type { Crypto } from "../../../modules/platform/crypto.ts";
import type { TlsTime } from "../../../modules/platform/tls.ts";
import { verifyDeviceChain } from "../../../modules/trust/device-chain.ts";
import { OID } from "../../../modules/trust/object-identifiers.ts";
import { check, type Suite } from "../../harness/test.ts";
import { authorityConstraints, SimAuthority } from "../../sim/device-authority.ts";
import { p256PublicKey } from "../../sim/p256.ts";
import {
	type CertificateParts,
	extension,
	generalizedTime,
	keyUsage,
	leafConstraints,
	printable,
	purposes,
	SERVER_AUTH,
	utcTime,
} from "./certificates.ts";

const SERIAL = "LK-CHAIN-1";
const ECDSA_WITH_SHA384 = "2a8648ce3d040303";
const NOW: TlsTime = Object.freeze({ unixMs: Date.UTC(2026, 5, 1), kind: "estimate" });

interface World {
	readonly crypto: Crypto;
	readonly root: SimAuthority;
	readonly issuer: SimAuthority;
	readonly key: Uint8Array;
	readonly judge: (chain: readonly Uint8Array[], options?: JudgeOptions) => string;
	/** Of a leaf that the issuer made: the verdict. */
	readonly leaf: (parts: CertificateParts) => string;
}

interface JudgeOptions {
	readonly roots?: readonly Uint8Array[];
	readonly time?: TlsTime;
	readonly serial?: string;
	readonly key?: Uint8Array;
}

function world(crypto: Crypto): World {
	const root = SimAuthority.root(crypto, 1);
	const issuer = root.intermediate(2);
	const key = p256PublicKey(new Uint8Array(32).fill(9));
	const judge = (chain: readonly Uint8Array[], options: JudgeOptions = {}): string => {
		const verdict = verifyDeviceChain(crypto, chain, {
			serial: options.serial ?? SERIAL,
			keyP256: options.key ?? key,
			roots: options.roots ?? [root.certificate],
			time: options.time ?? NOW,
		});
		return verdict.ok ? "accepted" : verdict.reason;
	};
	const leaf = (parts: CertificateParts): string =>
		judge([issuer.device(SERIAL, key, parts), issuer.certificate]);
	return { crypto, root, issuer, key, judge, leaf };
}

/** Extensions of a leaf, one of them in another's place. */
function leafExtensions(at: number, ...instead: readonly Uint8Array[]): CertificateParts {
	const usual = [leafConstraints(), keyUsage(0x80), purposes(OID.clientAuth)];
	return { extensions: [...usual.slice(0, at), ...instead, ...usual.slice(at + 1)] };
}

export default function suite(t: Suite): void {
	t.test("a chain of leaf and intermediate, or of the leaf alone, leads to a device root", ({ crypto }) => {
		const { root, issuer, key, judge } = world(crypto);
		check.equal(judge([issuer.device(SERIAL, key), issuer.certificate]), "accepted");
		check.equal(judge([root.device(SERIAL, key)]), "accepted");
		check.equal(
			judge([issuer.device(SERIAL, key), issuer.certificate, root.certificate]),
			"accepted",
			"root too",
		);
		const other = SimAuthority.root(crypto, 5, "another root");
		const roots = [other.certificate, root.certificate];
		check.equal(
			judge([issuer.device(SERIAL, key), issuer.certificate], { roots }),
			"accepted",
			"the second root",
		);
	});

	t.test(
		"a certificate of a foreign issuer is refused, also one that has the right name (T4, T6)",
		({ crypto }) => {
			const { root, issuer, key, judge } = world(crypto);
			const foreign = SimAuthority.root(crypto, 5, "another root");
			const namesake = SimAuthority.root(crypto, 5, "root");
			const chainOf = (authority: SimAuthority) => {
				const between = authority.intermediate(6);
				return [between.device(SERIAL, key), between.certificate];
			};
			check.equal(judge(chainOf(foreign)), "issuer");
			check.equal(judge(chainOf(foreign), { roots: [foreign.certificate] }), "accepted");
			check.equal(judge(chainOf(namesake)), "signature");
			check.equal(judge([...chainOf(foreign), foreign.certificate]), "issuer", "it brings its own root");
			check.equal(judge([foreign.certificate]), "subject");
			check.equal(judge([issuer.device(SERIAL, key), issuer.certificate], { roots: [] }), "issuer");
			check.equal(judge([issuer.device(SERIAL, key), root.certificate]), "issuer", "a link is missing");
			check.equal(judge([issuer.device(SERIAL, key)]), "issuer");
		},
	);

	t.test("a leaf of a foreign key or serial is refused (T6)", ({ crypto }) => {
		const { issuer, key, judge, leaf } = world(crypto);
		const chain = [issuer.device(SERIAL, key), issuer.certificate];
		check.equal(judge(chain, { serial: "LK-CHAIN-2" }), "subject");
		check.equal(judge(chain, { key: p256PublicKey(new Uint8Array(32).fill(8)) }), "key");
		check.equal(judge([issuer.device("LK-CHAIN-2", key), issuer.certificate]), "subject");
		check.equal(leaf({ subject: [[OID.serialNumber, printable(SERIAL)]] }), "subject");
		const both = [
			[OID.commonName, printable(SERIAL)],
			[OID.serialNumber, printable(SERIAL)],
		] as const;
		check.equal(leaf({ subject: both }), "subject", "another spelling of the same");
	});

	t.test("a leaf of another purpose, usage or rank is refused (T6)", ({ crypto }) => {
		const { leaf } = world(crypto);
		check.equal(leaf({}), "accepted");
		check.equal(leaf(leafExtensions(0, authorityConstraints())), "leaf-is-ca");
		check.equal(leaf(leafExtensions(0)), "accepted", "no constraints: no authority (RFC 5280 4.2.1.9)");
		check.equal(leaf(leafExtensions(2, purposes(SERVER_AUTH))), "purpose");
		check.equal(leaf(leafExtensions(2, purposes(OID.clientAuth, SERVER_AUTH))), "purpose");
		check.equal(leaf(leafExtensions(2)), "purpose");
		check.equal(leaf(leafExtensions(1, keyUsage(0x40))), "key-usage");
		check.equal(leaf(leafExtensions(1, keyUsage(0x84))), "key-usage");
		check.equal(leaf(leafExtensions(1)), "key-usage");
	});

	t.test("dates are judged by the estimate, and at the floor the end alone (T13)", ({ crypto }) => {
		const { issuer, key, judge } = world(crypto);
		const chain = [issuer.device(SERIAL, key), issuer.certificate];
		const at = (unixMs: number, kind: TlsTime["kind"]) => judge(chain, { time: { unixMs, kind } });
		const [first, last] = [Date.UTC(2026, 0, 1), Date.UTC(2027, 0, 1)];
		check.equal(at(first, "estimate"), "accepted");
		check.equal(at(first - 1, "estimate"), "not-yet-valid");
		check.equal(at(first - 1, "floor"), "accepted");
		check.equal(at(last, "estimate"), "accepted");
		check.equal(at(last + 1, "estimate"), "expired");
		check.equal(at(last + 1, "floor"), "expired");
		const forever = { notAfter: generalizedTime("99991231235959Z") };
		check.equal(judge([issuer.device(SERIAL, key, forever), issuer.certificate]), "accepted");
	});

	t.test("an issuer that is no authority, may not issue, or issued too deep is refused", ({ crypto }) => {
		const { root, key, judge } = world(crypto);
		const usual = [authorityConstraints(0), keyUsage(0x06), purposes(OID.clientAuth)];
		const under = (parts: CertificateParts): string => {
			const between = root.intermediate(3, "between", parts);
			return judge([between.device(SERIAL, key), between.certificate]);
		};
		const rows: readonly (readonly [readonly Uint8Array[], string])[] = [
			[usual, "accepted"],
			[[leafConstraints(), ...usual.slice(1)], "not-a-ca"],
			[usual.slice(1), "not-a-ca"],
			[[usual[0]!, keyUsage(0x80), usual[2]!], "key-usage"],
			[[usual[0]!, usual[2]!], "key-usage"],
			[usual.slice(0, 2), "accepted"],
			[[usual[0]!, usual[1]!, purposes(SERVER_AUTH)], "purpose"],
			[[authorityConstraints(), usual[1]!], "accepted"],
			[[...usual, extension("551d24", Uint8Array.of(0x30, 0), true)], "limited"],
			[[...usual, extension(OID.nameConstraints, Uint8Array.of(0x30, 0))], "limited"],
			[[...usual, extension("551d0e", Uint8Array.of(4, 0))], "accepted"],
		];
		for (const [index, [extensions, verdict]] of rows.entries()) {
			check.equal(under({ extensions }), verdict, `row ${index}`);
		}
		check.equal(under({ notAfter: utcTime("260301000000Z") }), "expired");
		check.equal(under({ notBefore: utcTime("260701000000Z") }), "not-yet-valid");
		const between = root.intermediate(3, "between", {});
		const below = between.intermediate(4, "below");
		const chain = [below.device(SERIAL, key), below.certificate, between.certificate];
		check.equal(judge(chain), "path-length");
	});

	t.test("path lengths count the authorities between, the root's too", ({ crypto }) => {
		const { key, judge } = world(crypto);
		const depth = (rootLength: number | undefined): string => {
			const extensions = [authorityConstraints(rootLength), keyUsage(0x06)];
			const root = SimAuthority.root(crypto, 1, "root", { extensions });
			const upper = root.intermediate(2, "upper", { extensions: [authorityConstraints(1), keyUsage(0x06)] });
			const lower = upper.intermediate(3, "lower");
			return judge([lower.device(SERIAL, key), lower.certificate, upper.certificate], {
				roots: [root.certificate],
			});
		};
		check.equal(depth(undefined), "accepted");
		check.equal(depth(2), "accepted");
		check.equal(depth(1), "path-length");
	});

	t.test("a root that is no authority, has ended or serves servers issues nothing", ({ crypto }) => {
		const { key, judge } = world(crypto);
		const direct = (parts: CertificateParts): string => {
			const root = SimAuthority.root(crypto, 1, "root", parts);
			return judge([root.device(SERIAL, key)], { roots: [root.certificate] });
		};
		check.equal(direct({}), "accepted");
		check.equal(direct({ extensions: [leafConstraints(), keyUsage(0x06)] }), "not-a-ca");
		check.equal(direct({ notAfter: utcTime("260301000000Z") }), "expired");
		check.equal(
			direct({ extensions: [authorityConstraints(), keyUsage(0x06), purposes(SERVER_AUTH)] }),
			"purpose",
		);
	});

	t.test(
		"another algorithm, two that differ, and a changed byte anywhere are refused (T4)",
		({ crypto, random }) => {
			const { issuer, key, judge, leaf } = world(crypto);
			check.equal(leaf({ algorithm: ECDSA_WITH_SHA384 }), "weak");
			check.equal(leaf({ innerAlgorithm: ECDSA_WITH_SHA384 }), "malformed");
			const chain = [issuer.device(SERIAL, key), issuer.certificate] as const;
			for (let round = 0; round < 24; round++) {
				const at = round % 2;
				const changed = chain[at]!.slice();
				const index = random.between(0, changed.length - 1);
				changed[index] = changed[index]! ^ (1 << random.between(0, 7));
				const verdict = judge(at === 0 ? [changed, chain[1]] : [chain[0], changed]);
				check.notEqual(verdict, "accepted", `certificate ${at}, byte ${index}`);
			}
		},
	);

	t.test("none, too many and too large certificates are refused before they are read (T15)", ({ crypto }) => {
		const { root, issuer, key, judge } = world(crypto);
		const leaf = issuer.device(SERIAL, key);
		check.equal(judge([]), "length");
		check.equal(judge([leaf, issuer.certificate, root.certificate, root.certificate]), "length");
		const filler = extension("551d0e", new Uint8Array(LIMITS.operationalChainBytes));
		check.equal(judge([issuer.device(SERIAL, key, leafExtensions(3, filler)), issuer.certificate]), "length");
		check.equal(judge([leaf, new Uint8Array(3)]), "malformed");
	});

	t.test("no bytes make it throw (T15, I9)", ({ crypto, random }) => {
		const { issuer, key, judge } = world(crypto);
		const real = issuer.device(SERIAL, key);
		const reasons = new Set<string>();
		for (let round = 0; round < 300; round++) {
			const bytes =
				round % 2 === 0
					? random.bytes(random.between(0, 300))
					: real.slice(0, random.between(0, real.length));
			if (round % 4 === 3) bytes.set(random.bytes(Math.min(8, bytes.length)), 0);
			reasons.add(judge([bytes]));
		}
		check.ok(!reasons.has("accepted"));
	});
}
