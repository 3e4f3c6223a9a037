/** How a release is signed (docs/OPERATIONS.md): by one holder after the other, of files and tokens, and by nobody else. */
import { createPublicKey, verify } from "node:crypto";
import {
	copyFileSync,
	cpSync,
	existsSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { manifestAad } from "../../modules/update/manifest.ts";
import { encodeCbor } from "../../modules/wire/cbor-encode.ts";
import { ensureTrust, TRUST_FILES } from "../../tools/trust/development-trust.ts";
import { readManifestFile } from "../../tools/update/manifest-file.ts";
import { RELEASE_FILES, readRelease } from "../../tools/update/release.ts";
import { check, type Suite } from "../harness/test.ts";
import { type CommandEnd, RunningCommand, runCommand } from "./support/command.ts";
import { sharedPki } from "./support/identities.ts";
import { checkRefused, done, HARDWARE_CLASS, ReleaseBench } from "./support/release-bench.ts";
import { eventually, temporaryFolder } from "./support/temporary.ts";
import { makeImage } from "./support/test-image.ts";
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
}
