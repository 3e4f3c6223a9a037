/** The ceremony at the command line (docs/OPERATIONS.md): keys, drafts, one holder after the other, and what is refused. */
import { spawnSync } from "node:child_process";
import { createPublicKey, verify } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeSign } from "../../modules/cose/sign.ts";
import { bundleAad, judgeBundle } from "../../modules/trust/bundle-acceptance.ts";
import { encodeCbor } from "../../modules/wire/cbor-encode.ts";
import { PKI_FILES } from "../../tools/factory/pki.ts";
import { readBundleFile, standingAlone } from "../../tools/trust/bundle-file.ts";
import { ensureTrust, newestBundlePath, TRUST_FILES } from "../../tools/trust/development-trust.ts";
import { check, type Suite } from "../harness/test.ts";
import { type CommandEnd, runCommand } from "./support/command.ts";
import { sharedPki } from "./support/identities.ts";
import { temporaryFolder } from "./support/temporary.ts";

async function done(...words: readonly string[]): Promise<string> {
	const end = await runCommand("trust", ...words);
	check.deepEqual([end.status, end.stderr], [0, ""], words.join(" "));
	return end.stdout;
}

function checkRefused(end: CommandEnd, what: string, status = 1): void {
	check.equal(end.status, status, end.stdout);
	check.ok(/^[^\n]+\n$/.test(end.stderr) && end.stderr.includes(what), end.stderr);
}

interface Ceremony {
	readonly at: (name: string) => string;
	readonly create: (...words: readonly string[]) => Promise<string>;
}

/** Six keys in a folder; `create` names what a first bundle needs besides its bundle keys. */
async function ceremony(): Promise<Ceremony> {
	const dir = temporaryFolder();
	const pki = await sharedPki();
	const at = (name: string): string => join(dir, name);
	await Promise.all(
		["a", "b", "c", "release", "fresh", "time"].map((name) => done("keygen", "--out", at(name))),
	);
	const usual = [
		"--update-threshold",
		"1",
		"--update-key",
		at("release.pub"),
		"--freshness-key",
		at("fresh.pub"),
	];
	usual.push("--time-key", at("time.pub"), "--relay-root", PKI_FILES.rootCertificate(pki.dir, "relay"));
	usual.push("--relay", "relay.example:7443:relay.example");
	usual.push("--device-root", PKI_FILES.rootCertificate(pki.dir, "device"));
	return { at, create: (...words) => done("create", ...usual, ...words) };
}

export default function suite(t: Suite): void {
	t.test(
		"three holders make two bundles, each signing alone; locks take both in order and none before its threshold (T5)",
		async () => {
			const { at, create } = await ceremony();
			check.equal(statSync(at("a.key")).mode & 0o777, 0o600);
			const keys = ["--threshold", "2", "--bundle-key", at("a.pub"), "--bundle-key", at("b.pub")];
			await create("--out", at("1.bundle"), ...keys);
			checkRefused(await runCommand("trust", "verify", "--bundle", at("1.bundle")), "malformed");
			const first = await done("sign", "--key", at("a.key"), "--bundle", at("1.bundle"));
			check.ok(first.includes("own threshold\tnot met") && first.includes("relay.example:7443"), first);
			checkRefused(await runCommand("trust", "verify", "--bundle", at("1.bundle")), "threshold");
			checkRefused(
				await runCommand("trust", "sign", "--key", at("a.key"), "--bundle", at("1.bundle")),
				"signed already",
			);
			await done("sign", "--key", at("b.key"), "--bundle", at("1.bundle"));
			check.equal(await done("verify", "--bundle", at("1.bundle")), "version 1: accepted\n");

			const rotation = [
				"--bundle-key",
				at("b.pub"),
				"--bundle-key",
				at("c.pub"),
				"--previous",
				at("1.bundle"),
			];
			await done("create", ...rotation, "--out", at("2.bundle"));
			checkRefused(
				await runCommand("trust", "sign", "--key", at("a.key"), "--bundle", at("2.bundle")),
				"--previous",
			);
			const sign = ["--bundle", at("2.bundle"), "--previous", at("1.bundle")];
			await done("sign", "--key", at("c.key"), ...sign);
			await done("sign", "--key", at("b.key"), ...sign);
			const chain = ["--bundle", at("1.bundle"), "--bundle", at("2.bundle")];
			checkRefused(await runCommand("trust", "verify", ...chain), "old-threshold");
			const text = await done("sign", "--key", at("a.key"), ...sign);
			check.ok(
				text.includes("previous threshold\tmet") && text.includes("change\tbundle signing: new"),
				text,
			);
			check.equal(await done("verify", ...chain), "version 1: accepted\nversion 2: accepted\n");
			const said = JSON.parse(await done("inspect", ...sign, "--json")) as Record<string, unknown>;
			check.deepEqual([said.version, said.verdict, (said.signers as unknown[]).length], [2, "accepted", 3]);
			// A board before its seal knows nobody of the version before.
			const alone = standingAlone(readBundleFile(at("2.bundle")));
			check.equal(check.accepted(decodeSign(alone)).signatures.length, 2);
		},
	);

	t.test("another implementation verifies what a holder signed (RFC 9052 4.4, node's OpenSSL)", async () => {
		const { at, create } = await ceremony();
		await create("--out", at("1.bundle"), "--threshold", "1", "--bundle-key", at("a.pub"));
		await done("sign", "--key", at("a.key"), "--bundle", at("1.bundle"));
		const { payload, signatures } = readBundleFile(at("1.bundle"));
		const empty = new Uint8Array(0);
		const structure = encodeCbor(["Signature", empty, Uint8Array.of(0xa1, 1, 0x26), bundleAad(), payload]);
		const key = { key: createPublicKey(readFileSync(at("a.pub"))), dsaEncoding: "ieee-p1363" } as const;
		check.ok(verify("sha256", structure, key, signatures[0]!.signature));
		check.ok(!verify("sha256", structure.slice(1), key, signatures[0]!.signature));
	});

	t.test("a holder's clock, a key of another role and a damaged file refuse to sign (T5, T13)", async () => {
		const { at, create } = await ceremony();
		const keys = ["--threshold", "1", "--bundle-key", at("a.pub")];
		const tomorrow = new Date(Date.now() + 2 * 86_400_000).toISOString();
		await create("--out", at("late.bundle"), ...keys, "--signed", tomorrow);
		const words = ["trust", "sign", "--bundle", at("late.bundle"), "--key", at("a.key")];
		checkRefused(await runCommand(...words), "more than a day");
		check.equal(readBundleFile(at("late.bundle")).signatures.length, 0);
		await done(...words.slice(1), "--any-time");
		check.equal(readBundleFile(at("late.bundle")).signatures.length, 1);
		await create("--out", at("1.bundle"), ...keys);
		for (const name of ["release", "fresh", "time", "b"]) {
			const end = await runCommand("trust", "sign", "--bundle", at("1.bundle"), "--key", at(`${name}.key`));
			checkRefused(end, "signs no bundles");
		}
		checkRefused(await runCommand("trust", "sign", "--bundle", at("1.bundle"), "--key", at("a.pub")), "PEM");
		writeFileSync(at("torn.bundle"), readFileSync(at("1.bundle")).subarray(0, 500));
		checkRefused(await runCommand("trust", "inspect", "--bundle", at("torn.bundle")), "no trust bundle");
	});

	t.test("what no lock would take is not even drafted (T5)", async () => {
		const { at, create } = await ceremony();
		const keys = ["--threshold", "1", "--bundle-key", at("a.pub")];
		await create("--out", at("1.bundle"), ...keys);
		const bad: readonly (readonly [readonly string[], string])[] = [
			[["--previous", at("1.bundle"), "--threshold", "2"], "threshold"],
			[["--previous", at("1.bundle"), "--time-key", at("a.pub")], "two duties"],
			[["--previous", at("1.bundle"), "--signed", "2001-01-01T00:00:00Z"], "valid when"],
			[
				["--previous", at("1.bundle"), "--signed", new Date(Date.now() - 3_600_000).toISOString()],
				"before the previous",
			],
			[["--previous", at("1.bundle"), "--relay-root", at("a.pub")], "no certificate"],
		];
		for (const [words, what] of bad) {
			checkRefused(await runCommand("trust", "create", "--out", at("bad.bundle"), ...words), what);
			check.ok(!existsSync(at("bad.bundle")), what);
		}
		checkRefused(
			await runCommand("trust", "create", "--out", at("bad.bundle"), ...keys),
			"a first bundle needs --update-key",
			2,
		);
		check.ok(!existsSync(at("bad.bundle")));
	});

	t.test(
		"development trust is made once, and another relay is the next version that locks take (T5)",
		async ({ crypto }) => {
			const pki = await sharedPki();
			const dir = join(temporaryFolder(), "pki");
			spawnSync("cp", ["-r", pki.dir, dir]);
			const first = [{ host: "127.0.0.1", port: 7443, name: "localhost" }];
			const second = [{ host: "127.0.0.1", port: 7444, name: "localhost" }];
			spawnSync("rm", ["-rf", TRUST_FILES.dir(dir)]);
			const made = ensureTrust(dir, first);
			check.equal(made.outcome, "made");
			check.equal(ensureTrust(dir, first).outcome, "unchanged");
			const next = ensureTrust(dir, second);
			check.equal(next.outcome, "next-version");
			check.equal(newestBundlePath(dir), TRUST_FILES.bundle(dir, 2));
			const message = new Uint8Array(readFileSync(TRUST_FILES.bundle(dir, 2)));
			check.ok(check.accepted(judgeBundle(crypto, made.file.bundle, message, "next")).isNew);
			for (const name of [
				"bundle-1",
				"bundle-2",
				"bundle-3",
				"release-1",
				"release-2",
				"freshness",
				"time",
			]) {
				check.equal(statSync(TRUST_FILES.key(dir, name)).mode & 0o777, 0o600, name);
			}
		},
	);
}
