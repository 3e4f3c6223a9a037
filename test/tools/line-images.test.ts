/** What a line lets itself be given to write: images that burn nothing before --burn, and production images that start behind the plan. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { burnMarkOf, isChipImage } from "../../tools/factory/line/burn-mark.ts";
import type { ImageFile } from "../../tools/factory/line/chip-driver.ts";
import type { Fuse } from "../../tools/factory/line/fuses.ts";
import { readLineImages, readProductionImages } from "../../tools/factory/line/image-set.ts";
import { signersOf } from "../../tools/factory/line/signed-image.ts";
import { check, type Suite } from "../harness/test.ts";
import { makeBootKey, makeProgram } from "./support/signed-images.ts";
import { temporaryFolder } from "./support/temporary.ts";

const FLASH = 4_194_304;
const OWN = makeBootKey();
const OTHER = makeBootKey();

/** Files at places a sector or more apart. */
function files(...all: readonly Uint8Array[]): ImageFile[] {
	const folder = temporaryFolder();
	return all.map((bytes, index) => {
		const path = join(folder, `${index}.bin`);
		writeFileSync(path, bytes);
		return { offset: index * 65_536, path };
	});
}

function planOf(...keys: readonly { readonly digest: Buffer }[]): Fuse[] {
	return keys.map(({ digest }, index) => ({
		kind: "digest",
		block: `BLOCK_KEY${index}`,
		purpose: `SECURE_BOOT_DIGEST${index}`,
		file: "d",
		hex: digest.toString("hex"),
	}));
}

export default function suite(t: Suite): void {
	t.test(
		"images that say that they burn, or say nothing, are none that a line starts before --burn (T14)",
		() => {
			const table = new Uint8Array([0xaa, 0x50]);
			const good = readLineImages(
				files(makeProgram("nothing", []), table, makeProgram("nothing", [])),
				FLASH,
			);
			check.equal(good.files.length, 3);
			for (const bad of [
				makeProgram("first-boot", []),
				makeProgram("first-boot", [OWN]),
				makeProgram(undefined, []),
				Buffer.concat([makeProgram("nothing", []), Buffer.from("LATCHKEY-BURNS:first-boot;")]),
			]) {
				check.ok(isChipImage(bad) && burnMarkOf(bad) !== "nothing");
				check.throws(
					() => readLineImages(files(makeProgram("nothing", []), table, bad), FLASH),
					"burns no eFuses",
				);
				check.throws(
					() => readLineImages(files(bad, table, makeProgram("nothing", [])), FLASH),
					"burns no eFuses",
				);
			}
		},
	);

	t.test(
		"production images start behind the plan: encrypting boot loader, each program signed by a planned key (T14)",
		() => {
			const loader = makeProgram("first-boot", [OWN]);
			const app = makeProgram("first-boot", [OWN], 9_000);
			const table = new Uint8Array([0xaa, 0x50]);
			const set = readProductionImages(files(loader, table, app), FLASH, planOf(OWN));
			check.deepEqual([set.loader.offset, set.rest.map(({ offset }) => offset)], [0, [65_536, 131_072]]);
			readProductionImages(files(makeProgram("first-boot", [OWN, OTHER]), app), FLASH, planOf(OTHER, OWN));
			for (const [images, plan, flaw] of [
				[[table], planOf(OWN), "no boot loader"],
				[[makeProgram("nothing", [OWN]), app], planOf(OWN), "turns flash encryption on"],
				[[makeProgram("first-boot", []), app], planOf(OWN), "signed by nobody"],
				[[loader, makeProgram("first-boot", [])], planOf(OWN), "signed by nobody"],
				[[loader, makeProgram("first-boot", [OTHER])], planOf(OWN), "no eFuse of the plan"],
				[[makeProgram("first-boot", [OWN, OTHER]), app], planOf(OWN), "no eFuse of the plan"],
				[[loader, app], planOf(OTHER), "no eFuse of the plan"],
			] as const)
				check.throws(() => readProductionImages(files(...images), FLASH, plan), flaw);
		},
	);

	t.test(
		"a signature counts when checksum, digest and the signature itself are right, whatever byte is changed",
		({ random }) => {
			const image = makeProgram("first-boot", [OWN], 5_000);
			check.deepEqual(signersOf(image), [OWN.digest.toString("hex")]);
			check.deepEqual(
				signersOf(makeProgram("nothing", [OWN, OTHER])),
				[OWN, OTHER].map(({ digest }) => digest.toString("hex")),
			);
			check.deepEqual(signersOf(makeProgram("nothing", [])), []);
			const signed = image.length - 4_096;
			for (let round = 0; round < 60; round++) {
				const bent = Buffer.from(image);
				// Of a block all counts but the padding behind its checksum, and two bytes behind its version.
				const at = random.pick([
					random.below(signed),
					signed + random.pick([0, 1, 4, 35, 36, 430, 811, 812, 1_195, 1_199]),
				]);
				bent[at]! ^= 1 << random.below(8);
				check.deepEqual(signersOf(bent), [], String(at));
			}
			for (const length of [0, 1, 4_096, 8_191]) check.deepEqual(signersOf(image.subarray(0, length)), []);
		},
	);

	t.test("images that overlap, or do not fit, are refused", () => {
		const [one] = files(makeProgram("nothing", []));
		check.throws(() => readLineImages([one!, { ...one!, offset: 64 }], FLASH), "begins inside");
		check.throws(() => readLineImages([{ ...one!, offset: FLASH - 4 }], FLASH), "does not fit");
		check.throws(() => readLineImages([{ offset: 0, path: "/nowhere/at/all" }], FLASH), "ENOENT");
	});
}
