/** The version is written twice, for the firmware and for npm. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FIRMWARE_VERSION } from "../../modules/base/version.ts";
import { PATHS } from "../../tools/setup/paths.ts";
import { check, type Suite } from "../harness/test.ts";

export default function suite(t: Suite): void {
	t.test("the firmware has the version of its package", () => {
		const { version } = JSON.parse(readFileSync(join(PATHS.root, "package.json"), "utf8")) as {
			version: string;
		};
		check.equal(FIRMWARE_VERSION, version);
	});
}
