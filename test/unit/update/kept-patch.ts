/**
 * A patch as the tools made it, in one block with codes of its own: both engines read it, and the tools must make the very same
 * bytes again (test/tools/delta.test.ts).
 */
import { fromHex } from "../../../modules/base/bytes.ts";
import { Random } from "../../harness/random.ts";
import { editedImage, imageLike } from "./patch-rig.ts";

const PATCH: readonly string[] = Object.freeze([
	"4c4b4431701700006616000005c14d4893010006e0f7fdfef6a9ccc06ad9564e47b32666e5ac83121103cbd8259a60449a35",
	"76c81a5f29450a491e5c9610a249b1d8da522ab092f2e7d025a315d456b0b045b982c9f462235083b11d7a9e78e30d029b12",
	"c42ec39ea564ff139fa06f486baf6dfdc9f1dbbbffdc718cc7acf9c1e0ea1b4d083abf0c5feeadee4523b0ed20f04b32012f",
	"a4c31037daeaba3740ede9fc3b7ceafcc3016840c86202c2962801bfad0ab869b35361197472c5deb2f24af30c0b299024bf",
	"1398d3d70343c7eb2841309a34910255eaa950a28e0ac1b404b5f8dfddb6ceb19d158811786937024fed4b04c28e7220e208",
	"10f0de220cab25912d21eb58aec9fab33671ec822b9eeab29a8f202f00de0481aa0c819a560a942853a642915748aa142952",
	"a0c873c0fb520b305d3a41604a2a06ee4b2e921101cecf2d9ec9faaefcaba32bc1c9ca7975f653283b17f8d1d2b4d8d6dc1a",
	"5873eb53f903f305eaf240f4dee8097373d6937ebc7934907abb3013f3bf33acc433d991f6931f466a3a26be659ec1476087",
	"07d0f65325285325a850213844ea281214084a7462df72dfa01bcf3b7e17c6ae25172fadbb8d0fbceddbcf5ced733d5abb78",
	"a83be7f1157ced91fdeb89ad53d7ab173e4e87ad6800a245b540aee83470d606fc07",
]);

export interface KeptPatch {
	readonly source: Uint8Array;
	readonly result: Uint8Array;
	readonly patch: Uint8Array;
}

export function keptPatch(): KeptPatch {
	const random = new Random(7, "kept-patch");
	const source = imageLike(random, 6000);
	return { source, result: editedImage(random, source, 40), patch: fromHex(PATCH.join(""))! };
}
