/** What becomes a release at all. */
import { readdirSync } from "node:fs";
import { check, type Suite } from "../harness/test.ts";
import { runCommand } from "./support/command.ts";
import { checkRefused, done, HARDWARE_CLASS, ReleaseBench } from "./support/release-bench.ts";
import { makeImage } from "./support/test-image.ts";

export default function suite(t: Suite): void {
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
