/** The list that latchkey-image compiles, out of the manifests. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { imageModules } from "../../hosts/linux/image-list.ts";
import { PATHS } from "../../tools/setup/paths.ts";
import { check, type Suite } from "../harness/test.ts";
import { temporaryFolder } from "./support/temporary.ts";

function manifestOf(content: object): string {
	const path = join(temporaryFolder(), "manifest.json");
	writeFileSync(path, JSON.stringify(content));
	return path;
}

export default function suite(t: Suite): void {
	t.test("the manifest of the Linux host gives its modules, the preloaded ones first", () => {
		const modules = imageModules([join(PATHS.root, "hosts/linux/manifest.json")]);
		check.ok(modules.some(({ name }) => name === "main"));
		const count = modules.filter(({ preload }) => preload).length;
		check.ok(count > 0 && modules.slice(0, count).every(({ preload }) => preload));
	});

	t.test(
		"a manifest that names what is not there is refused by name, at the command line in one line",
		() => {
			const cases: readonly (readonly [object, string])[] = [
				[{ modules: { main: "./absent" } }, "there is no"],
				[{ preload: ["nowhere/*"] }, "there is no module nowhere/*"],
			];
			for (const [content, what] of cases) {
				const path = manifestOf(content);
				check.throws(() => imageModules([path]), "ImageListFault");
				const tool = join(PATHS.root, "build/js/hosts/linux/image-list.js");
				const end = spawnSync(process.execPath, [tool, "--manifest", path], { encoding: "utf8" });
				check.deepEqual([end.status, end.stdout], [1, ""]);
				check.ok(/^image-list: [^\n]+\n$/.test(end.stderr) && end.stderr.includes(what), end.stderr);
			}
		},
	);
}
