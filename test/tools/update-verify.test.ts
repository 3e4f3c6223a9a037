/** How a release is judged at the command line as a lock would judge it, by trust of one version and the next. */
import { readFileSync, writeFileSync } from "node:fs";
import { check, type Suite } from "../harness/test.ts";
import { runCommand } from "./support/command.ts";
import { checkRefused, done, HARDWARE_CLASS, in31Days, ReleaseBench } from "./support/release-bench.ts";
import { makeImage } from "./support/test-image.ts";

export default function suite(t: Suite): void {
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
}
