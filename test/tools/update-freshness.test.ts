/** Freshness statements at the command line (docs/UPDATE.md 3): who may make one, for which manifest, and for how long it serves. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { issueFreshness } from "../../tools/update/freshness-statement.ts";
import { readManifestFile } from "../../tools/update/manifest-file.ts";
import { RELEASE_FILES, readStatement } from "../../tools/update/release.ts";
import { readTrust } from "../../tools/update/update-trust.ts";
import { check, type Suite } from "../harness/test.ts";
import { runCommand } from "./support/command.ts";
import { checkRefused, done, in31Days, ReleaseBench } from "./support/release-bench.ts";
import { makeImage } from "./support/test-image.ts";

export default function suite(t: Suite): void {
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
}
