/** A release at the command line (docs/UPDATE.md, docs/OPERATIONS.md): packed, signed by one holder after the other, judged. */
import { createPublicKey, verify } from "node:crypto";
import {
	copyFileSync,
	cpSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { manifestAad } from "../../modules/update/manifest.ts";
import { encodeCbor } from "../../modules/wire/cbor-encode.ts";
import { ensureTrust, TRUST_FILES } from "../../tools/trust/development-trust.ts";
import { issueFreshness } from "../../tools/update/freshness-statement.ts";
import { readManifestFile } from "../../tools/update/manifest-file.ts";
import { RELEASE_FILES, readRelease, readStatement } from "../../tools/update/release.ts";
import { readTrust } from "../../tools/update/update-trust.ts";
import { writeWhole } from "../../tools/update/whole-file.ts";
import { check, type Suite } from "../harness/test.ts";
import { type CommandEnd, RunningCommand, runCommand } from "./support/command.ts";
import { sharedPki } from "./support/identities.ts";
import { checkRefused, done, HARDWARE_CLASS, makeImage, ReleaseBench } from "./support/release-bench.ts";
import { eventually, temporaryFolder } from "./support/temporary.ts";
import { TestToken } from "./support/token.ts";

const BODY_BYTES = 150_000;

/** From now on a token signs when `go` is there, and `asked` says that it is waited for: pkcs11-tool under another PATH. */
function slowToken(): { readonly asked: string; readonly go: string; readonly remove: () => void } {
	const bin = temporaryFolder();
	const [asked, go] = [join(bin, "asked"), join(bin, "go")];
	const path = process.env.PATH ?? "";
	const wait = `touch '${asked}'; i=0; while [ ! -e '${go}' ] && [ $i -lt 300 ]; do sleep 0.05; i=$((i+1)); done`;
	const script = `#!/bin/sh\ncase "$*" in *--sign*) ${wait};; esac\nPATH='${path}' exec pkcs11-tool "$@"\n`;
	writeFileSync(join(bin, "pkcs11-tool"), script, { mode: 0o700 });
	process.env.PATH = `${bin}:${path}`;
	return {
		asked,
		go,
		remove: () => {
			process.env.PATH = path;
		},
	};
}

export default function suite(t: Suite): void {
	t.test(
		"two holders sign a release, each alone; a lock takes it with its statement and not before (T5, T10, T11)",
		async ({ random }) => {
			const bench = await ReleaseBench.openByCommands();
			const body = random.bytes(BODY_BYTES);
			const running = bench.write("running.image", makeImage({ sequence: 1 }, body));
			body.set(random.bytes(40), 70_000);
			const image = bench.write("new.image", makeImage({ sequence: 2, securityVersion: 1 }, body));
			const packed = await bench.pack("2", image, "--from", running);
			for (const line of ["sequence\t2", "security version\t1", "version\t0.0.2", "board\tlinux"])
				check.ok(packed.includes(`${line}\n`), packed);
			check.deepEqual(readdirSync(bench.at("2")).sort(), ["delta-1.bin", "image.bin", "manifest.cbor"]);
			check.ok(readFileSync(RELEASE_FILES.image(bench.at("2"))).equals(readFileSync(image)));
			const delta = statSync(RELEASE_FILES.delta(bench.at("2"), 0)).size;
			check.ok(delta < 1_000, `a delta of ${delta} bytes for a change of 40`);

			const verifying = bench.verifyWords("2");
			checkRefused(await runCommand(...verifying), "malformed");
			const first = await done(...bench.signWords("2", bench.key("r1")), "--image", image);
			check.ok(
				first.includes("threshold\tnot met: 0 of 2") && first.includes("signatures\t1 of 2: not met"),
				first,
			);
			checkRefused(await runCommand(...verifying), "untrusted");
			checkRefused(await runCommand(...bench.freshnessWords("2", bench.key("f"))), "threshold is not met");
			checkRefused(await runCommand(...bench.signWords("2", bench.key("r1"))), "signed already");
			check.ok((await done(...bench.signWords("2", bench.key("r2")))).includes("signatures\t2 of 2: met"));
			checkRefused(await runCommand(...verifying), "not-fresh");
			check.ok(
				(await done(...bench.freshnessWords("2", bench.key("f")))).startsWith("sequence 2: fresh until 20"),
			);
			const said = await done(...verifying, "--from", running);
			for (const line of [
				"image\tas the manifest says, every chunk",
				`delta-1\tmakes the image out of ${running}`,
				"a lock says\taccepted",
			])
				check.ok(said.includes(line), said);
			check.ok((await done(...verifying)).includes("not made, its source is not given"));

			const json = JSON.parse(
				await done(
					"update",
					"inspect",
					"--manifest",
					bench.at("2"),
					"--trust",
					bench.at("1.bundle"),
					"--json",
				),
			) as { sequence: number; trust: { isMet: boolean; signers: unknown[]; freshUntil: string } };
			check.deepEqual([json.sequence, json.trust.isMet, json.trust.signers.length], [2, true, 2]);
			check.ok(Date.parse(json.trust.freshUntil) > Date.now() + 29 * 86_400_000);
			const release = readRelease(bench.at("2"));
			check.equal(release.deltas.length, 1);
			check.bytes(release.message, readFileSync(RELEASE_FILES.manifest(bench.at("2"))));
			check.bytes(release.statement, readFileSync(RELEASE_FILES.freshness(bench.at("2"))));
		},
	);

	t.test(
		"each state of a lock that refuses a release is told by its reason (T10, T11)",
		async ({ random }) => {
			const bench = await ReleaseBench.open();
			await bench.release("5", makeImage({ sequence: 5, securityVersion: 2 }, random.bytes(9_000)));
			await done(...bench.verifyWords("5", 4));
			const cases: readonly (readonly [string, readonly string[]])[] = [
				["rollback-sequence", bench.verifyWords("5", 5)],
				["rollback-sequence", [...bench.verifyWords("5", 4), "--floor", "6"]],
				["rollback-security", [...bench.verifyWords("5", 4), "--running-security", "3"]],
				["rollback-security", [...bench.verifyWords("5", 4), "--security-floor", "3"]],
				["rollback-security", [...bench.verifyWords("5", 4), "--fuse", "3"]],
				["foreign", [...bench.verifyWords("5", 4), "--board", "esp32"]],
				["foreign", [...bench.verifyWords("5", 4), "--hardware-class", "latch-2"]],
				["too-large", [...bench.verifyWords("5", 4), "--slot-bytes", "4096"]],
				["parked", [...bench.verifyWords("5", 4), "--parked", "5"]],
				["not-fresh", [...bench.verifyWords("5", 4), "--time", in31Days()]],
				["trust-expired", [...bench.verifyWords("5", 4), "--time", "2099-01-01T00:00:00Z"]],
			];
			for (const [reason, words] of cases) checkRefused(await runCommand(...words), `refuse it: ${reason}`);
			await bench.release("far", makeImage({ sequence: 1_006 }, random.bytes(900)));
			checkRefused(await runCommand(...bench.verifyWords("far", 5)), "fast-forward");
			await done(...bench.verifyWords("far", 6));
			const text = await done(
				...["update", "inspect", "--manifest", bench.at("5"), "--previous", bench.at("far")],
			);
			for (const line of ["change\tsequence: 1006 -> 5", "change\twarning: the sequence does not rise"])
				check.ok(text.includes(line), text);
			check.ok(text.includes("(not verified)") && !text.includes("warning: the security"), text);
		},
	);

	t.test(
		"a key of another role, a stranger's, a holder's clock and a holder's own build refuse to sign (T5, T13)",
		async ({ random }) => {
			const bench = await ReleaseBench.open();
			const body = random.bytes(9_000);
			const image = bench.write("2.image", makeImage({ sequence: 2 }, body));
			await bench.pack("2", image);
			const signatures = (name: string): number =>
				readManifestFile(RELEASE_FILES.manifest(bench.at(name))).signatures.length;
			for (const name of ["b", "f", "t", "x"])
				checkRefused(await runCommand(...bench.signWords("2", bench.key(name))), "signs no update manifests");
			const other = bench.write("other.image", makeImage({ sequence: 2 }, random.bytes(9_000)));
			checkRefused(
				await runCommand(...bench.signWords("2", bench.key("r1")), "--image", other),
				"is not the manifest's image",
			);
			checkRefused(await runCommand(...bench.signWords("2", bench.at("r1.pub"))), "PEM");
			check.equal(signatures("2"), 0);

			const tomorrow = new Date(Date.now() + 2 * 86_400_000).toISOString();
			await bench.pack("late", image, "--signed", tomorrow);
			checkRefused(await runCommand(...bench.signWords("late", bench.key("r1"))), "more than a day");
			check.equal(signatures("late"), 0);
			await done(...bench.signWords("late", bench.key("r1")), "--any-time");
			check.equal(signatures("late"), 1);

			// An older bundle may name other holders than locks will have when the release comes.
			await bench.createTrust("2.bundle", ["r1", "r2"], ["f"], "1.bundle");
			await done(
				...["update", "pack", "--out", bench.at("next"), "--hardware-class", HARDWARE_CLASS],
				...["--trust", bench.at("2.bundle"), "--image", image],
			);
			checkRefused(await runCommand(...bench.signWords("next", bench.key("r1"))), "needs trust version 2");
			const newest = ["--trust", bench.at("2.bundle")];
			for (const key of ["r1", "r2"]) await done(...bench.signWords("next", bench.key(key)), ...newest);
			const fresh = bench.freshnessWords("next", bench.key("f"));
			checkRefused(await runCommand(...fresh), "needs trust version 2");
			await done(...fresh, ...newest);
			checkRefused(await runCommand(...bench.verifyWords("next")), "trust-older");
			await done(...bench.verifyWords("next"), ...newest);
		},
	);

	t.test(
		"nothing is signed without a word, nor what was not shown, and two holders at once lose no signature (T5)",
		async ({ random }) => {
			const bench = await ReleaseBench.open();
			const other = bench.write("3.image", makeImage({ sequence: 3 }, random.bytes(900)));
			await bench.pack("3", other);
			await bench.pack("2", bench.write("2.image", makeImage({ sequence: 2 }, random.bytes(900))));
			const path = RELEASE_FILES.manifest(bench.at("2"));
			const count = (): number => readManifestFile(path).signatures.length;
			const silent = bench.signWords("2", bench.key("r1")).filter((word) => word !== "--yes");
			checkRefused(await runCommand(...silent), "there is no terminal to ask at");
			check.equal(count(), 0);

			const token = new TestToken();
			const der = Buffer.from(token.makeKey("t1", "01"));
			const key = createPublicKey({ key: der, format: "der", type: "spki" });
			writeFileSync(bench.at("t1.pub"), key.export({ format: "pem", type: "spki" }));
			await bench.createTrust("1.bundle", ["r1", "t1"], ["f"]);
			const whileSigning = async (work: () => void | Promise<void>): Promise<CommandEnd> => {
				const stop = slowToken();
				try {
					const signing = new RunningCommand(bench.signWords("2", token.uri("object=t1")));
					check.ok(await eventually(() => existsSync(stop.asked), 20_000), "the token is asked");
					await work();
					writeFileSync(stop.go, "");
					return await signing.ended;
				} finally {
					stop.remove();
				}
			};
			const changed = await whileSigning(() => copyFileSync(RELEASE_FILES.manifest(bench.at("3")), path));
			checkRefused(changed, "has changed since it was shown");
			check.equal(count(), 0);
			const both = await whileSigning(async () => {
				await done(...bench.signWords("2", bench.key("r1")));
			});
			check.equal(both.status, 0, both.stderr);
			check.equal(count(), 2);
		},
	);

	t.test(
		"a file that is replaced is written through no link, and a write that fails leaves no draft (T12)",
		() => {
			const dir = temporaryFolder();
			const path = join(dir, "file");
			writeWhole(path, Uint8Array.of(1));
			writeWhole(path, Uint8Array.of(2));
			check.bytes(readFileSync(path), Uint8Array.of(2));
			check.deepEqual(readdirSync(dir), ["file"]);
			// What was foreseen as the draft's name.
			const victim = join(temporaryFolder(), "victim");
			writeFileSync(victim, "mine");
			symlinkSync(victim, `${path}.${process.pid}.new`);
			writeWhole(path, Uint8Array.of(3));
			check.equal(readFileSync(victim, "utf8"), "mine");
			rmSync(`${path}.${process.pid}.new`);
			mkdirSync(join(dir, "folder", "in"), { recursive: true });
			check.throws(() => writeWhole(join(dir, "folder"), Uint8Array.of(4)));
			check.deepEqual(readdirSync(dir).sort(), ["file", "folder"]);
		},
	);

	t.test(
		"key loss drill: a bundle without the lost key drops what it signed, and the rest of the role ships (T5, T10)",
		async ({ random }) => {
			const bench = await ReleaseBench.openByCommands();
			const image = bench.write("2.image", makeImage({ sequence: 2 }, random.bytes(9_000)));
			// Before: r1 and r2 have signed, and locks take it.
			await bench.pack("2", image);
			for (const key of ["r1", "r2"]) await done(...bench.signWords("2", bench.key(key)));
			await done(...bench.freshnessWords("2", bench.key("f")));
			await done(...bench.verifyWords("2"));

			// r1 is lost. The next bundle names who is left, and a new holder; one key of two is no role.
			await done("trust", "keygen", "--out", bench.at("r4"));
			const drafted = ["--previous", bench.at("1.bundle"), "--out", bench.at("2.bundle")];
			for (const key of ["r2", "r3", "r4"]) drafted.push("--update-key", bench.at(`${key}.pub`));
			await done("trust", "create", ...drafted);
			await done("trust", "sign", "--key", bench.key("b"), "--bundle", bench.at("2.bundle"));
			const newest = ["--trust", bench.at("2.bundle")];
			checkRefused(await runCommand(...bench.verifyWords("2"), ...newest), "refuse it: untrusted");
			checkRefused(
				await runCommand(...bench.freshnessWords("2", bench.key("f")), ...newest),
				"does not stand: unknown-key",
			);

			// The same image again, under the new bundle, by the rest of the role.
			await bench.pack("2b", image, ...newest);
			const lost = await runCommand(...bench.signWords("2b", bench.key("r1")), ...newest);
			checkRefused(lost, "signs no update manifests");
			await done(...bench.signWords("2b", bench.key("r2")), ...newest);
			checkRefused(await runCommand(...bench.verifyWords("2b"), ...newest), "untrusted");
			await done(...bench.signWords("2b", bench.key("r4")), ...newest);
			await done(...bench.freshnessWords("2b", bench.key("f")), ...newest);
			const said = await done(...bench.verifyWords("2b"), ...newest);
			check.ok(said.includes("a lock says\taccepted"), said);
			// A lock that has not had the bundle yet knows no r4: it gets that first.
			checkRefused(await runCommand(...bench.verifyWords("2b")), "refuse it: untrusted");
		},
	);

	t.test("a trust bundle that its own holders have not signed judges nothing (T5)", async ({ random }) => {
		const bench = await ReleaseBench.open();
		await bench.release("2", makeImage({ sequence: 2 }, random.bytes(900)));
		// What a thief of the carrier's computer would put there: the thief's key as the update role.
		await bench.createTrust("x.bundle", ["x"], ["f"]);
		const bundle = new Uint8Array(readFileSync(bench.at("x.bundle")));
		bundle[bundle.length - 1]! ^= 1;
		writeFileSync(bench.at("x.bundle"), bundle);
		for (const words of [
			["update", "verify", "--release", bench.at("2"), "--hardware-class", HARDWARE_CLASS, "--running", "1"],
			["update", "sign", "--manifest", bench.at("2"), "--key", bench.key("x"), "--yes"],
			["update", "freshness", "--release", bench.at("2"), "--key", bench.key("f")],
			["update", "inspect", "--manifest", bench.at("2")],
		])
			checkRefused(await runCommand(...words, "--trust", bench.at("x.bundle")), "have not signed it");
	});

	t.test(
		"a freshness statement needs the online key, and replaces the former one whole (T11)",
		async ({ random }) => {
			const bench = await ReleaseBench.open();
			const image = bench.write("2.image", makeImage({ sequence: 2 }, random.bytes(900)));
			await bench.pack("2", image);
			await done(...bench.signWords("2", bench.key("r1")));
			for (const name of ["r1", "b", "t", "x", "f"]) {
				const end = await runCommand(...bench.freshnessWords("2", bench.key(name)));
				checkRefused(end, "threshold is not met");
			}
			await done(...bench.signWords("2", bench.key("r2")));
			for (const name of ["r1", "r2", "b", "t", "x"]) {
				const end = await runCommand(...bench.freshnessWords("2", bench.key(name)));
				checkRefused(end, "signs no freshness statements");
			}
			check.ok(!existsSync(RELEASE_FILES.freshness(bench.at("2"))));
			const bad = await runCommand(...bench.freshnessWords("2", bench.key("f")), "--days", "91");
			checkRefused(bad, "from 1 to 90", 2);
			await done(...bench.freshnessWords("2", bench.key("f")), "--days", "1");
			const verifyIn31Days = [...bench.verifyWords("2"), "--time", in31Days()];
			checkRefused(await runCommand(...verifyIn31Days), "not-fresh");
			await done(...bench.freshnessWords("2", bench.key("f")), "--days", "90");
			await done(...verifyIn31Days);
			check.deepEqual(readdirSync(bench.at("2")).sort(), ["freshness.cbor", "image.bin", "manifest.cbor"]);

			// A clock that went back would make one that every lock ignores.
			const order = {
				trust: readTrust(bench.at("1.bundle")),
				file: readManifestFile(RELEASE_FILES.manifest(bench.at("2"))),
				key: bench.key("f"),
				days: 30,
				former: readStatement(RELEASE_FILES.freshness(bench.at("2"))),
			};
			const earlier = issueFreshness({ ...order, nowUnixMs: Date.now() - 120_000 });
			await check.rejects(earlier, "issued later");
			check.ok((await issueFreshness({ ...order, nowUnixMs: Date.now() + 120_000 })).length > 0);
			const afterTrust = order.trust.expiresUnixSeconds * 1_000;
			await check.rejects(issueFreshness({ ...order, nowUnixMs: afterTrust }), "has expired");

			// Another manifest's statement says nothing about this one (mix-and-match).
			await bench.release("3", makeImage({ sequence: 3 }, random.bytes(900)));
			writeFileSync(
				RELEASE_FILES.freshness(bench.at("3")),
				readFileSync(RELEASE_FILES.freshness(bench.at("2"))),
			);
			checkRefused(await runCommand(...bench.verifyWords("3")), "not-fresh");
		},
	);

	t.test(
		"keys in a token sign manifests and freshness, and one without the role does not (PKCS#11, T5)",
		async ({ random }) => {
			const bench = await ReleaseBench.open();
			const token = new TestToken();
			for (const [name, id] of [
				["t1", "01"],
				["tf", "02"],
				["stranger", "03"],
			] as const) {
				const key = createPublicKey({
					key: Buffer.from(token.makeKey(name, id)),
					format: "der",
					type: "spki",
				});
				writeFileSync(bench.at(`${name}.pub`), key.export({ format: "pem", type: "spki" }));
			}
			await bench.createTrust("token.bundle", ["r1", "t1"], ["tf"]);
			writeFileSync(bench.at("1.bundle"), readFileSync(bench.at("token.bundle")));
			await bench.pack("2", bench.write("2.image", makeImage({ sequence: 2 }, random.bytes(900))));
			for (const what of ["object=stranger", "object=tf"])
				checkRefused(await runCommand(...bench.signWords("2", token.uri(what))), "signs no update manifests");
			checkRefused(
				await runCommand(...bench.signWords("2", token.uri("object=nobody"))),
				"no such private key",
			);
			check.equal(readManifestFile(RELEASE_FILES.manifest(bench.at("2"))).signatures.length, 0);
			await done(...bench.signWords("2", token.uri("object=t1")));
			checkRefused(await runCommand(...bench.signWords("2", token.uri("object=t1"))), "signed already");
			await done(...bench.signWords("2", bench.key("r1")));
			checkRefused(
				await runCommand(...bench.freshnessWords("2", token.uri("object=t1"))),
				"signs no freshness statements",
			);
			await done(...bench.freshnessWords("2", token.uri("id=%02")));
			check.ok((await done(...bench.verifyWords("2"))).includes("a lock says\taccepted"));
		},
	);

	t.test(
		"another implementation verifies what a holder signed (RFC 9052 4.4, node's OpenSSL)",
		async ({ random }) => {
			const bench = await ReleaseBench.open();
			await bench.pack("2", bench.write("2.image", makeImage({ sequence: 2 }, random.bytes(900))));
			await done(...bench.signWords("2", bench.key("r1")));
			const { payload, signatures } = readManifestFile(RELEASE_FILES.manifest(bench.at("2")));
			const empty = new Uint8Array(0);
			const structure = encodeCbor([
				"Signature",
				empty,
				Uint8Array.of(0xa1, 1, 0x26),
				manifestAad(),
				payload,
			]);
			const key = {
				key: createPublicKey(readFileSync(bench.at("r1.pub"))),
				dsaEncoding: "ieee-p1363",
			} as const;
			check.ok(verify("sha256", structure, key, signatures[0]!.signature));
			check.ok(!verify("sha256", structure.slice(1), key, signatures[0]!.signature));
		},
	);

	t.test("the development keys of a house sign a release that its lock takes (T5)", async ({ random }) => {
		const bench = await ReleaseBench.open();
		const dir = bench.at("pki");
		cpSync((await sharedPki()).dir, dir, { recursive: true });
		rmSync(TRUST_FILES.dir(dir), { recursive: true, force: true });
		ensureTrust(dir, [{ host: "127.0.0.1", port: 7443, name: "localhost" }]);
		copyFileSync(TRUST_FILES.bundle(dir, 1), bench.at("1.bundle"));
		await bench.pack("2", bench.write("2.image", makeImage({ sequence: 2 }, random.bytes(900))));
		for (const name of ["release-1", "release-2"])
			await done(...bench.signWords("2", TRUST_FILES.key(dir, name)));
		await done(...bench.freshnessWords("2", TRUST_FILES.key(dir, "freshness")));
		check.ok((await done(...bench.verifyWords("2"))).includes("a lock says\taccepted"));
	});

	t.test("what no lock would take is not even packed (T10)", async ({ random }) => {
		const bench = await ReleaseBench.open();
		const body = random.bytes(9_000);
		const image = bench.write("3.image", makeImage({ sequence: 3 }, body));
		const at = (name: string, says: Parameters<typeof makeImage>[0], bytes = random.bytes(9_000)): string =>
			bench.write(name, makeImage(says, bytes));
		const damaged = makeImage({ sequence: 3 }, body);
		damaged[5_000]! ^= 1;
		const longer = new Uint8Array([...makeImage({ sequence: 3 }, body), 0]);
		const pack = (file: string, ...more: readonly string[]) =>
			runCommand(
				...["update", "pack", "--out", bench.at("bad"), "--hardware-class", HARDWARE_CLASS, "--trust", "1"],
				...["--image", file, ...more],
			);
		const cases: readonly (readonly [string, string, readonly string[]])[] = [
			["is no firmware image", bench.key("b"), []],
			["is damaged", bench.write("damaged.image", damaged), []],
			["is damaged", bench.write("longer.image", longer), []],
			["out of range", at("0.image", { sequence: 0 }), []],
			["out of range", at("17.image", { sequence: 3, securityVersion: 17 }), []],
			["not a name", at("nameless.image", { sequence: 3, version: "" }), []],
			[
				"chunks do not agree",
				bench.write("big.image", makeImage({ sequence: 3 }, new Uint8Array(4_194_304))),
				[],
			],
			["no lock goes back", image, ["--from", at("same.image", { sequence: 3 })]],
			["is the release's own image", image, ["--from", image]],
			["is for board esp32", image, ["--from", at("esp32.image", { sequence: 2, board: "esp32" })]],
			[
				"two of one source",
				image,
				["--from", at("2.image", { sequence: 2 }, body), "--from", bench.at("2.image")],
			],
		];
		for (const [what, file, more] of cases) checkRefused(await pack(file, ...more), what);
		const three = ["2.image", "2.image", "2.image"].flatMap((name) => ["--from", bench.at(name)]);
		checkRefused(await pack(image, ...three), "at most 2 deltas", 2);
		check.deepEqual(
			readdirSync(bench.dir).filter((name) => name.startsWith("bad")),
			[],
		);
		await done(
			"update",
			"pack",
			"--out",
			bench.at("bad"),
			"--hardware-class",
			HARDWARE_CLASS,
			"--trust",
			"1",
			"--image",
			image,
		);
		checkRefused(await pack(image), "not there yet", 2);
	});
}

function in31Days(): string {
	return new Date(Date.now() + 31 * 86_400_000).toISOString();
}
